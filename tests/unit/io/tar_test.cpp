#include "relata/io/tar.h"

#include "unit/io/support.h"

namespace relata::io {
namespace {

std::string octal(uint64_t n, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto at = text.rbegin(); at != text.rend(); ++at, n /= 8) {
    *at = static_cast<char>('0' + n % 8);
  }
  return text;
}

struct Header {
  std::string name;
  std::string content = {};
  char kind = '0';
  std::string size = {};    // octal, if not the content's
  std::string prefix = {};  // of ustar
};

std::string with_sum(std::string block) {
  uint64_t sum = 0;
  block.replace(148, 8, 8, ' ');
  for (const char c : block) sum += static_cast<unsigned char>(c);
  block.replace(148, 7, octal(sum, 6) + '\0');
  return block;
}

std::string header(const Header& h) {
  std::string block(512, '\0');
  block.replace(0, h.name.size(), h.name);
  block.replace(100, 8, "0000644\0", 8);
  const std::string size = h.size.empty() ? octal(h.content.size(), 11) : h.size;
  block.replace(124, size.size(), size);
  block[156] = h.kind;
  block.replace(257, 8, "ustar\00000", 8);
  block.replace(345, h.prefix.size(), h.prefix);
  return with_sum(block);
}

std::string member(const Header& h) {
  std::string text = header(h) + h.content;
  text.resize((text.size() + 511) / 512 * 512);
  return text;
}

const std::string kEnd(1024, '\0');

std::vector<TarMember> parse(const std::string& file) { return parse_tar(bytes_of(file), "f.tar"); }
auto parsing(const std::string& file) {
  return [file] { parse(file); };
}

TEST(Tar, FindsMembersInOrder) {
  const std::string file = member({"b.jpg", "abc"}) + member({"d/", "", '5'}) +
                           member({"./d/a.txt", std::string(600, 'x')}) + member({"e", ""}) + kEnd;
  EXPECT_EQ(parse(file),
            (std::vector<TarMember>{{"b.jpg", 512, 3}, {"d/a.txt", 2048, 600}, {"e", 3584, 0}}));
}

TEST(Tar, ReadsLongNames) {
  const std::string name(200, 'n');
  const std::string gnu = member({"././@LongLink", name + '\0', 'L'}) + member({"cut", "abc"});
  EXPECT_EQ(parse(gnu + kEnd)[0].name, name);
  const std::string record = "210 path=" + name + "\n";
  ASSERT_EQ(record.size(), 210U);
  const std::string pax = member({"pax", record, 'x'}) + member({"cut", "abc"});
  EXPECT_EQ(parse(pax + member({"next", ""}) + kEnd)[0].name, name);
  EXPECT_EQ(parse(pax + member({"next", ""}) + kEnd)[1].name, "next");
  EXPECT_EQ(parse(member({"name", "", '0', "", "a/prefix"}) + kEnd)[0].name, "a/prefix/name");
}

TEST(Tar, ReadsSizesOfEveryForm) {
  const std::string binary = "\x80" + std::string(10, '\0') + "\x03";
  EXPECT_EQ(parse(member({"a", "abc", '0', binary}) + kEnd)[0].size, 3U);
  EXPECT_EQ(
      parse(member({"p", "10 size=3\n", 'x'}) + member({"a", "abc", '0', "0"}) + kEnd)[0].size, 3U);
  EXPECT_THAT(parsing(member({"a", "abc", '0', "\x80" + std::string(11, '\xff')}) + kEnd),
              fails_with("has an absurd size"));
  EXPECT_THAT(parsing(member({"a", "abc", '0', octal(4096, 11)}) + kEnd),
              fails_with("f.tar: \"a\": is cut off, or has an absurd size: 4096"));
  EXPECT_THAT(parsing(member({"a", "abc", '0', "12x"}) + kEnd), fails_with("has a broken size"));
}

TEST(Tar, RefusesEveryTruncation) {
  const std::string file = member({"a", "abc"}) + member({"b", "abc"}) + kEnd;
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_THAT(parsing(file.substr(0, size)), fails_with("f.tar: ")) << size;
  }
  EXPECT_THAT(parsing(file + std::string(512, 'x')), fails_with("has data behind its end mark"));
  EXPECT_NO_THROW(parse(file + std::string(9000, '\0')));
}

TEST(Tar, RefusesWrongChecksums) {
  std::string file = member({"a", "abc"}) + kEnd;
  file[0] = 'b';
  EXPECT_THAT(parsing(file), fails_with("f.tar: has a header with a wrong checksum at byte 0"));
}

TEST(Tar, RefusesLinksAndDevices) {
  for (const char kind : {'1', '2'}) {
    EXPECT_THAT(parsing(member({"a", "", kind}) + kEnd), fails_with("\"a\": is a link"));
  }
  for (const char kind : {'3', '4', '6', 'S', 'V'}) {
    EXPECT_THAT(parsing(member({"a", "", kind}) + kEnd), fails_with("is no regular file"));
  }
  EXPECT_THAT(parsing(member({"p", "22 GNU.sparse.major=1\n", 'x'}) + kEnd),
              fails_with("which is not read here"));
}

TEST(Tar, RefusesNamesThatLeadOutsideOrComeTwice) {
  EXPECT_THAT(parsing(member({"/a", ""}) + kEnd), fails_with("is absolute"));
  EXPECT_THAT(parsing(member({"a/../../b", ""}) + kEnd), fails_with("leads out of the archive"));
  EXPECT_THAT(parsing(member({"a", ""}) + member({"./a", ""}) + kEnd),
              fails_with("\"a\": appears twice"));
}

TEST(TarSamples, GroupByTheFirstDotOfTheLastComponent) {
  const std::vector<TarMember> members = {
      {"d.x/a.jpg"}, {"d.x/a.seg.PNG"}, {"README"}, {"d.x/.hidden"}, {"d.x/b.jpg"}};
  const std::vector<TarSample> samples = group_samples(members, "f.tar");
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].key, "d.x/a");
  EXPECT_EQ(samples[0].find("jpg"), 0U);
  EXPECT_EQ(samples[0].find("seg.png"), 1U);
  EXPECT_EQ(samples[1].find("jpg"), 4U);
  EXPECT_EQ(samples[1].find("png"), std::nullopt);
}

TEST(TarSamples, RefuseDoublesAndReturningKeys) {
  const auto grouping = [](std::vector<TarMember> members) {
    return [members] { group_samples(members, "f.tar"); };
  };
  EXPECT_THAT(grouping({{"a.jpg"}, {"a.JPG"}}), fails_with("has that extension already"));
  EXPECT_THAT(grouping({{"a.jpg"}, {"b.jpg"}, {"a.txt"}}),
              fails_with("f.tar: \"a.txt\": its sample has begun and ended before"));
}

TEST(TarArchive, GivesBytesByName) {
  const test::Scratch folder;
  const auto path = folder.write("s.tar", member({"a.txt", "abc"}) + kEnd);
  const TarArchive archive(path);
  ASSERT_NE(archive.find("a.txt"), nullptr);
  EXPECT_EQ(text_of(archive.bytes(*archive.find("a.txt"))), "abc");
  EXPECT_EQ(archive.find("b"), nullptr);
  EXPECT_EQ(archive.samples().size(), 1U);
}

TEST(TarReference, IsCutAtTheFirstMark) {
  EXPECT_EQ(tar_reference("d/s.tar#a#b.jpg"),
            std::pair(std::string("d/s.tar"), std::string("a#b.jpg")));
  EXPECT_EQ(tar_reference("d/s.jpg"), std::nullopt);
}

TEST(ExpandBraces, CountsAndLists) {
  using Paths = std::vector<std::string>;
  EXPECT_EQ(expand_braces("a.tar"), (Paths{"a.tar"}));
  EXPECT_EQ(expand_braces("a-{008..011}.tar"),
            (Paths{"a-008.tar", "a-009.tar", "a-010.tar", "a-011.tar"}));
  EXPECT_EQ(expand_braces("{9..11}"), (Paths{"9", "10", "11"}));
  EXPECT_EQ(expand_braces("{2..0}"), (Paths{"2", "1", "0"}));
  EXPECT_EQ(expand_braces("{x,y}/{1..2}"), (Paths{"x/1", "x/2", "y/1", "y/2"}));
  EXPECT_EQ(expand_braces("{000000..000123}.tar").size(), 124U);
}

TEST(ExpandBraces, RefusesWhatIsNoPattern) {
  for (const char* pattern : {"{", "}", "a}", "{a,{b,c}}", "{}", "{a}"}) {
    EXPECT_THAT([&] { expand_braces(pattern); }, fails_with("the pattern")) << pattern;
  }
  EXPECT_THAT([] { expand_braces("{a..c}"); }, fails_with("not of whole numbers"));
  EXPECT_THAT([] { expand_braces("{0..4..2}"); }, fails_with("not of whole numbers"));
  EXPECT_THAT([] { expand_braces("{0..1000000}"); }, fails_with("more than a million"));
  EXPECT_THAT([] { expand_braces("{1..2000}{1..2000}"); }, fails_with("more than a million"));
}

}  // namespace
}  // namespace relata::io
