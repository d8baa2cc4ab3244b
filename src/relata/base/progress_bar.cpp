#include "relata/base/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

namespace relata {
namespace {
constexpr int kWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};
}  // namespace

std::string duration(double seconds) {
  const auto whole = int64_t{std::llround(seconds)};
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string progress_line(const std::string& title, const std::string& unit, int64_t first,
                          int64_t done, int64_t total, double seconds) {
  const int64_t filled = total > 0 ? kWidth * done / total : kWidth;
  const std::string bar = std::string(static_cast<size_t>(filled), '#') +
                          std::string(static_cast<size_t>(kWidth - filled), '.');
  std::string line = fmt::format("{} [{}] {}/{} {}", title, bar, done, total, unit);
  if (done > first && seconds > 0) {
    const double rate = static_cast<double>(done - first) / seconds;
    line += fmt::format(", {:.3g}/s, {} left", rate,
                        duration(static_cast<double>(total - done) / rate));
  }
  return line;
}

ProgressBar::ProgressBar(std::string title, std::string unit, int64_t total)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      visible_(::isatty(STDERR_FILENO) == 1),
      started_(Clock::now()),
      drawn_(Clock::now() - 2 * kRedraw) {}

ProgressBar::~ProgressBar() {
  if (visible_ && first_ >= 0) std::fputc('\n', stderr);
}

void ProgressBar::update(int64_t done, const std::string& note) {
  if (first_ < 0) {
    first_ = done;
    started_ = Clock::now();
  }
  const auto now = Clock::now();
  if (!visible_ || (now - drawn_ < kRedraw && done < total_)) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  fmt::print(stderr, "\r\033[K{}{}{}", progress_line(title_, unit_, first_, done, total_, seconds),
             note.empty() ? "" : " | ", note);
  std::fflush(stderr);
}

}  // namespace relata
