// Finds and opens the libraries of caged rooms. Door: cage.h.
#include "runtime/cage.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <cstring>
#include <filesystem>

namespace alidade {
namespace {

namespace fs = std::filesystem;

Error not_opened(const std::string& name, const std::string& why) {
  return {8302,
          fmt::format("the part of Alidade that is called {} cannot be loaded", name),
          {why, "it belongs to the installation: install Alidade again, whole"}};
}

}  // namespace

std::string own_file() {
  Dl_info found{};
  link_map* image = nullptr;
  const int known =
      dladdr1(reinterpret_cast<void*>(&own_file), &found, reinterpret_cast<void**>(&image), RTLD_DL_LINKMAP);
  std::error_code problem;
  const bool is_library = known != 0 && image != nullptr && image->l_name != nullptr && *image->l_name != '\0';
  const fs::path path =
      is_library ? fs::canonical(image->l_name, problem) : fs::read_symlink("/proc/self/exe", problem);
  return path.string();
}

std::string cage_file(const std::string& name) {
  const fs::path folder = fs::path(own_file()).parent_path();
  const std::string file = "libalidade_" + name + ".so";
  std::error_code ignored;
  // libalidade.so lies in the library folder itself, a program in a folder beside it.
  const fs::path inside = folder / "alidade" / file;
  if (fs::exists(inside, ignored)) return inside.string();
  return (folder.parent_path() / ALIDADE_LIBRARY_FOLDER / "alidade" / file).string();
}

Result<const CageDoor*> open_cage(const std::string& name) {
  const std::string file = cage_file(name);
  void* library = dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) return not_opened(name, dlerror());
  const auto* door = static_cast<const CageDoor*>(dlsym(library, ("alidade_" + name + "_door").c_str()));
  if (door == nullptr) return not_opened(name, file + " is no part of Alidade");
  if (std::strcmp(door->version, ALIDADE_VERSION) != 0) {
    return not_opened(name, fmt::format("{} is of version {}, this is {}", file, door->version, ALIDADE_VERSION));
  }
  return door;
}

}  // namespace alidade
