// A checkpoint comes back whole, or not at all.
#include "relata/train/checkpoint.h"

#include <gmock/gmock.h>
#include <torch/torch.h>
#include <unistd.h>

#include <fstream>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "support/scratch.h"

namespace relata::train {
namespace {

Checkpoint example(double value = 1) {
  return {.tensors = {{"model/w", torch::full({3, 2}, value, torch::kFloat32)},
                      {"model/n", torch::tensor({int64_t{7}})},
                      {"optimizer/steps/w", torch::tensor(3.F)},
                      {"generator", torch::arange(40, torch::kUInt8)}},
          .facts = {{"position", R"({"epoch":3,"sums":[]})"}, {"metrics_size", "120"}}};
}

void expect_equal(const Checkpoint& a, const Checkpoint& b) {
  EXPECT_EQ(a.facts, b.facts);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) EXPECT_TRUE(tensor.equal(b.tensors.at(name)));
}

/// Unlike write_file, without a flush: there are many.
void put(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// Puts other system calls in place for one test.
struct ReplacedCalls {
  explicit ReplacedCalls(WriteCalls calls) { write_calls() = std::move(calls); }
  ~ReplacedCalls() { write_calls() = before; }
  WriteCalls before = write_calls();
};

auto refused_with_a_remedy() {
  return testing::ThrowsMessage<Error>(
      testing::HasSubstr("restore it from a backup, or remove it to start from the beginning"));
}

TEST(Checkpoint, ComesBackAsItWas) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "c", example());
  expect_equal(read_checkpoint(scratch / "c"), example());
}

TEST(Checkpoint, ATruncatedFileIsRefused) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "c", example());
  const std::string whole = read_file(scratch / "c");
  for (size_t length = 0; length < whole.size(); length += length < 16 ? 1 : 7) {
    put(scratch / "cut", whole.substr(0, length));
    EXPECT_THAT([&] { read_checkpoint(scratch / "cut"); }, refused_with_a_remedy()) << length;
  }
  write_file(scratch / "longer", whole + '\0');
  EXPECT_THAT([&] { read_checkpoint(scratch / "longer"); }, refused_with_a_remedy());
}

TEST(Checkpoint, AFlippedBitIsRefused) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "c", example());
  const std::string whole = read_file(scratch / "c");
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    std::string flipped = whole;
    flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << (byte % 8)));
    put(scratch / "flipped", flipped);
    EXPECT_THAT([&] { read_checkpoint(scratch / "flipped"); }, refused_with_a_remedy()) << byte;
  }
}

TEST(Checkpoint, AnotherTypeOfTheSameBytesIsRefused) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "c", example());
  std::string changed = read_file(scratch / "c");
  const size_t at = changed.find("F32");
  ASSERT_NE(at, std::string::npos);
  changed[at] = 'I';
  write_file(scratch / "c", changed);
  EXPECT_THAT([&] { read_checkpoint(scratch / "c"); }, refused_with_a_remedy());
}

TEST(Checkpoint, AFileWithoutAChecksumIsRefused) {
  const test::Scratch scratch;
  nn::save_tensors(scratch / "c", example().tensors, {});
  EXPECT_THAT([&] { read_checkpoint(scratch / "c"); }, refused_with_a_remedy());
  EXPECT_THAT([&] { read_checkpoint(scratch / "none"); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("check the path")));
}

TEST(Checkpoint, AFullDiskLeavesTheOlderOneWhole) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "c", example(1));
  for (const int writes : {0, 1, 2}) {
    auto calls = write_calls();
    int left = writes;
    calls.write = [&left](int fd, const void* data, size_t size) -> std::ptrdiff_t {
      if (left-- > 0) return ::write(fd, data, std::min<size_t>(size, 100));
      errno = ENOSPC;
      return -1;
    };
    const ReplacedCalls replaced(calls);
    EXPECT_THAT([&] { write_checkpoint(scratch / "c", example(2)); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("free some space")));
    expect_equal(read_checkpoint(scratch / "c"), example(1));
  }
}

TEST(Checkpoint, AFailedFlushLeavesTheOlderOneWhole) {
  const test::Scratch scratch;
  write_checkpoint(scratch / "c", example(1));
  auto calls = write_calls();
  calls.fsync = [](int) {
    errno = EIO;
    return -1;
  };
  const ReplacedCalls replaced(calls);
  EXPECT_THROW(write_checkpoint(scratch / "c", example(2)), Error);
  expect_equal(read_checkpoint(scratch / "c"), example(1));
}

TEST(Checkpoint, ShortWritesAreFinished) {
  const test::Scratch scratch;
  auto calls = write_calls();
  calls.write = [](int fd, const void* data, size_t size) {
    return ::write(fd, data, std::min<size_t>(size, 5));
  };
  const ReplacedCalls replaced(calls);
  write_checkpoint(scratch / "c", example());
  expect_equal(read_checkpoint(scratch / "c"), example());
}

}  // namespace
}  // namespace relata::train
