// Interned names: equal text is the same pointer, so names compare and hash by identity. Part of compiler/support.
// A Name lives as long as its table. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace alidade {

class Name {
 public:
  Name() = default;
  std::string_view text() const { return entry_ == nullptr ? std::string_view() : std::string_view(*entry_); }
  bool empty() const { return entry_ == nullptr; }
  friend bool operator==(Name a, Name b) { return a.entry_ == b.entry_; }
  const void* identity() const { return entry_; }

 private:
  friend class NameTable;
  explicit Name(const std::string* entry) : entry_(entry) {}
  const std::string* entry_ = nullptr;
};

class NameTable {
 public:
  Name intern(std::string_view text) { return Name(&*entries_.emplace(text).first); }

 private:
  std::unordered_set<std::string> entries_;
};

}  // namespace alidade

template <>
struct std::hash<alidade::Name> {
  size_t operator()(alidade::Name name) const noexcept { return std::hash<const void*>()(name.identity()); }
};
