#include "relata/data/import_webdataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "relata/data/caption_file.h"
#include "relata/io/json.h"
#include "relata/io/tar.h"

namespace relata::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kInJson = "json:";

std::vector<fs::path> shards_of(const std::vector<std::string>& patterns) {
  std::vector<fs::path> shards;
  for (const std::string& pattern : patterns) {
    if (fs::is_directory(pattern)) {
      const auto first = std::ssize(shards);
      for (const auto& entry : fs::directory_iterator(pattern)) {
        if (entry.path().extension() == ".tar") shards.push_back(entry.path());
      }
      if (std::ssize(shards) == first)
        throw Error({.what = "holds no .tar files", .where = pattern});
      std::sort(shards.begin() + first, shards.end());
      continue;
    }
    for (const std::string& path : io::expand_braces(pattern)) {
      if (!path.ends_with(".tar"))
        throw Error({.what = "a shard is a .tar file, not compressed", .where = path});
      shards.emplace_back(path);
    }
  }
  return shards;
}

/// Reads the samples of one archive.
class Shard {
 public:
  Shard(const fs::path& path, const WebDatasetImport& request)
      : path_(path), request_(request), tar_(path) {}

  /// Appends its records to `found`.
  void read(Pictures& found) const {
    const auto before = std::ssize(found.records);
    for (const io::TarSample& sample : tar_.samples()) {
      const std::vector<std::string> captions = captions_of_sample(sample);
      const auto image = picture(sample);
      if (image) {
        found.records.push_back({.id = sample.key,
                                 .file = path_,
                                 .member = tar_.members()[*image].name,
                                 .captions = captions,
                                 .label = label(sample)});
      } else if (!captions.empty()) {
        leave_out(
            found,
            Error({.what = fmt::format("the sample '{}' has a caption, but no picture", sample.key),
                   .where = path_.string(),
                   .remedy = "--on-error skip leaves it out"}),
            request_.options.on_error);
      }
    }
    found.shards.emplace_back(path_.string(), std::ssize(found.records) - before);
  }

 private:
  std::optional<size_t> picture(const io::TarSample& sample) const {
    if (!request_.image_key.empty()) return sample.find(request_.image_key);
    for (const char* extension : {"jpg", "jpeg", "png", "webp"}) {
      if (const auto found = sample.find(extension)) return found;
    }
    return std::nullopt;
  }

  std::string text(size_t member) const {
    const auto bytes = tar_.bytes(tar_.members()[member]);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::string where(size_t member) const {
    return fmt::format("{}#{}", path_.string(), tar_.members()[member].name);
  }

  std::string label(const io::TarSample& sample) const {
    const auto member = sample.find("cls");
    return member ? trimmed_caption(text(*member), where(*member)) : "";
  }

  std::vector<std::string> captions_of_sample(const io::TarSample& sample) const {
    const std::string& key = request_.caption_key;
    const bool in_json = key.starts_with(kInJson);
    const auto plain = in_json ? std::nullopt : sample.find(key.empty() ? "txt" : key);
    if (plain) return caption_lines(text(*plain), where(*plain));
    const auto json = in_json || key.empty() ? sample.find("json") : std::nullopt;
    return json ? of_json(*json, in_json ? key.substr(kInJson.size()) : "")
                : std::vector<std::string>();
  }

  std::vector<std::string> of_json(size_t member, std::string field) const {
    const nlohmann::json record = io::parse_json_strict(text(member), where(member));
    if (!record.is_object())
      throw Error({.what = "must be an object, but is " + record.dump().substr(0, 60),
                   .where = where(member)});
    if (field.empty()) {
      std::vector<std::string> keys;
      for (const auto& [key, value] : record.items()) keys.push_back(key);
      field = usual_caption_key(keys);
    }
    const auto found = record.find(field);
    return found == record.end() ? std::vector<std::string>() : captions_of(*found, where(member));
  }

  const fs::path& path_;
  const WebDatasetImport& request_;
  io::TarArchive tar_;
};

}  // namespace

Pictures read_webdataset(const WebDatasetImport& request) {
  Pictures found;
  for (const fs::path& path : shards_of(request.shards)) Shard(path, request).read(found);
  return found;
}

PictureSummary import_webdataset(const WebDatasetImport& request, const fs::path& out) {
  return write_picture_dataset(read_webdataset(request), out, request.options);
}

}  // namespace relata::data
