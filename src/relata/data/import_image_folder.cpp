#include "relata/data/import_image_folder.h"
#include "relata/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "relata/base/file.h"
#include "relata/data/caption_file.h"

namespace relata::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kCaptionFiles{"captions.jsonl", "metadata.jsonl",
                                                        "metadata.csv"};

/// Folder names that mean a split, and which.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSplitFolders{
    {{"train", "train"},
     {"val", "val"},
     {"validation", "val"},
     {"valid", "val"},
     {"dev", "val"},
     {"test", "test"}}};

/// What lies in the folder, by path from it, in order.
struct Listing {
  std::map<fs::path, PictureRecord> pictures;
  std::set<fs::path> texts;
  std::vector<fs::path> caption_files;
};

/// Calls visit(path from the folder) for each file that is not hidden, until it returns false.
template <typename Visit>
void walk(const fs::path& folder, Visit visit) {
  using Walk = fs::recursive_directory_iterator;
  for (Walk entry(folder, fs::directory_options::skip_permission_denied); entry != Walk();
       ++entry) {
    if (entry->path().filename().string().starts_with('.')) {
      if (entry->is_directory()) entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      if (!visit(entry->path().lexically_relative(folder))) return;
    }
  }
}

Listing list(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    throw Error({.what = fs::exists(folder) ? "is no folder" : "there is no such folder",
                 .where = folder.string()});
  }
  Listing found;
  walk(folder, [&](const fs::path& path) {
    const std::string name = path.filename().string();
    if (looks_like_picture(name)) {
      found.pictures[path] = {.id = path.generic_string(), .file = folder / path};
    } else if (std::ranges::find(kCaptionFiles, name) != kCaptionFiles.end()) {
      found.caption_files.push_back(path);
    } else if (path.extension() == ".txt") {
      found.texts.insert(path);
    }
    return true;
  });
  std::ranges::sort(found.caption_files);
  return found;
}

std::string_view split_of(const fs::path& path) {
  const std::string first = path.begin()->string();
  for (const auto& [folder, split] : kSplitFolders) {
    if (first == folder && path.has_parent_path()) return split;
  }
  return "";
}

/// train/cat/1.jpg → cat; where `split` holds, the first folder is that.
std::string class_of(const fs::path& path, bool split) {
  const fs::path inside = split ? path.lexically_relative(*path.begin()) : path;
  return inside.parent_path().generic_string();
}

void name_splits_and_classes(Listing& listing) {
  auto& pictures = listing.pictures;
  const bool split = std::ranges::all_of(
      pictures, [](const auto& entry) { return !split_of(entry.first).empty(); });
  std::set<std::string> classes;
  for (auto& [path, record] : pictures) {
    if (split) record.split = split_of(path);
    classes.insert(class_of(path, split));
  }
  if (!listing.caption_files.empty() || classes.size() < 2 || classes.contains("")) return;
  for (auto& [path, record] : pictures) record.label = class_of(path, split);
}

/// README.txt and LICENSE.txt are no captions.
bool about_the_folder(const fs::path& text) {
  const std::string stem = ascii_lower(text.stem().string());
  return stem == "readme" || stem == "license" || stem == "licence";
}

/// Each line of the text beside a picture is a caption.
void add_texts(Pictures& found, Listing& listing, const ImageFolderImport& request) {
  std::set<fs::path> used;
  for (auto& [path, record] : listing.pictures) {
    const auto text = listing.texts.find(fs::path(path).replace_extension(".txt"));
    if (text == listing.texts.end()) continue;
    used.insert(*text);
    const std::string where = (request.folder / *text).string();
    record.captions = caption_lines(read_file(where), where);
  }
  if (used.empty()) return;  // texts here are about something else
  for (const fs::path& text : listing.texts) {
    if (used.contains(text) || about_the_folder(text)) continue;
    leave_out(found,
              Error({.what = "is a caption, but there is no picture of that name beside it",
                     .where = (request.folder / text).string(),
                     .remedy = "--on-error skip leaves it out"}),
              request.options.on_error);
  }
}

void add_caption_file(Pictures& found, Listing& listing, const fs::path& file,
                      const ImageFolderImport& request) {
  const auto rows = read_captions(request.folder / file,
                                  {.image = request.image_key, .caption = request.caption_key});
  for (const CaptionRow& row : rows) {
    const fs::path path = (file.parent_path() / row.image).lexically_normal();
    const auto picture = listing.pictures.find(path);
    if (picture != listing.pictures.end() && !row.image.empty()) {
      auto& captions = picture->second.captions;
      captions.insert(captions.end(), row.captions.begin(), row.captions.end());
      continue;
    }
    const bool there = !row.image.empty() && fs::exists(request.folder / path);
    leave_out(found,
              Error({.what = row.image.empty()
                                 ? fmt::format("a caption names no picture ('{}' is empty)",
                                               request.image_key)
                                 : fmt::format("names '{}', which is {}", row.image,
                                               there ? "no JPEG, PNG or WebP file of this folder"
                                                     : "not there"),
                     .where = row.where,
                     .remedy = "--on-error skip leaves it out"}),
              request.options.on_error);
  }
}

}  // namespace

Pictures read_image_folder(const ImageFolderImport& request) {
  Listing listing = list(request.folder);
  if (listing.pictures.empty()) {
    throw Error(
        {.what = "holds no pictures (.jpg, .jpeg, .png, .webp)", .where = request.folder.string()});
  }
  name_splits_and_classes(listing);
  Pictures found;
  add_texts(found, listing, request);
  for (const fs::path& file : listing.caption_files)
    add_caption_file(found, listing, file, request);
  for (auto& [path, record] : listing.pictures) found.records.push_back(std::move(record));
  return found;
}

bool holds_pictures(const fs::path& folder) {
  bool found = false;
  walk(folder, [&](const fs::path& path) {
    found = looks_like_picture(path.filename().string());
    return !found;
  });
  return found;
}

PictureSummary import_image_folder(const ImageFolderImport& request,
                                   const std::filesystem::path& out) {
  return write_picture_dataset(read_image_folder(request), out, request.options);
}

}  // namespace relata::data
