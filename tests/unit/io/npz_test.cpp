#include "relata/io/npz.h"

#include <cstring>

#include "relata/io/npy_header.h"
#include "unit/io/support.h"
#include "unit/io/zip_builder.h"

namespace relata::io {
namespace {

auto reading(const std::string& file) {
  return [file] { NpzContent(bytes_of(file), "m"); };
}

std::string npy(DType dtype, const std::vector<int64_t>& shape, const std::string& bytes) {
  return make_npy_header(dtype, shape, "") + bytes;
}

TEST(Npz, GivesNamedArrays) {
  const std::string file = ZipBuilder()
                               .add(stored("a.npy", npy(DType::kU8, {2, 2}, "abcd")))
                               .add(packed("b.c.npy", npy(DType::kF32, {}, "1234")))
                               .build();
  const NpzContent content(bytes_of(file), "m");
  ASSERT_EQ(content.arrays().size(), 2U);
  EXPECT_EQ(content.arrays()[0].name, "a");
  EXPECT_EQ(content.arrays()[0].dtype, DType::kU8);
  EXPECT_THAT(content.arrays()[0].shape, testing::ElementsAre(2, 2));
  EXPECT_EQ(text_of(content.arrays()[0].bytes), "abcd");
  EXPECT_EQ(content.arrays()[1].name, "b.c");
  EXPECT_EQ(text_of(content.arrays()[1].bytes), "1234");
}

TEST(Npz, CopiesOnlyWhatIsNotAligned) {
  // One byte more or less in a name moves the array behind it.
  for (const char* name : {"a.npy", "aa.npy", "aaa.npy", "aaaa.npy"}) {
    const std::string file =
        ZipBuilder().add(stored(name, npy(DType::kF32, {2}, "aaaabbbb"))).build();
    // Aligned, as a mapped file is.
    std::vector<uint64_t> memory(file.size() / 8 + 1);
    std::memcpy(memory.data(), file.data(), file.size());
    const auto bytes = std::as_bytes(std::span(memory)).first(file.size());
    const NpzContent content(bytes, "m");
    const std::byte* at = content.arrays()[0].bytes.data();
    const bool inside = at >= bytes.data() && at < bytes.data() + bytes.size();
    const bool aligned = (file.find("aaaabbbb") % 4) == 0;
    EXPECT_EQ(inside, aligned) << name;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % 4, 0U);
    EXPECT_EQ(text_of(content.arrays()[0].bytes), "aaaabbbb");
  }
}

TEST(Npz, NormalisesOtherOrders) {
  std::string big = npy(DType::kU16, {2}, "abcd");
  big.replace(big.find('<'), 1, ">");
  std::string fortran = npy(DType::kU8, {2, 2}, "abcd");
  fortran.replace(fortran.find("False"), 5, "True ");
  const std::string file =
      ZipBuilder().add(stored("b.npy", big)).add(stored("f.npy", fortran)).build();
  const NpzContent content(bytes_of(file), "m");
  EXPECT_EQ(text_of(content.arrays()[0].bytes), "badc");
  EXPECT_EQ(text_of(content.arrays()[1].bytes), "acbd");
}

TEST(Npz, RefusesOtherMembers) {
  EXPECT_THAT(reading(ZipBuilder().add(stored("a.txt", "hello")).build()),
              fails_with("m: \"a.txt\": is no .npy file"));
  EXPECT_THAT(reading(ZipBuilder().add(stored("a.npy", npy(DType::kU8, {3}, "ab"))).build()),
              fails_with("m: \"a.npy\": 2 bytes follow the header"));
  EXPECT_THAT(reading("PK"), fails_with("m"));
}

TEST(NpzFile, ReadsAMappedFile) {
  const test::Scratch folder;
  const NpzFile file(
      folder.write("a.npz", ZipBuilder().add(stored("a.npy", npy(DType::kU8, {2}, "ab"))).build()));
  EXPECT_EQ(text_of(file.arrays()[0].bytes), "ab");
}

}  // namespace
}  // namespace relata::io
