// From a dataset to an index: encodes what is new, and puts it there in one step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/index/index.h"
#include "relata/models/encoder.h"

namespace relata::search {

/// Facts of an index that was built from a dataset.
namespace facts {
inline constexpr const char* kModel = "model";      ///< where the model was
inline constexpr const char* kWeights = "weights";  ///< Encoder::weights_hash
inline constexpr const char* kEncoder = "encoder";  ///< Encoder::hash of the role
inline constexpr const char* kRole = "role";
inline constexpr const char* kField = "field";      ///< what was encoded
inline constexpr const char* kText = "text_field";  ///< of the lexical part; empty: none
inline constexpr const char* kPicture = "picture";  ///< a field, and a column; empty: none
inline constexpr const char* kData = "data";        ///< the folder that pictures are relative to
}  // namespace facts

struct BuildOptions {
  std::string field = {};  ///< empty: the only one that the encoder has a role for
  std::optional<models::Role> role = {};
  std::string text_field = {};  ///< empty: the encoded one if it is text, else none
  std::string picture_field =
      {};  ///< shown beside answers; empty: the only one of pictures, if any
  std::vector<std::string> columns = {};  ///< "field" or "field:kind"
  bool bf16 = false;
};

struct AddOptions {
  bool skip_broken = false;  ///< a picture that cannot be decoded is counted and left out
  bool force = false;        ///< also with an encoder that the index was not made with
  std::function<void(int64_t done, int64_t total)> on_progress = {};
};

struct AddResult {
  int64_t added = 0;
  int64_t replaced = 0;                  ///< records that have changed
  int64_t unchanged = 0;                 ///< there already, with the same content
  int64_t missing = 0;                   ///< records without the field
  std::vector<std::string> broken = {};  ///< one line each
};

/// Makes a new index. `model` is what it says about its model. What was encoded is kept in
/// "<folder>.encoding" until the index is there: a run that was cut goes on. Throws Error for a
/// folder that is not empty, fields that do not fit, and a dataset in which no record has the
/// field.
AddResult build_index(models::Encoder& encoder, const std::string& model, const data::View& view,
                      const std::filesystem::path& folder, const BuildOptions& build,
                      const AddOptions& options);

/// Adds what is new and replaces what has changed, in one step: readers see all of it or nothing.
/// Throws Error for an encoder that the index was not made with, and a dataset without its fields.
AddResult add_to_index(models::Encoder& encoder, const data::View& view,
                       const std::filesystem::path& folder, const AddOptions& options);

/// Throws Error, naming both hashes, unless the encoder is that of the index.
void require_same_model(const models::Encoder& encoder, const index::Index& index);

}  // namespace relata::search
