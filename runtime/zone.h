// The offsets of a time zone as a table, read from the system's tz database (TZif files, RFC 8536). The closing rule of
// a file is followed to the year 2200, which the tables in the files themselves do not reach.
// Door of runtime/zone, used by the calendar and the reference; tested in tests/unit/calendar_test.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base.h"

namespace alidade {

/// offset[i] (local minus UTC) holds from starts[i] until starts[i + 1]; all in microseconds. starts[0] is INT64_MIN
/// and neighbouring offsets differ.
struct ZoneTable {
  std::vector<int64_t> starts;
  std::vector<int64_t> offsets;
};

/// Fails with AL7101 when there is no such zone, with a likely meant name.
Result<ZoneTable> load_zone(const std::string& name);

/// "2025b", or "unknown" where the system does not say.
std::string zone_database_version();

}  // namespace alidade
