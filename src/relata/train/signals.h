// SIGINT and SIGTERM as a wish to stop after the current step.
#pragma once

#include <memory>

namespace relata::train {

/// Thrown when a signal asked to stop; the checkpoint has been written.
struct Interrupted {
  int signal = 0;
};

/// The signal that asked to stop, 0 if none has come.
int pending_signal();
/// The same, and forgets it, so that a later run starts afresh.
int take_signal();

/// Throws Interrupted if a signal has come.
void stop_if_asked();

/// Lets SIGINT and SIGTERM end training after the current step instead of killing the process. The
/// same signal a second time kills, as it would have.
void catch_signals();

/// The same until it goes out of scope, for a host program that has handlers of its own; whatever
/// came is then forgotten.
class CatchSignals {
 public:
  CatchSignals();
  ~CatchSignals();
  CatchSignals(const CatchSignals&) = delete;
  CatchSignals& operator=(const CatchSignals&) = delete;

 private:
  struct Handlers;
  std::unique_ptr<Handlers> before_;
};

}  // namespace relata::train
