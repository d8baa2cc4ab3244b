// What a tokenizer.json may say, and what it may not.
#include "unit/text/support.h"

namespace relata::text {
namespace {

/// A file with a WordLevel model of some words and `parts` besides.
std::string with(const std::string& parts, const std::string& words = R"("a":1,"b":2,"ab":3)") {
  return R"({"model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?":0,)" + words + "}}" +
         (parts.empty() ? "" : ", " + parts) + "}";
}

TEST(TokenizerJson, NamesWhatIsNotSupported) {
  EXPECT_THAT([] { from_json(with(R"("normalizer": {"type": "Magic"})")); },
              fails_with("tokenizer.json: normalizer: normalizer \"Magic\" is not supported; known "
                         "are BertNormalizer, NFC"));
  EXPECT_THAT([] { from_json(with(R"("pre_tokenizer": {"type": "UnicodeScripts"})")); },
              fails_with("pre-tokenizer \"UnicodeScripts\" is not supported; known are Bert"));
  EXPECT_THAT([] { from_json(with(R"("post_processor": {"type": "Magic"})")); },
              fails_with("post-processor \"Magic\" is not supported; known are Template"));
  EXPECT_THAT([] { from_json(with(R"("decoder": {"type": "Magic"})")); },
              fails_with("decoder \"Magic\" is not supported; known are WordPiece"));
  EXPECT_THAT([] { from_json(R"({"model": {"type": "Magic"}})"); },
              fails_with("model \"Magic\" is not supported; known are BPE"));
}

TEST(TokenizerJson, NamesThePlace) {
  EXPECT_THAT([] { from_json("{}"); }, fails_with("has no \"model\""));
  EXPECT_THAT([] { from_json("[1]"); }, fails_with("is array, expected an object"));
  EXPECT_THAT([] { from_json(with(R"("normalizer": {"type": 3})")); },
              fails_with("normalizer.type: is number, expected text"));
  EXPECT_THAT(
      [] {
        from_json(with(R"("normalizer": {"type": "Sequence", "normalizers":
          [{"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": "("}, "content": ""}]})"));
      },
      fails_with("normalizer.normalizers[1].pattern.Regex: regular expression"));
  EXPECT_THAT([] { from_json(with(R"("added_tokens": [{"content": "x", "special": 1}])")); },
              fails_with("added_tokens[0].special: is number, expected true or false"));
  EXPECT_THAT([] { from_json(with(R"("truncation": {"max_length": -1})")); },
              fails_with("truncation.max_length: is -1, expected an integer from 0"));
}

TEST(TokenizerJson, RefusesBadVocabularies) {
  EXPECT_THAT([] { from_json(with("", R"("a":1,"a":2)")); }, fails_with("key \"a\" appears twice"));
  EXPECT_THAT([] { from_json(with("", R"("a":"1")")); },
              fails_with("model.vocab: has token \"a\" with \"1\", expected a whole number"));
  EXPECT_THAT([] { from_json(with("", R"("a":-1)")); }, fails_with("token \"a\" has the id -1"));
  EXPECT_THAT([] { from_json(with("", R"("a":4000000000)")); },
              fails_with("token \"a\" has the id 4000000000, expected one from 0 to"));
  EXPECT_THAT([] { from_json(with("", R"("a":18446744073709551615)")); }, fails_with("the id"));
  EXPECT_THAT([] { from_json(R"({"model": {"type": "BPE", "vocab": {"a":0}, "merges": ["a"]}})"); },
              fails_with("model.merges[0]: is \"a\", expected two tokens and a space"));
  EXPECT_THAT(
      [] { from_json(R"({"model": {"type": "BPE", "vocab": {"a":0}, "merges": [["a", "b"]]}})"); },
      fails_with("model.merges: merge 0 (\"a\" \"b\") needs the token \"b\""));
  EXPECT_THAT(
      [] { from_json(R"({"model": {"type": "BPE", "vocab": {}, "merges": [], "dropout": 0.1}})"); },
      fails_with("model.dropout: is not 0"));
  EXPECT_THAT([] { from_json(R"({"model": {"type": "Unigram", "vocab": [["a"]]}})"); },
              fails_with("model.vocab[0]: is no pair"));
}

TEST(TokenizerJson, AllowsHolesInTheIds) {
  const Tokenizer tokenizer = from_json(with("", R"("a":7,"b":100)"));
  EXPECT_EQ(tokenizer.vocab_size(), 3);
  EXPECT_EQ(tokenizer.id_to_token(100), "b");
  EXPECT_EQ(tokenizer.id_to_token(50), std::nullopt);
  EXPECT_EQ(tokenizer.decode(Ids{7, 50, 100}), "a b");
}

TEST(AddedTokens, AreFoundAsTheyAsk) {
  const Tokenizer tokenizer = from_json(with(R"("pre_tokenizer": {"type": "WhitespaceSplit"},
    "normalizer": {"type": "Lowercase"}, "added_tokens": [
      {"content": "<X>", "special": true, "normalized": false},
      {"content": "Word", "single_word": true},
      {"content": "<L>", "lstrip": true, "rstrip": true, "normalized": false}])"));
  const EncodeOptions parse{.special = InText::kParse};
  EXPECT_EQ(tokenizer.vocab_size(), 7);
  EXPECT_EQ(ids(tokenizer, "a<X>b", parse), (Ids{1, 4, 2}));
  EXPECT_EQ(ids(tokenizer, "a<X>b"), (Ids{0}));  // plain: a word like any other
  EXPECT_EQ(ids(tokenizer, "a<x>b", parse), (Ids{0}));
  EXPECT_EQ(ids(tokenizer, "a WORD b"), (Ids{1, 5, 2}));  // by its normalized form
  EXPECT_EQ(ids(tokenizer, "words"), (Ids{0}));
  EXPECT_EQ(tokenizer.encode("a <L> b").offsets, (std::vector<Offset>{{0, 1}, {1, 6}, {6, 7}}));
  EXPECT_EQ(tokenizer.decode(Ids{1, 4, 2}), "a b");
  EXPECT_EQ(tokenizer.decode(Ids{1, 4, 2}, false), "a <X> b");
}

TEST(AddedTokens, TheLongestAtAPlaceWins) {
  const Tokenizer tokenizer = from_json(with(R"("added_tokens": [
    {"content": "<a>", "normalized": false}, {"content": "<a><b>", "normalized": false}])"));
  EXPECT_EQ(ids(tokenizer, "<a><b><a>"), (Ids{5, 4}));
}

const char* const kTemplate = R"("post_processor": {"type": "TemplateProcessing",
  "single": [{"SpecialToken": {"id": "S", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
  "pair": [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "S", "type_id": 2}},
           {"Sequence": {"id": "A", "type_id": 0}}],
  "special_tokens": {"S": {"id": "S", "ids": [8, 9], "tokens": ["S", "S"]}}},
  "pre_tokenizer": {"type": "WhitespaceSplit"})";

TEST(Template, PutsTokensWhereItSays) {
  const Tokenizer tokenizer = from_json(with(kTemplate));
  const Encoding one = tokenizer.encode("a b", {.add_special = true});
  EXPECT_EQ(one.ids, (Ids{8, 9, 1, 2}));
  EXPECT_EQ(one.special_mask, (Ids{1, 1, 0, 0}));
  const Encoding two = tokenizer.encode_pair("a", "b ab", {.add_special = true});
  EXPECT_EQ(two.ids, (Ids{2, 3, 8, 9, 1}));
  EXPECT_EQ(two.type_ids, (Ids{1, 1, 2, 2, 0}));
  EXPECT_EQ(tokenizer.encode_pair("a", "b ab").ids, (Ids{2, 3, 1}));
  EXPECT_THAT(
      [] {
        from_json(with(R"("post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "T", "type_id": 0}}], "pair": [], "special_tokens": {}})"));
      },
      fails_with("single[0].SpecialToken.id: is \"T\", which is not among"));
}

TEST(Truncation, CutsTheLongerOfAPairFirst) {
  const Tokenizer tokenizer = from_json(with(R"("pre_tokenizer": {"type": "WhitespaceSplit"})"));
  const auto cut = [&](int64_t length, Side side = Side::kRight,
                       Truncation::Strategy strategy = Truncation::Strategy::kLongestFirst) {
    const Truncation truncation{.max_length = length, .strategy = strategy, .side = side};
    return tokenizer.encode_pair("a b", "ab ab ab a b", {.truncation = truncation}).ids;
  };
  EXPECT_EQ(cut(7), (Ids{1, 2, 3, 3, 3, 1, 2}));
  EXPECT_EQ(cut(5), (Ids{1, 2, 3, 3, 3}));
  EXPECT_EQ(cut(3), (Ids{1, 3, 3}));
  EXPECT_EQ(cut(4, Side::kLeft), (Ids{1, 2, 1, 2}));
  EXPECT_EQ(cut(4, Side::kRight, Truncation::Strategy::kOnlySecond), (Ids{1, 2, 3, 3}));
  EXPECT_THAT([&] { cut(4, Side::kRight, Truncation::Strategy::kOnlyFirst); },
              fails_with("too short"));
}

TEST(Truncation, LeavesRoomForTheTemplate) {
  const Tokenizer tokenizer = from_json(with(kTemplate));
  const Truncation three{.max_length = 3};
  EXPECT_EQ(tokenizer.encode("a b ab", {.add_special = true, .truncation = three}).ids,
            (Ids{8, 9, 1}));
  EXPECT_EQ(tokenizer.encode("a b ab a", {.truncation = three}).ids, (Ids{1, 2, 3}));
  EXPECT_THAT(
      [&] {
        tokenizer.encode("a", {.add_special = true, .truncation = Truncation{.max_length = 1}});
      },
      fails_with("max_length 1 leaves no room for the 2 tokens of the template"));
}

TEST(Padding, FillsToOneLength) {
  const Tokenizer tokenizer = from_json(with(R"("pre_tokenizer": {"type": "WhitespaceSplit"})"));
  const std::vector<std::string_view> texts = {"a", "a b ab"};
  EXPECT_EQ(tokenizer.encode_batch(texts, {.padding = Padding{.id = 9}}),
            (std::vector<Ids>{{1, 9, 9}, {1, 2, 3}}));
  EXPECT_EQ(
      tokenizer.encode_batch(texts, {.padding = Padding{.multiple_of = 4, .side = Side::kLeft}}),
      (std::vector<Ids>{{0, 0, 0, 1}, {0, 1, 2, 3}}));
  const Encoding padded = tokenizer.encode("a", {.padding = Padding{.length = 3}});
  EXPECT_EQ(padded.attention_mask, (Ids{1, 0, 0}));
  EXPECT_EQ(padded.special_mask, (Ids{0, 1, 1}));
  EXPECT_EQ(padded.offsets.size(), 3U);
}

TEST(Offsets, CountCodePoints) {
  const Tokenizer tokenizer = from_json(with(R"("pre_tokenizer": {"type": "WhitespaceSplit"})"));
  EXPECT_EQ(tokenizer.encode("日本 a \xFF\xFE b").offsets,
            (std::vector<Offset>{{0, 2}, {3, 4}, {5, 7}, {8, 9}}));
}

TEST(Batches, GiveWhatSingleTextsGive) {
  const Tokenizer tokenizer = from_json(with(R"("pre_tokenizer": {"type": "WhitespaceSplit"})"));
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i)
    texts.push_back(std::string(i % 7, 'a') + " b " + std::to_string(i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto batch = tokenizer.encode_batch(views);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(batch[i], tokenizer.encode(texts[i]).ids);
  }
}

}  // namespace
}  // namespace relata::text
