#include "relata/io/gguf.h"

#include "unit/io/gguf_builder.h"
#include "unit/io/support.h"

namespace relata::io {
namespace {

using testing::ElementsAre;

auto parsing(const std::string& file) {
  return [file] { parse_gguf(bytes_of(file), "m"); };
}
auto parsing_entry(const std::string& entry) { return parsing(gguf_file({.entries = {entry}})); }
auto parsing_tensors(const std::vector<std::string>& tensors, std::size_t bytes) {
  return parsing(gguf_file({.tensors = tensors, .data = std::string(bytes, 'x')}));
}

template <typename Value>
Value value_of(const GgufContent& content, std::string_view key) {
  return std::get<Value>(content.metadata.find(key)->second.value);
}

TEST(ParseGguf, GivesMetadataOfEveryType) {
  const std::string file = gguf_file({.entries = {
                                          gguf_entry("u8", 0, "\xFF"),
                                          gguf_entry("i8", 1, "\xFF"),
                                          gguf_entry("u16", 2, le16(65535)),
                                          gguf_entry("i16", 3, le16(65535)),
                                          gguf_entry("u32", 4, le32(4294967295)),
                                          gguf_entry("i32", 5, le32(4294967295)),
                                          gguf_entry("f32", 6, le32(0x3F800000)),
                                          gguf_entry("yes", 7, "\1"),
                                          gguf_entry("text", 8, gguf_string("hé")),
                                          gguf_entry("u64", 10, le64(~0ULL)),
                                          gguf_entry("i64", 11, le64(~0ULL)),
                                          gguf_entry("f64", 12, le64(0xBFF0000000000000)),
                                      }});
  const GgufContent content = parse_gguf(bytes_of(file), "m");
  EXPECT_EQ(content.version, 3U);
  EXPECT_EQ(value_of<uint64_t>(content, "u8"), 255U);
  EXPECT_EQ(value_of<int64_t>(content, "i8"), -1);
  EXPECT_EQ(value_of<uint64_t>(content, "u16"), 65535U);
  EXPECT_EQ(value_of<int64_t>(content, "i16"), -1);
  EXPECT_EQ(value_of<uint64_t>(content, "u32"), 4294967295U);
  EXPECT_EQ(value_of<int64_t>(content, "i32"), -1);
  EXPECT_EQ(value_of<double>(content, "f32"), 1.0);
  EXPECT_TRUE(value_of<bool>(content, "yes"));
  EXPECT_EQ(value_of<std::string_view>(content, "text"), "hé");
  EXPECT_EQ(value_of<uint64_t>(content, "u64"), ~0ULL);
  EXPECT_EQ(value_of<int64_t>(content, "i64"), -1);
  EXPECT_EQ(value_of<double>(content, "f64"), -1.0);
}

TEST(ParseGguf, GivesArraysOfNumbersTextsAndArrays) {
  const std::string inner = le32(2) + le64(2) + le16(7) + le16(8);
  const std::string file = gguf_file(
      {.entries = {gguf_entry("texts", 9, le32(8) + le64(2) + gguf_string("a") + gguf_string("")),
                   gguf_entry("numbers", 9, inner),
                   gguf_entry("nested", 9, le32(9) + le64(2) + inner + le32(0) + le64(0))}});
  const GgufContent content = parse_gguf(bytes_of(file), "m");
  EXPECT_THAT(value_of<GgufArray>(content, "texts").strings, ElementsAre("a", ""));
  const GgufArray numbers = value_of<GgufArray>(content, "numbers");
  EXPECT_EQ(numbers.element, GgufType::kU16);
  EXPECT_EQ(numbers.count, 2U);
  EXPECT_EQ(text_of(numbers.bytes), le16(7) + le16(8));
  const GgufArray nested = value_of<GgufArray>(content, "nested");
  ASSERT_EQ(nested.arrays.size(), 2U);
  EXPECT_EQ(text_of(std::get<GgufArray>(nested.arrays[0].value).bytes), le16(7) + le16(8));
  EXPECT_EQ(std::get<GgufArray>(nested.arrays[1].value).count, 0U);
}

TEST(ParseGguf, GivesTensorsInTorchsOrderOfAxes) {
  const std::string file =
      gguf_file({.version = 2,
                 .entries = {gguf_entry("general.alignment", 4, le32(64))},
                 .tensors = {gguf_tensor("w", {32, 3}, 2, 64), gguf_tensor("b", {2}, 0, 0),
                             gguf_tensor("s", {}, 1, 128), gguf_tensor("empty", {0, 2}, 0, 128)},
                 .data = std::string(8, 'b') + std::string(56, '.') + std::string(54, 'w') +
                         std::string(10, '.') + "ss",
                 .alignment = 64});
  const GgufContent content = parse_gguf(bytes_of(file), "m");
  EXPECT_EQ(content.version, 2U);
  EXPECT_EQ(content.alignment, 64U);
  ASSERT_EQ(content.tensors.size(), 4U);
  EXPECT_EQ(content.tensors[0].name, "w");
  EXPECT_EQ(content.tensors[0].type->name, "Q4_0");
  EXPECT_THAT(content.tensors[0].shape, ElementsAre(3, 32));
  EXPECT_EQ(text_of(content.tensors[0].bytes), std::string(54, 'w'));
  EXPECT_EQ(text_of(content.tensors[1].bytes), std::string(8, 'b'));
  EXPECT_TRUE(content.tensors[2].shape.empty());
  EXPECT_EQ(text_of(content.tensors[2].bytes), "ss");
  EXPECT_THAT(content.tensors[3].shape, ElementsAre(2, 0));
  EXPECT_TRUE(content.tensors[3].bytes.empty());
}

TEST(ParseGguf, RefusesOtherFilesAndVersions) {
  EXPECT_THAT(parsing("GGU"), fails_with("does not start with \"GGUF\""));
  EXPECT_THAT(parsing("GGML" + le32(3) + le64(0) + le64(0)), fails_with("does not start"));
  EXPECT_THAT(parsing(gguf_file({.version = 1})), fails_with("has version 1 of GGUF"));
  EXPECT_THAT(parsing(gguf_file({.version = 4})), fails_with("has version 4 of GGUF"));
  EXPECT_THAT(parsing(gguf_file({.version = 0x03000000})), fails_with("big-endian"));
}

TEST(ParseGguf, ReadsNoFurtherThanTheFile) {
  const std::string file =
      gguf_file({.entries = {gguf_entry("t", 9, le32(8) + le64(1) + gguf_string("abc"))},
                 .tensors = {gguf_tensor("w", {2}, 0, 0)},
                 .data = "12345678"});
  EXPECT_NO_THROW(parsing(file)());
  for (std::size_t length = 0; length < file.size(); ++length)
    EXPECT_THROW(parsing(file.substr(0, length))(), Error) << length;
}

TEST(ParseGguf, ComparesCountsWithTheBytesThereAre) {
  const std::string head = "GGUF" + le32(3);
  // 24 bytes a tensor and 13 an entry are the least.
  EXPECT_THAT(parsing(head + le64(4) + le64(0) + std::string(86, '\0')),
              fails_with("number of tensors is 4"));
  EXPECT_THAT(parsing(head + le64(1ULL << 60) + le64(0)), fails_with("number of tensors is"));
  EXPECT_THAT(parsing(head + le64(0) + le64(2) + std::string(25, '\0')),
              fails_with("number of keys is 2"));
  EXPECT_THAT(parsing_entry(le64(~0ULL) + "k"), fails_with("(length) is 18446744073709551615"));
  EXPECT_THAT(parsing_entry(gguf_entry("k", 8, le64(1ULL << 40))), fails_with("(length) is"));
  EXPECT_THAT(parsing_entry(gguf_entry("k", 9, le32(0) + le64(100))),
              fails_with("length of key \"k\" is 100"));
  // 2^61 times eight bytes is no bytes, if nobody looks.
  EXPECT_THAT(parsing_entry(gguf_entry("k", 9, le32(10) + le64(1ULL << 61))),
              fails_with("length of key \"k\" is"));
  EXPECT_THAT(parsing_entry(gguf_entry("k", 9, le32(8) + le64(9) + std::string(32, '\0'))),
              fails_with("length of key \"k\" is 9"));
  EXPECT_THAT(parsing_entry(gguf_entry("k", 9, le32(9) + le64(6) + std::string(32, '\0'))),
              fails_with("length of key \"k\" is 6"));
}

TEST(ParseGguf, BoundsArraysWithinArrays) {
  const auto nested = [](int depth) {
    std::string value;
    for (int i = 1; i < depth; ++i) value += le32(9) + le64(1);
    return gguf_entry("k", 9, value + le32(0) + le64(0));
  };
  EXPECT_NO_THROW(parsing_entry(nested(kGgufDepth))());
  EXPECT_THAT(parsing_entry(nested(kGgufDepth + 1)), fails_with("nested deeper than 8"));
  const auto many = [](uint64_t count, std::string_view key) {
    std::string value = le32(9) + le64(count);
    for (uint64_t i = 0; i < count; ++i) value += le32(0) + le64(0);
    return gguf_entry(key, 9, value);
  };
  EXPECT_NO_THROW(parsing_entry(many(kGgufNestedArrays, "k"))());
  EXPECT_THAT(parsing(gguf_file({.entries = {many(kGgufNestedArrays, "k"), many(1, "l")}})),
              fails_with("key \"l\" holds too many arrays"));
}

TEST(ParseGguf, RefusesBadMetadata) {
  EXPECT_THAT(parsing_entry(gguf_entry("k", 13, "\1")), fails_with("is 13, expected one from"));
  EXPECT_THAT(parsing_entry(gguf_entry("k", 7, "\2")), fails_with("boolean of 2"));
  EXPECT_THAT(parsing_entry(gguf_entry("k", 9, le32(7) + le64(2) + "\1\3")),
              fails_with("boolean of 3"));
  EXPECT_THAT(parsing_entry(gguf_entry("", 7, "\1")), fails_with("expected 1 to 65535"));
  EXPECT_THAT(parsing_entry(gguf_entry("\xFF", 7, "\1")), fails_with("of UTF-8"));
  EXPECT_NO_THROW(parsing_entry(gguf_entry(std::string(65535, 'k'), 7, "\1"))());
  EXPECT_THAT(parsing_entry(gguf_entry(std::string(65536, 'k'), 7, "\1")),
              fails_with("has 65536 bytes"));
  const std::string entry = gguf_entry("k", 7, "\1");
  EXPECT_THAT(parsing(gguf_file({.entries = {entry, entry}})), fails_with("\"k\" stands twice"));
  for (const std::string& bad :
       {gguf_entry("general.alignment", 4, le32(0)), gguf_entry("general.alignment", 4, le32(48)),
        gguf_entry("general.alignment", 10, le64(32)),
        gguf_entry("general.alignment", 8, gguf_string("32"))})
    EXPECT_THAT(parsing_entry(bad), fails_with("no power of two of type uint32"));
}

TEST(ParseGguf, RefusesBadTensors) {
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {1, 1, 1, 1, 1}, 0, 0)}, 4),
              fails_with("\"t\" has 5 axes"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {1}, 4, 0)}, 4), fails_with("element type 4"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {1}, 42, 0)}, 4), fails_with("element type 42"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {16, 2}, 2, 0)}, 18), fails_with("whole blocks"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {}, 2, 0)}, 18), fails_with("whole blocks"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {~0ULL}, 0, 0)}, 4), fails_with("negative axis"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {1ULL << 32, 1ULL << 32}, 0, 0)}, 4),
              fails_with("more than 2^63"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {1ULL << 62}, 0, 0)}, 4), fails_with("too large"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("", {1}, 0, 0)}, 4), fails_with("name of a tensor"));
  const std::string twice = gguf_tensor("t", {0}, 0, 0);
  EXPECT_THAT(parsing_tensors({twice, twice}, 4), fails_with("\"t\" stands twice"));
}

TEST(ParseGguf, RefusesTensorsOutsideTheirPlace) {
  EXPECT_NO_THROW(parsing_tensors({gguf_tensor("t", {2}, 0, 32)}, 40)());
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {2}, 0, 32)}, 39),
              fails_with("has 8 bytes from byte 32 of the data on, which has 39"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {2}, 0, ~0ULL - 31)}, 40), fails_with("8 bytes"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("t", {2}, 0, 16)}, 40), fails_with("a multiple of 32"));
  EXPECT_THAT(parsing_tensors({gguf_tensor("a", {2}, 0, 32), gguf_tensor("b", {9}, 0, 0)}, 40),
              fails_with("tensors \"b\" and \"a\" overlap"));
  EXPECT_NO_THROW(
      parsing_tensors({gguf_tensor("a", {2}, 0, 32), gguf_tensor("b", {8}, 0, 0)}, 40)());
}

TEST(GgufFile, ReadsAMappedFile) {
  const test::Scratch folder;
  const auto path = folder.write(
      "m.gguf", gguf_file({.tensors = {gguf_tensor("t", {2}, 0, 0)}, .data = "12345678"}));
  GgufFile file(path);
  const GgufFile moved = std::move(file);
  EXPECT_EQ(text_of(moved.content().tensors.at(0).bytes), "12345678");
  EXPECT_THAT([&] { GgufFile(folder.write("n.gguf", "GGUF")); }, fails_with("n.gguf"));
}

}  // namespace
}  // namespace relata::io
