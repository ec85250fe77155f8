// Arrow format strings and cell access. Door: bind_source.h. The format strings are those of the Arrow C Data
// Interface.
#include "runtime/bind_source.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/bind_text.h"

namespace alidade {
namespace {

struct PlainFormat {
  const char* format;
  Shape shape;
  int width;
  bool is_signed;
  int64_t per_second;
  SourceColumn::TextLayout layout;
  const char* words;
};
using Layout = SourceColumn::TextLayout;
constexpr PlainFormat kPlainFormats[] = {
    {"n", Shape::kNull, 0, true, 0, Layout::kSmall, "null"},
    {"b", Shape::kBool, 0, true, 0, Layout::kSmall, "bool"},
    {"c", Shape::kInteger, 1, true, 0, Layout::kSmall, "int8"},
    {"C", Shape::kInteger, 1, false, 0, Layout::kSmall, "uint8"},
    {"s", Shape::kInteger, 2, true, 0, Layout::kSmall, "int16"},
    {"S", Shape::kInteger, 2, false, 0, Layout::kSmall, "uint16"},
    {"i", Shape::kInteger, 4, true, 0, Layout::kSmall, "int32"},
    {"I", Shape::kInteger, 4, false, 0, Layout::kSmall, "uint32"},
    {"l", Shape::kInteger, 8, true, 0, Layout::kSmall, "int64"},
    {"L", Shape::kInteger, 8, false, 0, Layout::kSmall, "uint64"},
    {"f", Shape::kFloat, 4, true, 0, Layout::kSmall, "float"},
    {"g", Shape::kFloat, 8, true, 0, Layout::kSmall, "double"},
    {"u", Shape::kText, 0, true, 0, Layout::kSmall, "text"},
    {"U", Shape::kText, 0, true, 0, Layout::kLarge, "text"},
    {"vu", Shape::kText, 0, true, 0, Layout::kView, "text"},
    {"z", Shape::kText, 0, true, 0, Layout::kSmall, "binary"},
    {"Z", Shape::kText, 0, true, 0, Layout::kLarge, "binary"},
    {"vz", Shape::kText, 0, true, 0, Layout::kView, "binary"},
    {"w:16", Shape::kUuid, 16, true, 0, Layout::kSmall, "uuid"},
    {"tdD", Shape::kDate, 4, true, 0, Layout::kSmall, "date"},
    {"tdm", Shape::kDate, 8, true, 0, Layout::kSmall, "date"},
    {"tDs", Shape::kDuration, 8, true, 1, Layout::kSmall, "duration[s]"},
    {"tDm", Shape::kDuration, 8, true, 1'000, Layout::kSmall, "duration[ms]"},
    {"tDu", Shape::kDuration, 8, true, 1'000'000, Layout::kSmall, "duration[us]"},
    {"tDn", Shape::kDuration, 8, true, 1'000'000'000, Layout::kSmall, "duration[ns]"},
};

const PlainFormat* plain_format(std::string_view format) {
  for (const PlainFormat& known : kPlainFormats) {
    if (format == known.format) return &known;
  }
  return nullptr;
}

// "d:10,2" or "d:10,2,64" as {precision, scale, bits}.
struct DecimalFormat {
  int precision = 0, scale = 0, bits = 128;
};
std::optional<DecimalFormat> decimal_format(std::string_view format) {
  if (format.substr(0, 2) != "d:") return std::nullopt;
  DecimalFormat decimal;
  const char* at = format.data() + 2;
  const char* end = format.data() + format.size();
  for (int* part : {&decimal.precision, &decimal.scale, &decimal.bits}) {
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc{}) return std::nullopt;
    if (next == end) return part == &decimal.precision ? std::nullopt : std::optional(decimal);
    at = next + 1;
  }
  return std::nullopt;
}

int64_t timestamp_unit(char letter) {
  switch (letter) {
    case 's':
      return 1;
    case 'm':
      return 1'000;
    case 'u':
      return 1'000'000;
    case 'n':
      return 1'000'000'000;
    default:
      return 0;
  }
}

bool is_timestamp(std::string_view format) {
  return format.size() >= 4 && format.substr(0, 2) == "ts" && format[3] == ':' && timestamp_unit(format[2]) != 0;
}

bool decode_format(std::string_view format, SourceColumn* column) {
  if (const PlainFormat* plain = plain_format(format)) {
    column->shape = plain->shape;
    column->width = plain->width;
    column->is_signed = plain->is_signed;
    column->per_second = plain->per_second;
    column->layout = plain->layout;
    return true;
  }
  if (const auto decimal = decimal_format(format)) {
    column->shape = Shape::kDecimal;
    column->width = decimal->bits / 8;
    column->scale = decimal->scale;
    return decimal->bits <= 128;
  }
  if (!is_timestamp(format)) return false;
  column->shape = Shape::kTimestamp;
  column->width = 8;
  column->per_second = timestamp_unit(format[2]);
  column->has_zone = format.size() > 4;
  return true;
}

bool decode(const ArrowSchema& schema, const ArrowArray& array, SourceColumn* column) {
  if (!decode_format(schema.format, column)) return false;
  column->length = array.length;
  column->offset = array.offset;
  if (column->shape != Shape::kNull) {
    column->validity = static_cast<const uint8_t*>(array.buffers[0]);
    column->values = static_cast<const uint8_t*>(array.buffers[1]);
    column->may_be_null = column->validity != nullptr && array.null_count != 0;
  }
  if (column->shape == Shape::kText) {
    if (column->layout == Layout::kView)
      column->view_buffers = array.buffers + 2;
    else
      column->text = static_cast<const char*>(array.buffers[2]);
  }
  if (schema.dictionary == nullptr) return true;
  if (column->shape != Shape::kInteger || array.dictionary == nullptr) return false;
  column->dictionary = std::make_unique<SourceColumn>();
  return schema.dictionary->dictionary == nullptr &&
         decode(*schema.dictionary, *array.dictionary, column->dictionary.get());
}

// Control characters and bytes that are no UTF-8 as \\xHH, so that the message is one line of valid text.
std::string printable(std::string_view text) {
  const bool valid = is_valid_text(text);
  std::string shown;
  for (const char c : text.substr(0, 120)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !valid))
      shown += fmt::format("\\x{:02X}", byte);
    else
      shown += c;
  }
  return shown;
}

std::string shortened(std::string text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return text;
  size_t end = kShown - 3;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string decimal_text(int128 value, int scale) {
  const bool negative = value < 0;
  uint128 rest = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  std::string digits;
  for (int place = 0; rest != 0 || place <= scale; ++place) {
    if (place == scale && scale > 0) digits += '.';
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

int128 SourceColumn::integer_at(int64_t row) const {
  switch (width) {
    case 1:
      return is_signed ? int128{value<int8_t>(row)} : int128{value<uint8_t>(row)};
    case 2:
      return is_signed ? int128{value<int16_t>(row)} : int128{value<uint16_t>(row)};
    case 4:
      return is_signed ? int128{value<int32_t>(row)} : int128{value<uint32_t>(row)};
    case 8:
      return is_signed ? int128{value<int64_t>(row)} : int128{value<uint64_t>(row)};
    default:
      return value<int128>(row);
  }
}

int64_t SourceColumn::index_at(int64_t row) const {
  if (width == 4 && is_signed) return value<int32_t>(row);
  return static_cast<int64_t>(integer_at(row));
}

std::string_view SourceColumn::text_at(int64_t row) const {
  switch (layout) {
    case TextLayout::kSmall: {
      int32_t ends[2];
      std::memcpy(ends, values + (row + offset) * 4, 8);
      return {text + ends[0], static_cast<size_t>(ends[1] - ends[0])};
    }
    case TextLayout::kLarge: {
      int64_t ends[2];
      std::memcpy(ends, values + (row + offset) * 8, 16);
      return {text + ends[0], static_cast<size_t>(ends[1] - ends[0])};
    }
    case TextLayout::kView:
      break;
  }
  // A view is {int32 length, 12 bytes} or {int32 length, 4 bytes, int32 buffer, int32 start}.
  const uint8_t* view = values + (row + offset) * 16;
  int32_t parts[4];
  std::memcpy(parts, view, 16);
  if (parts[0] <= 12) return {reinterpret_cast<const char*>(view + 4), static_cast<size_t>(parts[0])};
  return {static_cast<const char*>(view_buffers[parts[2]]) + parts[3], static_cast<size_t>(parts[0])};
}

std::optional<SourceColumn> decode_column(const ArrowSchema& schema, const ArrowArray& array, int64_t child) {
  SourceColumn column;
  if (!decode(*schema.children[child], *array.children[child], &column)) return std::nullopt;
  column.offset += array.offset;
  column.length = array.length;
  return column;
}

std::string arrow_type_words(const ArrowSchema& schema) {
  const std::string_view format = schema.format;
  if (schema.dictionary != nullptr) return arrow_type_words(*schema.dictionary);
  if (const PlainFormat* plain = plain_format(format)) return plain->words;
  if (const auto decimal = decimal_format(format))
    return fmt::format("decimal({}, {})", decimal->precision, decimal->scale);
  if (is_timestamp(format)) {
    const char* unit = format[2] == 's' ? "s" : format[2] == 'm' ? "ms" : format[2] == 'u' ? "us" : "ns";
    const std::string_view zone = format.substr(4);
    return zone.empty() ? fmt::format("timestamp[{}]", unit) : fmt::format("timestamp[{}, {}]", unit, zone);
  }
  if (format.substr(0, 2) == "+s") return "struct";
  if (format.substr(0, 2) == "+m") return "map";
  if (format.substr(0, 2) == "+l" || format.substr(0, 2) == "+L" || format.substr(0, 2) == "+w") return "list";
  if (format.substr(0, 2) == "tt") return "time of day";
  return fmt::format("of the Arrow format {}", format);
}

std::string cell_text(const SourceColumn& column, int64_t row) {
  if (column.is_null(row)) return "";
  if (column.dictionary != nullptr) return cell_text(*column.dictionary, column.index_at(row));
  switch (column.shape) {
    case Shape::kNull:
      return "";
    case Shape::kBool:
      return column.bool_at(row) ? "true" : "false";
    case Shape::kInteger:
      return decimal_text(column.integer_at(row), 0);
    case Shape::kFloat:
      return column.width == 4 ? fmt::format("{}", column.value<float>(row))
                               : fmt::format("{}", column.value<double>(row));
    case Shape::kDecimal:
      return decimal_text(column.integer_at(row), column.scale);
    case Shape::kText:
      return shortened(printable(column.text_at(row)));
    case Shape::kUuid:
      return "a uuid";
    case Shape::kDate:
    case Shape::kTimestamp: {
      const int64_t per_day =
          column.shape == Shape::kDate ? (column.width == 4 ? 1 : 86'400'000) : 86'400 * column.per_second;
      const auto count = static_cast<int64_t>(column.integer_at(row));
      const int64_t day = count / per_day - (count % per_day < 0 ? 1 : 0);
      if (day < -12'000'000 || day > 11'000'000) return fmt::format("{}", count);
      const date::year_month_day ymd{date::sys_days{date::days{day}}};
      const int64_t rest = count - day * per_day, second = per_day == 1 ? 0 : rest / (per_day / 86'400);
      const std::string text = fmt::format("{}-{:02}-{:02}", static_cast<int>(ymd.year()),
                                           static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
      if (rest == 0) return text;
      return text + fmt::format(" {:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    }
    case Shape::kDuration:
      return fmt::format("{}", column.value<int64_t>(row));
  }
  return "";
}

}  // namespace alidade
