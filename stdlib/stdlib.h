// The language's own library: modules written in the language, put into the command when it is built, so that nothing
// is read at run time. Door of stdlib/. Tested by tests/stdlib/*.metric on both engines.
#pragma once

#include <string_view>
#include <vector>

namespace alidade {

struct LibraryModule {
  std::string_view path;  ///< "std/engagement.metric", imported as std.engagement
  std::string_view text;
};

/// By path.
const std::vector<LibraryModule>& library_modules();

}  // namespace alidade
