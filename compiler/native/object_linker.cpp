// Links a relocatable ELF object: sections, then one jump and one address for each runtime function it names, in one
// mapping that is writable first and executable afterwards. Door: object_linker.h.
#include "compiler/native/object_linker.h"

#include <elf.h>
#include <sys/mman.h>

#include <cstring>
#include <limits>
#include <vector>

#include "compiler/native/runtime_symbols.h"

namespace alidade {
namespace {

constexpr uint64_t kStubBytes = 16;  ///< jmp *6(%rip), six bytes of nothing … the address at kStubBytes
constexpr uint64_t kImportBytes = kStubBytes + sizeof(uint64_t);

Error not_linked(const std::string& why) { return {8301, "the native code cannot be loaded: " + why, {}}; }

uint64_t round_up(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

}  // namespace

class ObjectLinker {
 public:
  explicit ObjectLinker(std::string_view object) : object_(object), linked_(new LinkedObject) {}

  Result<std::unique_ptr<LinkedObject>> link() {
    for (const auto step : {&ObjectLinker::read_sections, &ObjectLinker::read_symbols, &ObjectLinker::place,
                            &ObjectLinker::relocate, &ObjectLinker::seal}) {
      if (const Status done = (this->*step)(); !done) return done.error();
    }
    return std::move(linked_);
  }

 private:
  struct Section {
    Elf64_Shdr header{};
    std::string_view name;
    bool loaded = false;
    uint64_t place = 0;  ///< in the mapping
  };

  bool inside(uint64_t begin, uint64_t bytes) const {
    return begin <= object_.size() && bytes <= object_.size() - begin;
  }

  template <typename T>
  bool read(uint64_t begin, T* out) const {
    if (!inside(begin, sizeof(T))) return false;
    std::memcpy(out, object_.data() + begin, sizeof(T));
    return true;
  }

  /// The text that starts at `begin` of a string table.
  std::string_view text(const Section& table, uint64_t begin) const {
    if (begin >= table.header.sh_size) return {};
    const std::string_view rest = object_.substr(table.header.sh_offset + begin, table.header.sh_size - begin);
    return rest.substr(0, rest.find('\0'));
  }

  Status read_sections() {
    Elf64_Ehdr header{};
    if (!read(0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return not_linked("no ELF object");
    const bool fits = header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
                      header.e_type == ET_REL && header.e_machine == EM_X86_64 &&
                      header.e_shentsize == sizeof(Elf64_Shdr);
    if (!fits) return not_linked("no x86-64 object");
    sections_.resize(header.e_shnum);
    for (size_t i = 0; i < sections_.size(); ++i) {
      Elf64_Shdr& section = sections_[i].header;
      if (!read(header.e_shoff + i * sizeof(Elf64_Shdr), &section)) return not_linked("a section is missing");
      if (section.sh_type != SHT_NOBITS && !inside(section.sh_offset, section.sh_size)) {
        return not_linked("a section is cut short");
      }
    }
    if (header.e_shstrndx >= sections_.size()) return not_linked("no section has a name");
    for (Section& section : sections_) section.name = text(sections_[header.e_shstrndx], section.header.sh_name);
    return Done{};
  }

  Status read_symbols() {
    for (const Section& section : sections_) {
      if (section.header.sh_type != SHT_SYMTAB) continue;
      if (section.header.sh_link >= sections_.size()) return not_linked("no symbol has a name");
      symbol_names_ = &sections_[section.header.sh_link];
      symbols_.resize(section.header.sh_size / sizeof(Elf64_Sym));
      for (size_t i = 0; i < symbols_.size(); ++i) {
        if (!read(section.header.sh_offset + i * sizeof(Elf64_Sym), &symbols_[i])) return not_linked("no symbols");
      }
    }
    imports_.assign(symbols_.size(), 0);
    return Done{};
  }

  // Tables for unwinding are left out: nothing unwinds through a loop.
  Status place() {
    uint64_t bytes = 0;
    for (Section& section : sections_) {
      const Elf64_Shdr& header = section.header;
      if ((header.sh_flags & SHF_ALLOC) == 0 || header.sh_size == 0 || section.name == ".eh_frame") continue;
      if ((header.sh_flags & (SHF_WRITE | SHF_TLS)) != 0 || header.sh_type != SHT_PROGBITS) {
        return not_linked("it has data of its own");
      }
      if (header.sh_addralign > 4096) return not_linked("a section is aligned too far");
      section.place = round_up(bytes, std::max<uint64_t>(header.sh_addralign, 1));
      section.loaded = true;
      bytes = section.place + header.sh_size;
    }
    bytes = round_up(bytes, kStubBytes);
    for (size_t i = 1; i < symbols_.size(); ++i) {
      if (symbols_[i].st_shndx != SHN_UNDEF) continue;
      imports_[i] = bytes;
      bytes = round_up(bytes + kImportBytes, kStubBytes);
    }
    if (bytes == 0 || bytes > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
      return not_linked("it holds no functions, or far too many");
    }
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return not_linked("there is no memory for it");
    linked_->memory_ = static_cast<uint8_t*>(memory);
    linked_->bytes_ = bytes;
    for (const Section& section : sections_) {
      if (!section.loaded) continue;
      std::memcpy(linked_->memory_ + section.place, object_.data() + section.header.sh_offset, section.header.sh_size);
    }
    return import();
  }

  Status import() {
    for (size_t i = 1; i < symbols_.size(); ++i) {
      const std::string name(text(*symbol_names_, symbols_[i].st_name));
      if (symbols_[i].st_shndx != SHN_UNDEF) {
        const bool function = ELF64_ST_TYPE(symbols_[i].st_info) == STT_FUNC;
        if (function && address(i) != 0) linked_->functions_[name] = reinterpret_cast<void*>(address(i));
        continue;
      }
      const void* function = runtime_symbol(name);
      if (function == nullptr) return not_linked("it calls " + name);
      const uint8_t jump[] = {0xff, 0x25, 10, 0, 0, 0};  // jmp *10(%rip): the address kStubBytes after the jump
      uint8_t* stub = linked_->memory_ + imports_[i];
      std::memcpy(stub, jump, sizeof(jump));
      std::memcpy(stub + kStubBytes, &function, sizeof(function));
    }
    return Done{};
  }

  /// Of a symbol in this process, an undefined one's jump; 0 where it lies in nothing that is loaded.
  uint64_t address(size_t symbol) const {
    const auto base = reinterpret_cast<uint64_t>(linked_->memory_);
    const Elf64_Sym& of = symbols_[symbol];
    if (of.st_shndx == SHN_UNDEF) return symbol == 0 ? 0 : base + imports_[symbol];
    if (of.st_shndx >= sections_.size() || !sections_[of.st_shndx].loaded) return 0;
    const Section& section = sections_[of.st_shndx];
    return of.st_value > section.header.sh_size ? 0 : base + section.place + of.st_value;
  }

  Status relocate() {
    for (const Section& section : sections_) {
      if (section.header.sh_type != SHT_RELA || section.header.sh_info >= sections_.size()) continue;
      const Section& target = sections_[section.header.sh_info];
      if (!target.loaded) continue;
      for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= section.header.sh_size; at += sizeof(Elf64_Rela)) {
        Elf64_Rela relocation{};
        ALIDADE_CHECK(read(section.header.sh_offset + at, &relocation));
        if (const Status done = apply(target, relocation); !done) return done;
      }
    }
    return Done{};
  }

  Status apply(const Section& target, const Elf64_Rela& relocation) {
    const size_t symbol = ELF64_R_SYM(relocation.r_info);
    const uint64_t type = ELF64_R_TYPE(relocation.r_info);
    const uint64_t width = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;
    const bool fits =
        relocation.r_offset <= target.header.sh_size && width <= target.header.sh_size - relocation.r_offset;
    if (!fits || symbol >= symbols_.size()) return not_linked("a relocation points outside");
    uint64_t value = address(symbol);
    if (value == 0) return not_linked("a relocation names nothing");
    uint8_t* place = linked_->memory_ + target.place + relocation.r_offset;
    switch (type) {
      case R_X86_64_GOTPCREL:
      case R_X86_64_GOTPCRELX:
      case R_X86_64_REX_GOTPCRELX:
        if (imports_[symbol] == 0) return not_linked("it takes the address of its own function");
        value += kStubBytes;
        break;
      case R_X86_64_64:
      case R_X86_64_PC64:
      case R_X86_64_PC32:
      case R_X86_64_PLT32:
        break;
      default:
        return not_linked("relocation " + std::to_string(type) + " is not known");
    }
    value += static_cast<uint64_t>(relocation.r_addend);
    if (type != R_X86_64_64) value -= reinterpret_cast<uint64_t>(place);
    const auto near = static_cast<int64_t>(value);
    if (width == 4 && near != static_cast<int32_t>(near)) return not_linked("a relocation reaches too far");
    std::memcpy(place, &value, width);
    return Done{};
  }

  Status seal() {
    const bool sealed = mprotect(linked_->memory_, linked_->bytes_, PROT_READ | PROT_EXEC) == 0;
    return sealed ? Status(Done{}) : not_linked("the system lets no program make memory executable");
  }

  std::string_view object_;
  std::unique_ptr<LinkedObject> linked_;
  std::vector<Section> sections_;
  std::vector<Elf64_Sym> symbols_;
  const Section* symbol_names_ = nullptr;
  std::vector<uint64_t> imports_;  ///< by symbol: where its jump is; 0 for what the object defines
};

Result<std::unique_ptr<LinkedObject>> LinkedObject::link(std::string_view object) {
#if defined(__x86_64__)
  return ObjectLinker(object).link();
#else
  return not_linked("Alidade makes it for x86-64 processors only");
#endif
}

LinkedObject::~LinkedObject() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

void* LinkedObject::find(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second;
}

}  // namespace alidade
