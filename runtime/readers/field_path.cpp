// Paths to nested fields. Door: field_path.h.
#include "runtime/readers/field_path.h"

namespace alidade {

FieldPath parse_field_path(const std::string& source) {
  FieldPath path;
  std::string names = source;
  const size_t bracket = source.find('[');
  if (bracket != std::string::npos && source.back() == ']' && source.size() >= bracket + 4) {
    const char open = source[bracket + 1], close = source[source.size() - 2];
    if (open == close && (open == '\'' || open == '"')) {
      path.key = source.substr(bracket + 2, source.size() - bracket - 4);
      names = source.substr(0, bracket);
    }
  }
  for (size_t begin = 0;;) {
    const size_t dot = names.find('.', begin);
    path.names.push_back(names.substr(begin, dot - begin));
    if (dot == std::string::npos) return path;
    begin = dot + 1;
  }
}

}  // namespace alidade
