#include "relata/base/folder_lock.h"

#include <gmock/gmock.h>

#include <thread>

#include "relata/base/error.h"
#include "support/scratch.h"

namespace relata {
namespace {

TEST(FolderLock, HasOneHolder) {
  const test::Scratch scratch;
  {
    const FolderLock lock(scratch.path());
    EXPECT_THAT([&] { FolderLock(scratch.path(), 0.1); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("in use by another process")));
  }
  EXPECT_NO_THROW(FolderLock(scratch.path(), 0));
}

TEST(FolderLock, WaitsForTheHolderToLeave) {
  const test::Scratch scratch;
  auto lock = std::make_unique<FolderLock>(scratch.path());
  std::thread leaving([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    lock.reset();
  });
  EXPECT_NO_THROW(FolderLock(scratch.path(), 20));
  leaving.join();
}

TEST(FolderLock, NeedsAFolder) {
  const test::Scratch scratch;
  EXPECT_THROW(FolderLock(scratch / "none"), Error);
}

}  // namespace
}  // namespace relata
