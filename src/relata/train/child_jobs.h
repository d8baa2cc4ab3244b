// Runs commands as child processes, several at a time. Each is a process of its own because torch's
// initialisers and dropout share one generator per process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace relata::train {

struct ChildJob {
  std::string name;                    ///< for messages
  std::vector<std::string> arguments;  ///< without the program
  std::filesystem::path log;           ///< its stdout and stderr
};

struct ChildOptions {
  std::filesystem::path program;
  int64_t at_once = 1;
  std::function<void(int64_t done)> on_progress = {};
};

/// Runs all; returns when every one has succeeded. The first failure stops the others (SIGTERM,
/// which lets them write their checkpoints) and is thrown as an Error with the last line of its
/// log; a signal to this process is passed on and thrown as Interrupted. A child ends when this
/// process dies.
void run_children(const std::vector<ChildJob>& jobs, const ChildOptions& options);

/// The running program, if it is relata; else RELATA_PROGRAM; else `relata` on the path. Throws
/// Error if there is none.
std::filesystem::path relata_program();

}  // namespace relata::train
