#include "relata/report/tensorboard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/report/tfrecord.h"

namespace relata::report {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kFlushAt = std::size_t{64} * 1024;

// Protocol buffers by hand: a key (field number · 8 + wire type), then the value.
enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string varint(std::uint64_t value) {
  std::string result;
  for (; value >= 0x80; value >>= 7U) result += static_cast<char>((value & 0x7FU) | 0x80U);
  return result + static_cast<char>(value);
}

std::string key(std::uint64_t field, WireType type) { return varint(field << 3U | type); }

std::string bytes_field(std::uint64_t field, std::string_view content) {
  std::string result = key(field, kBytes) + varint(content.size());
  result += content;
  return result;
}

std::string wall_time_field(double seconds) {  // Event.wall_time = 1, double
  return key(1, kFixed64) + little_endian(std::bit_cast<std::uint64_t>(seconds), 8);
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  std::string result = name.data();
  for (char& letter : result) {
    if (letter == '/') letter = '-';
  }
  return result;
}

}  // namespace

std::string version_event(double wall_time) {
  return wall_time_field(wall_time) + bytes_field(3, "brain.Event:2");  // Event.file_version = 3
}

std::string scalar_event(const Scalar& scalar) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(scalar.value));
  const std::string value = bytes_field(1, scalar.tag) +                      // Value.tag = 1
                            key(2, kFixed32) + little_endian(bits, 4);        // simple_value = 2
  return wall_time_field(scalar.wall_time) +                                  //
         key(2, kVarint) + varint(static_cast<std::uint64_t>(scalar.step)) +  // Event.step = 2
         bytes_field(5, bytes_field(1, value));  // Event.summary = 5 { repeated Value value = 1 }
}

EventWriter::EventWriter(const fs::path& folder, double wall_time) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw system_error("cannot make the folder", folder.string(), failed.value());
  const std::string stem =
      fmt::format("events.out.tfevents.{:010d}.{}.{}", static_cast<std::int64_t>(wall_time),
                  host_name(), ::getpid());
  for (int number = 0; descriptor_ < 0; ++number) {
    path_ = folder / fmt::format("{}.{}", stem, number);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0 && errno != EEXIST) {
      throw system_error("cannot create", path_.string(), errno);
    }
  }
  pending_ = tfrecord(version_event(wall_time));
}

EventWriter::~EventWriter() {
  try {
    flush();
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a destructor has nobody to tell
  }
  ::close(descriptor_);
}

void EventWriter::add_scalar(const Scalar& scalar) {
  pending_ += tfrecord(scalar_event(scalar));
  if (pending_.size() >= kFlushAt) flush();
}

void EventWriter::flush() {
  while (!pending_.empty()) {
    const std::ptrdiff_t wrote = write_calls().write(descriptor_, pending_.data(), pending_.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      throw system_error("cannot write", path_.string(), wrote < 0 ? errno : ENOSPC);
    }
    pending_.erase(0, static_cast<std::size_t>(wrote));
  }
}

}  // namespace relata::report
