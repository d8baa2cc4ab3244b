// A progress bar on stderr with rate and time left; silent where stderr is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace relata {

class ProgressBar {
 public:
  /// `unit` names what is counted, e.g. "epochs". Draws nothing until the first `update`.
  ProgressBar(std::string title, std::string unit, int64_t total);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total`, and a note to the right of the bar (e.g. the loss). Redraws at most ten
  /// times a second.
  void update(int64_t done, const std::string& note = {});

 private:
  using Clock = std::chrono::steady_clock;

  std::string title_;
  std::string unit_;
  int64_t total_;
  int64_t first_ = -1;  ///< where this process began counting: a resumed job does not start at 0
  bool visible_;
  Clock::time_point started_;
  Clock::time_point drawn_;
};

/// One line of the bar, without colour or line end; `seconds` is the time since `first` was done.
std::string progress_line(const std::string& title, const std::string& unit, int64_t first,
                          int64_t done, int64_t total, double seconds);

/// "3 s", "2 min 05 s", "1 h 20 min".
std::string duration(double seconds);

}  // namespace relata
