#include "relata/nn/foreign_file.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/io/npy_header.h"
#include "unit/io/gguf_builder.h"
#include "unit/io/pickle_builder.h"

namespace relata::nn {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using namespace io::opcodes;

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

void expect_values(const torch::Tensor& tensor, const torch::Tensor& expected) {
  EXPECT_EQ(tensor.scalar_type(), expected.scalar_type());
  EXPECT_TRUE(torch::equal(tensor, expected)) << tensor;
}

/// The same tensor "w" in each format; the names say nothing about it.
std::vector<std::string> files() {
  const std::string bytes = floats({1, 2});
  const std::string value = dict({text("w"), two_floats()});
  const std::vector<int64_t> shape = {2};
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  return {
      io::torch_zip(value, {{"0", bytes}}),
      io::torch_stream(value, {"0"}, io::le64(2) + bytes),
      io::ZipBuilder()
          .add(io::stored("w.npy", io::make_npy_header(io::DType::kF32, shape, "") + bytes))
          .build(),
      io::gguf_file({.tensors = {io::gguf_tensor("w", {2}, 0, 0)}, .data = bytes}),
      io::le64(header.size()) + header + bytes,
  };
}

TEST(LoadForeign, KnowsFormatsByTheirContent) {
  const test::Scratch folder;
  for (const std::string& file : files()) {
    const auto path = folder.write("any.name", file);
    for (const NamedTensors& tensors : {load_foreign(path), map_foreign(path)}) {
      ASSERT_EQ(tensors.size(), 1U);
      expect_values(tensors.at("w"), torch::tensor({1.0F, 2.0F}));
    }
  }
}

TEST(LoadForeign, GivesTensorsThatMayBeWritten) {
  const test::Scratch folder;
  for (const std::string& file : files()) {
    const auto path = folder.write("f", file);
    load_foreign(path).at("w").add_(1);
    expect_values(load_foreign(path).at("w"), torch::tensor({1.0F, 2.0F}));
  }
}

TEST(MapForeign, KeepsTheFileAliveAndSharesTiedTensors) {
  const test::Scratch folder;
  // The length of the key moves the storage: some places are aligned, some are not.
  NamedTensors tensors;
  for (std::size_t length = 1; length < 9; ++length) {
    const std::string k(length, 'k');
    const std::string both = dict({text("v"), view(storage("FloatStorage", k, 2), 0, {2}, {1}),
                                   text("w"), view(storage("FloatStorage", k, 2), 0, {2}, {1})});
    const std::string file = io::torch_zip(both, {{k, floats({1, 2})}});
    tensors = map_foreign(folder.write("f", file));
    const bool aligned = file.find(floats({1, 2})) % 4 == 0;
    EXPECT_EQ(tensors.at("v").const_data_ptr() == tensors.at("w").const_data_ptr(), aligned);
    expect_values(tensors.at("w"), torch::tensor({1.0F, 2.0F}));
  }
}

TEST(LoadForeign, KeepsWholeNumbersOfGguf) {
  const test::Scratch folder;
  const std::string file = io::gguf_file(
      {.tensors = {io::gguf_tensor("i", {2}, 25, 0), io::gguf_tensor("h", {1}, 1, 32)},
       .data = io::le16(7) + io::le16(65535) + std::string(28, '\0') + io::le16(0x4000)});
  const NamedTensors tensors = load_foreign(folder.write("f", file));
  expect_values(tensors.at("i"), torch::tensor({7, -1}, torch::kInt16));
  expect_values(tensors.at("h"), torch::tensor({2.0F}));
}

TEST(LoadForeign, NamesTheKnownFormatsForAnyOther) {
  const test::Scratch folder;
  const auto loading = [&](const std::string& file) {
    return [&folder, file] { load_foreign(folder.write("f", file)); };
  };
  const auto refuses = ThrowsMessage<Error>(
      HasSubstr("known are safetensors, PyTorch checkpoints (.pt, .pth, .bin, .ckpt; zip, old "
                "streams, TorchScript), .npz and GGUF"));
  EXPECT_THAT(loading(""), refuses);
  EXPECT_THAT(loading("GGU"), refuses);
  EXPECT_THAT(loading("hello, world"), refuses);
  EXPECT_THAT(loading("\x80\x02}."), refuses);
  EXPECT_THAT(loading(io::ZipBuilder().add(io::stored("a.txt", "hello")).build()), refuses);
  EXPECT_THAT(loading(files()[0].substr(0, 60)), ThrowsMessage<Error>(HasSubstr("/f: ")));
  const std::string unknown = io::gguf_file(
      {.tensors = {io::gguf_tensor("w", {256}, 12, 0)}, .data = std::string(144, 'x')});
  EXPECT_THAT(loading(unknown), ThrowsMessage<Error>(HasSubstr("tensor \"w\": is Q4_K")));
}

}  // namespace
}  // namespace relata::nn
