// `relata import data csv FILE --image-key … --caption-key …`: a table that names pictures and what
// is said of them becomes a dataset.
#pragma once

#include <filesystem>
#include <string>

#include "relata/data/picture_dataset.h"

namespace relata::data {

struct PictureTableImport {
  std::filesystem::path table;  ///< CSV or JSON Lines
  std::string image_key = "image";
  std::string caption_key = {};  ///< empty: text, caption or captions, the first there is
  std::string id_key = {};       ///< empty: the picture's path as written is the id
  std::string label_key = {};    ///< class names; empty: none
  std::string group_key = {};    ///< its equal values stay in one split; empty: none
  PictureOptions options = {};
};

/// Paths count from the table's folder. Rows of one picture are one record with several captions;
/// rows of one id with different pictures, labels or groups are an Error, and so is one picture
/// under two ids. A row whose picture is not there is a caption without a picture: an Error, or
/// left out and counted. Throws Error as read_captions does.
Pictures read_picture_table(const PictureTableImport& request);

/// read_picture_table as the dataset folder `out`.
PictureSummary import_picture_table(const PictureTableImport& request,
                                    const std::filesystem::path& out);

}  // namespace relata::data
