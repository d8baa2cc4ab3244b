// An index: items with vectors, texts and metadata in a Store, and exact search over them.
// docs/file-formats.md says how they lie there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relata/index/column.h"
#include "relata/index/filter.h"
#include "relata/index/lexical.h"
#include "relata/index/scan.h"
#include "relata/io/store.h"

namespace relata::index {

struct IndexSchema {
  int64_t width = 0;
  bool bf16 = false;  ///< the vectors are there in bfloat16 too
  std::vector<Column> columns = {};
  /// What all items share, e.g. the hash of the model; names do not begin with "index.".
  std::map<std::string, std::string> facts = {};
  bool operator==(const IndexSchema&) const = default;
};

/// Items to add.
struct IndexItems {
  std::span<const std::string> ids;
  std::span<const float> vectors;  ///< [items, width]; any length but 0: they are normalised
  std::span<const std::string> texts = {};       ///< of the lexical part; one an item, or none
  std::vector<std::vector<Value>> columns = {};  ///< [columns, items]; empty: all absent
  std::span<const std::string> contents = {};  ///< hashes of what was encoded; one an item, or none
};

/// One answer; the item's number is that of the index it came from.
struct Match {
  int64_t item = 0;
  double score = 0;
};

/// What the words of queries count.
struct LexicalOptions {
  double weight = 0;  ///< w of (1 − w)·cosine + w·lexical
  LexicalKind kind = LexicalKind::kBm25;
  QueryTerms terms = QueryTerms::kCounted;
  std::span<const std::string> texts = {};  ///< one a query
};

struct SearchOptions {
  int64_t k = 10;
  ScanPrecision precision = ScanPrecision::kFp32;
  LexicalOptions lexical = {};
  /// Items that may be found; null: all.
  const Filter* filter = nullptr;
  std::optional<int64_t> but = std::nullopt;  ///< an item that may not, e.g. the query itself
};

/// An index as it stood when it was opened; what is added later is seen by opening it again.
/// Opening reads neither vectors nor texts. Safe to use from several threads.
class Index {
 public:
  /// Throws Error as Store does, and for a Store that is no index or one of a later version.
  explicit Index(const std::filesystem::path& folder);

  const IndexSchema& schema() const;
  const std::filesystem::path& folder() const;
  /// Throws Error naming the fact, if it is not there.
  const std::string& fact(const std::string& name) const;
  int64_t size() const;
  std::string_view id(int64_t item) const;
  std::optional<int64_t> find(std::string_view id) const;
  /// [width], of length 1
  std::span<const float> vector(int64_t item) const;
  std::string_view text(int64_t item) const;
  /// The hash of what was encoded; empty if none was given.
  std::string_view content(int64_t item) const;
  Value value(int64_t item, size_t column) const;
  /// Throws Error naming the columns there are.
  size_t column(std::string_view name) const;
  /// How many items match.
  int64_t count(const Filter& filter) const;
  /// Reads everything and compares it with the checksums. Throws Error naming the first file that
  /// differs.
  void verify() const;

  /// queries [queries, width], of any length but 0. For each query the k best items, best first,
  /// ties in the order in which items were added; fewer if there are not so many. Exact: of all
  /// items, by scores in double. Throws Error for another width, a vector of length 0 or with NaN,
  /// k < 1, precision bf16 without such a column, and lexical options that do not fit.
  std::vector<std::vector<Match>> search(std::span<const float> queries,
                                         const SearchOptions& options) const;

 private:
  friend class IndexWriter;
  struct Content;
  std::shared_ptr<const Content> content_;
};

/// Adds to an index and removes from it; one process at a time, while others read.
class IndexWriter {
 public:
  /// Makes a new, empty index. Throws Error for a folder that is not empty, and columns of one name
  /// or without one.
  IndexWriter(const std::filesystem::path& folder, const IndexSchema& schema);
  /// Opens one that is there.
  explicit IndexWriter(const std::filesystem::path& folder);

  const IndexSchema& schema() const { return schema_; }
  /// The Store behind it as it stands.
  const io::Store& store() const { return writer_->store(); }

  // Steps that are seen together or not at all: stage them, then commit.

  /// Throws Error for an id that is not there.
  void stage_removal(std::span<const std::string> ids);
  /// Throws Error for an id that is there or twice, numbers that do not fit, a vector of length 0
  /// or with NaN (naming the id), and values that are not of their column's kind.
  void stage(const IndexItems& items);
  void commit();

 private:
  IndexSchema schema_;
  std::unique_ptr<io::StoreWriter> writer_;
};

}  // namespace relata::index
