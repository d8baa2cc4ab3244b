#include "relata/io/safetensors.h"

#include <array>
#include <cstring>

#include "unit/io/support.h"

namespace relata::io {
namespace {

/// A file with that header and `buffer` bytes behind it.
std::string file_of(const std::string& header, std::size_t buffer = 0) {
  const uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  for (std::size_t i = 0; i < buffer; ++i) file.push_back(static_cast<char>('a' + i % 26));
  return file.insert(sizeof(length), header);
}

std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return R"({"dtype":")" + std::string(dtype) + R"(","shape":)" + std::string(shape) +
         R"(,"data_offsets":)" + std::string(offsets) + "}";
}

auto parsing(const std::string& file) {
  return [file] { parse_safetensors(bytes_of(file), "m"); };
}

auto parsing_tensor(std::string_view dtype, std::string_view shape, std::string_view offsets,
                    std::size_t buffer) {
  return parsing(file_of("{\"t\":" + entry(dtype, shape, offsets) + "}", buffer));
}

TEST(ParseSafetensors, GivesTensorsInFileOrder) {
  const std::string file = file_of(
      R"({"a":)" + entry("U8", "[2,2]", "[8,12]") + R"(,"z":)" + entry("F64", "[]", "[0,8]") +
          R"(,"e":)" + entry("F32", "[3,0]", "[8,8]") + R"(,"__metadata__":{"k":"v"}}  )",
      12);
  const SafetensorsContent content = parse_safetensors(bytes_of(file), "m");
  ASSERT_EQ(content.tensors.size(), 3U);
  EXPECT_EQ(content.tensors[0].name, "z");
  EXPECT_EQ(content.tensors[0].dtype, DType::kF64);
  EXPECT_TRUE(content.tensors[0].shape.empty());
  EXPECT_EQ(content.tensors[1].name, "e");
  EXPECT_EQ(content.tensors[1].shape, (std::vector<int64_t>{3, 0}));
  EXPECT_TRUE(content.tensors[1].bytes.empty());
  EXPECT_EQ(content.tensors[2].name, "a");
  EXPECT_EQ(text_of(content.tensors[2].bytes), "ijkl");
  EXPECT_EQ(content.metadata, (SafetensorsMetadata{{"k", "v"}}));
}

TEST(ParseSafetensors, ReadsAFileWithoutTensors) {
  const std::string file = file_of(R"({"__metadata__":{}})");
  EXPECT_TRUE(parse_safetensors(bytes_of(file), "m").tensors.empty());
  EXPECT_TRUE(parse_safetensors(bytes_of(file_of("{}")), "m").metadata.empty());
}

TEST(ParseSafetensors, ReadsPackedTypes) {
  EXPECT_NO_THROW(parsing_tensor("F4", "[2,3]", "[0,3]", 3)());
  EXPECT_NO_THROW(parsing_tensor("F6_E3M2", "[4]", "[0,3]", 3)());
  EXPECT_THAT(parsing_tensor("F4", "[3]", "[0,2]", 2),
              fails_with("is 12 bits, expected whole bytes"));
}

TEST(ParseSafetensors, ChecksTheHeaderLength) {
  EXPECT_THAT(parsing(""), fails_with("m: has 0 bytes, expected a header length of 8"));
  EXPECT_THAT(parsing(std::string(7, '\1')), fails_with("has 7 bytes"));
  EXPECT_THAT(parsing(std::string(8, '\xFF')),
              fails_with("header length is 18446744073709551615, expected at most 100000000"));
  EXPECT_THAT(parsing({"\x01\xE1\xF5\x05\0\0\0\0", 8}),
              fails_with("header length is 100000001, expected at most 100000000"));
  EXPECT_THAT(parsing({"\x00\xE1\xF5\x05\0\0\0\0", 8}),
              fails_with("header length is 100000000, but only 0 bytes follow"));
  EXPECT_THAT(parsing(file_of("{}").substr(0, 9)),
              fails_with("header length is 2, but only 1 bytes follow"));
  EXPECT_THAT(parsing(file_of("")), fails_with("header starts with \"\", expected \"{\""));
  EXPECT_THAT(parsing(file_of(" {}")), fails_with("header starts with \" \""));
}

TEST(ParseSafetensors, ChecksTheJson) {
  EXPECT_THAT(parsing(file_of("{\"a\"}")), fails_with("m (header):1:5: is not valid JSON"));
  EXPECT_THAT(parsing(file_of("{\"\xFF\":1}")), fails_with("is not valid UTF-8"));
  const std::string one = entry("U8", "[1]", "[0,1]");
  EXPECT_THAT(parsing(file_of("{\"a\":" + one + ",\"a\":" + one + "}", 1)),
              fails_with("key \"a\" appears twice"));
  EXPECT_THAT(parsing(file_of(R"({"a":{"dtype":"U8","dtype":"U8"}})")),
              fails_with("key \"dtype\" appears twice"));
  EXPECT_THAT(parsing(file_of(R"({"__metadata__":{},"__metadata__":{}})")),
              fails_with("key \"__metadata__\" appears twice"));
  EXPECT_THAT(parsing(file_of(R"({"__metadata__":{"k":"1","k":"2"}})")),
              fails_with("key \"k\" appears twice"));
}

TEST(ParseSafetensors, ChecksTheMetadata) {
  EXPECT_THAT(parsing(file_of(R"({"__metadata__":{"k":1}})")),
              fails_with("m: __metadata__: key \"k\" has \"1\", expected a string"));
  EXPECT_THAT(parsing(file_of(R"({"__metadata__":null})")),
              fails_with("m: __metadata__: is \"null\", expected an object of strings"));
}

TEST(ParseSafetensors, ChecksTheKeysOfATensor) {
  EXPECT_THAT(parsing(file_of(R"({"t":[]})")), fails_with("m: tensor \"t\": is \"[]\""));
  EXPECT_THAT(parsing(file_of(R"({"t":{"dtype":"U8","shape":[]}})")),
              fails_with("has no data_offsets, expected dtype, shape and data_offsets"));
  EXPECT_THAT(parsing(file_of(R"({"t":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}})", 1)),
              fails_with("m: tensor \"t\": has the key \"x\""));
}

TEST(ParseSafetensors, ChecksDtypeAndShape) {
  EXPECT_THAT(parsing_tensor("F31", "[1]", "[0,1]", 1), fails_with("dtype is \"\\\"F31\\\"\""));
  EXPECT_THAT(parsing_tensor("U8", "1", "[0,1]", 1), fails_with("shape is \"1\", expected a list"));
  EXPECT_THAT(parsing_tensor("U8", "[-1]", "[0,1]", 1), fails_with("shape has \"-1\""));
  EXPECT_THAT(parsing_tensor("U8", "[1.0]", "[0,1]", 1), fails_with("shape has \"1.0\""));
  EXPECT_THAT(parsing_tensor("U8", "[true]", "[0,1]", 1), fails_with("shape has \"true\""));
  EXPECT_THAT(parsing_tensor("U8", "[9223372036854775808]", "[0,1]", 1),
              fails_with("expected integers from 0 to 2^63-1"));
  EXPECT_THAT(parsing_tensor("U8", "[4294967296,4294967296]", "[0,1]", 1),
              fails_with("has more than 2^63 elements or bytes"));
  EXPECT_THAT(parsing_tensor("F64", "[2305843009213693952]", "[0,0]", 1),
              fails_with("has more than 2^63 elements or bytes"));
}

TEST(ParseSafetensors, ChecksTheOffsetsOfATensor) {
  EXPECT_THAT(parsing_tensor("U8", "[2]", "[0,3]", 3),
              fails_with("data_offsets [0, 3] span 3 bytes, but U8 of shape [2] has 2"));
  EXPECT_THAT(parsing_tensor("U8", "[2]", "[0,2]", 1),
              fails_with("data_offsets are [0, 2], expected begin <= end <= 1"));
  EXPECT_THAT(parsing_tensor("U8", "[2]", "[2,0]", 2), fails_with("data_offsets are [2, 0]"));
  EXPECT_THAT(parsing_tensor("U8", "[2]", "[2]", 2), fails_with("data_offsets are [2]"));
  EXPECT_THAT(parsing_tensor("U8", "[2]", "[0,1,2]", 2), fails_with("data_offsets are [0, 1, 2]"));
  EXPECT_THAT(parsing_tensor("U8", "[2]", "[9223372036854775807,9223372036854775807]", 2),
              fails_with("expected begin <= end <= 2"));
}

TEST(ParseSafetensors, RefusesGapsOverlapsAndBytesOver) {
  const auto two = [](std::string_view first, std::string_view second) {
    return parsing(file_of(
        R"({"a":)" + entry("U8", "[2]", first) + R"(,"b":)" + entry("U8", "[2]", second) + "}", 5));
  };
  EXPECT_THAT(
      two("[0,2]", "[1,3]"),
      fails_with("m: tensor \"b\": begins at byte 1, but the one before ends at 2 (overlap)"));
  EXPECT_THAT(two("[0,2]", "[3,5]"),
              fails_with("begins at byte 3, but the one before ends at 2 (gap)"));
  EXPECT_THAT(two("[1,3]", "[3,5]"), fails_with("tensor \"a\": begins at byte 1"));
  EXPECT_THAT(two("[0,2]", "[2,4]"),
              fails_with("m: tensors end at byte 4 of their buffer, which has 5"));
  EXPECT_THAT(parsing(file_of("{}", 1)), fails_with("tensors end at byte 0"));
}

constexpr std::array<float, 3> kFloats = {1.0F, -2.5F, 0.0F};
constexpr std::array<int64_t, 2> kIntegers = {-1, 7};

std::vector<TensorInfo> example() {
  return {{.name = "b.bias",
           .dtype = DType::kF32,
           .shape = {3},
           .bytes = std::as_bytes(std::span(kFloats))},
          {.name = "mask", .dtype = DType::kBool, .shape = {1, 1}, .bytes = bytes_of("\1")},
          {.name = "empty", .dtype = DType::kF32, .shape = {0, 4}},
          {.name = "ids",
           .dtype = DType::kI64,
           .shape = {2},
           .bytes = std::as_bytes(std::span(kIntegers))},
          {.name = "ü \"x\"",
           .dtype = DType::kF32,
           .bytes = std::as_bytes(std::span(kFloats)).first(4)}};
}

TEST(WriteSafetensors, ComesBackAlignedAndWidestFirst) {
  const test::Scratch folder;
  write_safetensors(folder / "m", example(), {{"format", "pt"}, {"a", "ä\n"}});
  SafetensorsFile opened(folder / "m");
  const SafetensorsFile file = std::move(opened);
  EXPECT_EQ(file.metadata(), (SafetensorsMetadata{{"format", "pt"}, {"a", "ä\n"}}));
  std::vector<std::string> names;
  for (const TensorInfo& tensor : file.tensors()) {
    names.push_back(tensor.name);
    const auto address = reinterpret_cast<uintptr_t>(tensor.bytes.data());
    EXPECT_EQ(address % (static_cast<unsigned>(dtype_bits(tensor.dtype)) / 8), 0U) << tensor.name;
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("ids", "b.bias", "empty", "ü \"x\"", "mask"));
  EXPECT_EQ(names.front(), "ids");
  EXPECT_EQ(names.back(), "mask");
  for (const TensorInfo& tensor : example()) {
    const TensorInfo* found = file.find(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->dtype, tensor.dtype);
    EXPECT_EQ(found->shape, tensor.shape);
    EXPECT_EQ(text_of(found->bytes), text_of(tensor.bytes));
  }
  EXPECT_EQ(file.find("absent"), nullptr);
}

TEST(WriteSafetensors, GivesTheBytesOfThePublicLibrary) {
  const test::Scratch folder;
  write_safetensors(folder / "empty", {});
  EXPECT_EQ(read_file(folder / "empty"), file_of("{}      "));
  const std::string header =
      R"({"__metadata__":{"framework":"pt"},"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},)"
      R"("t":{"dtype":"U8","shape":[],"data_offsets":[16,17]}})";
  write_safetensors(folder / "m",
                    std::vector<TensorInfo>{
                        {.name = "t", .dtype = DType::kU8, .bytes = bytes_of("x")}, example()[3]},
                    {{"framework", "pt"}});
  const std::string file = read_file(folder / "m");
  EXPECT_EQ(file.substr(8, header.size()), header);
  EXPECT_EQ((file.size() - 17) % 8, 0U);
}

TEST(WriteSafetensors, RefusesWhatItCouldNotReadBack) {
  const test::Scratch folder;
  const auto writing = [&](std::vector<TensorInfo> tensors, SafetensorsMetadata metadata = {}) {
    return [=, path = folder / "m"] { write_safetensors(path, tensors, metadata); };
  };
  EXPECT_THAT(writing({example()[0], example()[1], example()[0]}),
              fails_with("m: two tensors are named \"b.bias\""));
  EXPECT_THAT(
      writing({{.name = "t", .dtype = DType::kF32, .shape = {2}, .bytes = bytes_of("1234567")}}),
      fails_with("m: tensor \"t\": has 7 bytes, but F32 of shape [2] has 8"));
  EXPECT_THAT(writing({{.name = "__metadata__", .dtype = DType::kU8, .bytes = bytes_of("1")}}),
              fails_with("the name is reserved"));
  EXPECT_THAT(writing({{.name = "\xFF", .dtype = DType::kU8, .bytes = bytes_of("1")}}),
              fails_with("is not valid UTF-8"));
  EXPECT_THAT(writing({}, {{"k", "\xFF"}}), fails_with("is not valid UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(folder / "m"));
}

TEST(SafetensorsFile, NamesTheFileThatCannotBeRead) {
  const test::Scratch folder;
  EXPECT_THAT([&] { SafetensorsFile(folder / "absent"); }, fails_with("absent: cannot open"));
  EXPECT_THAT([&] { SafetensorsFile(folder.write("empty", "")); },
              fails_with("empty: has 0 bytes"));
}

}  // namespace
}  // namespace relata::io
