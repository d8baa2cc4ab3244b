// JSON Lines files: one JSON object a line, read one by one with their line numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "relata/io/text_file.h"

namespace relata::io {

/// Walks the lines of a text that outlives it; blank lines are skipped, LF and CRLF end a line, the
/// last end may be missing. After an Error the next call goes on with the next line, so a caller
/// may count and skip broken records.
class JsonlScanner {
 public:
  /// `name` (of the file) stands in errors.
  JsonlScanner(std::string_view text, std::string name) : rest_(text), name_(std::move(name)) {}

  /// The next object, or nothing at the end. Throws Error at file:line:column as parse_json_strict
  /// does, and if the line is not an object.
  std::optional<nlohmann::json> next();

  /// Line of what `next` returned or threw last, counted from 1; 0 before the first call.
  int64_t line() const { return line_; }

  /// "file:line" of that line, for errors about the record.
  std::string where() const { return name_ + ":" + std::to_string(line_); }

 private:
  std::string_view take_line();

  std::string_view rest_;
  std::string name_;
  int64_t line_ = 0;
};

/// The scanner of a file, gzip or plain. Not moved: the scanner looks into the file's text.
class JsonlReader {
 public:
  /// Throws Error if the file cannot be read.
  explicit JsonlReader(const std::filesystem::path& path);
  JsonlReader(const JsonlReader&) = delete;
  JsonlReader& operator=(const JsonlReader&) = delete;

  std::optional<nlohmann::json> next();
  int64_t line() const { return scanner_.line(); }
  std::string where() const { return scanner_.where(); }

 private:
  TextFile file_;
  JsonlScanner scanner_;
};

}  // namespace relata::io
