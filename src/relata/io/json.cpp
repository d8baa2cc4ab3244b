#include "relata/io/json.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "relata/base/error.h"
#include "relata/io/utf8.h"

namespace relata::io {
namespace {

using nlohmann::json;

/// What an error needs to say where it is.
struct Document {
  std::string_view text;
  std::string_view where;
  int64_t first_line;

  Error error_at(std::size_t offset, std::string what, std::string remedy) const {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto line = first_line + std::ranges::count(before, '\n');
    const auto column =
        before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0: the first line
    return Error(
        {.what = std::move(what),
         .where = std::string(where) + ":" + std::to_string(line) + ":" + std::to_string(column),
         .remedy = std::move(remedy)});
  }
};

/// An input iterator that tells its owner how far the lexer has read: the SAX events carry no
/// position.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  using Position = std::string_view::const_iterator;

  Cursor(Position at, Position* furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }

 private:
  Position at_;
  Position* furthest_;
};

/// nlohmann's message without its prefix, "[json.exception…] " and "parse error at line 1, column
/// 2: ".
std::string syntax_fault(std::string_view message) {
  message.remove_prefix(message.find("] ") + 2);
  if (message.starts_with("parse error at")) message.remove_prefix(message.find(": ") + 2);
  return "is not valid JSON: " + std::string(message);
}

/// Builds the value from events and refuses what the library would let pass.
class StrictBuilder : public nlohmann::json_sax<json> {
 public:
  explicit StrictBuilder(const Document& document)
      : document_(document), furthest_(document.text.begin()) {}

  Cursor::Position* furthest() { return &furthest_; }
  json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override { return add(std::move(value)); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool number_float(number_float_t value, const string_t& digits) override {
    if (digits.find_first_of(".eE") == string_t::npos) {  // the library rounds it to a double
      throw error("integer " + digits + " does not fit into 64 bits", "write it as a string");
    }
    return add(value);
  }

  bool start_object(std::size_t /*elements*/) override { return open(json::object()); }
  bool start_array(std::size_t /*elements*/) override { return open(json::array()); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      throw error("key " + excerpt(name) + " appears twice in the same object",
                  "keep one of the two");
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& fault) override {
    throw document_.error_at(position == 0 ? 0 : position - 1, syntax_fault(fault.what()),
                             "mend the JSON at this place");
  }

 private:
  json* place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &((*open_.back())[key_] = std::move(value));
  }

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json container) {
    if (open_.size() >= static_cast<std::size_t>(kJsonDepth)) {
      throw error("is nested deeper than " + std::to_string(kJsonDepth) + " levels",
                  "flatten the document");
    }
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Error error(std::string what, std::string remedy) const {
    const auto offset = static_cast<std::size_t>(furthest_ - document_.text.begin());
    return document_.error_at(offset, std::move(what), std::move(remedy));
  }

  const Document& document_;
  Cursor::Position furthest_;
  json root_;
  std::vector<json*> open_;  // a parent does not grow while its child is open, so these stay valid
  std::string key_;
};

}  // namespace

json parse_json_strict(std::string_view text, std::string_view where, int64_t first_line) {
  const Document document{.text = text, .where = where, .first_line = first_line};
  // The lexer takes a zero byte for the end of the input and would not see what follows it.
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    throw document.error_at(zero, "has a zero byte, expected text", "save the file as UTF-8 text");
  }
  if (const auto broken = invalid_utf8_at(text)) {
    throw document.error_at(*broken, "is not valid UTF-8 at " + excerpt(text.substr(*broken, 4)),
                            "save the file as UTF-8 text");
  }
  StrictBuilder builder(document);
  json::sax_parse(Cursor(text.begin(), builder.furthest()), Cursor(text.end(), builder.furthest()),
                  &builder);
  return builder.take();
}

json number_or_null(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

double number_or_nan(const json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

std::string to_line(const json& value) {
  try {
    return value.dump();
  } catch (const json::type_error&) {  // the only fault of dump: a string that is not UTF-8
    throw Error({.what = "a string of the record is not valid UTF-8, so it has no JSON form",
                 .remedy = "decode the text before it is stored"});
  }
}

}  // namespace relata::io
