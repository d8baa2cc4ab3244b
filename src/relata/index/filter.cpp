#include "relata/index/filter.h"
#include "relata/base/ascii.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>
#include <utility>

#include "relata/base/closest_name.h"
#include "relata/index/filter_lexer.h"
#include "relata/io/utf8.h"
#include "relata/text/utf8.h"

namespace relata::index {
namespace {

constexpr int kDepth = 256;
constexpr int kTests = 10'000;

// 64-bit integers and doubles both fit, so that 2^53 + 1 is no equal of 2^53.
using Number = long double;

enum class Operator {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kContains
};

constexpr std::pair<std::string_view, Operator> kComparisons[] = {
    {"=", Operator::kEqual},      {"!=", Operator::kNotEqual}, {"<", Operator::kLess},
    {"<=", Operator::kLessEqual}, {">", Operator::kGreater},   {">=", Operator::kGreaterEqual}};

bool holds(std::partial_ordering order, Operator op) {
  switch (op) {
    case Operator::kEqual:
      return order == std::partial_ordering::equivalent;
    case Operator::kNotEqual:
      return order != std::partial_ordering::equivalent;
    case Operator::kLess:
      return order == std::partial_ordering::less;
    case Operator::kLessEqual:
      return order != std::partial_ordering::greater;
    case Operator::kGreater:
      return order == std::partial_ordering::greater;
    case Operator::kGreaterEqual:
      return order != std::partial_ordering::less;
    case Operator::kIn:
    case Operator::kContains:
      break;
  }
  return false;
}

}  // namespace

struct Filter::Node {
  enum class Kind { kAnd, kOr, kNot, kTest, kAbsent };
  Kind kind = Kind::kTest;
  std::vector<std::unique_ptr<Node>> parts = {};
  // Of a test: numbers for a column of numbers, texts for one of texts.
  size_t column = 0;
  ColumnKind type = ColumnKind::kString;
  Operator op = Operator::kEqual;
  std::vector<std::string> texts = {};
  std::vector<Number> numbers = {};

  bool matches(const Cells& cells) const {
    const auto fits = [&](const std::unique_ptr<Node>& part) { return part->matches(cells); };
    switch (kind) {
      case Kind::kAnd:
        return std::ranges::all_of(parts, fits);
      case Kind::kOr:
        return std::ranges::any_of(parts, fits);
      case Kind::kNot:
        return !fits(parts.front());
      case Kind::kAbsent:
        return cells(column).empty();
      case Kind::kTest:
        return test(cells(column));
    }
    return false;
  }

  bool test(std::span<const std::byte> bytes) const {
    if (bytes.empty()) return false;
    switch (type) {
      case ColumnKind::kInteger:
        return of_number(static_cast<Number>(*integer_in(bytes)));
      case ColumnKind::kReal:
        return of_number(static_cast<Number>(*real_in(bytes)));
      case ColumnKind::kString:
        return of_text(*string_in(bytes));
      case ColumnKind::kStrings:
        return of_list(*strings_in(bytes));
    }
    return false;
  }

  bool of_number(Number value) const {
    if (op == Operator::kIn) return std::ranges::find(numbers, value) != numbers.end();
    return holds(value <=> numbers.front(), op);
  }

  bool of_text(std::string_view value) const {
    if (op == Operator::kIn) return std::ranges::find(texts, value) != texts.end();
    if (op == Operator::kContains) return value.find(texts.front()) != std::string_view::npos;
    // Bytes of UTF-8 are in the order of code points.
    return holds(value <=> std::string_view(texts.front()), op);
  }

  bool of_list(const std::vector<std::string_view>& values) const {
    return std::ranges::any_of(values, [&](std::string_view value) {
      return std::ranges::find(texts, value) != texts.end();
    });
  }
};

namespace {

using Node = Filter::Node;
using NodePointer = std::unique_ptr<Node>;

class Parser {
 public:
  Parser(std::string_view condition, std::span<const Column> columns)
      : condition_(condition), columns_(columns), tokens_(tokens_of(condition)) {}

  NodePointer run() {
    NodePointer root = any();
    if (here().kind != TokenKind::kEnd) fail("here only 'and', 'or' or the end can follow");
    return root;
  }

 private:
  const Token& here() const { return tokens_[at_]; }
  bool is_sign(std::string_view sign) const {
    return here().kind == TokenKind::kSign && here().text == sign;
  }
  bool is_word(std::string_view word) const {
    return here().kind == TokenKind::kName && ascii_lower(here().text) == word;
  }
  bool skip(bool there) {
    at_ += there ? 1 : 0;
    return there;
  }

  [[noreturn]] void fail_at(size_t at, std::string what, std::string remedy = "") const {
    throw FilterError(condition_, at, std::move(what), std::move(remedy));
  }
  [[noreturn]] void fail(std::string what, std::string remedy = "") const {
    fail_at(here().at, std::move(what), std::move(remedy));
  }

  NodePointer joined(Node::Kind kind, std::string_view word, NodePointer (Parser::*part)()) {
    std::vector<NodePointer> parts;
    do {
      parts.push_back((this->*part)());
    } while (skip(is_word(word)));
    if (parts.size() == 1) return std::move(parts.front());
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->parts = std::move(parts);
    return node;
  }

  NodePointer any() { return joined(Node::Kind::kOr, "or", &Parser::all); }
  NodePointer all() { return joined(Node::Kind::kAnd, "and", &Parser::one); }

  NodePointer negated(NodePointer part) const {
    auto node = std::make_unique<Node>();
    node->kind = Node::Kind::kNot;
    node->parts.push_back(std::move(part));
    return node;
  }

  NodePointer one() {
    if (depth_ == kDepth) fail(fmt::format("more than {} conditions in each other", kDepth));
    ++depth_;
    NodePointer node;
    if (skip(is_word("not"))) {
      node = negated(one());
    } else if (skip(is_sign("("))) {
      node = any();
      if (!skip(is_sign(")"))) fail("a closing parenthesis is missing");
    } else {
      node = test();
    }
    --depth_;
    return node;
  }

  size_t column() {
    const bool quoted = here().kind == TokenKind::kQuotedName;
    if (here().kind != TokenKind::kName && !quoted)
      fail("the name of a column is missing", "columns: " + names());
    const auto found = std::ranges::find(columns_, here().text, &Column::name);
    if (found == columns_.end()) {
      std::vector<std::string> known;
      for (const Column& c : columns_) known.push_back(c.name);
      const std::string near = closest_name(here().text, known);
      const std::string hint = near.empty() ? "" : fmt::format("did you mean '{}'? ", near);
      fail(fmt::format("no column {}", io::excerpt(here().text)), hint + "columns: " + names());
    }
    ++at_;
    return static_cast<size_t>(found - columns_.begin());
  }

  std::string names() const {
    std::vector<std::string> all;
    for (const Column& c : columns_)
      all.push_back(fmt::format("{} ({})", c.name, kind_name(c.kind)));
    return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
  }

  NodePointer test() {
    if (++tests_ > kTests) fail(fmt::format("more than {} tests", kTests));
    auto node = std::make_unique<Node>();
    node->column = column();
    const Column& column = columns_[node->column];
    node->type = column.kind;
    const size_t sign = here().at;
    if (skip(is_word("not"))) {
      if (!skip(is_word("in"))) fail("'in' is missing after 'not'");
      list(*node);
      return present_and_not(std::move(node));
    }
    if (skip(is_word("in"))) {
      list(*node);
      return node;
    }
    if (skip(is_word("contains"))) {
      if (column.kind == ColumnKind::kInteger || column.kind == ColumnKind::kReal)
        fail_at(sign, fmt::format("'{}' is a number and contains nothing", column.name));
      node->op = Operator::kContains;
      value(*node);
      return node;
    }
    return comparison(std::move(node), sign);
  }

  /// "not in" is no test of an absent value.
  NodePointer present_and_not(NodePointer test) const {
    auto absent = std::make_unique<Node>();
    absent->kind = Node::Kind::kAbsent;
    absent->column = test->column;
    auto either = std::make_unique<Node>();
    either->kind = Node::Kind::kOr;
    either->parts.push_back(std::move(absent));
    either->parts.push_back(std::move(test));
    return negated(std::move(either));
  }

  NodePointer comparison(NodePointer node, size_t sign) {
    const auto known =
        std::ranges::find_if(kComparisons, [&](const auto& c) { return is_sign(c.first); });
    if (known == std::end(kComparisons))
      fail("a comparison is missing", "= != < <= > >= in contains");
    ++at_;
    node->op = known->second;
    const bool equality = node->op == Operator::kEqual || node->op == Operator::kNotEqual;
    if (is_word("null")) {
      if (!equality) fail("null is compared with = and != alone");
      ++at_;
      node->kind = Node::Kind::kAbsent;
      return node->op == Operator::kEqual ? std::move(node) : negated(std::move(node));
    }
    if (node->type == ColumnKind::kStrings) {
      fail_at(sign, fmt::format("'{}' is a list of texts", columns_[node->column].name),
              "use contains or in");
    }
    value(*node);
    return node;
  }

  void list(Node& node) {
    node.op = Operator::kIn;
    if (!skip(is_sign("("))) fail("an opening parenthesis is missing after 'in'");
    do {
      value(node);
    } while (skip(is_sign(",")));
    if (!skip(is_sign(")"))) fail("a comma or a closing parenthesis is missing");
  }

  void value(Node& node) {
    const Column& column = columns_[node.column];
    const bool texts = column.kind == ColumnKind::kString || column.kind == ColumnKind::kStrings;
    if (here().kind == TokenKind::kText) {
      if (!texts) fail(fmt::format("'{}' is a number, and this is a text", column.name));
      node.texts.push_back(here().text);
    } else if (here().kind == TokenKind::kNumber) {
      const Number number = number_of(here());
      if (texts)
        fail(fmt::format("'{}' holds texts, and this is a number", column.name),
             fmt::format("put it in quotes: \"{}\"", here().text));
      node.numbers.push_back(number);
    } else if (here().kind == TokenKind::kName) {
      fail(fmt::format("{} is no value", io::excerpt(here().text)),
           fmt::format("put a text in quotes: \"{}\"", here().text));
    } else {
      fail("a value is missing");
    }
    ++at_;
  }

  Number number_of(const Token& token) const {
    std::string_view text = token.text;
    if (text.starts_with('+')) text.remove_prefix(1);
    int64_t whole = 0;
    const char* end = text.data() + text.size();
    if (const auto read = std::from_chars(text.data(), end, whole);
        read.ec == std::errc() && read.ptr == end)
      return static_cast<Number>(whole);
    double real = 0;
    const auto read = std::from_chars(text.data(), end, real);
    if (read.ec != std::errc() || read.ptr != end || !std::isfinite(real))
      fail_at(token.at, fmt::format("{} is no number", io::excerpt(token.text)));
    return real;
  }

  std::string_view condition_;
  std::span<const Column> columns_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int tests_ = 0;
};

Error::Parts parts_of(std::string_view condition, size_t at, std::string what, std::string remedy) {
  const size_t before = text::count_code_points(text::mend_utf8(condition.substr(0, at)));
  return {.what = std::move(what),
          .where = fmt::format("condition, character {}", before + 1),
          .remedy = std::move(remedy)};
}

std::string drawn(std::string_view condition, size_t at) {
  // One line, one column for each code point (wide characters apart).
  std::string line = text::mend_utf8(condition);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  const size_t before = text::count_code_points(text::mend_utf8(condition.substr(0, at)));
  return "  " + line + "\n  " + std::string(before, ' ') + "^\n";
}

}  // namespace

FilterError::FilterError(std::string_view condition, size_t at, std::string what,
                         std::string remedy)
    : Error(parts_of(condition, at, std::move(what), std::move(remedy))),
      drawing_(drawn(condition, at)) {}

Filter::Filter(std::string_view condition, std::span<const Column> columns)
    : root_(Parser(condition, columns).run()) {}
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;
Filter& Filter::operator=(Filter&&) noexcept = default;

bool Filter::matches(const Cells& cells) const { return root_->matches(cells); }

}  // namespace relata::index
