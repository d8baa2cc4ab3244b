#include "relata/nn/tensor_file.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "support/scratch.h"

namespace relata::nn {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using torch::Tensor;

const std::vector<torch::Dtype> kAll{
    torch::kBool,   torch::kUInt8,   torch::kInt8,    torch::kFloat8_e5m2, torch::kFloat8_e4m3fn,
    torch::kInt16,  torch::kUInt16,  torch::kFloat16, torch::kBFloat16,    torch::kInt32,
    torch::kUInt32, torch::kFloat32, torch::kFloat64, torch::kInt64,       torch::kUInt64};

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0;
}

TEST(TensorFile, GivesBackEveryDtypeByteForByte) {
  const test::Scratch scratch;
  NamedTensors tensors;
  for (const torch::Dtype dtype : kAll) {
    tensors[toString(dtype)] = torch::arange(6).remainder(2).view({2, 3}).to(dtype);
  }
  save_tensors(scratch / "t.safetensors", tensors, {{"made", "here"}});
  const TensorFile file = load_tensors(scratch / "t.safetensors");
  EXPECT_EQ(file.metadata.at("made"), "here");
  ASSERT_EQ(file.tensors.size(), kAll.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_TRUE(same_bytes(file.tensors.at(name), tensor)) << name;
  }
}

TEST(TensorFile, HoldsScalarsEmptyAndStridedTensors) {
  const test::Scratch scratch;
  const Tensor base = torch::arange(12, torch::kFloat32).view({3, 4});
  save_tensors(scratch / "t", {{"scalar", torch::tensor(2.5)},
                               {"empty", torch::zeros({0, 3})},
                               {"strided", base.t()},
                               {"part", base.narrow(1, 1, 2)}});
  const NamedTensors back = load_tensors(scratch / "t").tensors;
  EXPECT_EQ(back.at("scalar").item<float>(), 2.5F);
  EXPECT_EQ(back.at("empty").sizes(), (std::vector<int64_t>{0, 3}));
  EXPECT_TRUE(back.at("strided").equal(base.t()));
  EXPECT_TRUE(back.at("part").equal(base.narrow(1, 1, 2)));
}

TEST(TensorFile, NamesADtypeItCannotHold) {
  const test::Scratch scratch;
  EXPECT_THAT(
      [&] { save_tensors(scratch / "t", {{"z", torch::zeros({1}, torch::kComplexDouble)}}); },
      ThrowsMessage<Error>(
          HasSubstr("tensor 'z' is ComplexDouble, which safetensors cannot hold")));
  EXPECT_THAT([] { torch_dtype(io::DType::kF4, "q"); },
              ThrowsMessage<Error>(HasSubstr("tensor 'q' is F4, which libtorch cannot hold")));
}

TEST(AssignTensors, CopiesByNameIntoTheSameMemory) {
  const Tensor a = torch::zeros({2}), b = torch::zeros({1, 2});
  assign_tensors({{"a", a}, {"b", b}},
                 {{"b", torch::tensor({{3.F, 4.F}})}, {"a", torch::tensor({1.F, 2.F})}}, "here");
  EXPECT_TRUE(a.equal(torch::tensor({1.F, 2.F})));
  EXPECT_TRUE(b.equal(torch::tensor({{3.F, 4.F}})));
}

TEST(AssignTensors, ListsEveryFaultAndChangesNothing) {
  const Tensor fits = torch::zeros({2}), shape = torch::zeros({3}), missing = torch::zeros({1});
  const NamedTensors source{
      {"fits", torch::ones({2})}, {"shape", torch::ones({3, 1})}, {"extra", torch::ones({1})}};
  EXPECT_THAT(
      [&] {
        assign_tensors({{"fits", fits}, {"shape", shape}, {"missing", missing}}, source, "a.file");
      },
      ThrowsMessage<Error>(testing::AllOf(HasSubstr("a.file: "), HasSubstr("missing 'missing'"),
                                          HasSubstr("'shape' is [3, 1] but must be [3]"),
                                          HasSubstr("unexpected 'extra'"))));
  EXPECT_TRUE(fits.equal(torch::zeros({2})));
}

TEST(TensorHash, DependsOnNamesShapesTypesAndBytes) {
  const Tensor x = torch::arange(4, torch::kFloat32);
  const std::string hash = tensor_hash({{"x", x}});
  EXPECT_EQ(tensor_hash({{"x", x.clone()}}), hash);
  EXPECT_NE(tensor_hash({{"y", x}}), hash);
  EXPECT_NE(tensor_hash({{"x", x.view({2, 2})}}), hash);
  EXPECT_NE(tensor_hash({{"x", x.view(torch::kInt32)}}), hash);
  EXPECT_NE(tensor_hash({{"x", x + 1}}), hash);
}

}  // namespace
}  // namespace relata::nn
