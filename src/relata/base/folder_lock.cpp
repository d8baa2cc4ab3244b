#include "relata/base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "relata/base/error.h"
#include "relata/base/log.h"

namespace relata {

FolderLock::FolderLock(const std::filesystem::path& folder, double seconds)
    : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw system_error("cannot open the folder", folder.string(), errno);
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  bool said = false;
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error == EWOULDBLOCK && Clock::now() < until) {
      if (!said) spdlog::info("{}: waiting for another process to leave it", folder.string());
      said = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    ::close(descriptor_);
    if (error != EWOULDBLOCK) throw system_error("cannot lock the folder", folder.string(), error);
    throw Error({.what = "is in use by another process",
                 .where = folder.string(),
                 .remedy = "wait for it to end, or choose another folder"});
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace relata
