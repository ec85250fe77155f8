// Compiled code on disk: found again, never believed when damaged or of another making, bounded, safe among writers.
// rooms: alidade_native
#include "compiler/native/object_cache.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "compiler/native/compile.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;
using Objects = std::vector<std::string>;

/// A folder of this process, removed at its end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("alidade_cache_" + std::to_string(getpid()));
  Folder() { fs::remove_all(path); }
  ~Folder() { fs::remove_all(path); }
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
    return files;
  }
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

const CodeKey kKey{1, 2}, kOther{1, 3};
const Objects kObjects{std::string(3000, 'a'), "", "b"};

TEST_CASE("what is kept is found under its key alone") {
  const Folder folder;
  const ObjectCache cache(folder.path / "deep");
  std::string warning;
  CHECK_FALSE(cache.find(kKey, &warning));
  cache.keep(kKey, kObjects);
  CHECK(cache.find(kKey, &warning) == kObjects);
  CHECK_FALSE(cache.find(kOther, &warning));
  CHECK(warning.empty());
  CHECK(fs::status(folder.path / "deep").permissions() == fs::perms::owner_all);
  cache.keep(kKey, {"new"});
  CHECK(cache.find(kKey, &warning) == Objects{"new"});
}

TEST_CASE("damage anywhere, another file's bytes and no file at all are told and replaced") {
  const Folder folder;
  const ObjectCache cache(folder.path);
  cache.keep(kKey, {"object"});
  const std::string file = cache.file_of(kKey), whole = read(file);
  const auto refused = [&](const std::string& bytes) {
    write(file, bytes);
    std::string warning;
    const bool found = cache.find(kKey, &warning).has_value();
    return !found && warning.find(file) != std::string::npos;
  };
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK(refused(damaged));
    CHECK(refused(whole.substr(0, i)));
  }
  CHECK(refused(whole + "x"));
  CHECK(refused("#!/bin/sh"));
  cache.keep(kOther, {"other"});
  CHECK(refused(read(cache.file_of(kOther))));
  cache.keep(kKey, {"object"});
  std::string warning;
  CHECK(cache.find(kKey, &warning) == Objects{"object"});
  CHECK(warning.empty());
  fs::remove(file);
  fs::create_directory(file);
  CHECK_FALSE(cache.find(kKey, &warning));
  cache.keep(kKey, {"object"});  // cannot, and says nothing
}

TEST_CASE("the least recently used go first, and nothing is larger than the whole") {
  const Folder folder;
  const ObjectCache cache(folder.path, 10'000);
  std::string warning;
  for (uint64_t i = 0; i < 4; ++i) {
    cache.keep({i, 0}, {std::string(3000, 'x')});
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (i == 2) CHECK(cache.find({0, 0}, &warning));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(cache.find({0, 0}, &warning));  // used since
  CHECK_FALSE(cache.find({1, 0}, &warning));
  CHECK(cache.find({2, 0}, &warning));
  CHECK(cache.find({3, 0}, &warning));
  cache.keep({9, 0}, {std::string(20'000, 'x')});
  CHECK_FALSE(cache.find({9, 0}, &warning));
  CHECK(warning.empty());
  CHECK(folder.files().size() == 3);
}

TEST_CASE("many writers and readers of one key see it whole or not at all") {
  const Folder folder;
  const ObjectCache cache(folder.path);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        if (t % 2 == 0) cache.keep(kKey, {std::string(50'000, static_cast<char>('a' + t))});
        std::string warning;
        const std::optional<Objects> found = cache.find(kKey, &warning);
        const bool torn = found && (*found)[0] != std::string(50'000, (*found)[0][0]);
        if (torn || !warning.empty()) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(folder.files().size() == 1);
}

TEST_CASE("a folder that is not trusted or not writable caches nothing, in silence") {
  const Folder folder;
  std::string warning;
  const ObjectCache open(folder.path);
  open.keep(kKey, kObjects);
  chmod(folder.path.c_str(), 0777);
  CHECK_FALSE(open.find(kKey, &warning));
  open.keep(kOther, kObjects);
  chmod(folder.path.c_str(), 0700);
  CHECK_FALSE(open.find(kOther, &warning));
  CHECK(open.find(kKey, &warning));
  for (const char* nowhere : {"", "/proc/none", "/dev/null/none"}) {
    const ObjectCache cache(nowhere);
    cache.keep(kKey, kObjects);
    CHECK_FALSE(cache.find(kKey, &warning));
  }
  CHECK(warning.empty());
}

TEST_CASE("a key is of the pipelines and the tier, not of formulas and outputs") {
  Plan plan;
  plan.streams.resize(1);
  plan.pipelines.resize(1);
  Plan renamed = plan;
  renamed.spec_hash = 7;
  renamed.formulas.resize(1);
  CHECK(code_key(plan, Tier::kO0) == code_key(renamed, Tier::kO0));
  CHECK_FALSE(code_key(plan, Tier::kO0) == code_key(plan, Tier::kO1));
  Plan wider = plan;
  wider.pipelines[0].key_spaces.resize(1);
  wider.key_spaces.resize(1);
  CHECK_FALSE(code_key(plan, Tier::kO0) == code_key(wider, Tier::kO0));
}

}  // namespace
}  // namespace alidade
