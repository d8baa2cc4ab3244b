// `relata import data webdataset`: tar shards of WebDataset's kind become a dataset whose pictures
// stay in the shards.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "relata/data/picture_dataset.h"

namespace relata::data {

struct WebDatasetImport {
  std::vector<std::string> shards;  ///< files, patterns such as "shard-{000..012}.tar", or folders
  std::string image_key = {};       ///< extension; empty: jpg, jpeg, png or webp
  /// Extension of a text, or "json:field"; empty: txt, else text, caption or captions of json.
  std::string caption_key = {};
  PictureOptions options = {};
};

/// One record a sample that has a picture; its id is the sample's key; its label is the text of
/// `cls` where there is one. In a text each line is a caption, in json a text or a list of texts.
/// Throws Error for patterns and archives that cannot be read, keys that come twice, captions that
/// are not text, and samples with a caption but no picture (these may be left out and counted
/// instead). Samples with neither are passed over.
Pictures read_webdataset(const WebDatasetImport& request);

/// read_webdataset as the dataset folder `out`.
PictureSummary import_webdataset(const WebDatasetImport& request, const std::filesystem::path& out);

}  // namespace relata::data
