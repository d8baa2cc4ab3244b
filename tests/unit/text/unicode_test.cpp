// Code points: UTF-8, classes, normal forms, HTML references, the byte alphabet.
#include "relata/text/unicode.h"

#include "relata/text/byte_alphabet.h"
#include "relata/text/char_class.h"
#include "relata/text/charsmap.h"
#include "relata/text/html.h"
#include "relata/text/tracked_text.h"
#include "relata/text/utf8.h"
#include "unit/text/support.h"

namespace relata::text {
namespace {

TEST(MendUtf8, ReplacesEachMaximalPartOnce) {  // Unicode 15, table 3-8 and following
  EXPECT_EQ(mend_utf8("plain ü"), "plain ü");
  EXPECT_EQ(mend_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
            "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(mend_utf8("\xED\xA0\x80\xED\xBF\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(mend_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(mend_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(mend_utf8("a\xE2\x82"), "a\uFFFD");
}

TEST(CharClass, KnowsTheVersions) {
  EXPECT_TRUE(is(U'\uA7CB', kLetter));       // Unicode 16
  EXPECT_TRUE(is(U'\U00011DE0', kNumeric));  // Unicode 17
  EXPECT_FALSE(is(U'\U00011DE0', kNumber));
  EXPECT_FALSE(is(U'\u2E43', kPunctuation));  // Unicode 9: too new for BERT
  EXPECT_TRUE(is(U'\u166D', kPunctuation));   // a symbol since Unicode 12
  EXPECT_TRUE(is(U'$', kPunctuation));
  EXPECT_FALSE(is(U'€', kPunctuation));
  EXPECT_TRUE(is(U'\u0301', kAccent));
  EXPECT_FALSE(is(U'\u0903', kAccent));  // a spacing mark
  EXPECT_TRUE(is(U'\u0903', kMark));
  EXPECT_TRUE(is(U'\u0085', kSpace));
  EXPECT_FALSE(is(U'\u200B', kSpace));
  EXPECT_TRUE(is(U'\uE000', kControl));
  EXPECT_FALSE(is(U'\u0378', kControl));  // unassigned is kept
  EXPECT_TRUE(is(U'\u4E00', kIdeograph));
  EXPECT_FALSE(is(U'\U0002B820', kIdeograph));
}

std::u32string points(const std::u32string& text, NormalForm form) {
  std::u32string out;
  for (const Change& change : normalised(text, form)) out += change.code;
  return out;
}

TEST(Normalised, GivesTheFourForms) {
  EXPECT_EQ(points(U"é", NormalForm::kNfd), U"e\u0301");
  EXPECT_EQ(points(U"e\u0301", NormalForm::kNfc), U"é");
  EXPECT_EQ(points(U"ﬁ²", NormalForm::kNfkc), U"fi2");
  EXPECT_EQ(points(U"ﬁ²", NormalForm::kNfc), U"ﬁ²");
  EXPECT_EQ(points(U"각", NormalForm::kNfd), U"\u1100\u1161\u11A8");
  EXPECT_EQ(points(U"\u1100\u1161\u11A8", NormalForm::kNfc), U"각");
  EXPECT_EQ(points(U"Å", NormalForm::kNfkd), U"A\u030A");
}

TEST(Normalised, OrdersMarksByTheirClass) {
  EXPECT_EQ(points(U"o\u0302\u0323", NormalForm::kNfd), U"o\u0323\u0302");
  EXPECT_EQ(points(U"o\u0302\u0323", NormalForm::kNfc), U"ộ");
  EXPECT_EQ(points(U"a\u0301\u0300", NormalForm::kNfd), U"a\u0301\u0300");  // equals stay
}

TEST(Normalised, MarksAreBlockedByTheirClass) {
  EXPECT_EQ(points(U"a\u0305\u0301", NormalForm::kNfc), U"a\u0305\u0301");
  EXPECT_EQ(points(U"a\u0327\u0301", NormalForm::kNfc), U"á\u0327");
}

TEST(Normalised, IsOfUnicode9) {
  EXPECT_EQ(points(U"\U00011938", NormalForm::kNfd), U"\U00011938");  // decomposes since 13
  EXPECT_EQ(points(U"㋿", NormalForm::kNfkc), U"㋿");                 // 12.1
}

TEST(LowerCase, HasNoContext) {
  EXPECT_EQ(lower_case(U'İ'), U"i\u0307");
  EXPECT_EQ(lower_case(U'Σ'), U"σ");
  EXPECT_EQ(lower_case(U'\U00010D50'), U"\U00010D70");  // Unicode 16
  EXPECT_EQ(lower_case(U'ß'), U"ß");
}

TEST(ByteAlphabet, GoesThereAndBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_letters(to_letters(all)), all);
  EXPECT_EQ(to_letters(" \n!"), "ĠĊ!");
  EXPECT_EQ(to_letters("\xAD\x7F"), "Ńġ");
  EXPECT_EQ(from_letters("a b"), std::nullopt);
}

TEST(UnescapeHtml, FollowsTheStandard) {
  EXPECT_EQ(unescape_html("&amp;&lt;&gt;&quot;&#39;&#x27;"), "&<>\"''");
  EXPECT_EQ(unescape_html("&amp;lt;"), "&lt;");
  EXPECT_EQ(unescape_html("&copy &copyright; &notit; &notin;"), "© ©right; ¬it; ∉");
  EXPECT_EQ(unescape_html("&#0;&#128;&#x81;&#xD800;&#x110000;&#11;&#65"),
            "\uFFFD€\u0081\uFFFD\uFFFD"
            "A");
  EXPECT_EQ(unescape_html("&#99999999999999999999;"), "\uFFFD");
  EXPECT_EQ(unescape_html("& &; &x; &# &#x; a&b"), "& &; &x; &# &#x; a&b");
  EXPECT_EQ(unescape_html("&NotEqualTilde;&CounterClockwiseContourIntegral;"), "≂̸∳");
}

TEST(TrackedText, KnowsWhereItsBytesCameFrom) {
  TrackedText text("Éa ﬁ", 0, true);
  text.normalise(NormalForm::kNfkd);
  EXPECT_EQ(text.view(), "E\u0301a fi");
  EXPECT_EQ(text.origins()[0], (Span{0, 2}));
  EXPECT_EQ(text.origins()[2], (Span{0, 2}));  // the accent
  EXPECT_EQ(text.origins()[6], (Span{4, 7}));  // the i
  text.keep_if([](char32_t code) { return !is(code, kMark); });
  EXPECT_EQ(text.view(), "Ea fi");
  EXPECT_EQ(text.origins()[1], (Span{2, 3}));
}

TEST(TrackedText, GivesTheSameTextUntracked) {
  const std::string original = "  Ünï\u0301 ﬁ e\u0301\u0323 각\u1100\u1161 İ  ";
  for (const NormalForm form :
       {NormalForm::kNfc, NormalForm::kNfd, NormalForm::kNfkc, NormalForm::kNfkd}) {
    TrackedText tracked(original, 0, true);
    TrackedText plain(original, 0, false);
    for (TrackedText* text : {&tracked, &plain}) {
      text->normalise(form);
      text->lower_case();
      text->strip(true, true);
      text->prepend("> ");
    }
    EXPECT_EQ(tracked.view(), plain.view());
    EXPECT_EQ(tracked.origins().size(), tracked.view().size());
  }
}

TEST(Charsmap, RefusesWhatDoesNotFit) {
  EXPECT_THAT([] { Charsmap("\1", "t"); }, fails_with("t: precompiled_charsmap is cut off"));
  EXPECT_THAT([] { Charsmap(std::string("\xFF\0\0\0abcd", 8), "t"); }, fails_with("trie size"));
  EXPECT_THAT([] { decode_base64("a?b", "t"); }, fails_with("t: is no base64"));
  EXPECT_EQ(decode_base64("aGk=", "t"), "hi");
}

}  // namespace
}  // namespace relata::text
