#include "relata/index/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace relata::index {
namespace {

using ::testing::HasSubstr;

const std::vector<Column> kColumns{{.name = "subject", .kind = ColumnKind::kString},
                                   {.name = "year", .kind = ColumnKind::kInteger},
                                   {.name = "score", .kind = ColumnKind::kReal},
                                   {.name = "tags", .kind = ColumnKind::kStrings},
                                   {.name = "two words", .kind = ColumnKind::kString}};

using Item = std::vector<Value>;
const Item kItem{std::string("biology"), int64_t{2012}, 0.5,
                 std::vector<std::string>{"cell", "dna"}, std::string("x")};
const Item kAbsent(5);

bool matches(const std::string& condition, const Item& item = kItem) {
  std::vector<std::string> stored;
  for (size_t i = 0; i < kColumns.size(); ++i)
    stored.push_back(stored_value(kColumns[i], item[i]).bytes);
  return Filter(condition, kColumns).matches([&](size_t column) {
    return std::as_bytes(std::span(stored[column]));
  });
}

TEST(Filter, ComparesTexts) {
  EXPECT_TRUE(matches("subject = \"biology\""));
  EXPECT_FALSE(matches("subject = 'Biology'"));
  EXPECT_TRUE(matches("subject != 'physics'"));
  EXPECT_FALSE(matches("subject != 'biology'"));
  EXPECT_TRUE(matches("subject < 'biologyx'"));
  EXPECT_TRUE(matches("subject >= 'biology'"));
  EXPECT_FALSE(matches("subject > 'biology'"));
  EXPECT_TRUE(matches("subject contains 'olog'"));
  EXPECT_FALSE(matches("subject contains 'OLOG'"));
  EXPECT_TRUE(matches("`two words` = 'x'"));
}

TEST(Filter, ComparesNumbers) {
  EXPECT_TRUE(matches("year = 2012"));
  EXPECT_FALSE(matches("year != 2012"));
  EXPECT_TRUE(matches("year > 2011.5"));
  EXPECT_FALSE(matches("year < 2012"));
  EXPECT_TRUE(matches("year <= 2012"));
  EXPECT_FALSE(matches("year > 2012"));
  EXPECT_TRUE(matches("year >= 2012"));
  EXPECT_TRUE(matches("score = 0.5 and score > -1e3 and score < .75 and score < +1"));
}

TEST(Filter, LargeIntegersAreNotRounded) {
  Item item = kItem;
  item[1] = (int64_t{1} << 53) + 1;
  EXPECT_TRUE(matches("year = 9007199254740993", item));
  EXPECT_FALSE(matches("year = 9007199254740992", item));
  EXPECT_TRUE(matches("year > 9007199254740992.0", item));
}

TEST(Filter, KnowsListsAndSets) {
  EXPECT_TRUE(matches("tags contains 'dna'"));
  EXPECT_FALSE(matches("tags contains 'dn'"));
  EXPECT_TRUE(matches("tags in ('rna', 'cell')"));
  EXPECT_FALSE(matches("tags in ('rna')"));
  EXPECT_TRUE(matches("tags not in ('rna')"));
  EXPECT_TRUE(matches("subject in ('physics', 'biology')"));
  EXPECT_FALSE(matches("subject not in ('physics', 'biology')"));
  EXPECT_TRUE(matches("year in (2011, 2012.0)"));
  EXPECT_FALSE(matches("year in (2011, 2012.5)"));
}

TEST(Filter, AndBindsMoreThanOr) {
  EXPECT_TRUE(matches("year = 2012 or year = 1 and year = 2"));
  EXPECT_FALSE(matches("(year = 2012 or year = 1) and year = 2"));
  EXPECT_TRUE(matches("not year = 1 and year = 2012"));
  EXPECT_FALSE(matches("not (year = 1 or year = 2012)"));
  EXPECT_TRUE(matches("NOT NOT year = 2012 OR year = 1"));
  EXPECT_TRUE(matches("year = 1 or year = 2 or subject = 'biology'"));
  EXPECT_FALSE(matches("year = 2012 and score = 0.5 and subject = 'x'"));
}

TEST(Filter, AbsentValuesFailEveryTest) {
  for (const char* test :
       {"subject = 'biology'", "subject != 'biology'", "year < 3000", "year != 1", "score >= 0",
        "tags contains 'dna'", "tags not in ('x')", "subject not in ('x')", "year in (1)"})
    EXPECT_FALSE(matches(test, kAbsent)) << test;
  EXPECT_TRUE(matches("not year = 1", kAbsent));
  EXPECT_TRUE(matches("year = null", kAbsent));
  EXPECT_FALSE(matches("year != null", kAbsent));
  EXPECT_FALSE(matches("tags = null"));
  EXPECT_TRUE(matches("tags != null"));
  Item empty = kAbsent;
  empty[0] = std::string();
  EXPECT_TRUE(matches("subject = ''", empty));
  EXPECT_FALSE(matches("subject = null", empty));
}

TEST(Filter, TextsHaveEscapes) {
  Item item = kItem;
  item[0] = std::string("a\"b'c\\\n\t`");
  EXPECT_TRUE(matches(R"(subject = "a\"b'c\\\n\t`")", item));
  EXPECT_TRUE(matches(R"(subject = 'a"b\'c\\\n\t\`')", item));
}

struct Mistake {
  const char* condition;
  size_t at;  ///< of the caret
  const char* saying;
};

TEST(Filter, ShowsWhereAMistakeIs) {
  for (const Mistake& m : std::initializer_list<Mistake>{
           {"yaer > 2010", 0, "'year'? columns: subject (string), year (integer)"},
           {"year > ", 7, "a value is missing"},
           {"year > 'x'", 7, "is a number"},
           {"subject = 3", 10, "put it in quotes: \"3\""},
           {"subject = biology", 10, "put a text in quotes: \"biology\""},
           {"year contains 3", 5, "contains nothing"},
           {"tags = 'x'", 5, "use contains or in"},
           {"year", 4, "a comparison is missing"},
           {"year = 1 year = 2", 9, "'and', 'or' or the end"},
           {"(year = 1", 9, "closing parenthesis"},
           {"year in 1", 8, "opening parenthesis"},
           {"year in (1 2)", 11, "comma or a closing"},
           {"year not 1", 9, "'in' is missing"},
           {"year < null", 7, "= and != alone"},
           {"subject = \"x", 10, "not closed"},
           {"subject = 'a\\q'", 12, "escape"},
           {"year = 1e999", 7, "is no number"},
           {"year = 1.2.3", 7, "is no number"},
           {"year = 1 & year = 2", 9, "begins no column"},
           {"", 0, "the name of a column is missing"},
           {"'year' = 1", 0, "the name of a column is missing"}}) {
    try {
      Filter(m.condition, kColumns);
      ADD_FAILURE() << m.condition;
    } catch (const FilterError& error) {
      EXPECT_THAT(error.what(), HasSubstr(m.saying)) << m.condition;
      EXPECT_THAT(error.what(), HasSubstr("character " + std::to_string(m.at + 1) + ":"));
      EXPECT_EQ(error.drawing(),
                "  " + std::string(m.condition) + "\n  " + std::string(m.at, ' ') + "^\n");
    }
  }
}

TEST(Filter, TheCaretCountsCharacters) {
  try {
    Filter("subject = 'grün' and x = 1", kColumns);
    FAIL();
  } catch (const FilterError& error) {
    EXPECT_EQ(error.drawing(), "  subject = 'grün' and x = 1\n" + std::string(23, ' ') + "^\n");
  }
}

TEST(Filter, HasBounds) {
  std::string nested = "year = 2012";
  for (int i = 0; i < 255; ++i) nested = "(" + nested + ")";
  EXPECT_TRUE(matches(nested));
  EXPECT_THROW(matches("(" + nested + ")"), FilterError);
  std::string negated;
  for (int i = 0; i < 300; ++i) negated += "not ";
  EXPECT_THROW(matches(negated + "year = 1"), FilterError);
  std::string many = "year = 2012";
  for (int i = 1; i < 10'000; ++i) many += " and year = 2012";
  EXPECT_TRUE(matches(many));
  EXPECT_THROW(matches(many + " and year = 2012"), FilterError);
  EXPECT_THROW(matches("subject = '\xFF'"), FilterError);
}

}  // namespace
}  // namespace relata::index
