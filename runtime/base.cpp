// The words of the undefined reasons. Door: base.h.
#include "runtime/base.h"

namespace alidade {

const char* reason_word(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kNoData:
      return "no_data";
    case Reason::kNoRows:
      return "no_rows";
    case Reason::kNoDenominator:
      return "no_denominator";
    case Reason::kNoRate:
      return "no_rate";
    case Reason::kOverflow:
      return "overflow";
    case Reason::kNoBucket:
      return "no_bucket";
  }
  return "";
}

}  // namespace alidade
