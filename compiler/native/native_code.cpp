// Jumps to loops and what they jump through; see native_code.h.
#include "compiler/native/native_code.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace alidade {
namespace {

/// What a jump reads. A plain one goes to `code[0]` for every tier; an alternating one flips `turn`, which is 0 or 8,
/// and goes to the code at that offset: one per tier.
struct Slot {
  void* code[2];
  uint64_t turn;
  uint64_t unused;
};
static_assert(sizeof(Slot) == 32);

constexpr size_t kJumpBytes = 32;

void write_relative(uint8_t* place, const void* target) {
  const int64_t distance = static_cast<const uint8_t*>(target) - (place + 4);
  const auto near = static_cast<int32_t>(distance);
  ALIDADE_CHECK(near == distance);
  std::memcpy(place, &near, sizeof(near));
}

// jmp *code[0](%rip)
void write_jump(uint8_t* place, const Slot& slot) {
  const uint8_t jump[] = {0xff, 0x25};
  std::memcpy(place, jump, sizeof(jump));
  write_relative(place + 2, &slot.code[0]);
}

// mov turn(%rip), %eax; xor $8, %eax; mov %eax, turn(%rip); lea code(%rip), %r10; jmp *(%r10,%rax)
void write_alternating_jump(uint8_t* place, const Slot& slot) {
  const uint8_t load[] = {0x8b, 0x05}, flip_and_store[] = {0x83, 0xf0, 0x08, 0x89, 0x05}, take[] = {0x4c, 0x8d, 0x15},
                jump[] = {0x41, 0xff, 0x24, 0x02};
  std::memcpy(place, load, 2);
  write_relative(place + 2, &slot.turn);
  std::memcpy(place + 6, flip_and_store, 5);
  write_relative(place + 11, &slot.turn);
  std::memcpy(place + 15, take, 3);
  write_relative(place + 18, &slot.code);
  std::memcpy(place + 22, jump, 4);
}

Error not_executable() {
  return {8301, "the native code cannot be loaded: the system lets no program make memory executable", {}};
}

}  // namespace

Result<std::shared_ptr<NativeCode>> NativeCode::create(std::vector<std::string> names, bool alternating) {
  std::shared_ptr<NativeCode> code(new NativeCode);
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto pages = [&](size_t bytes) { return (bytes + page - 1) / page * page; };
  code->jump_bytes_ = pages(names.size() * kJumpBytes);
  code->bytes_ = code->jump_bytes_ + pages(names.size() * sizeof(Slot));
  void* memory = mmap(nullptr, code->bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return not_executable();
  code->memory_ = static_cast<uint8_t*>(memory);
  code->alternating_ = alternating;
  const auto* slots = reinterpret_cast<const Slot*>(code->memory_ + code->jump_bytes_);
  for (size_t i = 0; i < names.size(); ++i) {
    uint8_t* place = code->memory_ + i * kJumpBytes;
    alternating ? write_alternating_jump(place, slots[i]) : write_jump(place, slots[i]);
  }
  code->names_ = std::move(names);
  if (mprotect(memory, code->jump_bytes_, PROT_READ | PROT_EXEC) != 0) return not_executable();
  return code;
}

NativeCode::~NativeCode() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

void* NativeCode::entry(size_t loop) const { return memory_ + loop * kJumpBytes; }

Status NativeCode::install(Tier tier, const std::vector<std::string>& objects) {
  std::vector<std::unique_ptr<LinkedObject>> linked;
  for (const std::string& object : objects) {
    Result<std::unique_ptr<LinkedObject>> one = LinkedObject::link(object);
    if (!one) return one.error();
    linked.push_back(std::move(*one));
  }
  std::vector<void*> addresses;
  for (const std::string& name : names_) {
    addresses.push_back(nullptr);
    for (const auto& object : linked) {
      if (void* found = object->find(name); found != nullptr) addresses.back() = found;
    }
    if (addresses.back() == nullptr) return Error{8301, "the native code cannot be loaded: it lacks " + name, {}};
  }
  auto* slots = reinterpret_cast<Slot*>(memory_ + jump_bytes_);
  const size_t turn = alternating_ && tier == Tier::kO1 ? 1 : 0;
  for (size_t i = 0; i < addresses.size(); ++i) {
    std::atomic_ref(slots[i].code[turn]).store(addresses[i], std::memory_order_release);
  }
  newest_ = tier;
  for (auto& object : linked) objects_.push_back(std::move(object));
  return Done{};
}

}  // namespace alidade
