#include "relata/io/pickle.h"

#include <array>

#include "unit/io/pickle_builder.h"
#include "unit/io/support.h"

namespace relata::io {
namespace {

using namespace opcodes;
using testing::ElementsAre;

constexpr std::array<std::string_view, 2> kCallables = {"known.function", "torch.Size"};

PickleTree parse(const std::string& bytes, uint64_t limit = 1000) {
  return parse_pickle(bytes_of(bytes), "m", {.callables = kCallables, .node_limit = limit});
}
auto parsing(const std::string& bytes, uint64_t limit = 1000) {
  return [=] { parse(bytes, limit); };
}
auto parsing_value(const std::string& value) { return parsing(pickle(value)); }

/// A pickle whose bytes outlive its tree.
struct Parsed {
  explicit Parsed(const std::string& value) : bytes(pickle(value)), tree(parse(bytes)) {}
  const PickleNode& root() const { return tree[tree.root]; }
  const PickleNode& item(std::size_t i) const { return tree[root().items.at(i)]; }
  std::string bytes;
  PickleTree tree;
};

TEST(ParsePickle, ReadsScalars) {
  const std::string zeros(3, '\0');
  const Parsed parsed(list({
      "N",
      "\x88",
      "\x89",
      "K\xFF",
      "M\xFF\xFF",
      "J\xFF\xFF\xFF\xFF",
      std::string("G\x3F\xF8\0\0\0\0\0\0", 9),
      "\x8A\x01\x80",
      std::string("\x8A\0", 2),
      std::string("\x8A\x02\xFF\0", 4),
      "\x8A\x09" + std::string(9, 'l'),
      "\x8B\x01" + zeros + "\x05",
  }));
  EXPECT_EQ(parsed.item(0).kind, PickleKind::kNone);
  EXPECT_EQ(parsed.item(1).integer, 1);
  EXPECT_EQ(parsed.item(1).kind, PickleKind::kBool);
  EXPECT_EQ(parsed.item(2).integer, 0);
  EXPECT_EQ(parsed.item(3).integer, 255);
  EXPECT_EQ(parsed.item(4).integer, 65535);
  EXPECT_EQ(parsed.item(5).integer, -1);
  EXPECT_EQ(parsed.item(6).real, 1.5);
  EXPECT_EQ(parsed.item(7).integer, -128);
  EXPECT_EQ(parsed.item(8).integer, 0);
  EXPECT_EQ(parsed.item(9).integer, 255);
  EXPECT_EQ(parsed.item(10).kind, PickleKind::kLong);
  EXPECT_EQ(parsed.item(10).text, std::string(9, 'l'));
  EXPECT_EQ(parsed.item(11).integer, 5);
}

TEST(ParsePickle, ReadsTextsAndBytes) {
  const std::string z3(3, '\0');
  const std::string z7(7, '\0');
  const Parsed parsed(list({text("a"),
                            "\x8C\x01"
                            "b",
                            "\x8D\x01" + z7 + "c",
                            "U\x01"
                            "d",
                            "T\x01" + z3 + "e",
                            "C\x01"
                            "f",
                            "B\x01" + z3 + "g", "\x8E\x01" + z7 + "h", "\x96\x01" + z7 + "i"}));
  std::string all;
  for (std::size_t i = 0; i < 9; ++i) {
    all += parsed.item(i).text;
    EXPECT_EQ(parsed.item(i).kind, i < 5 ? PickleKind::kText : PickleKind::kBytes) << i;
  }
  EXPECT_EQ(all, "abcdefghi");
}

TEST(ParsePickle, ReadsContainers) {
  const Parsed parsed(list({")", "K\1\x85", "K\1K\2\x86", "K\1K\2K\3\x87", tuple({"K\4", "K\5"}),
                            "(K\6l", "(K\1K\2d",
                            "]K\7"
                            "a",
                            "}K\1K\2s", "\x8F(K\1\x90", "(K\1\x91"}));
  const std::array<std::size_t, 11> counts = {0, 1, 2, 3, 2, 1, 1, 1, 1, 1, 1};
  for (std::size_t i = 0; i < counts.size(); ++i)
    EXPECT_EQ(parsed.item(i).items.size() + parsed.item(i).pairs.size(), counts[i]) << i;
  const PickleNode& triple = parsed.item(3);
  EXPECT_EQ(parsed.tree[triple.items[0]].integer, 1);
  EXPECT_EQ(parsed.tree[triple.items[2]].integer, 3);
  EXPECT_EQ(parsed.tree[parsed.item(6).pairs[0].second].integer, 2);
  EXPECT_EQ(parsed.item(8).kind, PickleKind::kDict);
  EXPECT_EQ(parsed.item(10).kind, PickleKind::kSet);
}

TEST(ParsePickle, SharesWhatIsMemoized) {
  const Parsed parsed(list({text("a") + "q\5", "h\5", text("b") + "r" + le32(300), "j" + le32(300),
                            text("c") + "\x94", "j" + le32(301),
                            "K\1"
                            "0K\2"
                            "2",
                            "(K\1"
                            "1"}));
  EXPECT_THAT(parsed.root().items.size(), 8U);
  EXPECT_EQ(parsed.root().items[0], parsed.root().items[1]);
  EXPECT_EQ(parsed.root().items[2], parsed.root().items[3]);
  EXPECT_EQ(parsed.root().items[4], parsed.root().items[5]);
  EXPECT_EQ(parsed.item(6).integer, 2);
  EXPECT_EQ(parsed.root().items[6], parsed.root().items[7]);
  EXPECT_THAT(parsing_value("h\1"), fails_with("place 1 of the memo is empty"));
  EXPECT_THAT(parsing_value("Nq\2"
                            "0h\1"),
              fails_with("place 1 of the memo is empty"));
}

TEST(ParsePickle, WritesDownWhatWouldBeCalled) {
  const Parsed parsed(list({call(global("known", "function"), {"K\1"}),
                            object(global("any", "Class"), dict({text("x"), "K\2"})),
                            text("any") + text("x") + "0" + text("C") + "\x93", "K\3Q"}));
  EXPECT_EQ(parsed.item(0).kind, PickleKind::kCall);
  EXPECT_EQ(pickle_name(parsed.tree[parsed.item(0).subject]), "known.function");
  EXPECT_EQ(parsed.tree[parsed.tree[parsed.item(0).argument].items[0]].integer, 1);
  EXPECT_EQ(parsed.item(1).kind, PickleKind::kObject);
  EXPECT_EQ(parsed.tree[parsed.item(1).state].pairs.size(), 1U);
  EXPECT_EQ(pickle_name(parsed.item(2)), "any.C");
  EXPECT_EQ(parsed.tree[parsed.item(3).argument].integer, 3);
}

TEST(ParsePickle, TakesOrderedDictsForDicts) {
  const std::string type = global("collections", "OrderedDict");
  const Parsed parsed(list({
      type + ")R(K\1K\2u" + dict({text("_metadata"), "N"}) + "b",
      call(type, {list({list({"K\1", "K\2"}), tuple({"K\3", "K\4"})})}),
      type + ")\x81",
      call(global("collections", "defaultdict"), {global("builtins", "list")}),
  }));
  EXPECT_EQ(parsed.item(0).kind, PickleKind::kDict);
  EXPECT_EQ(parsed.item(0).pairs.size(), 1U);
  EXPECT_EQ(parsed.tree[parsed.item(0).state].pairs.size(), 1U);
  EXPECT_EQ(parsed.tree[parsed.item(1).pairs.at(1).second].integer, 4);
  EXPECT_EQ(parsed.item(2).kind, PickleKind::kDict);
  EXPECT_EQ(parsed.item(3).kind, PickleKind::kDict);
  EXPECT_THAT(parsing_value(call(type, {list({list({"K\1"})})})), fails_with("other than pairs"));
}

TEST(ParsePickle, RefusesWhatRunsPrograms) {
  EXPECT_THAT(parsing_value(call(global("os", "system"), {text("id")})),
              fails_with("names os.system, which can run programs"));
  EXPECT_THAT(parsing_value(global("posix", "system")), fails_with("names posix.system"));
  EXPECT_THAT(parsing_value(global("os.path", "join")), fails_with("names os.path.join"));
  EXPECT_THAT(parsing_value(text("subprocess") + text("Popen") + "\x93"),
              fails_with("names subprocess.Popen"));
  for (const char* name : {"eval", "exec", "getattr", "__import__", "open", "compile"}) {
    EXPECT_THAT(parsing_value(global("builtins", name)), fails_with("names builtins."));
    EXPECT_THAT(parsing_value(global("__builtin__", name)), fails_with("names __builtin__."));
  }
  EXPECT_THAT(parsing_value("(" + text("id") + "ios\nsystem\n"),
              fails_with("makes an instance of os.system"));
  EXPECT_THAT(parsing_value(call(global("my.tools", "run"), {text("id")})),
              fails_with("calls \"my.tools.run\", which is not one of the known functions"));
  EXPECT_THAT(parsing_value(call(text("known.function"), {})), fails_with("that is no name"));
  // The class of an object is data; what REDUCE is given must be a name all the same.
  EXPECT_THAT(parsing_value(global("any", "Class") + ")\x81)R"), fails_with("that is no name"));
  EXPECT_THAT(parsing_value(text("x") + ")\x81"), fails_with("something that is no class"));
  for (const std::string& target :
       {std::string("K\1"), text("x"), global("any", "function"), std::string(")")})
    EXPECT_THAT(parsing_value(target + "}b"), fails_with("state of something that is no object"));
  EXPECT_THAT(parsing_value(object(global("any", "Class"), "}") + "}b"), fails_with("twice"));
}

TEST(ParsePickle, RefusesOtherOpcodes) {
  for (const char* value : {"I1\n", "L1\n", "F1\n", "S'a'\n", "Va\n", "p0\n", "g0\n", "P1\n",
                            "\x82\1", "\x92", "\x97", "\x98", "\xFF", "o"})
    EXPECT_THAT(parsing_value(value), fails_with("is not read")) << value;
  EXPECT_THAT(parsing("\x80\x06N."), fails_with("protocol 6, expected at most 5"));
}

TEST(ParsePickle, ReadsNoFurtherThanTheBytes) {
  const std::string value = pickle(list({two_floats(), "G12345678", "\x8A\2ab", text("abc"),
                                         "\x8C\2ab", "j" + le32(0), "h" + std::string(1, '\0')}));
  const std::string marked = "\x80\x02K\1q" + std::string(1, '\0') + "0" + value.substr(2);
  constexpr std::array<std::string_view, 1> rebuild = {"torch._utils._rebuild_tensor_v2"};
  const PickleTree tree = parse_pickle(bytes_of(marked + "more"), "m", {.callables = rebuild});
  EXPECT_EQ(tree.size, marked.size());
  for (std::size_t length = 0; length < marked.size(); ++length) {
    const std::string cut = marked.substr(0, length);
    EXPECT_THROW(parse_pickle(bytes_of(cut), "m", {.callables = rebuild}), Error) << length;
  }
  EXPECT_THAT(parsing_value("X\xFF\xFF\xFF\x7F"
                            "a"),
              fails_with("needs 2147483647 bytes"));
  EXPECT_THAT(parsing_value("\x8B\xFF\xFF\xFF\xFF"), fails_with("needs 4294967295 bytes"));
  EXPECT_THAT(parsing_value("\x8D" + le64(~0ULL)), fails_with("needs 18446744073709551615 bytes"));
  EXPECT_THAT(parsing_value("\x95" + le64(3) + "N"), fails_with("a frame of 3 bytes, but 2 are"));
  EXPECT_NO_THROW(parsing_value("\x95" + le64(2) + "N")());
  EXPECT_THAT(parsing_value("c" + std::string(5000, 'a') + "\nb\n"), fails_with("4096 bytes"));
}

TEST(ParsePickle, KeepsToItsStack) {
  EXPECT_THAT(parsing_value(""), fails_with("0 values are on the stack at the end"));
  EXPECT_THAT(parsing_value("NN"), fails_with("2 values"));
  EXPECT_THAT(parsing_value("N("), fails_with("on the stack at the end"));
  EXPECT_THAT(parsing_value("0"), fails_with("empty stack"));
  EXPECT_THAT(parsing_value("2"), fails_with("empty stack"));
  EXPECT_THAT(parsing_value("t"), fails_with("there is no mark"));
  EXPECT_THAT(parsing_value("N\x86"), fails_with("empty stack"));
  EXPECT_THAT(parsing_value("N(K\1\x86t"), fails_with("empty stack"));  // below a mark
  EXPECT_THAT(parsing_value("](q" + std::string(1, '\0') + "t"), fails_with("empty stack"));
  EXPECT_THAT(parsing_value("]K\1(e"), fails_with("appends to something that is no list"));
  EXPECT_THAT(parsing_value("]K\1K\2s"), fails_with("something that is no dict"));
  EXPECT_THAT(parsing_value("}(K\1u"), fails_with("a key without a value"));
  EXPECT_THAT(parsing_value(text("a") + "K\1\x93"), fails_with("a name that is no text"));
  EXPECT_THAT(parsing_value(global("known", "function") + "K\1R"), fails_with("no tuple"));
}

TEST(ParsePickle, BoundsWhatItHolds) {
  // Four values are always there.
  const auto texts = [](int count) {
    std::string all = "]";
    for (int i = 1; i < count; ++i) all += text("") + "a";
    return pickle(all);
  };
  EXPECT_NO_THROW(parsing(texts(96), 100)());
  EXPECT_THAT(parsing(texts(97), 100), fails_with("more than 100 values"));
  const auto nones = [](int count) { return pickle("(" + std::string(count, 'N') + "t"); };
  EXPECT_NO_THROW(parsing(nones(100), 100)());
  EXPECT_THAT(parsing(nones(101), 100), fails_with("more than 100 values on the stack"));
  EXPECT_THAT(parsing(pickle(std::string(101, '(')), 100), fails_with("more than 100 marks"));
  EXPECT_NO_THROW(parsing(pickle("Nr" + le32(99)), 100)());
  EXPECT_THAT(parsing(pickle("Nr" + le32(100)), 100), fails_with("more than 100 places"));
  // Each call of OrderedDict copies the same 40 pairs.
  const std::string pair = "NN\x86";
  std::string pairs = "](";
  for (int i = 0; i < 40; ++i) pairs += pair;
  pairs += "eq" + std::string(1, '\0');
  const std::string copy =
      "c"
      "collections\nOrderedDict\nh" +
      std::string(1, '\0') + "\x85R";
  EXPECT_NO_THROW(parsing(pickle(pairs + "0" + copy + "0" + copy), 100)());
  EXPECT_THAT(parsing(pickle(pairs + "0" + copy + "0" + copy + "0" + copy), 100),
              fails_with("more than 100 copied values"));
}

}  // namespace
}  // namespace relata::io
