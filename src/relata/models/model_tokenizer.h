// The tokenizer of a model folder.
#pragma once

#include <filesystem>

#include "relata/models/backbone.h"
#include "relata/text/tokenizer.h"

namespace relata::models {

/// Throws Error as Tokenizer::load does, and for a tokenizer with ids beyond the model's vectors.
text::Tokenizer load_tokenizer(const std::filesystem::path& folder, const Backbone& backbone);

}  // namespace relata::models
