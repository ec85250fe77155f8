// Whole files in and out. Door: write_file.h.
#include "compiler/driver/write_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {
namespace {

Error write_error(const std::string& path, int reason) {
  return {
      static_cast<int>(Code::output_not_written), fmt::format("cannot write {}: {}", path, std::strerror(reason)), {}};
}

/// 0 or errno.
int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

/// The rights of the file that is replaced, or what a new file gets.
mode_t mode_for(const std::string& path) {
  struct stat old{};
  if (stat(path.c_str(), &old) == 0) return old.st_mode & 07777;
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

/// /dev/stdout, a pipe: nothing to put in place whole.
Status write_through(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return write_error(path, errno);
  int reason = write_all(file, text);
  if (close(file) != 0 && reason == 0) reason = errno;
  if (reason != 0) return write_error(path, reason);
  return Done{};
}

}  // namespace

Status write_file(const std::string& written_path, std::string_view text) {
  std::error_code ignored;
  const bool is_link = std::filesystem::is_symlink(written_path, ignored);
  const std::string path = is_link ? std::filesystem::weakly_canonical(written_path, ignored).string() : written_path;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
    return write_through(path, text);
  }
  std::string temporary = path + ".XXXXXX";
  const int file = mkstemp(temporary.data());
  if (file < 0) return write_error(path, errno);
  int reason = write_all(file, text);
  if (reason == 0 && fchmod(file, mode_for(path)) != 0) reason = errno;
  if (reason == 0 && fsync(file) != 0) reason = errno;
  if (close(file) != 0 && reason == 0) reason = errno;
  if (reason == 0 && rename(temporary.c_str(), path.c_str()) != 0) reason = errno;
  if (reason == 0) return Done{};
  unlink(temporary.c_str());
  return write_error(path, reason);
}

Status write_stdout(std::string_view text) {
  std::fflush(stdout);
  const int reason = write_all(STDOUT_FILENO, text);
  if (reason != 0) return write_error("the standard output", reason);
  return Done{};
}

Result<std::string> read_file(const std::string& path) {
  const bool standard = path == "-";
  const int file = standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  int reason = file < 0 ? errno : 0;
  char buffer[1 << 16];
  while (reason == 0) {
    const ssize_t got = ::read(file, buffer, sizeof buffer);
    if (got == 0) break;
    if (got < 0 && errno != EINTR) reason = errno;
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
  }
  if (!standard && file >= 0) close(file);
  if (reason == 0) return text;
  return Error{
      static_cast<int>(Code::file_unreadable), fmt::format("cannot read {}: {}", path, std::strerror(reason)), {}};
}

}  // namespace alidade
