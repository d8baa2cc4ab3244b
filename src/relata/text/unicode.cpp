#include "relata/text/unicode.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

namespace relata::text {
namespace {

constexpr UnicodeVersion kNormalisation = 900;
constexpr char32_t kFirstWithDecomposition = 0xA0;

using Source = const UNormalizer2* (*)(UErrorCode*);

const UNormalizer2* normalizer(Source source) {
  UErrorCode fault = U_ZERO_ERROR;
  const UNormalizer2* const found = source(&fault);
  if (U_FAILURE(fault)) throw std::runtime_error("ICU has no normalization data");
  return found;
}

const UNormalizer2* canonical() {
  static const UNormalizer2* const found = normalizer(unorm2_getNFDInstance);
  return found;
}

const UNormalizer2* compatible() {
  static const UNormalizer2* const found = normalizer(unorm2_getNFKDInstance);
  return found;
}

const UNormalizer2* composing() {
  static const UNormalizer2* const found = normalizer(unorm2_getNFCInstance);
  return found;
}

bool is_known(char32_t code) {
  const UnicodeVersion version = assigned_since(code);
  return version != 0 && version <= kNormalisation;
}

uint8_t combining_class(char32_t code) {
  if (code < 0x300 || !is_known(code)) return 0;
  return u_getCombiningClass(static_cast<UChar32>(code));
}

struct Decomposed {
  char32_t code;
  int32_t change;
  uint8_t combining;
  uint32_t place = 0;
};

void decompose(char32_t code, const UNormalizer2* form, std::vector<Decomposed>& out) {
  std::array<UChar, 32> units = {};  // the longest decomposition, of U+FDFA, has 18
  int32_t length = -1;
  if (code >= kFirstWithDecomposition && is_known(code)) {
    UErrorCode fault = U_ZERO_ERROR;
    length = unorm2_getDecomposition(form, static_cast<UChar32>(code), units.data(),
                                     static_cast<int32_t>(units.size()), &fault);
  }
  if (length < 0) {
    out.push_back({code, 0, combining_class(code)});
    return;
  }
  for (int32_t i = 0; i < length;) {
    const bool first = i == 0;
    UChar32 part = 0;
    U16_NEXT(units.data(), i, length, part);
    const auto point = static_cast<char32_t>(part);
    out.push_back({point, first ? 0 : 1, combining_class(point)});
  }
}

/// Runs of marks in the order of their combining classes.
void order_marks(std::vector<Decomposed>& text) {
  for (auto from = text.begin(); from != text.end();) {
    const auto starts = [](const Decomposed& point) { return point.combining == 0; };
    const auto marks = std::find_if_not(from, text.end(), starts);
    from = std::find_if(marks, text.end(), starts);
    for (auto mark = marks; mark != from; ++mark) {
      mark->place = static_cast<uint32_t>(mark - marks);  // equals stay in order
    }
    std::sort(marks, from, [](const Decomposed& a, const Decomposed& b) {
      return a.combining != b.combining ? a.combining < b.combining : a.place < b.place;
    });
  }
}

std::optional<char32_t> composed(char32_t first, char32_t second) {
  if (second < 0x300) return std::nullopt;  // no character composes with a lower one
  const UChar32 pair =
      unorm2_composePair(composing(), static_cast<UChar32>(first), static_cast<UChar32>(second));
  if (pair < 0 || !is_known(static_cast<char32_t>(pair))) return std::nullopt;
  return static_cast<char32_t>(pair);
}

/// Unicode's canonical composition (D117): each mark joins the last starter unless a mark of its
/// class or a higher one stands between.
class Composer {
 public:
  explicit Composer(std::size_t size) { out_.reserve(size); }

  void add(const Decomposed& point) {
    if (starter_ && may_reach(point)) {
      if (const auto pair = composed(out_[*starter_].code, point.code)) {
        out_[*starter_].code = *pair;
        out_[*starter_].change += point.change - 1;
        return;
      }
    }
    if (point.combining == 0) {
      starter_ = out_.size();
      between_.reset();
    } else if (starter_) {
      between_ = point.combining;
    }
    out_.push_back({point.code, point.change});
  }

  std::vector<Change> take() { return std::move(out_); }

 private:
  bool may_reach(const Decomposed& point) const { return !between_ || *between_ < point.combining; }

  std::vector<Change> out_;
  std::optional<std::size_t> starter_;
  std::optional<uint8_t> between_;  // the class of the last mark since the starter
};

// Rust's tables are of Unicode 17; what ICU 72 lacks, with the distance
// from upper to lower case.
struct LowerRange {
  char32_t first;
  char32_t last;
  int32_t distance;
};
constexpr std::array<LowerRange, 10> kNewLowerCase = {{{0x1C89, 0x1C89, 1},
                                                       {0xA7CB, 0xA7CB, 0x264 - 0xA7CB},
                                                       {0xA7CC, 0xA7CC, 1},
                                                       {0xA7CE, 0xA7CE, 1},
                                                       {0xA7D2, 0xA7D2, 1},
                                                       {0xA7D4, 0xA7D4, 1},
                                                       {0xA7DA, 0xA7DA, 1},
                                                       {0xA7DC, 0xA7DC, 0x19B - 0xA7DC},
                                                       {0x10D50, 0x10D65, 0x20},
                                                       {0x16EA0, 0x16EB8, 0x1B}}};

}  // namespace

UnicodeVersion assigned_since(char32_t code) {
  UVersionInfo version = {};
  u_charAge(static_cast<UChar32>(code), version);
  return 100 * version[0] + 10 * version[1];
}

std::vector<Change> normalised(const std::u32string& text, NormalForm form) {
  const bool compatibly = form == NormalForm::kNfkc || form == NormalForm::kNfkd;
  std::vector<Decomposed> parts;
  parts.reserve(text.size());
  for (const char32_t code : text) decompose(code, compatibly ? compatible() : canonical(), parts);
  order_marks(parts);
  if (form == NormalForm::kNfc || form == NormalForm::kNfkc) {
    Composer composer(parts.size());
    for (const Decomposed& part : parts) composer.add(part);
    return composer.take();
  }
  std::vector<Change> out;
  out.reserve(parts.size());
  for (const Decomposed& part : parts) out.push_back({part.code, part.change});
  return out;
}

bool is_steady(char32_t code) {
  if (code < kFirstWithDecomposition) return true;
  const auto point = static_cast<UChar32>(code);
  return u_getCombiningClass(point) == 0 && unorm2_isInert(compatible(), point) != 0 &&
         u_getIntPropertyValue(point, UCHAR_NFC_QUICK_CHECK) == UNORM_YES;
}

std::u32string lower_case(char32_t code) {
  if (code == 0x130) return U"i\u0307";
  for (const LowerRange& range : kNewLowerCase) {
    if (range.first <= code && code <= range.last) {
      return {static_cast<char32_t>(static_cast<int32_t>(code) + range.distance)};
    }
  }
  return {static_cast<char32_t>(u_tolower(static_cast<UChar32>(code)))};
}

}  // namespace relata::text
