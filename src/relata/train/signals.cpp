#include "relata/train/signals.h"

#include <csignal>

namespace relata::train {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

void remember_signal(int signal) { stop_signal = signal; }

}  // namespace

int pending_signal() { return stop_signal; }

int take_signal() {
  const int signal = stop_signal;
  stop_signal = 0;
  return signal;
}

void stop_if_asked() {
  if (pending_signal() != 0) throw Interrupted{take_signal()};
}

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = remember_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

struct CatchSignals::Handlers {
  struct sigaction interrupt{}, terminate{};
};

CatchSignals::CatchSignals() : before_(std::make_unique<Handlers>()) {
  ::sigaction(SIGINT, nullptr, &before_->interrupt);
  ::sigaction(SIGTERM, nullptr, &before_->terminate);
  stop_signal = 0;
  catch_signals();
}

CatchSignals::~CatchSignals() {
  ::sigaction(SIGINT, &before_->interrupt, nullptr);
  ::sigaction(SIGTERM, &before_->terminate, nullptr);
  stop_signal = 0;
}

}  // namespace relata::train
