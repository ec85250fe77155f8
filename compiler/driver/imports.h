// Spec files and what they import, each file read once however many import it. Door of compiler/driver/imports; tested
// in tests/command/imports_test.py.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "compiler/sema/analyse.h"
#include "runtime/base.h"

namespace alidade {

/// A file with all it imports; `files` is good while `syntaxes` are.
struct LoadedSpec {
  std::vector<std::shared_ptr<const Syntax>> syntaxes;
  SpecFiles files;
};

class SpecLoader {
 public:
  /// What is wrong inside a file and with its imports goes to the sink.
  explicit SpecLoader(DiagnosticSink& sink) : sink_(sink) {}

  /// Error AL1101 where the file itself cannot be read.
  Result<LoadedSpec> load(const std::string& path);

 private:
  struct File {
    std::string key;  ///< what tells files apart
    std::shared_ptr<const Syntax> syntax;
    std::vector<int> imports;  ///< of each import declaration; -1 where there is none
    bool active = false;       ///< its imports are being read
  };
  /// Where an import leads: a file, or a module of the library.
  struct Target {
    std::string path, key;
    bool library = false;
  };

  /// Places in all files are counted in 32 bits.
  bool has_room(const std::string& text) const { return text.size() < UINT32_MAX - next_start_; }
  int add(const Target& target, std::string text);
  void read_imports(int file);
  int imported(int importer, const ast::Decl& import);
  Target target_of(const File& importer, const ast::Decl& import) const;
  void report_missing(const File& importer, const ast::Decl& import, const Target& target);
  void report_cycle(int importer, const ast::Decl& import, int target);
  void collect(int file, std::map<int, int>& local, LoadedSpec& spec) const;

  DiagnosticSink& sink_;
  std::vector<File> files_;
  std::map<std::string, int> by_key_;
  std::vector<int> active_;  ///< files whose imports are being read, the outermost first
  uint32_t next_start_ = 0;
};

}  // namespace alidade
