#include "relata/train/child_jobs.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <sstream>
#include <thread>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/train/signals.h"

namespace relata::train {
namespace {

namespace fs = std::filesystem;

/// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* arguments, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // the parent died in between
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

pid_t start(const ChildJob& job, const fs::path& program) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), job.arguments.begin(), job.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int log = ::open(job.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) throw system_error("cannot create", job.log.string(), errno);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), log, parent);
  const int error = errno;
  ::close(log);
  if (child < 0) throw system_error("cannot start a process", program.string(), error);
  return child;
}

std::string last_line(const fs::path& log) {
  std::istringstream lines(read_file(log));
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

class Children {
 public:
  ~Children() { stop(SIGTERM); }

  void add(pid_t process, const ChildJob& job) { running_[process] = &job; }
  size_t count() const { return running_.size(); }

  /// Waits for one to end; throws Error if it failed.
  void wait_for_one() {
    int status = 0;
    while (true) {
      if (const int signal = pending_signal(); signal != 0) {
        stop(signal);
        throw Interrupted{signal};
      }
      for (const auto& [process, job] : running_) {
        if (::waitpid(process, &status, WNOHANG) == process) return finish(process, status);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  void finish(pid_t process, int status) {
    const ChildJob& job = *running_.at(process);
    running_.erase(process);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    const bool input = WIFEXITED(status) && WEXITSTATUS(status) == 2;
    const std::string how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                              : "signal " + std::to_string(WTERMSIG(status));
    throw Error({.what = "failed (" + how + "): " + last_line(job.log),
                 .where = job.name,
                 .remedy = "see " + job.log.string() +
                           "; what has finished is kept, --resume runs the rest",
                 .kind = input ? Error::Kind::kInput : Error::Kind::kMachine});
  }

  void stop(int signal) {
    for (const auto& [process, job] : running_) ::kill(process, signal);
    for (const auto& [process, job] : running_) ::waitpid(process, nullptr, 0);
    running_.clear();
  }

  std::map<pid_t, const ChildJob*> running_;
};

}  // namespace

void run_children(const std::vector<ChildJob>& jobs, const ChildOptions& options) {
  Children children;
  int64_t done = 0;
  size_t next = 0;
  while (done < static_cast<int64_t>(jobs.size())) {
    while (next < jobs.size() && static_cast<int64_t>(children.count()) < options.at_once) {
      children.add(start(jobs[next], options.program), jobs[next]);
      ++next;
    }
    children.wait_for_one();
    ++done;
    if (options.on_progress) options.on_progress(done);
  }
}

fs::path relata_program() {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  if (self.filename() == "relata") return self;
  if (const char* named = std::getenv("RELATA_PROGRAM")) return named;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path candidate = fs::path(folder) / "relata";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw Error(
      {.what =
           "several seeds or folds run as processes of the program `relata`, which was not found",
       .remedy = "put it on the PATH, or name it in RELATA_PROGRAM"});
}

}  // namespace relata::train
