// `relata import data imagefolder`: a folder of pictures, with captions beside them and classes by
// subfolder, becomes a dataset. The layout is that of Hugging Face's imagefolder.
#pragma once

#include <filesystem>
#include <string>

#include "relata/data/picture_dataset.h"

namespace relata::data {

struct ImageFolderImport {
  std::filesystem::path folder;
  std::string image_key = "file_name";  ///< in files of captions
  std::string caption_key = {};  ///< there; empty: text, caption or captions, the first there is
  PictureOptions options = {};
};

/// Pictures (.jpg, .jpeg, .png, .webp) of the folder and its subfolders, hidden ones left out, in
/// the order of their paths, which are their ids.
///   Captions: each line of `<name>.txt` beside `<name>.jpg`; and of any folder's `captions.jsonl`,
///   `metadata.jsonl` and `metadata.csv`, whose file names count from that folder. Several rows of
///   one picture are several captions.
///   Splits: where all pictures lie below folders named train, val (validation, valid, dev) and
///   test.
///   Label: the subfolder, where all pictures lie in one, there are two or more, and no file of
///   captions says what they are.
/// Throws Error for a folder without pictures, files that cannot be read, and captions whose
/// picture is not there (these may be left out and counted instead).
Pictures read_image_folder(const ImageFolderImport& request);

/// Whether there is a picture in the folder or below it, hidden ones left out.
bool holds_pictures(const std::filesystem::path& folder);

/// read_image_folder as the dataset folder `out`.
PictureSummary import_image_folder(const ImageFolderImport& request,
                                   const std::filesystem::path& out);

}  // namespace relata::data
