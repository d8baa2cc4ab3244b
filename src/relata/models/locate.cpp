#include "relata/models/locate.h"

#include <fmt/format.h>

#include <cstdlib>

#include "relata/base/error.h"
#include "relata/base/file.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path cache_folder() {
  if (const std::string hub = environment("HF_HUB_CACHE"); !hub.empty()) return hub;
  if (const std::string home = environment("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  return fs::path(environment("HOME")) / ".cache/huggingface/hub";
}

/// "organisation/name", and nothing that leads elsewhere.
bool is_repository(const std::string& name) {
  const size_t slash = name.find('/');
  return slash != std::string::npos && slash > 0 && slash + 1 < name.size() &&
         name.find('/', slash + 1) == std::string::npos && name.find("..") == std::string::npos &&
         name.front() != '.' && name.front() != '~';
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

fs::path locate_model(const std::string& name) {
  if (fs::exists(name)) return name;
  if (!is_repository(name)) {
    throw Error({.what = "there is no such model", .where = name, .remedy = "check the path"});
  }
  const size_t slash = name.find('/');
  const fs::path repository =
      cache_folder() / fmt::format("models--{}--{}", name.substr(0, slash), name.substr(slash + 1));
  const fs::path head = repository / "refs/main";
  if (!fs::is_regular_file(head)) {
    throw Error({.what = "neither a folder nor in the local Hugging Face cache",
                 .where = name,
                 .remedy = fmt::format("looked for {}; relata downloads nothing: fetch it with "
                                       "Hugging Face's own tools, or give a folder",
                                       repository.string())});
  }
  const fs::path snapshot = repository / "snapshots" / trimmed(read_file(head));
  if (fs::is_directory(snapshot)) return snapshot;
  throw Error({.what = "its snapshot is not in the local Hugging Face cache",
               .where = snapshot.string(),
               .remedy = "download it again"});
}

}  // namespace relata::models
