#include "relata/base/file.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "relata/base/error.h"
#include "support/scratch.h"

namespace relata {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// Puts failing system calls in place for one test.
struct FailingCalls {
  explicit FailingCalls(WriteCalls calls) { write_calls() = std::move(calls); }
  ~FailingCalls() { write_calls() = before; }
  WriteCalls before = write_calls();
};

TEST(File, WritesReadsAndMaps) {
  const test::Scratch scratch;
  write_file(scratch / "a.txt", "hello");
  EXPECT_EQ(read_file(scratch / "a.txt"), "hello");
  const MappedFile mapped(scratch / "a.txt");
  EXPECT_EQ(mapped.bytes().size(), 5);
  write_file(scratch / "empty", "");
  EXPECT_TRUE(MappedFile(scratch / "empty").bytes().empty());
}

TEST(File, NamesAMissingFile) {
  EXPECT_THAT([] { read_file("no/such/file"); },
              ThrowsMessage<Error>(HasSubstr("no/such/file: cannot open")));
}

TEST(File, AFullDiskLeavesTheOlderFileWhole) {
  const test::Scratch scratch;
  write_file(scratch / "a", "old");
  auto calls = write_calls();
  int count = 0;
  calls.write = [&count](int fd, const void* data, size_t size) -> std::ptrdiff_t {
    if (count++ < 2)
      return ::write(fd, data, std::min<size_t>(size, 3));  // short writes, then no space
    errno = ENOSPC;
    return -1;
  };
  const FailingCalls failing(calls);
  try {
    write_file(scratch / "a", "something longer");
    FAIL() << "the write did not fail";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_THAT(error.what(), HasSubstr("free some space"));
  }
  EXPECT_EQ(read_file(scratch / "a"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch.path()), {}), 1)
      << "a temporary file was left";
}

TEST(File, ShortWritesAreFinished) {
  const test::Scratch scratch;
  auto calls = write_calls();
  calls.write = [](int fd, const void* data, size_t size) {
    return ::write(fd, data, std::min<size_t>(size, 1));
  };
  const FailingCalls failing(calls);
  write_file(scratch / "a", "one byte at a time");
  EXPECT_EQ(read_file(scratch / "a"), "one byte at a time");
}

TEST(File, AFailedFlushIsAnError) {
  const test::Scratch scratch;
  auto calls = write_calls();
  calls.fsync = [](int) {
    errno = EIO;
    return -1;
  };
  const FailingCalls failing(calls);
  EXPECT_THROW(write_file(scratch / "a", "x"), Error);
  EXPECT_FALSE(fs::exists(scratch / "a"));
}

TEST(File, AFolderAppearsWholeOrNotAtAll) {
  const test::Scratch scratch;
  EXPECT_THROW(write_folder(scratch / "d",
                            [](const fs::path& folder) {
                              write_file(folder / "x", "1");
                              throw Error({.what = "bad"});
                            }),
               Error);
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  write_folder(scratch / "d/", [](const fs::path& folder) { write_file(folder / "x", "1"); });
  EXPECT_EQ(read_file(scratch / "d" / "x"), "1");
  EXPECT_THAT([&] { write_folder(scratch / "d", [](const fs::path&) {}); },
              ThrowsMessage<Error>(HasSubstr("already exists")));
}

TEST(File, AFolderTakesNothingFromAKilledWriter) {
  const test::Scratch scratch;
  const fs::path leftover = scratch / ("d.tmp-" + std::to_string(::getpid()));
  fs::create_directory(leftover);
  write_file(leftover / "old", "1");
  write_folder(scratch / "d", [](const fs::path& folder) { write_file(folder / "new", "1"); });
  EXPECT_TRUE(fs::exists(scratch / "d" / "new"));
  EXPECT_FALSE(fs::exists(scratch / "d" / "old"));
}

TEST(File, LeftoversOfKilledWritersAreRemoved) {
  const test::Scratch scratch;
  fs::create_directories(scratch / "model.tmp-12" / "inner");
  for (const char* name : {"a.json", "a.json.tmp-7", "a.tmp-", "a.tmp-x", "tmp-3"}) {
    write_file(scratch / name, "1");
  }
  remove_leftovers(scratch.path());
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(scratch.path())) {
    left.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(left, testing::UnorderedElementsAre("a.json", "a.tmp-", "a.tmp-x", "tmp-3"));
  remove_leftovers(scratch / "absent");
}

}  // namespace
}  // namespace relata
