// Parallel loops on the OpenMP runtime that libtorch has already loaded.
// Our files are compiled without -fopenmp: a second runtime would spin against libtorch's, and
// without it at::parallel_for is silently serial. So `GOMP_parallel` of the loaded libgomp is
// looked up and called by hand.
#pragma once

#include <cstdint>
#include <functional>

namespace relata {

/// The number of threads that parallel loops use; at least 1. The initial value is the number of
/// processors. Loops use no more than libtorch does on the same thread, so torch.set_num_threads
/// counts too; set_threads sets both.
int threads();
void set_threads(int count);

/// Calls body(begin, end) over disjoint parts that cover [0, size): of equal length but the last,
/// at most one a thread and at most size / grain, rounded up; so parts may be shorter than `grain`,
/// down to half of it. Serial where no OpenMP runtime is loaded, within a parallel loop, or with
/// one thread. The first exception thrown by a body is rethrown here. Bodies run concurrently and
/// must not depend on the number of parts.
void parallel_for(int64_t size, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

/// From here on, libtorch's operations called from this thread use this thread alone. For loader
/// threads: they must not compete with the training step for processors. Does nothing where no
/// OpenMP runtime is loaded.
void run_serially_on_this_thread();

}  // namespace relata
