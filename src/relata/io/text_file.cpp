#include "relata/io/text_file.h"

namespace relata::io {

TextFile::TextFile(const std::filesystem::path& path, uint64_t limit) {
  if (std::error_code ignored; std::filesystem::is_regular_file(path, ignored)) {
    mapped_.emplace(path);
    if (!is_gzip(mapped_->bytes())) return;
    read_ = gunzip(mapped_->bytes(), path.string(), limit);
    mapped_.reset();
  } else {
    read_ = read_file(path);
    const auto bytes = std::as_bytes(std::span(read_));
    if (is_gzip(bytes)) read_ = gunzip(bytes, path.string(), limit);
  }
}

std::string_view TextFile::text() const {
  if (!mapped_) return read_;
  return {reinterpret_cast<const char*>(mapped_->bytes().data()), mapped_->bytes().size()};
}

std::string read_text(const std::filesystem::path& path, uint64_t limit) {
  return std::string(TextFile(path, limit).text());
}

}  // namespace relata::io
