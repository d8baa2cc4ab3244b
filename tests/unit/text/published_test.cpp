// The goldens of the specifications, with the published vocabularies.
#include <nlohmann/json.hpp>
#include <string>

#include "relata/io/json.h"
#include "relata/io/text_file.h"
#include "relata/text/presets.h"
#include "unit/text/support.h"

namespace relata::text {
namespace {

const LoadOptions kOpenai{.clip_cleaning = ClipCleaning::kOpenai};

TEST(Clip, GivesTheIdsOfTheRelease) {
  RELATA_NEEDS(folder, "clip");
  const Tokenizer clip = Tokenizer::load(folder, kOpenai);
  EXPECT_EQ(clip.vocab_size(), 49408);
  EXPECT_EQ(ids(clip, "a photo of a cat"), (Ids{320, 1125, 539, 320, 2368}));
  EXPECT_EQ(ids(clip, "The man is wearing a black jacket, blue jeans and white sneakers."),
            (Ids{518, 786, 533, 3309, 320, 1449, 6164, 267, 1746, 10157, 537, 1579, 17397, 269}));
  EXPECT_EQ(ids(clip, "He's carrying a red backpack; she isn't."),
            (Ids{797, 568, 9920, 320, 736, 14894, 282, 1043, 2923, 713, 269}));
  EXPECT_EQ(
      ids(clip, "T-shirt & grey/dark-blue trousers (knee-length)"),
      (Ids{339, 268, 2523, 261, 5046, 270, 3144, 268, 1746, 23172, 263, 9897, 268, 10130, 264}));
  EXPECT_EQ(ids(clip, "naïve café"), (Ids{1097, 35689, 563, 15304}));
  EXPECT_EQ(ids(clip, "1234 abc123"), (Ids{272, 273, 274, 275, 5334, 272, 273, 274}));
  EXPECT_EQ(ids(clip, "&amp;lt;b&amp;gt;"), (Ids{283, 321, 285}));
  EXPECT_EQ(ids(clip, "日本 emoji 😀"), (Ids{39121, 19277, 361, 16327, 7334}));
  EXPECT_EQ(ids(clip, "!"), (Ids{256}));
  EXPECT_EQ(ids(clip, ""), (Ids{}));
  EXPECT_EQ(ids(clip, "don't won't I'LL"), (Ids{847, 713, 1749, 713, 328, 1342}));
}

TEST(Clip, TruncatesToTheEndOfText) {
  RELATA_NEEDS(folder, "clip");
  const Tokenizer clip = Tokenizer::load(folder, kOpenai);
  std::string red;
  for (int i = 0; i < 100; ++i) red += "red ";
  const Ids result =
      ids(clip, red, {.add_special = true, .truncation = Truncation{.max_length = 77}});
  ASSERT_EQ(result.size(), 77U);
  EXPECT_EQ(result.front(), 49406);
  EXPECT_EQ(result[75], 736);
  EXPECT_EQ(result.back(), 49407);
}

TEST(Clip, CleansAsHuggingFaceByDefault) {
  RELATA_NEEDS(folder, "clip");
  const Tokenizer clip = Tokenizer::load(folder);
  EXPECT_EQ(ids(clip, "a photo of a cat"), (Ids{320, 1125, 539, 320, 2368}));
  EXPECT_NE(ids(clip, "&amp;lt;b&amp;gt;"), (Ids{283, 321, 285}));
  EXPECT_EQ(clip.decode(ids(clip, "A  photo of\ta CAT")), "a photo of a cat");
}

TEST(Clip, SeparatorIsThreePieces) {  // m3el.md, section 2.2
  RELATA_NEEDS(folder, "clip");
  EXPECT_EQ(ids(Tokenizer::load(folder), "[SEP]"), (Ids{314, 10434, 316}));
}

TEST(Clip, PadIdComesFromTheOptions) {
  RELATA_NEEDS(folder, "clip");
  EXPECT_EQ(Tokenizer::load(folder).special().pad, 49407);
  EXPECT_EQ(Tokenizer::load(folder, {.clip_pad = 0}).special().pad, 0);
}

TEST(Clip, IrraGivesTheLastIdToTheMask) {
  RELATA_NEEDS(folder, "clip");
  const Tokenizer clip = Tokenizer::load(folder);
  const Tokenizer irra = Tokenizer::load(folder, {.irra_mask = true});
  EXPECT_EQ(clip.token_to_id("jekyll</w>"), 49405);
  EXPECT_EQ(irra.token_to_id("<|mask|>"), 49405);
  EXPECT_EQ(irra.special().mask, 49405);
  EXPECT_EQ(irra.vocab_size(), 49408);
  EXPECT_EQ(irra.token_to_id("<|startoftext|>"), 49406);
  EXPECT_EQ(ids(clip, "jekyll"), (Ids{49405}));
  EXPECT_EQ(ids(irra, "jekyll").size(), 2U);  // the merge is left out with its token
  EXPECT_EQ(ids(irra, "a <|mask|>", {.special = InText::kParse}), (Ids{320, 49405}));
}

TEST(Clip, DecodesAsTheReleaseDoes) {
  RELATA_NEEDS(folder, "clip");
  const Tokenizer clip = Tokenizer::load(folder, kOpenai);
  EXPECT_EQ(clip.decode(ids(clip, "naïve café 😀")), "naïve café 😀 ");
}

nlohmann::json read(const std::filesystem::path& path) {
  return io::parse_json_strict(io::read_text(path), path.string());
}

TEST(Bert, GivesTheIdsOfTenThousandQuestions) {
  RELATA_NEEDS(folder, "bert-base-uncased");
  const Tokenizer bert = Tokenizer::load(folder);
  const nlohmann::json questions = read(folder / "question_tokens.json.gz");
  const nlohmann::json expected = read(folder / "tokenized_questions.json.gz");
  ASSERT_EQ(questions.size(), expected.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    wrong +=
        ids(bert, questions[i]["original"].get<std::string>()) == expected[i].get<Ids>() ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0U);
}

TEST(Bert, PutsTheTemplateAroundAPair) {
  RELATA_NEEDS(folder, "bert-base-uncased");
  const Tokenizer bert = Tokenizer::load(folder);
  const Encoding pair = bert.encode_pair("Which team?", "The AFC", {.add_special = true});
  EXPECT_EQ(pair.ids, (Ids{101, 2029, 2136, 1029, 102, 1996, 10511, 102}));
  EXPECT_EQ(pair.type_ids, (Ids{0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(pair.special_mask, (Ids{1, 0, 0, 0, 1, 0, 0, 1}));
  EXPECT_EQ(pair.offsets[3], (Offset{10, 11}));
  EXPECT_EQ(bert.decode(pair.ids), "which team? the afc");
}

TEST(Gpt2, GivesTheIdsOfAFrenchText) {
  RELATA_NEEDS(folder, "gpt2");
  const Tokenizer gpt2 = Tokenizer::load(folder);
  const nlohmann::json expected = read(folder / "encoded_tokens.json");
  const auto text = expected["text"].get<std::string>();
  const Ids result = ids(gpt2, text);
  EXPECT_EQ(result, expected["token_ids"].get<Ids>());
  EXPECT_EQ(gpt2.encode(text).ids, result);
  EXPECT_EQ(gpt2.decode(result), text);
}

TEST(Gpt2, ReadsOneMillionLettersWithoutASpace) {
  RELATA_NEEDS(folder, "gpt2");
  const Tokenizer gpt2 = Tokenizer::load(folder);
  std::string text;
  for (int64_t i = 0; i < 1'000'000; ++i) text += static_cast<char>('a' + (i * i + i / 7) % 26);
  EXPECT_EQ(gpt2.decode(ids(gpt2, text)), text);
}

}  // namespace
}  // namespace relata::text
