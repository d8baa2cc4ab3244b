#include "relata/data/picture_dataset.h"
#include "relata/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "relata/base/file.h"
#include "relata/base/log.h"
#include "relata/data/split.h"
#include "relata/io/json.h"
#include "relata/io/utf8.h"

namespace relata::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImage = "image";
constexpr const char* kCaption = "caption";
constexpr const char* kLabel = "label";
constexpr const char* kGroup = "group";

/// Records of a split, by their numbers.
using Splits = std::vector<std::pair<std::string, std::vector<int64_t>>>;

void check(const Pictures& pictures) {
  if (pictures.records.empty()) {
    throw Error({.what = "there are no pictures",
                 .remedy = "pictures are JPEG, PNG or WebP files: .jpg, .jpeg, .png, .webp"});
  }
  std::map<std::string_view, const PictureRecord*> seen;
  for (const PictureRecord& record : pictures.records) {
    const auto [place, is_new] = seen.emplace(record.id, &record);
    if (is_new) continue;
    throw Error({.what = fmt::format("the id '{}' is given twice, here and in {}", record.id,
                                     place->second->file.string()),
                 .where = record.file.string(),
                 .remedy = "ids must be unique"});
  }
}

/// train, val and test first, others by name.
Splits own_splits(const Pictures& pictures) {
  const auto order = [](const std::string& name) {
    constexpr std::array<std::string_view, 3> kFirst{"train", "val", "test"};
    return std::pair(std::ranges::find(kFirst, name) - kFirst.begin(), name);
  };
  std::map<std::pair<std::ptrdiff_t, std::string>, std::vector<int64_t>> sorted;
  for (size_t i = 0; i < pictures.records.size(); ++i) {
    const std::string& name = pictures.records[i].split;
    sorted[order(name.empty() ? "all" : name)].push_back(static_cast<int64_t>(i));
  }
  Splits splits;
  for (auto& [key, rows] : sorted) splits.emplace_back(key.second, std::move(rows));
  return splits;
}

Splits splits_of(const Pictures& pictures, const PictureOptions& options) {
  Splits own = own_splits(pictures);
  if (options.fractions.empty()) return own;
  if (own.size() > 1 || own.front().first != "all") {
    throw Error({.what = "the pictures have splits already, so --split does not apply",
                 .where = pictures.records.front().file.string()});
  }
  std::vector<std::string> groups;
  for (const PictureRecord& r : pictures.records)
    groups.push_back(r.group.empty() ? r.id : r.group);
  return named_split(groups, options.fractions, options.seed);
}

PictureSummary summarise(const Pictures& pictures, const Splits& splits) {
  PictureSummary summary{.pictures = std::ssize(pictures.records),
                         .left_out = pictures.left_out,
                         .classes = {},
                         .splits = {},
                         .shards = pictures.shards};
  std::map<std::string, int64_t> classes;
  for (const PictureRecord& record : pictures.records) {
    summary.captions += std::ssize(record.captions);
    summary.without_caption += record.captions.empty() ? 1 : 0;
    summary.several += record.captions.size() > 1 ? 1 : 0;
    if (!record.label.empty()) ++classes[record.label];
  }
  summary.classes.assign(classes.begin(), classes.end());
  for (const auto& [name, rows] : splits) summary.splits.emplace_back(name, std::ssize(rows));
  return summary;
}

Schema schema_of(const Pictures& pictures, const PictureSummary& summary) {
  Schema schema;
  TableSpec table{.name = std::string(kOnlyTable), .fields = {}, .splits = {}};
  table.fields.push_back({.name = kImage, .modality = Modality::kImage});
  if (summary.captions > 0) {
    table.fields.push_back(
        {.name = kCaption, .modality = Modality::kText, .list = summary.several > 0});
  }
  if (!summary.classes.empty()) {
    table.fields.push_back({.name = kLabel, .modality = Modality::kLabel});
    for (const auto& [name, rows] : summary.classes) schema.labels[kLabel].names.push_back(name);
  }
  for (const auto& [split, rows] : summary.splits)
    table.splits.emplace_back(split, split + ".jsonl");
  schema.tables.push_back(std::move(table));
  if (std::ranges::any_of(pictures.records, [](auto& r) { return !r.group.empty(); }))
    schema.group = kGroup;
  return schema;
}

/// Lines of JSON; paths as they are seen from `folder`.
class Lines {
 public:
  Lines(const fs::path& folder, bool lists)
      : folder_(fs::weakly_canonical(fs::absolute(folder))), lists_(lists) {}

  std::string of(const PictureRecord& record) const {
    std::string path = relative(record.file);
    if (!record.member.empty()) path += "#" + record.member;
    nlohmann::json line{{"id", record.id}, {kImage, path}};
    if (lists_ && !record.captions.empty()) line[kCaption] = record.captions;
    if (!lists_ && !record.captions.empty()) line[kCaption] = record.captions.front();
    if (!record.label.empty()) line[kLabel] = record.label;
    if (!record.group.empty()) line[kGroup] = record.group;
    return io::to_line(line) + "\n";
  }

 private:
  /// Both sides without links, since ".." leads out of a link's target.
  std::string relative(const fs::path& file) const {
    const fs::path folder =
        fs::weakly_canonical(file.parent_path().empty() ? "." : file.parent_path());
    return (folder / file.filename()).lexically_proximate(folder_).string();
  }

  fs::path folder_;
  bool lists_;
};

void say(const PictureSummary& summary) {
  if (summary.without_caption > 0 && summary.captions > 0)
    spdlog::warn("{} of {} pictures have no caption", summary.without_caption, summary.pictures);
  if (summary.left_out.empty()) return;
  spdlog::warn("{} captions without a picture are left out; the first: {}", summary.left_out.size(),
               summary.left_out.front());
}

}  // namespace

PictureFiles picture_files(const Pictures& pictures, const fs::path& folder,
                           const PictureOptions& options) {
  check(pictures);
  const Splits splits = splits_of(pictures, options);
  PictureFiles files{.schema = {}, .splits = {}, .summary = summarise(pictures, splits)};
  files.schema = schema_of(pictures, files.summary);
  const Lines lines(folder, files.summary.several > 0);
  for (const auto& [name, rows] : splits) {
    std::string& text = files.splits.emplace_back(name, "").second;
    for (const int64_t row : rows) text += lines.of(pictures.records[static_cast<size_t>(row)]);
  }
  say(files.summary);
  return files;
}

PictureSummary write_picture_dataset(const Pictures& pictures, const fs::path& out,
                                     const PictureOptions& options) {
  const PictureFiles files = picture_files(pictures, out, options);
  write_folder(out, [&](const fs::path& scratch) {
    for (const auto& [name, text] : files.splits) write_file(scratch / (name + ".jsonl"), text);
    write_file(scratch / "dataset.yaml", schema_yaml(files.schema));
  });
  return files.summary;
}

bool looks_like_picture(std::string_view name) {
  constexpr std::array<std::string_view, 4> kEndings{".jpg", ".jpeg", ".png", ".webp"};
  const std::string lower = ascii_lower(name);
  return std::ranges::any_of(kEndings, [&](auto ending) { return lower.ends_with(ending); });
}

std::string trimmed_caption(std::string_view text, const std::string& where) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  if (const auto place = io::invalid_utf8_at(text)) {
    throw Error({.what = fmt::format("the caption {} is not UTF-8 at its byte {}",
                                     io::excerpt(text), *place),
                 .where = where});
  }
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

std::vector<std::string> caption_lines(const std::string& text, const std::string& where) {
  std::istringstream stream(text);
  std::vector<std::string> captions;
  for (std::string line; std::getline(stream, line);) {
    std::string caption = trimmed_caption(line, where);
    if (!caption.empty()) captions.push_back(std::move(caption));
  }
  return captions;
}

void leave_out(Pictures& pictures, const Error& caption, OnError on_error) {
  if (on_error == OnError::kFail) throw caption;
  pictures.left_out.push_back(caption.parts().where + ": " + caption.parts().what);
}

}  // namespace relata::data
