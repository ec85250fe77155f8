// The standard input kept. Door: spooled_input.h.
#include "compiler/driver/spooled_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {

Result<std::unique_ptr<SpooledInput>> SpooledInput::read() {
  const auto failed = [] {
    return Error{static_cast<int>(Code::damaged_source),
                 fmt::format("the standard input cannot be kept for a second pass: {}", std::strerror(errno)),
                 {}};
  };
  const char* folder = std::getenv("TMPDIR");
  std::string name = std::string(folder == nullptr || *folder == '\0' ? "/tmp" : folder) + "/alidade.XXXXXX";
  auto spooled = std::make_unique<SpooledInput>();
  spooled->file_ = mkostemp(name.data(), O_CLOEXEC);
  if (spooled->file_ < 0) return failed();
  unlink(name.c_str());
  std::vector<char> buffer(size_t{1} << 20);
  for (;;) {
    ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got == 0) return spooled;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    for (const char* at = buffer.data(); got > 0;) {
      const ssize_t written = ::write(spooled->file_, at, static_cast<size_t>(got));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed();
      at += written;
      got -= written;
    }
  }
}

SpooledInput::~SpooledInput() {
  if (file_ >= 0) close(file_);
}

std::string SpooledInput::path() const { return fmt::format("/proc/self/fd/{}", file_); }

}  // namespace alidade
