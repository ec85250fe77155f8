// ELF objects that codegen made, into this process: memory, relocations, addresses. Small enough to start in no time,
// where LLVM's own linker needs all of LLVM. x86-64 only. Inside the room only; tested in
// tests/unit/object_linker_test.cpp. Linking is safe on any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base.h"

namespace alidade {

/// Linked machine code, there as long as this. Whatever the bytes are, linking reads and writes inside them only; what
/// the code does is as good as who wrote it.
class LinkedObject {
 public:
  /// Calls of the runtime resolve to this process's own functions. Errors: AL8301 where the object is no x86-64 object
  /// of functions and constants, calls what the runtime does not have, or memory cannot be made executable.
  static Result<std::unique_ptr<LinkedObject>> link(std::string_view object);
  ~LinkedObject();
  LinkedObject(const LinkedObject&) = delete;
  LinkedObject& operator=(const LinkedObject&) = delete;

  /// A function that the object defines; null if it does not.
  void* find(const std::string& name) const;

 private:
  friend class ObjectLinker;
  LinkedObject() = default;
  uint8_t* memory_ = nullptr;
  size_t bytes_ = 0;
  std::map<std::string, void*> functions_;
};

}  // namespace alidade
