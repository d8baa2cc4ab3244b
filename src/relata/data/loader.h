// Prepares the next batches on other threads while the current one is trained on; the order never
// changes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "relata/data/batch.h"

namespace relata::data {

struct LoaderOptions {
  int64_t threads = 1;   ///< 0: prepare each batch when it is asked for
  int64_t prefetch = 2;  ///< batches held ready or in preparation; at least 1
};

/// One pass over `count` prepared items. `prepare(i)` is called once for each i in [0, count), on a
/// loader thread whose tensor operations run on that thread alone; an exception of it is rethrown
/// by the `next` that would have returned i.
class Loader {
 public:
  using Prepared = std::vector<Batch>;  ///< the micro-batches of one effective batch
  using Prepare = std::function<Prepared(int64_t)>;

  Loader(int64_t count, Prepare prepare, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next item, in order. Must be called at most `count` times. An exception does not end the
  /// pass: the call after it returns the item after it.
  Prepared next();

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace relata::data
