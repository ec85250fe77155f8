// What the library of this room shows; see readers.h.
#include "runtime/readers/readers.h"

extern "C" {
extern const alidade::ReadersDoor alidade_readers_door;
const alidade::ReadersDoor alidade_readers_door{{ALIDADE_VERSION},
                                                &alidade::open_source,
                                                &alidade::describe_source,
                                                &alidade::detect_delimiter,
                                                &alidade::row_bytes};
}
