#include "relata/text/char_class.h"

#include <fmt/format.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <map>
#include <span>
#include <string_view>

#include "relata/text/unicode.h"

namespace relata::text {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Assigned in Unicode 15.1, 16 or 17: a no-op where ICU knows them already.
constexpr Range kNewLetters[] = {
    {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3},
    {0x10D4A, 0x10D65}, {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x11380, 0x11389},
    {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113B7},
    {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0}, {0x13460, 0x143FA},
    {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF}, {0x1E5D0, 0x1E5ED},
    {0x1E5F0, 0x1E5F0}, {0x2EBF0, 0x2EE5D}};
constexpr Range kNewNumbers[] = {{0x10D40, 0x10D49}, {0x116D0, 0x116E3}, {0x11BF0, 0x11BF9},
                                 {0x16130, 0x16139}, {0x16D70, 0x16D79}, {0x1CCF0, 0x1CCF9},
                                 {0x1E5F1, 0x1E5FA}};
constexpr Range kNewNumerics[] = {{0x11DE0, 0x11DE9}, {0x16FF4, 0x16FF6}};
constexpr Range kNewWords[] = {
    {0x897, 0x897},     {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},
    {0x105C0, 0x105F3}, {0x10D40, 0x10D65}, {0x10D69, 0x10D6D}, {0x10D6F, 0x10D85},
    {0x10EC2, 0x10EC4}, {0x10EFC, 0x10EFC}, {0x11380, 0x11389}, {0x1138B, 0x1138B},
    {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113C0}, {0x113C2, 0x113C2},
    {0x113C5, 0x113C5}, {0x113C7, 0x113CA}, {0x113CC, 0x113D3}, {0x113E1, 0x113E2},
    {0x116D0, 0x116E3}, {0x11BC0, 0x11BE0}, {0x11BF0, 0x11BF9}, {0x11F5A, 0x11F5A},
    {0x13460, 0x143FA}, {0x16100, 0x16139}, {0x16D40, 0x16D6C}, {0x16D70, 0x16D79},
    {0x18CFF, 0x18CFF}, {0x1CCF0, 0x1CCF9}, {0x1E5D0, 0x1E5FA}, {0x2EBF0, 0x2EE5D}};
// BERT's own list; U+2B820..U+2B91F is missing there.
constexpr Range kIdeographs[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                 {0x20000, 0x2A6DF}, {0x2A700, 0x2B81F}, {0x2B920, 0x2CEAF},
                                 {0x2F800, 0x2FA1F}};

bool within(char32_t code, std::span<const Range> ranges) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return range.first <= code && code <= range.last; });
}

/// The categories of one Unicode version, and the code points whose category changed since.
struct Past {
  uint32_t categories;
  UnicodeVersion version;
  std::u32string_view also = {};
  std::u32string_view never = {};

  bool holds(char32_t code) const {
    if (also.find(code) != also.npos) return true;
    const uint32_t category = U_MASK(u_charType(static_cast<UChar32>(code)));
    return (category & categories) != 0 && assigned_since(code) <= version &&
           never.find(code) == never.npos;
  }
};

bool is_word(char32_t code) {
  const auto point = static_cast<UChar32>(code);
  const uint32_t category = U_MASK(u_charType(point));
  return (category & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_hasBinaryProperty(point, UCHAR_ALPHABETIC) != 0 ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL) != 0;
}

bool is_ascii_sign(char32_t code) {
  return (code >= '!' && code <= '/') || (code >= ':' && code <= '@') ||
         (code >= '[' && code <= '`') || (code >= '{' && code <= '~');
}

bool is_dropped(char32_t code) {
  static const Past past{.categories = U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK, .version = 800};
  if (code == '\t' || code == '\n' || code == '\r') return false;
  return code == 0xFFFD || past.holds(code);
}

uint16_t classify(char32_t code) {
  static const Past letter{.categories = U_GC_L_MASK, .version = 1600};
  static const Past number{.categories = U_GC_N_MASK, .version = 1600};
  static const Past numeric{.categories = U_GC_N_MASK, .version = 1700};
  static const Past punctuation{
      .categories = U_GC_P_MASK, .version = 800, .also = U"\u166D\U000111C9"};
  static const Past accent{.categories = U_GC_MN_MASK,
                           .version = 800,
                           .also = U"\u1734",
                           .never = U"\u1885\u1886\uA9BD\U000111C9"};
  static const Past mark{
      .categories = U_GC_M_MASK, .version = 900, .also = U"\u1CF2\u1CF3", .never = U"\U000111C9"};
  uint32_t classes = 0;
  const auto set = [&](CharClass name, bool holds) {
    if (holds) classes |= name;
  };
  const bool new_number = within(code, kNewNumbers);
  set(kLetter, letter.holds(code) || within(code, kNewLetters));
  set(kNumber, number.holds(code) || new_number);
  set(kNumeric, numeric.holds(code) || new_number || within(code, kNewNumerics));
  set(kSpace, u_isUWhiteSpace(static_cast<UChar32>(code)) != 0);
  set(kWord, (is_word(code) && assigned_since(code) <= 1600) || within(code, kNewWords));
  set(kPunctuation, is_ascii_sign(code) || punctuation.holds(code));
  set(kControl, is_dropped(code));
  set(kAccent, accent.holds(code));
  set(kMark, mark.holds(code));
  set(kIdeograph, within(code, kIdeographs));
  set(kSteady, is_steady(code));
  return static_cast<uint16_t>(classes);
}

}  // namespace

CharTable::CharTable() {
  std::map<Block, uint16_t> known;
  for (uint32_t high = 0; high < index_.size(); ++high) {
    Block block = {};
    for (uint32_t low = 0; low < block.size(); ++low) block[low] = classify(high << 8U | low);
    const auto [place, is_new] = known.try_emplace(block, static_cast<uint16_t>(blocks_.size()));
    if (is_new) blocks_.push_back(block);
    index_[high] = place->second;
  }
}

std::string newer_than_icu(CharClass name) {
  std::string set;
  const auto add = [&](std::span<const Range> ranges) {
    for (const auto& [first, last] : ranges)
      set += fmt::format("\\x{{{:X}}}-\\x{{{:X}}}", static_cast<uint32_t>(first),
                         static_cast<uint32_t>(last));
  };
  if (name == kLetter) add(kNewLetters);
  if (name == kNumber) add(kNewNumbers);
  if (name == kWord) add(kNewWords);
  return set;
}

const CharTable& char_table() {
  static const CharTable table;
  return table;
}

}  // namespace relata::text
