// Compiled objects kept on disk from one process to the next. Inside the room only; tested in
// tests/unit/object_cache_test.cpp. Any number of processes and threads may use one folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/codegen/codegen.h"

namespace alidade {

/// What code was made from: the pipelines of the plan, the runtime's ABI, who made it, for which processor, in which
/// tier. Nothing that only the data decides is part of it.
struct CodeKey {
  uint64_t low = 0, high = 0;
  friend bool operator==(const CodeKey&, const CodeKey&) = default;
};
CodeKey code_key(const Plan& plan, Tier tier);

/// A folder of compiled code, least recently used out first. One that cannot be made, written to or trusted (it belongs
/// to somebody else, or others may write there) caches nothing, in silence.
class ObjectCache {
 public:
  static constexpr uint64_t kMaxBytes = 64 << 20;
  /// "": caches nothing.
  explicit ObjectCache(std::string folder, uint64_t max_bytes = kMaxBytes);

  /// The objects, or nullopt; a file that is damaged or of another making is removed, and `warning` says so.
  std::optional<std::vector<std::string>> find(const CodeKey& key, std::string* warning) const;
  /// Whole or not at all; replaces what is there.
  void keep(const CodeKey& key, const std::vector<std::string>& objects) const;
  std::string file_of(const CodeKey& key) const;

 private:
  bool usable() const;
  void drop_oldest() const;

  std::string folder_;
  uint64_t max_bytes_;
};

}  // namespace alidade
