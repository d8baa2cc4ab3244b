#include "relata/data/import_picture_table.h"

#include <fmt/format.h>

#include <map>

#include "relata/data/caption_file.h"

namespace relata::data {
namespace {

namespace fs = std::filesystem;

/// Collects rows into records, one a picture.
class Collector {
 public:
  explicit Collector(const PictureTableImport& request)
      : folder_(request.table.parent_path()), request_(request) {}

  void take(const CaptionRow& row) {
    if (row.image.empty() || !fs::is_regular_file(folder_ / row.image)) return leave(row);
    const std::string id = row.id.empty() ? row.image : row.id;
    const auto [place, is_new] = number_.emplace(id, found_.records.size());
    if (is_new) {
      found_.records.push_back({.id = id,
                                .file = folder_ / row.image,
                                .captions = row.captions,
                                .label = row.label,
                                .group = row.group});
      images_.push_back(row.image);
      check_picture_is_new(row, id);
      return;
    }
    PictureRecord& record = found_.records[place->second];
    check_same(row, "picture", row.image, images_[place->second]);
    check_same(row, "label", row.label, record.label);
    check_same(row, "group", row.group, record.group);
    record.captions.insert(record.captions.end(), row.captions.begin(), row.captions.end());
  }

  Pictures finish() && { return std::move(found_); }

 private:
  void leave(const CaptionRow& row) {
    leave_out(
        found_,
        Error({.what = row.image.empty()
                           ? fmt::format("a caption names no picture ('{}' is empty)",
                                         request_.image_key)
                           : fmt::format("names the picture '{}', which is not there", row.image),
               .where = row.where,
               .remedy = "paths count from the table's folder; --on-error skip leaves the "
                         "row out"}),
        request_.options.on_error);
  }

  void check_picture_is_new(const CaptionRow& row, const std::string& id) {
    const auto [place, is_new] = id_of_image_.emplace(row.image, id);
    if (is_new) return;
    throw Error({.what = fmt::format("the picture '{}' has the id '{}' here and '{}' before",
                                     row.image, id, place->second),
                 .where = row.where,
                 .remedy = "give its rows one id, or leave --id-key out"});
  }

  static void check_same(const CaptionRow& row, std::string_view what, const std::string& here,
                         const std::string& before) {
    if (here == before) return;
    throw Error({.what = fmt::format("the id '{}' is given twice, with the {} '{}' here and '{}' "
                                     "before",
                                     row.id.empty() ? row.image : row.id, what, here, before),
                 .where = row.where,
                 .remedy = "ids must be unique"});
  }

  fs::path folder_;
  const PictureTableImport& request_;
  Pictures found_;
  std::vector<std::string> images_;  ///< of the records, as written
  std::map<std::string, size_t> number_;
  std::map<std::string, std::string> id_of_image_;
};

}  // namespace

Pictures read_picture_table(const PictureTableImport& request) {
  Collector collector(request);
  const auto rows = read_captions(request.table, {.image = request.image_key,
                                                  .caption = request.caption_key,
                                                  .id = request.id_key,
                                                  .label = request.label_key,
                                                  .group = request.group_key});
  for (const CaptionRow& row : rows) collector.take(row);
  return std::move(collector).finish();
}

PictureSummary import_picture_table(const PictureTableImport& request, const fs::path& out) {
  return write_picture_dataset(read_picture_table(request), out, request.options);
}

}  // namespace relata::data
