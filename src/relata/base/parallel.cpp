#include "relata/base/parallel.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace relata {
namespace {

using GompParallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
using GompThread = int (*)();
using GompSetThreads = void (*)(int);

/// The functions of the loaded libgomp; null where none is loaded.
struct Gomp {
  GompParallel parallel = nullptr;
  GompThread thread_number = nullptr;
  GompThread team_size = nullptr;
  GompThread most_threads = nullptr;
  GompSetThreads set_threads = nullptr;
};

Gomp find_gomp() {
  const auto look_up = [](void* library) {
    return Gomp{reinterpret_cast<GompParallel>(::dlsym(library, "GOMP_parallel")),
                reinterpret_cast<GompThread>(::dlsym(library, "omp_get_thread_num")),
                reinterpret_cast<GompThread>(::dlsym(library, "omp_get_num_threads")),
                reinterpret_cast<GompThread>(::dlsym(library, "omp_get_max_threads")),
                reinterpret_cast<GompSetThreads>(::dlsym(library, "omp_set_num_threads"))};
  };
  Gomp gomp = look_up(RTLD_DEFAULT);
  // Inside Python libtorch's libraries are not in the global scope; take the loaded one, never load
  // another.
  if (gomp.parallel == nullptr) {
    if (void* library = ::dlopen("libgomp.so.1", RTLD_LAZY | RTLD_NOLOAD)) gomp = look_up(library);
  }
  return gomp;
}

const Gomp& loaded_gomp() {
  static const Gomp gomp = find_gomp();
  return gomp;
}

int initial_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

std::atomic<int>& thread_setting() {
  static std::atomic<int> setting{initial_threads()};
  return setting;
}

thread_local bool inside_loop = false;

struct Loop {
  int64_t size;
  int64_t part;
  const std::function<void(int64_t, int64_t)>& body;
  GompThread thread_number;
  GompThread team_size;
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
};

void run_parts(void* pointer) {
  auto& loop = *static_cast<Loop*>(pointer);
  // The runtime may grant fewer threads than asked for, so each takes every team_size-th part.
  const int64_t stride = loop.team_size() * loop.part;
  inside_loop = true;
  try {
    for (int64_t begin = loop.thread_number() * loop.part; begin < loop.size; begin += stride) {
      loop.body(begin, std::min(begin + loop.part, loop.size));
    }
  } catch (...) {
    if (!loop.failed.exchange(true)) loop.failure = std::current_exception();
  }
  inside_loop = false;
}

}  // namespace

int threads() { return thread_setting(); }

void set_threads(int count) {
  thread_setting() = std::max(1, count);
  if (loaded_gomp().set_threads != nullptr) loaded_gomp().set_threads(thread_setting());
}

void parallel_for(int64_t size, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  if (size <= 0) return;
  const Gomp& gomp = loaded_gomp();
  const int64_t smallest = std::max<int64_t>(grain, 1);
  if (inside_loop || gomp.parallel == nullptr) return body(0, size);
  const int64_t most = std::min(threads(), gomp.most_threads());
  const int64_t parts = std::min<int64_t>(most, (size + smallest - 1) / smallest);
  if (parts <= 1) return body(0, size);

  Loop loop{.size = size,
            .part = (size + parts - 1) / parts,
            .body = body,
            .thread_number = gomp.thread_number,
            .team_size = gomp.team_size,
            .failed = {},
            .failure = nullptr};
  gomp.parallel(run_parts, &loop, static_cast<unsigned>(parts), 0);
  if (loop.failure) std::rethrow_exception(loop.failure);
}

void run_serially_on_this_thread() {
  // The setting is a per-thread variable of the runtime, so the other threads keep theirs.
  if (loaded_gomp().set_threads != nullptr) loaded_gomp().set_threads(1);
  inside_loop = true;
}

}  // namespace relata
