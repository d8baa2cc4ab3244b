#include "relata/index/filter_lexer.h"

#include <fmt/format.h>

#include <array>

#include "relata/index/filter.h"
#include "relata/io/utf8.h"
#include "relata/text/char_class.h"
#include "relata/text/utf8.h"

namespace relata::index {
namespace {

constexpr std::array<std::string_view, 9> kSigns{"!=", "<=", ">=", "=", "<", ">", "(", ")", ","};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    if (const auto broken = io::invalid_utf8_at(text_)) fail(*broken, "this is not UTF-8");
    std::vector<Token> tokens;
    do {
      tokens.push_back(next());
    } while (tokens.back().kind != TokenKind::kEnd);
    return tokens;
  }

 private:
  [[noreturn]] void fail(size_t at, std::string what, std::string remedy = "") const {
    throw FilterError(text_, at, std::move(what), std::move(remedy));
  }

  Token next() {
    while (at_ < text_.size() && text::is(code().code, text::kSpace)) at_ += code().size;
    if (at_ == text_.size()) return {.kind = TokenKind::kEnd, .text = "", .at = at_};
    const char c = text_[at_];
    if (c == '"' || c == '\'') return quoted(TokenKind::kText);
    if (c == '`') return quoted(TokenKind::kQuotedName);
    for (const std::string_view sign : kSigns) {
      if (text_.substr(at_).starts_with(sign)) return take(TokenKind::kSign, sign.size());
    }
    if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && at_ + 1 < text_.size() &&
                        (is_digit(text_[at_ + 1]) || text_[at_ + 1] == '.')))
      return number();
    return name();
  }

  text::Decoded code() const { return text::decode_at(text_, at_); }

  Token take(TokenKind kind, size_t size) {
    Token token{.kind = kind, .text = std::string(text_.substr(at_, size)), .at = at_};
    at_ += size;
    return token;
  }

  Token number() {
    size_t size = 1;
    const auto belongs = [&](char c) {
      const char before = text_[at_ + size - 1];
      const bool sign = (c == '-' || c == '+') && (before == 'e' || before == 'E');
      return is_digit(c) || c == '.' || c == 'e' || c == 'E' || sign;
    };
    while (at_ + size < text_.size() && belongs(text_[at_ + size])) ++size;
    return take(TokenKind::kNumber, size);
  }

  Token name() {
    size_t end = at_;
    while (end < text_.size()) {
      const text::Decoded here = text::decode_at(text_, end);
      if (!text::is(here.code, text::kWord) && here.code != U'.' && here.code != U'-') break;
      end += here.size;
    }
    if (end == at_) {
      fail(at_, fmt::format("{} begins no column, sign or value",
                            io::excerpt(text_.substr(at_, code().size))));
    }
    return take(TokenKind::kName, end - at_);
  }

  char escaped(size_t at) const {
    if (at < text_.size()) {
      switch (text_[at]) {
        case 'n':
          return '\n';
        case 't':
          return '\t';
        case '"':
        case '\'':
        case '\\':
        case '`':
          return text_[at];
        default:
          break;
      }
    }
    fail(at - 1, "an escape that is not known", R"(those there are: \" \' \\ \` \n \t)");
  }

  Token quoted(TokenKind kind) {
    Token token{.kind = kind, .text = "", .at = at_};
    const char quote = text_[at_];
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      token.text += text_[at_] == '\\' ? escaped(++at_) : text_[at_];
    }
    if (at_ == text_.size()) fail(token.at, "a quote that is not closed");
    ++at_;
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view condition) { return Lexer(condition).run(); }

}  // namespace relata::index
