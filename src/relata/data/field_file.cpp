#include "relata/data/field_file.h"

#include <fmt/format.h>

#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"

namespace relata::data {
namespace {

constexpr std::string_view kMemberMark = ".tar#";

}  // namespace

FieldFiles::FieldFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

std::string FieldFiles::read(const std::string& path) {
  const size_t mark = path.find(kMemberMark);
  if (mark == std::string::npos) return read_file(folder_ / path);
  const std::string name = path.substr(0, mark + kMemberMark.size() - 1);
  const std::string member = path.substr(mark + kMemberMark.size());
  const io::TarArchive& tar = archive(name);
  const io::TarMember* found = tar.find(member);
  if (found == nullptr)
    throw Error({.what = fmt::format("has no member '{}'", member), .where = folder_ / name});
  const auto bytes = tar.bytes(*found);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const io::TarArchive& FieldFiles::archive(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  auto& slot = archives_[name];
  if (!slot) slot = std::make_unique<io::TarArchive>(folder_ / name);
  return *slot;
}

}  // namespace relata::data
