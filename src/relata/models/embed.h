// Embeds one field of a dataset into a Store: resumable, and nothing that is there already is
// computed again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/models/encoder.h"

namespace relata::models {

/// A field and the role in which the encoder takes it.
struct EmbedField {
  std::string name;
  Role role = Role::kText;
};

/// The field that is meant: `field`, or the only one that the encoder has a role for; `role` where
/// both are given. Throws Error naming the candidates.
EmbedField choose_field(const Encoder& encoder, const data::View& view, const std::string& field,
                        std::optional<Role> role);

struct EmbedOptions {
  bool skip_broken = false;  ///< a picture that cannot be decoded is counted and left out
  int64_t skip_limit = 100;  ///< more than so many are an Error all the same
  int64_t items_a_shard = 512;
  std::function<void(int64_t done, int64_t total)> on_progress = {};
};

struct EmbedResult {
  int64_t width = 0;
  int64_t embedded = 0;             ///< computed now
  int64_t reused = 0;               ///< there already, with the same content
  int64_t missing = 0;              ///< records without the field
  std::vector<std::string> broken;  ///< one line each
};

/// Columns "embedding" F32 [width] and "content", the hash of what was embedded; ids are those of
/// the records. Each shard is on the disk when it is done: a run that was cut goes on there. Throws
/// Error for a Store that another encoder filled, and for a broken record unless told to skip it.
EmbedResult embed(Encoder& encoder, const data::View& view, const EmbedField& field,
                  const std::filesystem::path& store, const EmbedOptions& options);

/// `<field>.npy` (float32 [records, width]) and `ids.txt` beside it, of those records of the view
/// that the Store holds, in the order of the view.
void export_npy(const std::filesystem::path& store, const data::View& view,
                const EmbedField& field);

}  // namespace relata::models
