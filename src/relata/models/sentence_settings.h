// What sentence-transformers writes beside a text encoder: how a sentence's vector is made.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace relata::models {

/// {"pooling": "mean" | "first" | "max", "normalise": bool, "most_tokens": int} from modules.json,
/// the pooling module's config.json and sentence_bert_config.json; an empty object if there is no
/// modules.json. Throws Error with file and key for modules and poolings that are not known: the
/// vectors would be others.
nlohmann::json sentence_settings(const std::filesystem::path& folder);

}  // namespace relata::models
