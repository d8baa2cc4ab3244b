#include "relata/io/text_file.h"

namespace relata::io {

TextFile::TextFile(const std::filesystem::path& path, uint64_t limit) : file_(path) {
  if (is_gzip(file_.bytes())) unpacked_ = gunzip(file_.bytes(), path.string(), limit);
}

std::string_view TextFile::text() const {
  if (unpacked_) return *unpacked_;
  return {reinterpret_cast<const char*>(file_.bytes().data()), file_.bytes().size()};
}

std::string read_text(const std::filesystem::path& path, uint64_t limit) {
  return std::string(TextFile(path, limit).text());
}

}  // namespace relata::io
