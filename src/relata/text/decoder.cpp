#include "relata/text/decoder.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "relata/io/utf8.h"
#include "relata/text/byte_alphabet.h"
#include "relata/text/char_class.h"
#include "relata/text/pattern.h"
#include "relata/text/utf8.h"

namespace relata::text {
namespace {

using Tokens = std::vector<std::string>;

template <typename Function>
class Applied : public Decoder {
 public:
  explicit Applied(Function function) : function_(std::move(function)) {}
  void apply(Tokens& tokens) const override { function_(tokens); }

 private:
  Function function_;
};

template <typename Function>
DecoderPtr applied(Function function) {
  return std::make_unique<Applied<Function>>(std::move(function));
}

std::string joined(const Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  if (from.empty()) return std::string(text);
  std::string out;
  while (true) {
    const std::size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == text.npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

std::string stripped(std::string_view text) {
  const auto space = [&](const Decoded& point) { return is(point.code, kSpace); };
  while (!text.empty() && space(decode_at(text, 0))) text.remove_prefix(decode_at(text, 0).size);
  while (!text.empty() && space(decode_before(text, text.size()))) {
    text.remove_suffix(decode_before(text, text.size()).size);
  }
  return std::string(text);
}

/// Spaces before signs and English contractions.
std::string cleaned_up(std::string text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRules = {
      {{" .", "."},
       {" ?", "?"},
       {" !", "!"},
       {" ,", ","},
       {" ' ", "'"},
       {" n't", "n't"},
       {" 'm", "'m"},
       {" do not", " don't"},
       {" 's", "'s"},
       {" 've", "'ve"},
       {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) text = replaced(text, from, to);
  return text;
}

/// Tokens of letters of the byte alphabet become bytes; others stay.
std::string bytes_of(const Tokens& tokens) {
  std::string bytes;
  for (const std::string& token : tokens) {
    const auto spelled = from_letters(token);
    bytes += spelled ? *spelled : token;
  }
  return mend_utf8(bytes);
}

std::optional<char> byte_token_value(const std::string& token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned value = 0;
  for (const char c : token.substr(3, 2)) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!digit && !letter) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return static_cast<char>(value);
}

void join_byte_tokens(Tokens& tokens) {
  Tokens out;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (io::invalid_utf8_at(bytes)) {
      for (std::size_t i = 0; i < bytes.size(); ++i) out.emplace_back("\uFFFD");
    } else {
      out.push_back(bytes);
    }
    bytes.clear();
  };
  for (std::string& token : tokens) {
    if (const auto byte = byte_token_value(token)) {
      bytes.push_back(*byte);
      continue;
    }
    flush();
    out.push_back(std::move(token));
  }
  flush();
  tokens = std::move(out);
}

DecoderPtr read_metaspace(const JsonNode& node) {
  const std::string scheme = node.text_or("prepend_scheme", "always");
  const bool prepends = node.flag("add_prefix_space", true) && scheme != "never";
  return applied([replacement = node.text_or("replacement", "\u2581"), prepends](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replaced(tokens[i], replacement, i == 0 && prepends ? "" : " ");
    }
  });
}

DecoderPtr read_bpe(const JsonNode& node) {
  return applied([suffix = node.text_or("suffix", "</w>")](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replaced(tokens[i], suffix, i + 1 == tokens.size() ? "" : " ");
    }
  });
}

DecoderPtr read_ctc(const JsonNode& node) {
  return applied([pad = node.text_or("pad_token", "<pad>"),
                  space = node.text_or("word_delimiter_token", "|"),
                  cleanup = node.flag("cleanup", true)](Tokens& tokens) {
    tokens.erase(std::ranges::unique(tokens).begin(), tokens.end());
    for (std::string& token : tokens) {
      token = replaced(token, pad, "");
      if (cleanup) token = replaced(cleaned_up(token), space, " ");
    }
    std::erase_if(tokens, [](const std::string& token) { return token.empty(); });
  });
}

DecoderPtr read_replace(const JsonNode& node) {
  const JsonNode where = node.at("pattern");
  const auto literal = where.find("String");
  const auto regex = where.find("Regex");
  if (!literal && !regex) where.refuse("is neither {\"String\": …} nor {\"Regex\": …}");
  std::shared_ptr<const Pattern> pattern = literal
                                               ? literal_pattern(literal->text(), literal->where())
                                               : regex_pattern(regex->text(), regex->where());
  return applied([pattern, content = node.at("content").text()](Tokens& tokens) {
    for (std::string& token : tokens) {
      if (token.empty()) continue;
      std::vector<Match> matches;
      pattern->find(token, matches);
      std::string out;
      for (const auto& [span, found] : matches) {
        out += found ? content : token.substr(span.begin, span.end - span.begin);
      }
      token = std::move(out);
    }
  });
}

/// Up to `start` and `stop` characters `content` at the ends.
std::string without_ends(std::string_view token, std::string_view content, int64_t start,
                         int64_t stop) {
  for (; start > 0 && token.starts_with(content); --start) token.remove_prefix(content.size());
  for (; stop > 0 && token.ends_with(content); --stop) token.remove_suffix(content.size());
  return std::string(token);
}

DecoderPtr read_strip(const JsonNode& node) {
  const JsonNode content = node.at("content");
  if (content.text().empty()) content.refuse("is empty, expected one character");
  return applied([content = content.text(), start = node.at("start").integer(0, INT32_MAX),
                  stop = node.at("stop").integer(0, INT32_MAX)](Tokens& tokens) {
    for (std::string& token : tokens) token = without_ends(token, content, start, stop);
  });
}

DecoderPtr read_sequence(const JsonNode& node) {
  std::vector<std::shared_ptr<const Decoder>> steps;
  for (const JsonNode& step : node.at("decoders").items()) steps.push_back(read_decoder(step));
  return applied([steps = std::move(steps)](Tokens& tokens) {
    for (const auto& step : steps) step->apply(tokens);
  });
}

}  // namespace

DecoderPtr word_piece_decoder(std::string prefix, bool cleanup) {
  return applied([prefix = std::move(prefix), cleanup](Tokens& tokens) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) {
        token = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
      }
      if (cleanup) token = cleaned_up(token);
    }
  });
}

DecoderPtr byte_level_decoder() {
  return applied([](Tokens& tokens) { tokens = {bytes_of(tokens)}; });
}

DecoderPtr clip_decoder(std::string word_end, bool strip) {
  return applied([word_end = std::move(word_end), strip](Tokens& tokens) {
    std::string text = replaced(bytes_of(tokens), word_end, " ");
    tokens = {strip ? stripped(text) : std::move(text)};
  });
}

DecoderPtr read_decoder(const JsonNode& node) {
  const std::string& type = node.at("type").text();
  if (type == "WordPiece") {
    return word_piece_decoder(node.text_or("prefix", "##"), node.flag("cleanup", true));
  }
  if (type == "ByteLevel") return byte_level_decoder();
  if (type == "BPEDecoder") return read_bpe(node);
  if (type == "Metaspace") return read_metaspace(node);
  if (type == "CTC") return read_ctc(node);
  if (type == "Replace") return read_replace(node);
  if (type == "Fuse") return applied([](Tokens& tokens) { tokens = {joined(tokens)}; });
  if (type == "Strip") return read_strip(node);
  if (type == "ByteFallback") return applied(join_byte_tokens);
  if (type == "Sequence") return read_sequence(node);
  node.refuse_type("decoder", {"WordPiece", "ByteLevel", "BPEDecoder", "Metaspace", "CTC",
                               "Replace", "Fuse", "Strip", "ByteFallback", "Sequence"});
}

}  // namespace relata::text
