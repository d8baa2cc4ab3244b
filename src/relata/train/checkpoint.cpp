#include "relata/train/checkpoint.h"

#include "relata/base/error.h"
#include "relata/base/hash.h"

namespace relata::train {
namespace {

constexpr const char* kChecksum = "checksum";

std::string checksum_of(const Checkpoint& checkpoint) {
  Hasher hasher;
  hasher.add(nn::tensor_hash(checkpoint.tensors));
  for (const auto& [name, text] : checkpoint.facts) hasher.add(name).add("=").add(text).add("\n");
  return hasher.hex();
}

constexpr const char* kRemedy =
    "restore it from a backup, or remove it to start from the beginning";

nn::TensorFile load_whole(const std::filesystem::path& path) {
  try {
    return nn::load_tensors(path);
  } catch (const Error& error) {
    if (!std::filesystem::exists(path)) throw;
    Error::Parts parts = error.parts();
    parts.remedy = kRemedy;  // nobody mends a checkpoint's header by hand
    throw Error(parts);
  }
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::map<std::string, std::string> metadata = checkpoint.facts;
  metadata[kChecksum] = checksum_of(checkpoint);
  nn::save_tensors(path, checkpoint.tensors, metadata);
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  nn::TensorFile file = load_whole(path);
  Checkpoint checkpoint{.tensors = std::move(file.tensors), .facts = std::move(file.metadata)};
  const std::string expected = checkpoint.facts[kChecksum];
  checkpoint.facts.erase(kChecksum);
  if (checksum_of(checkpoint) != expected) {
    throw Error({.what = "is damaged: its content does not match its checksum",
                 .where = path.string(),
                 .remedy = kRemedy});
  }
  return checkpoint;
}

}  // namespace relata::train
