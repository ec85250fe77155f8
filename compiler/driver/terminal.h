// What the command may assume about where it prints: terminals, colour, width, and the width of text on them.
// Door of compiler/driver/terminal; tested in tests/unit/driver_test.cpp. Pure but for detect().
#pragma once

#include <string>
#include <string_view>

namespace alidade {

struct Terminal {
  bool out = false;         ///< stdout is a terminal
  bool err = false;         ///< stderr is one
  bool colour_out = false;  ///< colour is welcome: a terminal, no NO_COLOR, TERM not dumb
  bool colour_err = false;
  bool quiet = false;    ///< no notes and no progress on stderr, only what is wrong
  bool verbose = false;  ///< what a run costs and where its time goes
  int columns = 0;       ///< of stdout; 0 where it is no terminal: lines are as long as they are
};
Terminal detect_terminal();

/// Columns that UTF-8 text takes: combining marks none, East Asian wide characters two. Broken bytes take one each.
int text_columns(std::string_view text);

/// Pads with spaces to `columns`, on the left or on the right.
std::string pad_left(std::string_view text, int columns);
std::string pad_right(std::string_view text, int columns);

}  // namespace alidade
