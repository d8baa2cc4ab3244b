// Where a model is that a user names: a folder, or a repository in the local Hugging Face cache.
#pragma once

#include <filesystem>
#include <string>

namespace relata::models {

/// `name`: an existing path, as it is; else "organisation/name", looked for in $HF_HUB_CACHE,
/// $HF_HOME/hub or ~/.cache/huggingface/hub, the snapshot that refs/main names. Nothing is
/// downloaded. Throws Error that says where was looked.
std::filesystem::path locate_model(const std::string& name);

}  // namespace relata::models
