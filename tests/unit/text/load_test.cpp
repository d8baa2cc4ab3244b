// Vocabulary files without a tokenizer.json, and values from a GGUF file.
#include "relata/text/byte_alphabet.h"
#include "relata/text/presets.h"
#include "relata/text/utf8.h"
#include "unit/text/support.h"

namespace relata::text {
namespace {

/// The letters of the byte alphabet with ids from 0, then `more`, as vocab.json.
std::string vocab_json(const std::vector<std::string>& more) {
  std::string json = "{";
  int id = 0;
  for (const char32_t letter : byte_alphabet()) {
    std::string token;
    append_utf8(token, letter);
    if (token == "\"" || token == "\\") token.insert(0, "\\");
    json += "\"" + token + "\": " + std::to_string(id++) + ", ";
  }
  for (const std::string& token : more) json += "\"" + token + "\": " + std::to_string(id++) + ", ";
  json.resize(json.size() - 2);
  return json + "}";
}

TEST(Load, TakesVocabAndMerges) {
  const test::Scratch folder;
  folder.write("vocab.json", vocab_json({"ab", "Ġab"}));
  folder.write("merges.txt", "#version: 0.2\na b\nĠ ab\n");
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(ids(tokenizer, "ab ab"), (Ids{256, 257}));
  EXPECT_EQ(tokenizer.decode(Ids{256, 257}), "ab ab");
}

TEST(Load, OptBeginsWithItsEndToken) {
  const test::Scratch folder;
  folder.write("vocab.json", vocab_json({"</s>", "<pad>"}));
  folder.write("merges.txt", "#version: 0.2\n");
  folder.write("tokenizer_config.json",
               R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true,
                   "bos_token": {"content": "</s>"}, "pad_token": "<pad>"})");
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  EXPECT_EQ(ids(tokenizer, "!", {.add_special = true}), (Ids{256, '!'}));
  EXPECT_EQ(ids(tokenizer, "!"), (Ids{'!'}));
  EXPECT_EQ(tokenizer.special().pad, 257);
}

TEST(Load, RobertaIsKnownByItsTokens) {
  const test::Scratch folder;
  folder.write("vocab.json", vocab_json({"<s>", "</s>", "<mask>"}));
  folder.write("merges.txt", "");
  const Tokenizer tokenizer = Tokenizer::load(folder.path());
  const Encoding pair =
      tokenizer.encode_pair("a", " <mask>", {.special = InText::kParse, .add_special = true});
  EXPECT_EQ(pair.ids, (Ids{256, 'a', 257, 257, 258, 257}));
  EXPECT_EQ(pair.type_ids, (Ids{0, 0, 0, 0, 0, 0}));
}

TEST(Load, BertReadsItsConfiguration) {
  const test::Scratch folder;
  folder.write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\nA\na\n日\n");
  EXPECT_EQ(ids(Tokenizer::load(folder.path()), "A Á日"), (Ids{4, 4, 5}));
  folder.write("tokenizer_config.json",
               R"({"do_lower_case": false, "tokenize_chinese_chars": false})");
  EXPECT_EQ(ids(Tokenizer::load(folder.path()), "A a日"), (Ids{3, 0}));
}

TEST(Load, RefusesBadFiles) {
  const test::Scratch folder;
  EXPECT_THAT([&] { Tokenizer::load(folder.path()); }, fails_with("has no tokenizer"));
  EXPECT_THAT([&] { Tokenizer::load(folder.write("model.bin", "")); },
              fails_with("known by its name"));
  EXPECT_THAT([&] { Tokenizer::load(folder.write("vocab.txt", "a\nb\na\n")); },
              fails_with("vocab.txt:3: token \"a\" appears twice"));
  EXPECT_THAT([&] { Tokenizer::load(folder.write("vocab.txt", "a\n")); },
              fails_with("the vocabulary has no token \"[CLS]\""));
  folder.write("vocab.json", R"({"a": 0, "b": 1})");
  folder.write("merges.txt", "#version: 0.2\na b c\n");
  EXPECT_THAT([&] { Tokenizer::load(folder / "vocab.json"); },
              fails_with("merges.txt:2: \"a b c\" is no merge"));
  folder.write("merges.txt", "a b\n");
  EXPECT_THAT([&] { Tokenizer::load(folder / "vocab.json"); },
              fails_with("needs the token \"ab\""));
  EXPECT_THAT([&] { Tokenizer::load(folder.write("vocab.json", "\xFF")); }, fails_with("UTF-8"));
  EXPECT_THAT([&] { Tokenizer::load(folder.write("bpe_simple_vocab_16e6.txt", "x\na b\n")); },
              fails_with("has 1 merges, expected at least 48894"));
}

GgufVocabulary gguf() {
  GgufVocabulary vocabulary{.pre = "smollm"};
  for (const char32_t letter : byte_alphabet()) {
    append_utf8(vocabulary.tokens.emplace_back(), letter);
  }
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"ab", "12", "<|im_start|>"});
  vocabulary.types.assign(259, 1);
  vocabulary.types[258] = 3;
  vocabulary.merges = {"a b", "1 2"};
  vocabulary.bos = 258;
  return vocabulary;
}

TEST(Gguf, IsReadFromPlainValues) {
  const Tokenizer tokenizer = gguf_tokenizer(gguf(), "m.gguf");
  EXPECT_EQ(ids(tokenizer, "ab12"), (Ids{256, '1', '2'}));  // SmolLM: digits one by one
  EXPECT_EQ(ids(tokenizer, "<|im_start|>ab", {.special = InText::kParse}), (Ids{258, 256}));
  GgufVocabulary gpt2 = gguf();
  gpt2.pre = "gpt-2";
  gpt2.add_bos = true;
  EXPECT_EQ(ids(gguf_tokenizer(gpt2, "m"), "12", {.add_special = true}), (Ids{258, 257}));
}

TEST(Gguf, RefusesContradictions) {
  const auto broken = [](auto change) {
    GgufVocabulary vocabulary = gguf();
    change(vocabulary);
    return [vocabulary] { gguf_tokenizer(vocabulary, "m.gguf"); };
  };
  EXPECT_THAT(broken([](auto& v) { v.pre = "odd"; }),
              fails_with("m.gguf: pre-tokenizer \"odd\" is not supported; known are gpt-2"));
  EXPECT_THAT(broken([](auto& v) { v.model = "llama"; }), fails_with("model \"llama\" is not"));
  EXPECT_THAT(broken([](auto& v) { v.types.pop_back(); }), fails_with("258 token types for 259"));
  EXPECT_THAT(broken([](auto& v) { v.eos = 259; }), fails_with("id 259 is no id"));
  EXPECT_THAT(broken([](auto& v) { v.merges.push_back("ab"); }), fails_with("is not two tokens"));
  EXPECT_THAT(broken([](auto& v) { v.tokens[0] = "a"; }), fails_with("\"a\" appears twice"));
}

}  // namespace
}  // namespace relata::text
