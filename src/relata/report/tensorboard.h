// Scalars for TensorBoard: an event file that grows while a run trains.
// Format: TFRecords of tensorflow.Event (tensorboard/compat/proto/event.proto, summary.proto).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace relata::report {

struct Scalar {
  std::string_view tag;  ///< TensorBoard groups by the part before '/'
  std::int64_t step = 0;
  double value = 0;      ///< stored as float, as the format asks
  double wall_time = 0;  ///< seconds since 1970
};

/// Writes one file of its own, so several runs, and a resumed one, may share a folder. Not
/// thread-safe.
class EventWriter {
 public:
  /// Makes `folder` if absent, and in it `events.out.tfevents.<time>.<host>.<process>.<number>`.
  /// Throws Error (Kind::kMachine when the disk is full).
  EventWriter(const std::filesystem::path& folder, double wall_time);
  /// Flushes; a failure at this point is lost, so call `flush` first where it matters.
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// Kept in memory until `flush`, or until enough has gathered. Throws Error as `flush` does.
  void add_scalar(const Scalar& scalar);

  /// Hands everything to the operating system. After an Error, calling it again continues where it
  /// stopped.
  void flush();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string pending_;
};

/// The payloads of the two kinds of record that an EventWriter writes.
std::string version_event(double wall_time);
std::string scalar_event(const Scalar& scalar);

}  // namespace relata::report
