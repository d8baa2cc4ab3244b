#include "relata/io/jsonl.h"

#include <nlohmann/json.hpp>

#include "unit/io/support.h"

namespace relata::io {
namespace {

using nlohmann::json;

TEST(JsonlScanner, GivesObjectsWithTheirLineNumbers) {
  JsonlScanner scanner("{\"a\":1}\n\n  \t\n{\"a\":2}\r\n\r\n{\"a\":3}", "f.jsonl");
  EXPECT_EQ(scanner.line(), 0);
  EXPECT_EQ(scanner.next(), json({{"a", 1}}));
  EXPECT_EQ(scanner.line(), 1);
  EXPECT_EQ(scanner.next(), json({{"a", 2}}));
  EXPECT_EQ(scanner.where(), "f.jsonl:4");
  EXPECT_EQ(scanner.next(), json({{"a", 3}}));
  EXPECT_EQ(scanner.line(), 6);
  EXPECT_EQ(scanner.next(), std::nullopt);
  EXPECT_EQ(scanner.next(), std::nullopt);
}

TEST(JsonlScanner, GoesOnAfterABrokenLine) {
  JsonlScanner scanner("{\"a\":1}\n{\"a\":\n{\"a\":2}\n", "f.jsonl");
  scanner.next();
  EXPECT_THAT([&] { scanner.next(); }, fails_with("f.jsonl:2:6: is not valid JSON"));
  EXPECT_EQ(scanner.line(), 2);
  EXPECT_EQ(scanner.next(), json({{"a", 2}}));
}

TEST(JsonlScanner, RefusesWhatIsNoObject) {
  EXPECT_THAT([] { JsonlScanner("[1]", "f").next(); },
              fails_with("f:1: the line is \"[1]\", expected a JSON object"));
  EXPECT_THAT([] { JsonlScanner("{} {}", "f").next(); }, fails_with("f:1:4: is not valid JSON"));
}

TEST(JsonlScanner, RefusesDuplicateKeysAndBrokenText) {
  EXPECT_THAT([] { JsonlScanner("\n{\"id\":1,\"id\":2}", "f").next(); },
              fails_with("f:2:13: key \"id\" appears twice"));
  EXPECT_THAT([] { JsonlScanner("{\"id\":\"\xC3\"}", "f").next(); },
              fails_with("f:1:8: is not valid UTF-8"));
}

TEST(JsonlReader, ReadsAFile) {
  const test::Scratch folder;
  JsonlReader reader(folder.write("f.jsonl", "\xEF\xBB\xBF{\"a\":1}\n{\"b\":2}\n"));
  EXPECT_EQ(reader.next(), json({{"a", 1}}));  // behind a byte order mark
  EXPECT_EQ(reader.next(), json({{"b", 2}}));
  EXPECT_EQ(reader.line(), 2);
  EXPECT_THAT(reader.where(), testing::EndsWith("f.jsonl:2"));
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_EQ(JsonlReader(folder.write("empty", "")).next(), std::nullopt);
}

}  // namespace
}  // namespace relata::io
