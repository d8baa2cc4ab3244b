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

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::map<std::string, std::string> metadata = checkpoint.facts;
  metadata[kChecksum] = checksum_of(checkpoint);
  nn::save_tensors(path, checkpoint.tensors, metadata);
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  nn::TensorFile file = nn::load_tensors(path);
  Checkpoint checkpoint{.tensors = std::move(file.tensors), .facts = std::move(file.metadata)};
  const std::string expected = checkpoint.facts[kChecksum];
  checkpoint.facts.erase(kChecksum);
  if (checksum_of(checkpoint) != expected) {
    throw Error({.what = "is damaged: its content does not match its checksum",
                 .where = path.string(),
                 .remedy = "restore it from a backup, or remove it to start from the beginning"});
  }
  return checkpoint;
}

}  // namespace relata::train
