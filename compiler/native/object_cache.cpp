// Compiled objects on disk. A file is a header, then each object behind its length; see object_cache.h.
#include "compiler/native/object_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "compiler/plan/lower.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[8] = {'a', 'l', 'i', 'd', 'a', 'd', 'e', '\x01'};

struct Header {
  char magic[8];
  CodeKey key;
  uint64_t payload_bytes;
  uint64_t checksum;  ///< XXH3 of the payload
};

// Size and time of change tell a rebuilt or exchanged file from the old one.
std::string identity(const std::string& file) {
  struct stat about{};
  if (stat(file.c_str(), &about) != 0) return "none";
  return fmt::format("{} {}.{}", about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
}

// Family, model and features as the processor itself tells them, without what differs between its cores.
std::string processor() {
  std::string text;
#if defined(__x86_64__)
  const auto add = [&](unsigned leaf, unsigned subleaf, bool first_two) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d) == 0) return;
    text += first_two ? fmt::format("{:x} {:x} ", a, b) : "";
    text += fmt::format("{:x} {:x} ", c, d);
  };
  add(0, 0, true);
  unsigned signature = 0, rest[3];
  if (__get_cpuid(1, &signature, &rest[0], &rest[1], &rest[2]) != 0) text += fmt::format("{:x} ", signature);
  add(1, 0, false);
  add(7, 0, true);
  add(7, 1, true);
  add(0x80000001, 0, false);
#endif
  return text;
}

void write_all(int file, const std::string& bytes, bool* good) {
  for (size_t done = 0; *good && done < bytes.size();) {
    const ssize_t written = write(file, bytes.data() + done, bytes.size() - done);
    *good = written > 0;
    done += *good ? static_cast<size_t>(written) : 0;
  }
}

std::optional<std::string> read_all(int file, uint64_t most) {
  struct stat about{};
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || static_cast<uint64_t>(about.st_size) > most) {
    return std::nullopt;
  }
  std::string bytes(static_cast<size_t>(about.st_size), '\0');
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = read(file, bytes.data() + done, bytes.size() - done);
    if (count <= 0) return std::nullopt;
    done += static_cast<size_t>(count);
  }
  return bytes;
}

std::string pack(const CodeKey& key, const std::vector<std::string>& objects) {
  std::string payload;
  for (const std::string& object : objects) {
    const uint64_t bytes = object.size();
    payload.append(reinterpret_cast<const char*>(&bytes), sizeof(bytes));
    payload += object;
  }
  Header header{{}, key, payload.size(), XXH3_64bits(payload.data(), payload.size())};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) + payload;
}

std::optional<std::vector<std::string>> unpack(const CodeKey& key, const std::string& bytes) {
  Header header{};
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const char* payload = bytes.data() + sizeof(header);
  const uint64_t payload_bytes = bytes.size() - sizeof(header);
  const bool good = std::memcmp(header.magic, kMagic, sizeof(kMagic)) == 0 && header.key == key &&
                    header.payload_bytes == payload_bytes && header.checksum == XXH3_64bits(payload, payload_bytes);
  if (!good) return std::nullopt;
  std::vector<std::string> objects;
  for (uint64_t at = 0; at < payload_bytes;) {
    uint64_t length = 0;
    if (payload_bytes - at < sizeof(length)) return std::nullopt;
    std::memcpy(&length, payload + at, sizeof(length));
    at += sizeof(length);
    if (length > payload_bytes - at) return std::nullopt;
    objects.emplace_back(payload + at, length);
    at += length;
  }
  return objects;
}

}  // namespace

CodeKey code_key(const Plan& plan, Tier tier) {
  Plan pipelines;  // formulas and outputs are interpreted: a spec that changes only those finds its code
  pipelines.streams = plan.streams;
  pipelines.tables = plan.tables;
  pipelines.domains = plan.domains;
  pipelines.key_spaces = plan.key_spaces;
  pipelines.rates = plan.rates;
  pipelines.pipelines = plan.pipelines;
  const std::string text = fmt::format("{} {} {} {} {} {} {}\n{}", ALIDADE_VERSION, ALIDADE_LLVM_VERSION,
                                       AL_ABI_VERSION, identity(own_file()), identity(cage_file("codegen")),
                                       processor(), static_cast<int>(tier), print_plan(pipelines));
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.low64, hash.high64};
}

ObjectCache::ObjectCache(std::string folder, uint64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

std::string ObjectCache::file_of(const CodeKey& key) const {
  return fmt::format("{}/{:016x}{:016x}.code", folder_, key.high, key.low);
}

// Code from here is run: nobody else may have written it.
bool ObjectCache::usable() const {
  struct stat about{};
  return !folder_.empty() && stat(folder_.c_str(), &about) == 0 && S_ISDIR(about.st_mode) &&
         about.st_uid == geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::optional<std::vector<std::string>> ObjectCache::find(const CodeKey& key, std::string* warning) const {
  if (!usable()) return std::nullopt;
  const std::string path = file_of(key);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  const std::optional<std::string> bytes = read_all(file, max_bytes_);
  futimens(file, nullptr);  // now: the least recently used go first
  close(file);
  std::optional<std::vector<std::string>> objects = bytes ? unpack(key, *bytes) : std::nullopt;
  if (!objects) {
    *warning = fmt::format("{} is damaged or no compiled code; it is compiled again", path);
    unlink(path.c_str());
  }
  return objects;
}

void ObjectCache::keep(const CodeKey& key, const std::vector<std::string>& objects) const {
  if (folder_.empty()) return;
  std::error_code problem;
  if (!fs::exists(folder_, problem)) {
    fs::create_directories(folder_, problem);
    fs::permissions(folder_, fs::perms::owner_all, problem);
  }
  if (!usable()) return;
  const std::string bytes = pack(key, objects);
  if (bytes.size() > max_bytes_) return;
  std::string temporary = file_of(key) + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return;
  bool good = true;
  write_all(file, bytes, &good);
  good = close(file) == 0 && good;
  if (!good || rename(temporary.c_str(), file_of(key).c_str()) != 0) {
    unlink(temporary.c_str());
    return;
  }
  drop_oldest();
}

// What a crashed writer left behind has a name and an age like any file here.
void ObjectCache::drop_oldest() const {
  struct Kept {
    fs::file_time_type used;
    uint64_t bytes = 0;
    fs::path path;
  };
  std::vector<Kept> kept;
  uint64_t total = 0;
  std::error_code problem;
  for (fs::directory_iterator at(folder_, problem), end; !problem && at != end; at.increment(problem)) {
    if (at->path().filename().string().find(".code") == std::string::npos) continue;
    std::error_code gone;
    const Kept one{at->last_write_time(gone), at->file_size(gone), at->path()};
    if (gone) continue;
    total += one.bytes;
    kept.push_back(one);
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (size_t i = 0; i < kept.size() && total > max_bytes_; ++i) {
    fs::remove(kept[i].path, problem);
    total -= kept[i].bytes;
  }
}

}  // namespace alidade
