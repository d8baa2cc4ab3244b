#include "relata/io/zip.h"

#include "support/repository.h"
#include "unit/io/zip_builder.h"

namespace relata::io {
namespace {

std::string content_of(const ZipArchive& archive, std::string_view name) {
  const ZipEntry* entry = archive.find(name);
  if (entry == nullptr) return "(absent)";
  return text_of(archive.bytes(*entry).bytes());
}

auto opening(const std::string& file, ZipOptions options = {}) {
  return [file, options] { ZipArchive(bytes_of(file), "f.zip", options); };
}

auto reading(const std::string& file, ZipOptions options = {}) {
  return [file, options] {
    const ZipArchive archive(bytes_of(file), "f.zip", options);
    for (const ZipEntry& entry : archive.entries()) archive.bytes(entry);
  };
}

const std::string kText(100'000, 'x');

TEST(Zip, ReadsStoredAndDeflatedEntriesInOrder) {
  const std::string file = ZipBuilder()
                               .add(stored("b/é.bin", "abc"))
                               .add(packed("a", kText))
                               .add(stored("c/", ""))
                               .build();
  const ZipArchive archive(bytes_of(file), "f.zip");
  ASSERT_EQ(archive.entries().size(), 3U);
  EXPECT_EQ(archive.entries()[0].name, "b/é.bin");
  EXPECT_EQ(archive.entries()[1].name, "a");
  EXPECT_EQ(archive.entries()[1].size, kText.size());
  EXPECT_EQ(content_of(archive, "b/é.bin"), "abc");
  EXPECT_EQ(content_of(archive, "a"), kText);
  EXPECT_EQ(content_of(archive, "c/"), "");
  EXPECT_EQ(archive.find("d"), nullptr);
}

TEST(Zip, StoredBytesAreViewsOfTheArchive) {
  const std::string file = ZipBuilder().add(stored("a", "abc")).build();
  const ZipArchive archive(bytes_of(file), "f.zip");
  const ZipEntry& entry = archive.entries()[0];
  EXPECT_EQ(archive.bytes(entry).bytes().data(), bytes_of(file).data() + entry.data_offset);
  EXPECT_EQ(file.substr(entry.data_offset, entry.size), "abc");
}

TEST(Zip, ReadsEmptyArchivesAndComments) {
  EXPECT_TRUE(ZipArchive(bytes_of(ZipBuilder().build()), "f.zip").entries().empty());
  const ZipBuilder builder = ZipBuilder().add(stored("a", "abc"));
  const std::string file = builder.data + builder.directory + builder.end(std::string(65'535, 'c'));
  EXPECT_EQ(content_of(ZipArchive(bytes_of(file), "f.zip"), "a"), "abc");
}

TEST(Zip, ReadsZip64) {
  ZipPart wide = packed("a", kText);
  wide.wide = true;
  const std::string file = ZipBuilder().add(wide).add(stored("b", "abc")).build64();
  const ZipArchive archive(bytes_of(file), "f.zip");
  EXPECT_EQ(content_of(archive, "a"), kText);
  EXPECT_EQ(content_of(archive, "b"), "abc");
}

TEST(Zip, ReadsEntriesWhoseSizesFollow) {
  ZipPart streamed = packed("a", kText);
  streamed.flags = 8;
  const std::string file = ZipBuilder().add(streamed).add(stored("b", "abc")).build();
  EXPECT_EQ(content_of(ZipArchive(bytes_of(file), "f.zip"), "a"), kText);
}

/// What numpy, torch and Python wrote; the seeds of the fuzzer have one more byte in front.
TEST(Zip, ReadsWhatOthersWrite) {
  const auto folder = test::repository() / "tests/fuzz/seeds/zip";
  const std::string torch = read_file(folder / "torch").substr(1);
  EXPECT_EQ(content_of(ZipArchive(bytes_of(torch), "torch"), "archive/byteorder"), "little");
  const std::string npz = read_file(folder / "npz").substr(1);
  EXPECT_EQ(content_of(ZipArchive(bytes_of(npz), "npz"), "a.npy").substr(1, 5), "NUMPY");
  const std::string streamed = read_file(folder / "streamed").substr(1);
  EXPECT_EQ(content_of(ZipArchive(bytes_of(streamed), "streamed"), "a"), std::string(99, 'y'));
}

TEST(Zip, ChecksTheChecksumUnlessToldNotTo) {
  ZipPart wrong = stored("a", "abc");
  wrong.crc ^= 1U;
  const std::string file = ZipBuilder().add(wrong).build();
  EXPECT_THAT(reading(file), fails_with("f.zip: \"a\": has another checksum"));
  EXPECT_NO_THROW(reading(file, {.check_crc = false})());
  ZipPart inflated = packed("a", kText);
  inflated.crc ^= 1U;
  EXPECT_THAT(reading(ZipBuilder().add(inflated).build()), fails_with("has another checksum"));
}

TEST(Zip, RefusesEveryTruncation) {
  const std::string file = ZipBuilder().add(packed("a", kText)).add(stored("b", "abc")).build();
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_THAT(opening(file.substr(0, size)), fails_with("f.zip")) << size;
  }
}

TEST(Zip, RefusesBytesBeforeAndBehind) {
  const std::string file = ZipBuilder().add(stored("a", "abc")).build();
  EXPECT_THAT(opening("x" + file), fails_with("f.zip: has a central directory of"));
  EXPECT_THAT(opening(file + "x"), fails_with("f.zip: has no end of central directory"));
}

TEST(Zip, RefusesEncryptedOtherMethodsAndDisks) {
  for (const int flag : {1, 1 << 6, 1 << 13}) {
    ZipPart part = stored("a", "abc");
    part.flags = static_cast<uint16_t>(flag);
    EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("f.zip: \"a\": is encrypted"));
  }
  ZipPart part = stored("a", "abc");
  part.method = 12;
  EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("is packed by method 12"));
  part.method = 0;
  part.flags = 1 << 5;
  EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("is patched data"));
  std::string file = ZipBuilder().add(stored("a", "abc")).build();
  file[file.size() - 22 + 4] = 1;
  EXPECT_THAT(opening(file), fails_with("is one part of an archive of several disks"));
}

TEST(Zip, RefusesNamesThatLeadOutside) {
  const auto named = [](const std::string& name) {
    return opening(ZipBuilder().add(stored(name, "abc")).build());
  };
  EXPECT_THAT(named("/etc/passwd"), fails_with("\"/etc/passwd\" is absolute"));
  EXPECT_THAT(named("a/../../b"), fails_with("leads out of the archive"));
  EXPECT_THAT(named("..\\b"), fails_with("leads out of the archive"));
  EXPECT_THAT(named(""), fails_with("is empty"));
  EXPECT_THAT(named("\xff"), fails_with("is not UTF-8"));
  EXPECT_THAT(named(std::string("a\0b", 3)), fails_with("has a zero byte"));
  EXPECT_NO_THROW(named("a/..b/c..")());
}

TEST(Zip, RefusesDuplicateNames) {
  EXPECT_THAT(opening(ZipBuilder().add(stored("a", "1")).add(stored("a", "2")).build()),
              fails_with("f.zip: has two entries \"a\""));
}

TEST(Zip, RefusesHeadersThatContradict) {
  ZipPart part = stored("a", "abc");
  part.local_size = 4;
  EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("contradicts the central"));
  std::string file = ZipBuilder().add(stored("name", "abc")).build();
  file[file.find("name")] = 'N';
  EXPECT_THAT(opening(file), fails_with("contradicts the central"));
  file = ZipBuilder().add(stored("a", "abc")).build64();
  file.replace(file.size() - 12, 2, le16(2));  // narrow count, not saturated
  file.replace(file.size() - 14, 2, le16(2));
  EXPECT_THAT(opening(file), fails_with("contradict each other"));
}

TEST(Zip, RefusesOverlappingEntries) {
  ZipBuilder builder;
  builder.add(stored("a", "abc"));
  ZipPart again = stored("a", "abc");
  again.offset = 0;
  const std::string data = builder.data;
  builder.add(again);
  builder.data = data;
  EXPECT_THAT(opening(builder.build()), fails_with("\"a\": overlaps \"a\""));
}

TEST(Zip, RefusesDataBeyondTheDirectory) {
  ZipPart part = stored("a", "abc");
  ZipBuilder builder;
  builder.add(part);
  builder.data.pop_back();
  EXPECT_THAT(opening(builder.build()), fails_with("beyond the central directory"));
  part.offset = 1U << 30U;
  EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("has no local header"));
}

TEST(Zip, RefusesBombsBeforeInflatingThem) {
  ZipPart part = packed("a", kText);
  part.size = 1033 * part.packed.size() + 1032;
  EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("which deflate cannot reach"));
  const std::string file = ZipBuilder().add(packed("a", kText)).build();
  EXPECT_NO_THROW(reading(file, {.size_limit = kText.size()})());
  EXPECT_THAT(reading(file, {.size_limit = kText.size() - 1}),
              fails_with("inflates to 100000 bytes, more than 99999"));
  std::string many = ZipBuilder().add(stored("a", "abc")).build();
  many.replace(many.size() - 12, 2, le16(2));
  many.replace(many.size() - 14, 2, le16(2));
  EXPECT_THAT(opening(many), fails_with("2 entries, more than its central directory can hold"));
  EXPECT_THAT(
      opening(ZipBuilder().add(stored("a", "")).add(stored("b", "")).build(), {.entry_limit = 1}),
      fails_with("has 2 entries, more than 1"));
}

TEST(Zip, RefusesDeflateStreamsOfAnotherLength) {
  ZipPart part = packed("a", kText);
  part.size = kText.size() - 1;
  EXPECT_THAT(reading(ZipBuilder().add(part).build()),
              fails_with("f.zip: \"a\": inflates to more than its stated size"));
  part.size = kText.size() + 1;
  EXPECT_THAT(reading(ZipBuilder().add(part).build()), fails_with("to less than its stated size"));
  part = packed("a", kText);
  part.packed += "x";
  EXPECT_THAT(reading(ZipBuilder().add(part).build()), fails_with("bytes behind its deflate"));
  part = packed("a", kText);
  part.packed.resize(part.packed.size() - 3);
  EXPECT_THAT(reading(ZipBuilder().add(part).build()), fails_with("stream that is cut off"));
  part = packed("a", kText);
  part.packed[0] = '\x07';
  EXPECT_THAT(reading(ZipBuilder().add(part).build()), fails_with("has a corrupt deflate stream"));
}

TEST(Zip, StoredSizesAgree) {
  ZipPart part = stored("a", "abc");
  part.size = 4;
  EXPECT_THAT(opening(ZipBuilder().add(part).build()), fails_with("has two sizes, 4 and 3"));
}

}  // namespace
}  // namespace relata::io
