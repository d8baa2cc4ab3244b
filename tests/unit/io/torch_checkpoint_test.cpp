#include "relata/io/torch_checkpoint.h"

#include "unit/io/pickle_builder.h"
#include "unit/io/support.h"

namespace relata::io {
namespace {

using namespace opcodes;

using Storages = std::vector<std::pair<std::string, std::string>>;

auto reading_file(const std::string& file) {
  return [file] { TorchContent(bytes_of(file), "m"); };
}
auto reading(const std::string& value, const Storages& storages = {{"0", "aaaabbbb"}}) {
  return reading_file(torch_zip(value, storages));
}

/// "name:DTYPE[shape]=bytes" of each tensor.
std::vector<std::string> described(const std::string& file) {
  const TorchContent content(bytes_of(file), "m");
  std::vector<std::string> all;
  for (const TensorInfo& tensor : content.tensors()) {
    all.push_back(tensor.name + ":" + std::string(dtype_name(tensor.dtype)) +
                  shape_text(tensor.shape) + "=" + text_of(tensor.bytes));
  }
  return all;
}
std::vector<std::string> described(const std::string& value, const Storages& storages) {
  return described(torch_zip(value, storages));
}
std::vector<std::string> names(const std::string& value) {
  std::vector<std::string> all = described(value, {{"0", "aaaabbbb"}});
  for (std::string& text : all) text.resize(text.find(':'));
  return all;
}

using testing::ElementsAre;

TEST(TorchCheckpoint, ReadsArchives) {
  const std::string value =
      dict({text("w"), two_floats(), text("i"), view(storage("ByteStorage", "1", 3), 1, {2}, {1}),
            text("n"), "K\1"});
  EXPECT_THAT(described(value, {{"0", "aaaabbbb"}, {"1", "xyz"}}),
              ElementsAre("w:F32[2]=aaaabbbb", "i:U8[2]=yz"));
}

TEST(TorchCheckpoint, PointsIntoTheFileWhereTensorsAreDense) {
  const std::string file = torch_zip(list({two_floats()}), {{"0", "aaaabbbb"}});
  const TorchContent content(bytes_of(file), "m");
  const auto* bytes = reinterpret_cast<const char*>(content.tensors()[0].bytes.data());
  EXPECT_GE(bytes, file.data());
  EXPECT_LT(bytes, file.data() + file.size());
}

TEST(TorchCheckpoint, ReadsStreams) {
  const std::string value =
      dict({text("w"), two_floats(), text("i"), view(storage("ByteStorage", "1", 3), 1, {2}, {1})});
  const std::string bytes = le64(3) + "xyz" + le64(2) + "aaaabbbb";
  EXPECT_THAT(described(torch_stream(value, {"1", "0"}, bytes)),
              ElementsAre("w:F32[2]=aaaabbbb", "i:U8[2]=yz"));
  const auto stream = [&](const std::vector<std::string>& keys, const std::string& data) {
    return reading_file(torch_stream(value, keys, data));
  };
  EXPECT_THAT(stream({"1", "0"}, bytes + "!"), fails_with("1 bytes follow the last storage"));
  EXPECT_THAT(stream({"1", "0"}, bytes.substr(0, 20)), fails_with("needs 8 bytes"));
  EXPECT_THAT(stream({"1"}, le64(3) + "xyz"), fails_with("has no storage \"0\""));
  EXPECT_THAT(stream({"1", "2"}, bytes), fails_with("\"2\" belongs to nothing"));
  EXPECT_THAT(stream({"1", "1"}, le64(3) + "xyz" + le64(3) + "xyz"), fails_with("stands twice"));
  EXPECT_THAT(stream({"0"}, le64(3) + "aaaabbbbcccc"),
              fails_with("has 3 elements, but its tensors say 2"));
  EXPECT_THAT(reading_file(torch_stream(value, {"1", "0"}, bytes, false)),
              fails_with("big-endian"));
  EXPECT_THAT(reading_file(torch_stream(value, {"1", "0"}, bytes, true, 1000)),
              fails_with("has version 1000 of the format"));
  const std::string both = list({two_floats(), view(storage("FloatStorage", "0", 3), 0, {2}, {1})});
  EXPECT_THAT(reading_file(torch_stream(both, {"0"}, le64(2) + "aaaabbbb")),
              fails_with("\"0\" has two sizes"));
}

TEST(TorchCheckpoint, KnowsStreamsOfEveryProtocol) {
  const std::string magic = "\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.";
  EXPECT_TRUE(is_torch_stream(bytes_of("\x80\x03" + magic)));
  EXPECT_TRUE(is_torch_stream(bytes_of("\x80\x05\x95" + le64(13) + magic + "more")));
  EXPECT_FALSE(is_torch_stream(bytes_of("\x80\x05\x95" + le64(13) + magic.substr(0, 12))));
  EXPECT_FALSE(is_torch_stream(bytes_of("\x80\x05" + le64(13) + magic)));
  EXPECT_FALSE(is_torch_stream(bytes_of("\x80")));
  EXPECT_FALSE(is_torch_stream(bytes_of("")));
}

TEST(TorchCheckpoint, ReadsViewsOfStoragesInOldStreams) {
  const auto part = [](uint64_t begin, uint64_t length) {
    const std::string fields =
        tuple({text("storage"), global("torch", "ByteStorage"), text("0"), text("cpu"), number(4),
               tuple({text("v"), number(begin), number(length)})});
    return torch_stream(list({view(fields + "Q", 0, {2}, {1})}), {"0"}, le64(4) + "abcd");
  };
  EXPECT_THAT(described(part(1, 3)), ElementsAre("0:U8[2]=bc"));
  EXPECT_THAT(reading_file(part(2, 3)), fails_with("3 elements from 2 on leaves its storage of 4"));
  EXPECT_THAT(reading_file(part(3, 1)), fails_with("beyond the storage of 1 elements"));
  EXPECT_THAT(reading_file(part(9, 0)), fails_with("leaves its storage"));
}

TEST(TorchCheckpoint, NamesTensorsByTheirPath) {
  const std::string w = two_floats();
  EXPECT_THAT(names(w), ElementsAre("tensor"));
  EXPECT_THAT(names(dict({text("state_dict"), dict({text("module.a"), w})})),
              ElementsAre("state_dict.module.a"));
  EXPECT_THAT(names(dict({text("state"), dict({number(0), dict({text("m"), w})}), text("l"),
                          list({"K\1", tuple({w})})})),
              ElementsAre("state.0.m", "l.1.0"));
  EXPECT_THAT(names(list({"K\1", dict({text("k"), "]"})})), ElementsAre());
  EXPECT_THAT(reading(dict({"K\1\x85", list({w})})), fails_with("no text or whole number"));
  EXPECT_THAT(reading(dict({text("a.b"), w, text("a"), dict({text("b"), w})})),
              fails_with("two tensors are named \"a.b\""));
  EXPECT_THAT(reading(dict({text("\xFF"), w})), fails_with("is not UTF-8"));
}

TEST(TorchCheckpoint, NamesTensorsOfModulesAsTheirStateDict) {
  const std::string w = two_floats();
  const auto module = [](const std::vector<std::string>& parameters,
                         const std::vector<std::string>& modules) {
    return object(global("any", "Module"),
                  dict({text("_parameters"), dict(parameters), text("_buffers"), dict({}),
                        text("_modules"), dict(modules), text("training"), "\x88"}));
  };
  EXPECT_THAT(names(module({text("w"), w}, {text("sub"), module({text("b"), w}, {})})),
              ElementsAre("w", "sub.b"));
  // TorchScript's objects hold their tensors as attributes; typed lists are marked by a call.
  EXPECT_THAT(
      names(object(
          global("__torch__.M", "M"),
          dict({text("l"), call(global("torch.jit._pickle", "build_tensorlist"), {list({w})}),
                text("sub"), object(global("__torch__.M", "S"), dict({text("_modules"), w}))}))),
      ElementsAre("l.0", "sub._modules"))
      << "the last is no module's";
}

TEST(TorchCheckpoint, UnwrapsParameters) {
  const std::string parameter =
      call(global("torch._utils", "_rebuild_parameter"), {two_floats(), "\x88", "}"});
  EXPECT_THAT(described(dict({text("p"), parameter}), {{"0", "aaaabbbb"}}),
              ElementsAre("p:F32[2]=aaaabbbb"));
  const std::string subclass = call(
      global("torch._tensor", "_rebuild_from_type_v2"),
      {global("torch._utils", "_rebuild_tensor_v2"), global("any", "Tensor"),
       tuple({storage("FloatStorage", "0", 2), number(0), sizes({2}), sizes({1}), "\x89", "}"}),
       "}"});
  EXPECT_THAT(described(dict({text("p"), subclass}), {{"0", "aaaabbbb"}}),
              ElementsAre("p:F32[2]=aaaabbbb"));
}

TEST(TorchCheckpoint, CopiesStridedTensors) {
  const std::string bytes = storage("ByteStorage", "0", 6);
  EXPECT_THAT(described(list({view(bytes, 0, {3, 2}, {1, 3}), view(bytes, 5, {3}, {0}),
                              view(bytes, 0, {0}, {1})}),
                        {{"0", "abcdef"}}),
              ElementsAre("0:U8[3, 2]=adbecf", "1:U8[3]=fff", "2:U8[0]="));
}

TEST(TorchCheckpoint, ReadsEveryType) {
  const auto type_of = [](const char* type, const std::string& bytes) {
    return described(list({view(storage(type, "0", 1), 0, {1}, {1})}), {{"0", bytes}})[0];
  };
  EXPECT_EQ(type_of("DoubleStorage", "12345678"), "0:F64[1]=12345678");
  EXPECT_EQ(type_of("HalfStorage", "12"), "0:F16[1]=12");
  EXPECT_EQ(type_of("BFloat16Storage", "12"), "0:BF16[1]=12");
  EXPECT_EQ(type_of("LongStorage", "12345678"), "0:I64[1]=12345678");
  EXPECT_EQ(type_of("IntStorage", "1234"), "0:I32[1]=1234");
  EXPECT_EQ(type_of("ShortStorage", "12"), "0:I16[1]=12");
  EXPECT_EQ(type_of("CharStorage", "1"), "0:I8[1]=1");
  EXPECT_EQ(type_of("BoolStorage", "\1"), "0:BOOL[1]=\1");
  EXPECT_EQ(type_of("ComplexFloatStorage", "12345678"), "0:C64[1]=12345678");
  EXPECT_THAT(reading(list({view(storage("QInt8Storage", "0", 1), 0, {1}, {1})})),
              fails_with("its storage is a \"torch.QInt8Storage\", which is not read"));
}

/// A tensor of an untyped storage of 8 bytes.
std::string third(const std::string& dtype, uint64_t offset, uint64_t count,
                  const std::string& metadata = "}") {
  return call(global("torch._utils", "_rebuild_tensor_v3"),
              {storage("UntypedStorage", "0", 8), number(offset), sizes({count}), sizes({1}),
               "\x89", "}", global("torch", dtype), metadata});
}

TEST(TorchCheckpoint, ReadsUntypedStorages) {
  EXPECT_THAT(
      described(list({third("uint16", 1, 3), third("float8_e4m3fn", 7, 1)}), {{"0", "aabbccdd"}}),
      ElementsAre("0:U16[3]=bbccdd", "1:F8_E4M3[1]=d"));
  EXPECT_THAT(reading(list({third("uint16", 1, 4)})), fails_with("the storage of 4 elements"));
  EXPECT_THAT(reading(list({third("quint8", 0, 1)})), fails_with("is \"torch.quint8\""));
}

TEST(TorchCheckpoint, RefusesViewsOfOtherValues) {
  EXPECT_NO_THROW(reading(list({third("uint8", 0, 1, dict({text("conj"), "\x89"}))}))());
  EXPECT_THAT(reading(list({third("uint8", 0, 1, dict({text("conj"), "\x88"}))})),
              fails_with("a view with the mark \"conj\""));
}

TEST(TorchCheckpoint, RefusesTensorsOutsideTheirStorage) {
  const std::string floats = storage("FloatStorage", "0", 2);
  EXPECT_THAT(reading(list({view(floats, 0, {3}, {1})})), fails_with("m: tensor \"0\": shape [3]"));
  EXPECT_THAT(reading(list({view(floats, 1, {2}, {1})})), fails_with("beyond the storage"));
  EXPECT_THAT(reading(list({view(floats, 0, {0xFFFFFFFF}, {1})})), fails_with("negative"));
  EXPECT_THAT(reading(list({view(storage("FloatStorage", "0", 3), 0, {2}, {1})})),
              fails_with("its storage has 8 bytes, expected 12"));
  EXPECT_THAT(reading(list({view(storage("FloatStorage", "0", 1), 0, {1}, {1})})),
              fails_with("its storage has 8 bytes, expected 4"));
  EXPECT_THAT(reading(list({two_floats()}), {{"1", "aaaabbbb"}}),
              fails_with("has no \"archive/data/0\""));
  // 2^61 doubles have 2^64 bytes: none, if nobody looks.
  const std::string huge = tuple({text("storage"), global("torch", "DoubleStorage"), text("0"),
                                  text("cpu"), "\x8A\x08" + le64(1ULL << 61)}) +
                           "Q";
  EXPECT_THAT(reading(list({view(huge, 0, {1}, {1})}), {{"0", ""}}), fails_with("2^63"));
}

TEST(TorchCheckpoint, RefusesMalformedTensors) {
  const std::string floats = storage("FloatStorage", "0", 2);
  const auto rebuilt = [](const std::vector<std::string>& fields) {
    return reading(list({call(global("torch._utils", "_rebuild_tensor_v2"), fields)}));
  };
  EXPECT_THAT(rebuilt({floats, number(0), sizes({2})}), fails_with("it has 3 fields"));
  EXPECT_THAT(rebuilt({"N", number(0), sizes({2}), sizes({1})}), fails_with("it has no storage"));
  EXPECT_THAT(rebuilt({floats, "N", sizes({2}), sizes({1})}), fails_with("the offset is no whole"));
  EXPECT_THAT(rebuilt({floats, number(0), "N", sizes({1})}), fails_with("the shape is no tuple"));
  EXPECT_THAT(rebuilt({floats, number(0), tuple({"N"}), sizes({1})}),
              fails_with("no whole number"));
  const std::vector<uint64_t> many(65, 1);
  EXPECT_THAT(rebuilt({floats, number(0), sizes(many), sizes(many)}), fails_with("65 axes"));
  EXPECT_NO_THROW(
      rebuilt({floats, number(0), call(global("torch", "Size"), {sizes({2})}), sizes({1})})());
  const std::string third_fields = call(global("torch._utils", "_rebuild_tensor_v3"),
                                        {floats, number(0), sizes({2}), sizes({1}), "\x89", "}"});
  EXPECT_THAT(reading(list({third_fields})), fails_with("expected at least 7"));
  EXPECT_THAT(reading(list({view(tuple({text("storage"), "N"}) + "Q", 0, {1}, {1})})),
              fails_with("its storage has 2 fields"));
}

TEST(TorchCheckpoint, BoundsCopies) {
  // One byte, expanded to 64 MiB and more than eight bytes for each of the file.
  const std::string one = storage("ByteStorage", "0", 1);
  EXPECT_NO_THROW(reading(list({view(one, 0, {1U << 20U, 64}, {0, 0})}), {{"0", "a"}})());
  EXPECT_THAT(reading(list({view(one, 0, {1U << 20U, 65}, {0, 0})}), {{"0", "a"}}),
              fails_with("too many for a file of this size"));
  EXPECT_THAT(
      reading(list({view(one, 0, {1U << 20U, 33}, {0, 0}), view(one, 0, {1U << 20U, 33}, {0, 0})}),
              {{"0", "a"}}),
      fails_with("tensor \"1\": is a strided tensor of 34603008 bytes"));
}

TEST(TorchCheckpoint, BoundsWalksThroughSharedValues) {
  // Each level holds the one before ten times: 10^9 tensors in a few hundred bytes.
  std::string laughs = two_floats() + "q" + std::string(1, '\0') + "0";
  for (char level = 0; level < 9; ++level) {
    laughs += "](";
    for (int i = 0; i < 10; ++i) laughs += std::string("h") + level;
    laughs += std::string("eq") + static_cast<char>(level + 1) + "0";
  }
  EXPECT_THAT(reading(laughs + "h\x09"), fails_with("more than 1048576 containers"));
  // The same without a tensor: a list of many numbers, many times.
  std::string lists = "](" + std::string(100'000, 'N') + "eq" + std::string(1, '\0') + "0](";
  for (int i = 0; i < 700; ++i) lists += "h" + std::string(1, '\0');
  EXPECT_THAT(reading(lists + "e"), fails_with("more than 67108864 values"));
  const std::string itself = "]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a";
  EXPECT_THAT(reading(itself), fails_with("nested deeper than 64, or in itself"));
  std::string deep = two_floats();
  for (int i = 0; i < 64; ++i) deep += "\x85";
  EXPECT_NO_THROW(reading(deep)());
  EXPECT_THAT(reading(deep + "\x85"), fails_with("nested deeper than 64"));
  // Long names: a key of 1 MiB on the way to each of 100 tensors.
  std::string keys =
      dict({text(std::string(1U << 20U, 'k')), list(std::vector<std::string>(100, two_floats()))});
  EXPECT_THAT(reading(keys), fails_with("names of more than 67108864 bytes"));
}

TEST(TorchCheckpoint, ReadsTiedTensorsOnce) {
  const std::string bytes = storage("ByteStorage", "0", 6);
  const std::string file =
      torch_zip(list({view(bytes, 0, {3, 2}, {1, 3}) + "q" + std::string(1, '\0'),
                      "h" + std::string(1, '\0')}),
                {{"0", "abcdef"}});
  const TorchContent content(bytes_of(file), "m");
  ASSERT_EQ(content.tensors().size(), 2U);
  EXPECT_EQ(content.tensors()[1].name, "1");
  EXPECT_EQ(content.tensors()[0].bytes.data(), content.tensors()[1].bytes.data());
}

TEST(TorchCheckpoint, RefusesOtherArchives) {
  EXPECT_THAT(reading_file(ZipBuilder().add(stored("a/x.pkl", "")).build()),
              fails_with("has no data.pkl, or several"));
  EXPECT_THAT(reading_file(ZipBuilder()
                               .add(stored("a/data.pkl", pickle("N")))
                               .add(stored("b/data.pkl", pickle("N")))
                               .build()),
              fails_with("has no data.pkl, or several"));
  EXPECT_THAT(reading_file(ZipBuilder()
                               .add(stored("data.pkl", pickle("N")))
                               .add(stored("byteorder", "big"))
                               .build()),
              fails_with("big-endian"));
  EXPECT_NO_THROW(reading_file(ZipBuilder().add(stored("data.pkl", pickle("N"))).build())());
  EXPECT_THAT(reading(call(global("os", "system"), {text("id")})), fails_with("os.system"));
  const std::string whole = torch_zip(list({two_floats()}), {{"0", "aaaabbbb"}});
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(reading_file(whole.substr(0, length))(), Error) << length;
}

TEST(TorchCheckpoint, ChecksSumsUnlessThereAreNone) {
  const auto archive = [](uint64_t pickle_crc, uint64_t data_crc) {
    ZipPart tree = stored("a/data.pkl", pickle(list({two_floats()})));
    ZipPart data = stored("a/data/0", "aaaabbbb");
    if (pickle_crc != 1) tree.crc = pickle_crc;
    data.crc = data_crc;
    return ZipBuilder().add(tree).add(data).build();
  };
  EXPECT_NO_THROW(reading_file(archive(0, 0))());  // set_crc32_options(False)
  EXPECT_THAT(reading_file(archive(1, 0)), fails_with("another checksum"));
  EXPECT_NO_THROW(reading_file(archive(1, crc_of("aaaabbbb")))());
}

TEST(TorchCheckpoint, KeepsEverythingElse) {
  const std::string file =
      torch_zip(dict({text("epoch"), "K\7", text("args"),
                      object(global("argparse", "Namespace"), dict({text("lr"), "K\1"}))}),
                {});
  const TorchContent content(bytes_of(file), "m");
  const PickleTree& tree = content.tree();
  ASSERT_EQ(tree[tree.root].pairs.size(), 2U);
  EXPECT_EQ(tree[tree[tree.root].pairs[0].second].integer, 7);
  EXPECT_EQ(pickle_name(tree[tree[tree[tree.root].pairs[1].second].subject]), "argparse.Namespace");
  EXPECT_TRUE(content.tensors().empty());
}

TEST(TorchFile, ReadsAMappedFile) {
  const test::Scratch folder;
  const TorchFile file(folder.write("m.pt", torch_zip(list({two_floats()}), {{"0", "aaaabbbb"}})));
  EXPECT_EQ(text_of(file.content().tensors()[0].bytes), "aaaabbbb");
  EXPECT_THAT([&] { TorchFile(folder.write("n.pt", "PK")); }, fails_with("n.pt"));
}

}  // namespace
}  // namespace relata::io
