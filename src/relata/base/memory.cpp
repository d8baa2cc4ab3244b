#include "relata/base/memory.h"

#include <malloc.h>

namespace relata {

void keep_freed_memory() {
  constexpr int kKept = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, kKept);
  ::mallopt(M_TRIM_THRESHOLD, kKept);
}

}  // namespace relata
