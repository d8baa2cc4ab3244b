// Files of captions beside pictures: `captions.jsonl`, `metadata.jsonl` and `metadata.csv` as
// Hugging Face's imagefolder has them, and tables of the user's own.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace relata::data {

/// One row: a picture's name and what is said of it.
struct CaptionRow {
  std::string image;                  ///< as written; empty if the row names none
  std::vector<std::string> captions;  ///< without empty ones
  std::string id, label, group;       ///< empty where there is no such key
  std::string where;                  ///< file:line
};

struct CaptionKeys {
  std::string image;
  std::string caption;  ///< empty: `text`, `caption` or `captions`, the first that the file has
  std::string id = {}, label = {}, group = {};  ///< empty: not looked for
};

/// JSON Lines (a value may be a list of texts) or CSV, by the name. Other keys are passed over.
/// Throws Error naming file and line for what cannot be read, and naming the keys there are if one
/// that was asked for is in no row.
std::vector<CaptionRow> read_captions(const std::filesystem::path& file, const CaptionKeys& keys);

/// The texts of a JSON value: a text or a list of texts; none for null. Throws Error at `where` for
/// others.
std::vector<std::string> captions_of(const nlohmann::json& value, const std::string& where);

/// The key that captions stand under where the user names none: the first of `text`, `caption` and
/// `captions` among `keys`; empty if there is none.
std::string usual_caption_key(const std::vector<std::string>& keys);

}  // namespace relata::data
