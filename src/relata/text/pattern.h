// What a text is searched for: a literal, one of the regular expressions that have a scanner of
// their own, or any other by ICU.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "relata/text/tracked_text.h"

namespace relata::text {

class Pattern {
 public:
  virtual ~Pattern() = default;
  /// Appends parts that cover `text` in order. `text` is not empty.
  virtual void find(std::string_view text, std::vector<Match>& out) const = 0;
};

/// Throws Error naming `where` if `literal` is empty.
std::unique_ptr<Pattern> literal_pattern(std::string literal, std::string_view where);

/// A regular expression of Oniguruma's Ruby syntax, as tokenizer.json has them. The ones of GPT-2,
/// CLIP, Llama 3, Qwen 2 and runs of white space are scanned by hand; `by_hand` = false is for
/// the tests that compare. Throws Error naming `where` if ICU cannot compile it.
std::unique_ptr<Pattern> regex_pattern(const std::string& expression, std::string_view where,
                                       bool by_hand = true);

/// GPT-2's, which the pre-tokenizer ByteLevel carries.
inline constexpr std::string_view kGpt2Expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// What becomes of the matching parts: the names of tokenizer.json.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// Joins or drops parts; what remains is to be read as the pieces. `matches` of the result is
/// meaningless.
void apply_behavior(SplitBehavior behavior, std::vector<Match>& parts);

}  // namespace relata::text
