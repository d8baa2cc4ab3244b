#include "relata/io/gzip.h"

#include <unistd.h>
#include <zlib.h>

#include <array>

#include "relata/io/text_file.h"
#include "unit/io/support.h"

namespace relata::io {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

const std::string kBig(1'000'000, 'x');

TEST(Gunzip, GivesBackWhatWasPacked) {
  for (const std::string& text : {std::string(), std::string("a"), kBig}) {
    EXPECT_EQ(gunzip(bytes_of(gzip(text)), "f"), text);
  }
}

TEST(Gunzip, JoinsMembersAndSkipsZeroPadding) {
  EXPECT_EQ(gunzip(bytes_of(gzip("ab") + gzip("") + gzip("cd")), "f"), "abcd");
  EXPECT_EQ(gunzip(bytes_of(gzip("ab") + std::string(512, '\0')), "f"), "ab");
  EXPECT_EQ(gunzip(bytes_of(gzip("ab") + std::string(3, '\0') + gzip("cd")), "f"), "abcd");
}

TEST(Gunzip, StopsAtTheLimit) {
  EXPECT_EQ(gunzip(bytes_of(gzip(kBig)), "f", kBig.size()), kBig);
  EXPECT_THAT([] { gunzip(bytes_of(gzip(kBig)), "f.gz", kBig.size() - 1); },
              fails_with("f.gz: decompresses to more than 999999 bytes; decompress it on disk"));
  EXPECT_THAT([] { gunzip(bytes_of(gzip("ab") + gzip("cd")), "f.gz", 3); },
              fails_with("more than 3 bytes"));
}

TEST(Gunzip, NamesEveryTruncation) {
  const std::string packed = gzip("some text, some text, some other text");
  for (std::size_t size = 2; size < packed.size(); ++size) {
    EXPECT_THAT([&] { gunzip(bytes_of(packed.substr(0, size)), "f.gz"); },
                fails_with("f.gz: the gzip stream ends after"))
        << size;
  }
}

TEST(Gunzip, ChecksTheChecksum) {
  std::string packed = gzip("some text");
  packed[packed.size() - 6] ^= 1;
  EXPECT_THAT([&] { gunzip(bytes_of(packed), "f.gz"); },
              fails_with("f.gz: the gzip stream is corrupt (incorrect data check)"));
}

TEST(Gunzip, RefusesWhatIsNotGzip) {
  EXPECT_THAT([] { gunzip(bytes_of("plain"), "f"); }, fails_with("f: is not a gzip stream"));
  EXPECT_THAT([] { gunzip(bytes_of(""), "f"); }, fails_with("f: is not a gzip stream"));
  EXPECT_THAT([] { gunzip(bytes_of(gzip("a") + "tail"), "f"); },
              fails_with("f: 4 bytes after the gzip stream are not gzip"));
}

TEST(TextFile, ReadsPlainAndPackedFilesAlike) {
  const test::Scratch folder;
  EXPECT_EQ(read_text(folder.write("plain.gz", "text")), "text");  // content decides, not the name
  EXPECT_EQ(read_text(folder.write("packed.txt", gzip("text"))), "text");
  EXPECT_EQ(read_text(folder.write("empty", "")), "");
  EXPECT_THAT([&] { read_text(folder.write("cut.gz", gzip("text").substr(0, 15))); },
              fails_with("cut.gz: the gzip stream ends"));
  EXPECT_THAT([&] { read_text(folder / "absent"); }, fails_with("absent: cannot open"));
}

TEST(TextFile, ReadsAPipeToItsEnd) {
  const std::string text(50'000, 'p');  // less than the pipe holds, so that nobody waits
  for (const std::string& content : {text, gzip(text)}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    EXPECT_EQ(::write(ends[1], content.data(), content.size()),
              static_cast<ssize_t>(content.size()));
    ::close(ends[1]);
    EXPECT_EQ(read_text("/dev/fd/" + std::to_string(ends[0])), text);
    ::close(ends[0]);
  }
}

TEST(TextFile, APipeIsNotMapped) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  EXPECT_THAT([&] { MappedFile("/dev/fd/" + std::to_string(ends[0])); },
              fails_with("is a pipe or a device, expected a file"));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace relata::io
