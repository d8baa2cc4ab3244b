// tar archives in memory, read strictly: where each member lies, and WebDataset's grouping of
// members into samples. Formats: ustar (POSIX.1-1988), pax (POSIX.1-2001), GNU long names and
// sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relata/base/file.h"

namespace relata::io {

struct TarMember {
  std::string name;     ///< UTF-8, relative, without a leading "./"
  uint64_t offset = 0;  ///< of the content, from the start of the archive
  uint64_t size = 0;

  bool operator==(const TarMember&) const = default;
};

/// The regular files of an archive in file order; folders are passed over. Throws Error naming
/// `where` and the member for links, devices and sparse files (they are not read), names that are
/// absolute, lead outside with "..", are no UTF-8 or appear twice, bad checksums and numbers, sizes
/// beyond the end, and an archive without its end mark of two zero blocks or with data behind it.
std::vector<TarMember> parse_tar(std::span<const std::byte> file, std::string_view where);

/// Members that belong together.
struct TarSample {
  std::string key;  ///< the name up to the first dot after the last slash
  /// (extension, number of the member) in file order; the extension is the rest, in lower case.
  std::vector<std::pair<std::string, std::size_t>> parts = {};

  /// The member's number for an extension, or nothing.
  std::optional<std::size_t> find(std::string_view extension) const;
};

/// WebDataset's rule: neighbours of one key are a sample; members without a dot or whose last
/// component begins with one belong to none. Throws Error naming `where` if a sample has an
/// extension twice, or a key comes again after another one.
std::vector<TarSample> group_samples(std::span<const TarMember> members, std::string_view where);

/// A mapped archive. Reading from several threads at once is safe.
class TarArchive {
 public:
  /// Throws Error as parse_tar, or if the file cannot be read.
  explicit TarArchive(const std::filesystem::path& path);

  std::span<const TarMember> members() const { return members_; }
  const TarMember* find(std::string_view name) const;  ///< or nullptr
  std::span<const std::byte> bytes(const TarMember& member) const;
  /// Throws Error as group_samples.
  std::vector<TarSample> samples() const { return group_samples(members_, where_); }

 private:
  MappedFile file_;
  std::string where_;
  std::vector<TarMember> members_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

/// "shard.tar#member.jpg" as (archive, member), cut at the first ".tar#"; nothing for another path.
std::optional<std::pair<std::string, std::string>> tar_reference(std::string_view path);

/// The paths that a pattern stands for: "shard-{000..012}.tar" counts, with zeros in front as many
/// digits as the longer number if either has one; "{train,val}.tar" lists; several braces vary from
/// right to left. A path without braces is itself. Throws Error for braces that are unbalanced,
/// nested or empty, for other ranges than of whole numbers, and beyond a million paths.
std::vector<std::string> expand_braces(std::string_view pattern);

}  // namespace relata::io
