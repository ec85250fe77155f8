// Terminals and the width of text. Door: terminal.h.
#include "compiler/driver/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include <cstdlib>

namespace alidade {

Terminal detect_terminal() {
  Terminal terminal;
  terminal.out = isatty(STDOUT_FILENO) != 0;
  terminal.err = isatty(STDERR_FILENO) != 0;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool colour =
      (no_colour == nullptr || *no_colour == '\0') && term != nullptr && std::string_view(term) != "dumb";
  terminal.colour_out = colour && terminal.out;
  terminal.colour_err = colour && terminal.err;
  winsize size{};
  if (terminal.out && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) terminal.columns = size.ws_col;
  return terminal;
}

int text_columns(std::string_view text) {
  int columns = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t taken = utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    columns += taken > 0 ? utf8proc_charwidth(point) : 1;
    i += taken > 0 ? static_cast<size_t>(taken) : 1;
  }
  return columns;
}

std::string pad_left(std::string_view text, int columns) {
  const int missing = columns - text_columns(text);
  return std::string(missing > 0 ? static_cast<size_t>(missing) : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, int columns) {
  const int missing = columns - text_columns(text);
  return std::string(text) + std::string(missing > 0 ? static_cast<size_t>(missing) : 0, ' ');
}

}  // namespace alidade
