#include "relata/data/loader.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "relata/base/parallel.h"

namespace relata::data {

struct Loader::Shared {
  int64_t count = 0;
  Prepare prepare;
  int64_t prefetch = 1;

  std::mutex mutex;
  std::condition_variable changed;
  int64_t started = 0;    ///< items some thread has taken up
  int64_t delivered = 0;  ///< items handed out by next()
  bool stop = false;
  std::map<int64_t, std::pair<Prepared, std::exception_ptr>> ready;
  std::vector<std::thread> workers;

  /// Here and not in ~Loader: it also runs if a thread cannot be started.
  ~Shared() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  void work() {
    at::get_num_threads();  // libtorch sets a new thread's number when first asked: let it be now,
    run_serially_on_this_thread();  // or it would undo this
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock,
                   [&] { return stop || started == count || started < delivered + prefetch; });
      if (stop || started == count) return;
      const int64_t item = started++;
      lock.unlock();
      std::pair<Prepared, std::exception_ptr> result;
      try {
        result.first = prepare(item);
      } catch (...) {
        result.second = std::current_exception();
      }
      lock.lock();
      ready.emplace(item, std::move(result));
      changed.notify_all();
    }
  }
};

Loader::Loader(int64_t count, Prepare prepare, const LoaderOptions& options)
    : shared_(std::make_unique<Shared>()) {
  shared_->count = count;
  shared_->prepare = std::move(prepare);
  shared_->prefetch = std::max<int64_t>(options.prefetch, 1);
  for (int64_t i = 0; i < options.threads; ++i) {
    shared_->workers.emplace_back([shared = shared_.get()] { shared->work(); });
  }
}

Loader::~Loader() = default;

Loader::Prepared Loader::next() {
  if (shared_->workers.empty()) return shared_->prepare(shared_->delivered++);
  std::unique_lock lock(shared_->mutex);
  const int64_t item = shared_->delivered;
  shared_->changed.wait(lock, [&] { return shared_->ready.contains(item); });
  auto result = std::move(shared_->ready.extract(item).mapped());
  ++shared_->delivered;
  shared_->changed.notify_all();
  if (result.second) std::rethrow_exception(result.second);
  return std::move(result.first);
}

}  // namespace relata::data
