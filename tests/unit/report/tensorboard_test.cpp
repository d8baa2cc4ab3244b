#include "relata/report/tensorboard.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/report/tfrecord.h"

namespace relata::report {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::ThrowsMessage;

std::string bytes(std::initializer_list<int> values) {
  std::string result;
  for (const int value : values) result += static_cast<char>(value);
  return result;
}

class EventWriterTest : public ::testing::Test {
 protected:
  ~EventWriterTest() override {
    write_calls() = calls_;
    fs::remove_all(folder_);
  }
  const WriteCalls calls_ = write_calls();
  const fs::path folder_ =
      fs::path(::testing::TempDir()) / ("relata_events_" + std::to_string(::getpid()));
};

// RFC 3720, B.4, and the customary check value.
TEST(Crc32c, EqualsPublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

// Bytes here and below: what tensorboard 2.21's own RecordWriter and protocol buffers make of the
// same content.
TEST(TfRecord, FramesLengthAndPayloadWithTheirChecks) {
  EXPECT_EQ(tfrecord("ab"), bytes({2, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x27, 0x0B, 0x34}) + "ab" +
                                bytes({0x1C, 0xB0, 0xF0, 0xF4}));
}

TEST(Event, StartsWithTheVersion) {
  EXPECT_EQ(version_event(1.5),
            bytes({0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x1A, 13}) + "brain.Event:2");
}

TEST(Event, HoldsTimeStepTagAndValue) {
  EXPECT_EQ(
      scalar_event({.tag = "a/b", .step = 300, .value = 0.5, .wall_time = 1.5}),
      bytes({0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x10, 0xAC, 0x02, 0x2A, 12, 0x0A, 10, 0x0A, 3}) +
          "a/b" + bytes({0x15, 0, 0, 0, 0x3F}));
}

TEST(Event, ANegativeStepTakesTenBytes) {
  EXPECT_THAT(scalar_event({.tag = "t", .step = -1}),
              HasSubstr(bytes({0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})));
}

TEST_F(EventWriterTest, WritesVersionThenScalars) {
  fs::path path;
  {
    EventWriter writer(folder_ / "run", 1700000000.25);
    path = writer.path();
    writer.add_scalar({.tag = "loss", .step = 1, .value = NAN, .wall_time = 2});
  }
  EXPECT_THAT(path.filename().string(),
              MatchesRegex("events\\.out\\.tfevents\\.1700000000\\..+\\..+\\.0"));
  EXPECT_EQ(read_file(path),
            tfrecord(version_event(1700000000.25)) +
                tfrecord(scalar_event({.tag = "loss", .step = 1, .value = NAN, .wall_time = 2})));
}

TEST_F(EventWriterTest, ASecondWriterTakesAnotherFile) {
  const EventWriter first(folder_, 1);
  const EventWriter second(folder_, 1);
  EXPECT_NE(first.path(), second.path());
}

TEST_F(EventWriterTest, GoesOnWhereAFullDiskStoppedIt) {
  EventWriter writer(folder_, 1);
  writer.add_scalar({.tag = "loss", .step = 1, .value = 2});
  int calls = 0;
  write_calls().write = [&calls](int file, const void* data, std::size_t size) -> std::ptrdiff_t {
    if (++calls == 2) {
      errno = ENOSPC;
      return -1;
    }
    return ::write(file, data, std::min<std::size_t>(size, 5));  // short writes
  };
  EXPECT_THAT([&] { writer.flush(); }, ThrowsMessage<Error>(HasSubstr("tfevents")));
  writer.flush();
  EXPECT_EQ(
      read_file(writer.path()),
      tfrecord(version_event(1)) + tfrecord(scalar_event({.tag = "loss", .step = 1, .value = 2})));
}

TEST_F(EventWriterTest, NamesTheFolderItCannotMake) {
  write_folder(folder_, [](const fs::path& folder) { write_file(folder / "file", "x"); });
  EXPECT_THAT([&] { EventWriter(folder_ / "file", 1); }, ThrowsMessage<Error>(HasSubstr("file")));
}

}  // namespace
}  // namespace relata::report
