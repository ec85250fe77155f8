// A block of bytes that starts as zeros, costs nothing until touched, and grows without copying (mremap). Cells and
// entity tables live in it. One owner; not thread-safe. Tested through unit/evaluator_test.cpp.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "runtime/base.h"

namespace alidade {

class ZeroedArray {
 public:
  ZeroedArray() = default;
  explicit ZeroedArray(size_t size) { grow(size); }
  ZeroedArray(ZeroedArray&& other) noexcept { swap(other); }
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;
  ~ZeroedArray() {
    if (data_ != nullptr) munmap(data_, size_);
  }

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

  /// At least `size` bytes; what was there stays, what is new is zero. Pointers into the array become invalid.
  void grow(size_t size) {
    if (size <= size_) return;
    size = (size + kPage - 1) / kPage * kPage;
    void* moved = data_ == nullptr
                      ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                      : mremap(data_, size_, size, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
      std::fprintf(stderr, "out of memory: %zu bytes\n", size);
      std::abort();
    }
    data_ = static_cast<uint8_t*>(moved);
    size_ = size;
  }

 private:
  static constexpr size_t kPage = 4096;
  void swap(ZeroedArray& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace alidade
