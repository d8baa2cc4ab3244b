// Pictures with captions as a dataset folder. What the importers of image folders, WebDataset
// shards and tables write: the fields `image` and `caption`, and `label` where there are classes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "relata/data/dataset.h"

namespace relata::data {

struct PictureRecord {
  std::string id;
  std::filesystem::path file;              ///< the picture, or the tar archive that holds it
  std::string member = {};                 ///< of the archive; empty: `file` is the picture
  std::vector<std::string> captions = {};  ///< none: a missing modality
  std::string label = {};                  ///< class; empty: none
  std::string group = {};                  ///< empty: none
  std::string split = {};                  ///< empty: none
};

/// What an importer found.
struct Pictures {
  std::vector<PictureRecord> records;
  std::vector<std::string> left_out = {};  ///< captions without a picture: where, and why
  std::vector<std::pair<std::string, int64_t>> shards = {};  ///< archive → pictures
};

struct PictureOptions {
  /// Of a caption whose picture is not there: an Error, or counted and left out. A picture without
  /// a caption is a record that lacks it, in any case.
  OnError on_error = OnError::kFail;
  std::vector<double> fractions = {};  ///< of train(, val), test; empty: the splits there are
  uint64_t seed = 0;                   ///< decides that cut
};

/// What an import made, for the person who ran it.
struct PictureSummary {
  int64_t pictures = 0;
  int64_t captions = 0;
  int64_t without_caption = 0;  ///< pictures
  int64_t several = 0;          ///< pictures with more than one caption
  std::vector<std::string> left_out;
  std::vector<std::pair<std::string, int64_t>> classes;
  std::vector<std::pair<std::string, int64_t>> splits;
  std::vector<std::pair<std::string, int64_t>> shards;
};

/// A dataset as it will stand in `folder`: what dataset.yaml says, and the lines of each split.
/// Paths are relative to `folder`. `caption` is a text, or a list of texts where a picture has
/// several.
struct PictureFiles {
  Schema schema;
  std::vector<std::pair<std::string, std::string>> splits;  ///< name → JSON Lines
  PictureSummary summary;
};

/// Throws Error if there are no pictures, an id is given twice, or the pictures have splits and are
/// to be cut besides.
PictureFiles picture_files(const Pictures& pictures, const std::filesystem::path& folder,
                           const PictureOptions& options);

/// Writes them. The folder appears whole or not at all; pictures stay where they are. Throws Error
/// as picture_files, and if the folder exists.
PictureSummary write_picture_dataset(const Pictures& pictures, const std::filesystem::path& out,
                                     const PictureOptions& options);

/// Whether the name ends like a picture that can be read: .jpg, .jpeg, .png, .webp, in any case.
bool looks_like_picture(std::string_view name);

/// The caption in a cell or a line: without spaces around it. Throws Error at `where` if it is not
/// UTF-8.
std::string trimmed_caption(std::string_view text, const std::string& where);

/// Each line of a text, trimmed; empty ones are none.
std::vector<std::string> caption_lines(const std::string& text, const std::string& where);

/// Notes a caption whose picture is not there, or throws it as an Error.
void leave_out(Pictures& pictures, const Error& caption, OnError on_error);

}  // namespace relata::data
