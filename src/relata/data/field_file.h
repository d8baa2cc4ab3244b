// The files that fields name: plain ones, and members of tar archives.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "relata/io/tar.h"

namespace relata::data {

/// Reads files below one folder. Archives stay mapped and indexed once they were used. Safe to call
/// from several threads.
class FieldFiles {
 public:
  explicit FieldFiles(std::filesystem::path folder);
  /// `path`: relative to the folder, or "shard.tar#member.jpg". Throws Error for a file or member
  /// that is not there, and a broken archive.
  std::string read(const std::string& path);

 private:
  const io::TarArchive& archive(const std::string& name);

  std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<io::TarArchive>> archives_;
};

}  // namespace relata::data
