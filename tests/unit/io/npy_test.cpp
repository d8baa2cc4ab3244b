#include "relata/io/npy.h"

#include <cmath>
#include <limits>

#include "unit/io/support.h"

namespace relata::io {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A version 1.0 file with that literal and `data` behind it.
std::string file_of(const std::string& literal, std::string_view data = "") {
  std::string file = std::string("\x93NUMPY\1\0", 8);
  file.push_back(static_cast<char>(literal.size() & 0xFFU));
  file.push_back(static_cast<char>(literal.size() >> 8U));
  return file + literal + std::string(data);
}

std::string array_file(std::string_view descr, std::string_view order, std::string_view shape,
                       std::string_view data) {
  return file_of("{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(order) +
                     ", 'shape': " + std::string(shape) + ", }   \n",
                 data);
}

auto parsing(const std::string& file) {
  return [file] { parse_npy(bytes_of(file), "a.npy"); };
}

std::vector<double> doubles(const std::string& file) {
  return npy_matrix_as_double(parse_npy(bytes_of(file), "a.npy"), "a.npy").values;
}

TEST(ParseNpy, ReadsWhatNumpyWrites) {
  const std::string file = array_file("<i2", "False", "(2, 3)", "abcdefghijkl");
  const NpyContent content = parse_npy(bytes_of(file), "f");
  EXPECT_EQ(content.dtype, DType::kI16);
  EXPECT_EQ(content.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_FALSE(content.big_endian);
  EXPECT_FALSE(content.fortran_order);
  EXPECT_EQ(text_of(content.bytes), "abcdefghijkl");
}

TEST(ParseNpy, ReadsScalarsVectorsAndEmptyArrays) {
  const auto shape_of = [](std::string_view shape, std::string_view data) {
    return parse_npy(bytes_of(array_file("|u1", "False", shape, data)), "f").shape;
  };
  EXPECT_EQ(shape_of("()", "a"), std::vector<int64_t>{});
  EXPECT_EQ(shape_of("(3,)", "abc"), std::vector<int64_t>{3});
  EXPECT_EQ(shape_of("(3L,)", "abc"), std::vector<int64_t>{3});
  EXPECT_EQ(shape_of("(0, 5)", ""), (std::vector<int64_t>{0, 5}));
  EXPECT_EQ(shape_of("(1,1,2,)", "ab"), (std::vector<int64_t>{1, 1, 2}));
}

TEST(ParseNpy, ReadsTheLongHeadersOfVersions2And3) {
  const std::string literal = R"({"shape": (1,), "descr": "|b1", "fortran_order": True})";
  for (const char version : {'\2', '\3'}) {
    const std::string file = std::string("\x93NUMPY") + version + '\0' +
                             static_cast<char>(literal.size()) + std::string(3, '\0') + literal +
                             "\1";
    const NpyContent content = parse_npy(bytes_of(file), "f");
    EXPECT_EQ(content.dtype, DType::kBool);
    EXPECT_TRUE(content.fortran_order);
  }
}

TEST(ParseNpy, ChecksMagicVersionAndLength) {
  EXPECT_THAT(parsing(""), fails_with("a.npy: starts with \"\", expected \"\\x93NUMPY\""));
  EXPECT_THAT(parsing("PK\3\4 and more"), fails_with("starts with \"PK\\x03\\x04 and\""));
  EXPECT_THAT(parsing("\x93NUMPY\4" + std::string(9, '\0')),
              fails_with("format version is 4.0, expected 1.0, 2.0 or 3.0"));
  EXPECT_THAT(parsing("\x93NUMPY\1\1" + std::string(9, '\0')), fails_with("format version is 1.1"));
  EXPECT_THAT(parsing(std::string("\x93NUMPY\1\0\1", 9)),
              fails_with("ends inside the header's length"));
  EXPECT_THAT(parsing(std::string("\x93NUMPY\2\0", 8) + "\xFF\xFF\xFF\xFF" + "{}"),
              fails_with("header length is 4294967295, but only 2 bytes follow"));
}

TEST(ParseNpy, ChecksTheLiteral) {
  EXPECT_THAT(parsing(file_of("")), fails_with("the header goes on with \"\", expected \"{\""));
  EXPECT_THAT(parsing(file_of("{}")), fails_with("the header has no descr"));
  EXPECT_THAT(parsing(file_of("{'descr': '|u1'}")), fails_with("the header has no fortran_order"));
  EXPECT_THAT(parsing(file_of("{'descr': '|u1', 'fortran_order': False}")),
              fails_with("the header has no shape"));
  EXPECT_THAT(parsing(file_of("{'shape': (), 'shape': ()}")), fails_with("has the key \"shape\""));
  EXPECT_THAT(parsing(file_of("{'x': 1}")), fails_with("the header has the key \"x\""));
  EXPECT_THAT(parsing(file_of("{'shape' ()}")), fails_with("goes on with \"()}\", expected \":\""));
  EXPECT_THAT(parsing(file_of("{'shape: ()}")), fails_with("expected a string that ends"));
  EXPECT_THAT(parsing(file_of("{shape: ()}")), fails_with("expected a quoted string"));
  EXPECT_THAT(parsing(file_of("{'shape': () 'descr': '|u1'}")), fails_with("expected \"}\""));
  EXPECT_THAT(parsing(file_of("{'fortran_order': 0}")), fails_with("expected True or False"));
  EXPECT_THAT(parsing(file_of("{'descr': '|u1', 'fortran_order': False, 'shape': ()} x", "a")),
              fails_with("goes on with \"x\", expected the end of the header"));
}

TEST(ParseNpy, ChecksTheShape) {
  const auto shape = [](std::string_view text, std::string_view data = "") {
    return parsing(array_file("<f8", "False", text, data));
  };
  EXPECT_THAT(shape("(3)"), fails_with("expected a comma behind the only axis"));
  EXPECT_THAT(shape("(3 4)"), fails_with("expected \",\" or \")\""));
  EXPECT_THAT(shape("(,)"), fails_with("expected an integer from 0 to 2^63-1"));
  EXPECT_THAT(shape("(-1,)"), fails_with("goes on with \"-1,)"));
  EXPECT_THAT(shape("(9223372036854775808,)"), fails_with("expected an integer"));
  EXPECT_THAT(shape("(9223372036854775807, 2)"), fails_with("a.npy: shape"));
  EXPECT_THAT(shape("(2305843009213693952,)"), fails_with("more than 2^63 elements or bytes"));
  EXPECT_THAT(shape("[3]"), fails_with("expected \"(\""));
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_THAT(shape(many + ")"), fails_with("expected at most 64 axes"));
}

TEST(ParseNpy, RefusesOtherElements) {
  const auto type = [](std::string_view text) {
    return parsing(array_file(text, "False", "()", ""));
  };
  EXPECT_THAT(type("|O"), fails_with("a.npy: elements are Python objects, which are pickled"));
  for (const char* text : {"<U5", "|S3", "<M8[ns]", "<f16", "<c16", "f4", "", "<", "!f4"}) {
    EXPECT_THAT(type(text), fails_with("elements are \"" + std::string(text) + "\"")) << text;
  }
  EXPECT_THAT(parsing(file_of("{'descr': [('a', '<f4')]}")),
              fails_with("elements are a structure"));
}

TEST(ParseNpy, ChecksTheSizeOfTheData) {
  EXPECT_THAT(parsing(array_file("<f4", "False", "(2,)", "1234567")),
              fails_with("a.npy: 7 bytes follow the header, but F32 of shape [2] has 8"));
  EXPECT_THAT(parsing(array_file("<f4", "False", "(2,)", "123456789")),
              fails_with("9 bytes follow"));
}

TEST(NpyMatrix, ReadsEveryRealType) {
  const auto one = [](std::string_view descr, std::string_view data) {
    return doubles(array_file(descr, "False", "(1, 1)", data)).at(0);
  };
  EXPECT_EQ(one("|b1", "\1"), 1);
  EXPECT_EQ(one("|u1", "\xFF"), 255);
  EXPECT_EQ(one("|i1", "\xFF"), -1);
  EXPECT_EQ(one("<i2", "\xFE\xFF"), -2);
  EXPECT_EQ(one(">i2", "\xFF\xFE"), -2);
  EXPECT_EQ(one("<u2", "\xFE\xFF"), 65534);
  EXPECT_EQ(one(">i4", {"\0\0\1\2", 4}), 258);
  EXPECT_EQ(one("<u4", "\xFF\xFF\xFF\xFF"), 4294967295.0);
  EXPECT_EQ(one("<i8", "\xFD\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), -3);
  EXPECT_EQ(one("<u8", {"\0\0\0\0\0\0\0\x80", 8}), 9223372036854775808.0);
  EXPECT_EQ(one(">f4", {"\xC0\x20\0\0", 4}), -2.5);
  EXPECT_EQ(one("=f8", {"\0\0\0\0\0\0\xF8\x3F", 8}), 1.5);
  EXPECT_THAT([&] { one("<c8", "12345678"); },
              fails_with("elements are C64, expected real numbers"));
}

TEST(NpyMatrix, ReadsHalfPrecision) {
  const auto half = [](std::string_view data) {
    return doubles(array_file("<f2", "False", "(1,)", data)).at(0);
  };
  EXPECT_EQ(half({"\x00\x3C", 2}), 1.0);
  EXPECT_EQ(half("\xFF\x7B"), 65504.0);
  EXPECT_EQ(half({"\x01\x00", 2}), std::ldexp(1.0, -24));
  EXPECT_EQ(half({"\x00\x84", 2}), -std::ldexp(1.0, -14));
  EXPECT_EQ(half({"\x00\x7C", 2}), kInfinity);
  EXPECT_EQ(half({"\x00\xFC", 2}), -kInfinity);
  EXPECT_TRUE(std::isnan(half("\x01\x7C")));
  EXPECT_TRUE(std::signbit(half({"\x00\x80", 2})));
}

TEST(NpyMatrix, TurnsFortranOrder) {
  EXPECT_EQ(doubles(array_file("|u1", "True", "(2, 3)", "\1\2\3\4\5\6")),
            (std::vector<double>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(doubles(array_file(">u2", "True", "(2, 2)", {"\0\1\0\2\0\3\0\4", 8})),
            (std::vector<double>{1, 3, 2, 4}));
  EXPECT_EQ(doubles(array_file("|u1", "True", "(3,)", "\1\2\3")), (std::vector<double>{1, 2, 3}));
  EXPECT_TRUE(doubles(array_file("|u1", "True", "(0, 4)", "")).empty());
}

TEST(NpyMatrix, KnowsItsShape) {
  const auto matrix = [](std::string_view shape, std::string_view data) {
    return npy_matrix_as_double(parse_npy(bytes_of(array_file("|u1", "False", shape, data)), "f"),
                                "f");
  };
  EXPECT_EQ(matrix("(3, 1)", "abc").rows, 3);
  EXPECT_EQ(matrix("(1, 3)", "abc").columns, 3);
  EXPECT_EQ(matrix("(3,)", "abc").rows, 3);
  EXPECT_EQ(matrix("(3,)", "abc").columns, 1);
  EXPECT_EQ(matrix("(0, 7)", "").columns, 7);
  EXPECT_THAT([&] { matrix("()", "a"); }, fails_with("f: shape is [], expected [rows, columns]"));
  EXPECT_THAT([&] { matrix("(1, 1, 1)", "a"); }, fails_with("f: shape is [1, 1, 1]"));
}

TEST(NpyMatrix, NamesTheFileThatCannotBeRead) {
  const test::Scratch folder;
  EXPECT_THAT([&] { read_npy_matrix_as_double(folder / "absent.npy"); },
              fails_with("absent.npy: cannot open"));
  EXPECT_THAT([&] { read_npy_matrix_as_double(folder.write("g.npy", "text")); },
              fails_with("g.npy: starts with \"text\""));
}

TEST(NormalisedBytes, AreRowMajorAndLittleEndian) {
  const auto normalised = [](const char* type, const char* fortran, const char* shape,
                             const char* data) {
    const std::string file = array_file(type, fortran, shape, data);
    return text_of(normalised_bytes(parse_npy(bytes_of(file), "f"), "f"));
  };
  EXPECT_EQ(normalised("<u2", "False", "(2,)", "abcd"), "abcd");
  EXPECT_EQ(normalised(">u2", "False", "(2,)", "abcd"), "badc");
  EXPECT_EQ(normalised("|u1", "True", "(2, 2)", "abcd"), "acbd");
  EXPECT_EQ(normalised(">c8", "False", "()", "abcdefgh"), "dcbahgfe");  // each part on its own
  EXPECT_THAT(
      [&] { normalised("|u1", "True", "(1, 1, 1)", "a"); },
      fails_with("f: shape [1, 1, 1] is in Fortran order, which is read for up to two axes"));
}

TEST(WriteNpy, GivesTheBytesOfNumpy) {
  const test::Scratch folder;
  const std::vector<int64_t> shape = {2, 3};
  write_npy(folder / "a.npy", DType::kU8, shape, bytes_of("abcdef"));
  const std::string literal = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }";
  EXPECT_EQ(read_file(folder / "a.npy"), std::string("\x93NUMPY\1\0\x76\0", 10) + literal +
                                             std::string(117 - literal.size(), ' ') + "\nabcdef");
}

TEST(WriteNpy, ComesBack) {
  const test::Scratch folder;
  const std::vector<std::vector<int64_t>> shapes = {{}, {2}, {0}, {1, 1}, {2, 3}, {1, 2, 3, 4}};
  for (const DType dtype : {DType::kBool, DType::kF16, DType::kF32, DType::kI64, DType::kC64}) {
    for (const auto& shape : shapes) {
      const std::string data(static_cast<std::size_t>(byte_count(dtype, shape, "")), '\1');
      write_npy(folder / "a.npy", dtype, shape, bytes_of(data));
      const std::string file = read_file(folder / "a.npy");
      const NpyContent content = parse_npy(bytes_of(file), "a.npy");
      EXPECT_EQ(content.dtype, dtype);
      EXPECT_EQ(shape_text(content.shape), shape_text(shape));
      EXPECT_EQ(text_of(content.bytes), data);
      EXPECT_EQ((file.size() - data.size()) % 64, 0U);
    }
  }
}

TEST(WriteNpy, RefusesWhatNumpyHasNot) {
  const test::Scratch folder;
  const auto writing = [&](DType dtype, std::vector<int64_t> shape, std::string_view data) {
    return [=, path = folder / "a.npy"] { write_npy(path, dtype, shape, bytes_of(data)); };
  };
  EXPECT_THAT(writing(DType::kBF16, {1}, "ab"), fails_with("a.npy: numpy has no type for BF16"));
  EXPECT_THAT(writing(DType::kF32, {2}, "1234567"),
              fails_with("a.npy: has 7 bytes, but F32 of shape [2] has 8"));
  EXPECT_THAT(writing(DType::kU8, std::vector<int64_t>(65, 1), "1"), fails_with("has 65 axes"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.npy"));
}

}  // namespace
}  // namespace relata::io
