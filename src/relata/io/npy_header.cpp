#include "relata/io/npy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;  // numpy.lib.format.ARRAY_ALIGN
constexpr std::size_t kMostAxes = 64;   // of numpy 2

struct TypeName {
  std::string_view numpy;  ///< without the byte order
  DType dtype;
};

constexpr std::array kTypes = {
    TypeName{"b1", DType::kBool}, TypeName{"u1", DType::kU8},  TypeName{"i1", DType::kI8},
    TypeName{"i2", DType::kI16},  TypeName{"u2", DType::kU16}, TypeName{"f2", DType::kF16},
    TypeName{"i4", DType::kI32},  TypeName{"u4", DType::kU32}, TypeName{"f4", DType::kF32},
    TypeName{"c8", DType::kC64},  TypeName{"f8", DType::kF64}, TypeName{"i8", DType::kI64},
    TypeName{"u8", DType::kU64},
};

Error fault(std::string what, std::string_view where) {
  return Error({.what = std::move(what),
                .where = std::string(where),
                .remedy = "write the array again with numpy.save"});
}

/// A reader of the one literal that numpy writes: {'descr': '<f4', 'fortran_order': False, 'shape':
/// (3, 4), }
class LiteralParser {
 public:
  LiteralParser(std::string_view text, std::string_view where) : rest_(text), where_(where) {}

  NpyHeader run() {
    expect('{');
    while (!accept('}')) {
      read_entry();
      if (accept(',')) continue;
      expect('}');
      break;
    }
    skip_spaces();
    if (!rest_.empty()) throw error("the end of the header");
    if (!has_type_) throw missing("descr");
    if (!has_order_) throw missing("fortran_order");
    if (!has_shape_) throw missing("shape");
    return std::move(header_);
  }

 private:
  void read_entry() {
    const std::string_view key = read_string();
    expect(':');
    if (key == "descr" && !std::exchange(has_type_, true)) {
      read_type();
    } else if (key == "fortran_order" && !std::exchange(has_order_, true)) {
      header_.fortran_order = read_truth();
    } else if (key == "shape" && !std::exchange(has_shape_, true)) {
      header_.shape = read_tuple();
    } else {
      throw fault("the header has the key " + excerpt(key) +
                      ", expected descr, fortran_order and shape, each once",
                  where_);
    }
  }

  void read_type() {
    skip_spaces();
    if (rest_.starts_with('[')) throw unsupported("a structure");
    const std::string_view type = read_string();
    const char order = type.empty() ? ' ' : type[0];
    const auto found = std::ranges::find(kTypes, type.substr(std::min<std::size_t>(1, type.size())),
                                         &TypeName::numpy);
    if (type.ends_with('O')) throw unsupported("Python objects, which are pickled");
    if (found == kTypes.end() || std::string_view("<>|=").find(order) == std::string_view::npos) {
      throw unsupported(excerpt(type));
    }
    header_.dtype = found->dtype;
    header_.big_endian = order == '>';
  }

  bool read_truth() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)}) {
      if (!rest_.starts_with(word)) continue;
      rest_.remove_prefix(std::string_view(word).size());
      return value;
    }
    throw error("True or False");
  }

  std::vector<int64_t> read_tuple() {
    std::vector<int64_t> axes;
    expect('(');
    bool comma = true;  // between two axes; Python wants one behind a single axis too
    while (!accept(')')) {
      if (!comma) throw error("\",\" or \")\"");
      if (axes.size() == kMostAxes) throw error("at most 64 axes");
      axes.push_back(read_integer());
      comma = accept(',');
    }
    if (axes.size() == 1 && !comma) throw error("a comma behind the only axis");
    return axes;
  }

  int64_t read_integer() {
    skip_spaces();
    int64_t value = 0;
    const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (code != std::errc() || value < 0) throw error("an integer from 0 to 2^63-1");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (rest_.starts_with('L')) rest_.remove_prefix(1);  // Python 2 wrote long integers so
    return value;
  }

  std::string_view read_string() {
    skip_spaces();
    const char quote = rest_.empty() ? ' ' : rest_[0];
    if (quote != '\'' && quote != '"') throw error("a quoted string");
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) throw error("a string that ends");
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  void skip_spaces() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n"), rest_.size()));
  }

  bool accept(char c) {
    skip_spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!accept(c)) throw error(excerpt({&c, 1}));
  }

  Error error(const std::string& expected) const {
    return fault("the header goes on with " + excerpt(rest_) + ", expected " + expected, where_);
  }

  Error missing(const std::string& key) const {
    return fault("the header has no " + key + ", expected descr, fortran_order and shape", where_);
  }

  Error unsupported(const std::string& type) const {
    return Error({.what = "elements are " + type +
                          ", expected booleans, integers or floats of 16, "
                          "32 or 64 bits",
                  .where = std::string(where_),
                  .remedy = "save array.astype(\"float32\")"});
  }

  std::string_view rest_;
  std::string_view where_;
  NpyHeader header_;
  bool has_type_ = false;
  bool has_order_ = false;
  bool has_shape_ = false;
};

struct Frame {
  std::size_t begin;  ///< of the literal
  std::size_t length;
};

Frame read_frame(std::string_view text, std::string_view where) {
  if (!text.starts_with(kMagic) || text.size() < kMagic.size() + 2) {
    throw fault(
        "starts with " + excerpt(text.substr(0, 8)) + ", expected \"\\x93NUMPY\" and a version",
        where);
  }
  const int major = static_cast<unsigned char>(text[kMagic.size()]);
  const int minor = static_cast<unsigned char>(text[kMagic.size() + 1]);
  if (major < 1 || major > 3 || minor != 0) {
    throw fault("format version is " + std::to_string(major) + "." + std::to_string(minor) +
                    ", expected 1.0, 2.0 or 3.0",
                where);
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  const std::size_t begin = kMagic.size() + 2 + length_bytes;
  if (text.size() < begin) throw fault("ends inside the header's length", where);
  std::size_t length = 0;
  for (std::size_t i = begin; i-- > begin - length_bytes;) {
    length = length << 8U | static_cast<unsigned char>(text[i]);
  }
  if (length > text.size() - begin) {
    throw fault("header length is " + std::to_string(length) + ", but only " +
                    std::to_string(text.size() - begin) + " bytes follow",
                where);
  }
  return {.begin = begin, .length = length};
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> file, std::string_view where) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const Frame frame = read_frame(text, where);
  NpyHeader header = LiteralParser(text.substr(frame.begin, frame.length), where).run();
  header.size = frame.begin + frame.length;
  return header;
}

std::string make_npy_header(DType dtype, std::span<const int64_t> shape, std::string_view where) {
  const auto type = std::ranges::find(kTypes, dtype, &TypeName::dtype);
  if (type == kTypes.end()) {
    throw Error({.what = "numpy has no type for " + std::string(dtype_name(dtype)),
                 .where = std::string(where),
                 .remedy = "convert to F32 first, or write safetensors"});
  }
  if (shape.size() > kMostAxes) {
    throw Error({.what = "shape has " + std::to_string(shape.size()) + " axes, expected at most 64",
                 .where = std::string(where),
                 .remedy = "join some of the axes"});
  }
  const std::string_view order = dtype_bits(dtype) == 8 ? "|" : "<";
  std::string tuple = "(";
  for (const int64_t axis : shape) tuple += std::to_string(axis) + ", ";
  if (shape.size() == 1) tuple.pop_back();               // (3,)
  if (shape.size() > 1) tuple.resize(tuple.size() - 2);  // (3, 4)
  std::string literal = "{'descr': '" + std::string(order) + std::string(type->numpy) +
                        "', 'fortran_order': False, 'shape': " + tuple + "), }";
  constexpr std::size_t kBefore = kMagic.size() + 4;
  const std::size_t used = kBefore + literal.size() + 1;
  literal.append((kAlignment - used % kAlignment) % kAlignment, ' ').push_back('\n');
  std::string header(kMagic);
  header.append({'\1', '\0', static_cast<char>(literal.size() & 0xFFU),
                 static_cast<char>(literal.size() >> 8U)});
  return header + literal;
}

}  // namespace relata::io
