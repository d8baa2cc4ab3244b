#include "relata/index/index.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/index/dot.h"
#include "relata/index/index_schema.h"
#include "relata/io/utf8.h"

namespace relata::index {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRowsAPart = 1024;
// Lexical scores of a pass of queries, all items: so much memory at most.
constexpr int64_t kLexicalBytes = int64_t{64} << 20U;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename T>
const T* aligned(std::span<const std::byte> bytes, std::string_view where) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(T) != 0)
    throw Error({.what = "vectors that are not aligned", .where = std::string(where)});
  return reinterpret_cast<const T*>(bytes.data());
}

std::vector<Segment> segments_of(const io::Store& store, const IndexSchema& schema,
                                 std::string_view where) {
  std::vector<Segment> segments;
  for (const io::StoreBlock& block : store.blocks(kVectors)) {
    segments.push_back({.first = block.first,
                        .count = block.count,
                        .vectors = aligned<float>(block.bytes, where)});
  }
  if (schema.bf16) {
    const auto rounded = store.blocks(kFixedColumns);
    for (size_t i = 0; i < segments.size(); ++i)
      segments[i].rounded = aligned<uint16_t>(rounded[i].bytes, where);
  }
  return segments;
}

}  // namespace

struct Index::Content {
  explicit Content(const fs::path& at)
      : folder(at),
        store(at),
        schema(index_schema(store.schema(), at.string())),
        segments(segments_of(store, schema, at.string())) {}

  const Lexical& lexical(LexicalKind kind) const {
    const std::scoped_lock lock(mutex);
    auto& slot = kind == LexicalKind::kBm25 ? bm25 : trigrams;
    if (!slot) {
      slot = std::make_unique<Lexical>(
          kind, store.size(), [this](int64_t item) { return as_text(store.bytes(item, kTexts)); });
    }
    return *slot;
  }

  bool matches(const Filter& filter, int64_t item) const {
    return filter.matches(
        [&](size_t column) { return store.bytes(item, first_metadata(schema) + column); });
  }

  /// By number; empty if all items that were ever appended may be found.
  std::vector<uint8_t> allowed(const SearchOptions& options) const {
    if (options.filter == nullptr && store.removed().empty() && !options.but) return {};
    std::vector<uint8_t> mask(static_cast<size_t>(store.appended()), 1);
    for (const int64_t number : store.removed()) mask[static_cast<size_t>(number)] = 0;
    if (options.filter != nullptr) {
      parallel_for(store.size(), kRowsAPart, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item) {
          if (!matches(*options.filter, item)) mask[static_cast<size_t>(store.number(item))] = 0;
        }
      });
    }
    if (options.but) mask[static_cast<size_t>(store.number(*options.but))] = 0;
    return mask;
  }

  void check(std::span<const float> queries, const SearchOptions& options) const;
  /// Of one query, by number: w · lexical.
  std::vector<double> addend(const LexicalOptions& options, int64_t query) const;
  std::vector<std::vector<Hit>> hits(std::span<const float> queries, const SearchOptions& options,
                                     const ScanInput& input) const;

  fs::path folder;
  io::Store store;
  IndexSchema schema;
  std::vector<Segment> segments;
  mutable std::mutex mutex;
  mutable std::unique_ptr<Lexical> bm25;
  mutable std::unique_ptr<Lexical> trigrams;
};

void Index::Content::check(std::span<const float> queries, const SearchOptions& options) const {
  const auto fail = [&](std::string what, std::string remedy = "") {
    throw Error({.what = std::move(what), .where = folder.string(), .remedy = std::move(remedy)});
  };
  const auto width = static_cast<size_t>(schema.width);
  if (queries.size() % width != 0)
    fail(fmt::format("queries of another width than {}", schema.width));
  if (options.k < 1) fail(fmt::format("k is {}", options.k), "ask for one item at least");
  if (options.precision == ScanPrecision::kBf16 && !schema.bf16) {
    fail("the index holds no vectors in bf16",
         "search with precision fp32, or build it with precision bf16");
  }
  const LexicalOptions& lexical = options.lexical;
  if (!(lexical.weight >= 0 && lexical.weight <= 1))
    fail(fmt::format("a lexical weight of {}", lexical.weight), "it is between 0 and 1");
  if (lexical.weight > 0 && lexical.texts.size() != queries.size() / width)
    fail(fmt::format("{} texts for {} queries", lexical.texts.size(), queries.size() / width),
         "a lexical search needs the text of each query");
}

std::vector<double> Index::Content::addend(const LexicalOptions& options, int64_t query) const {
  const std::vector<double> scores =
      lexical(options.kind).scores(options.texts[static_cast<size_t>(query)], options.terms);
  std::vector<double> weighted(static_cast<size_t>(store.appended()), 0.0);
  for (int64_t item = 0; item < store.size(); ++item) {
    weighted[static_cast<size_t>(store.number(item))] =
        options.weight * scores[static_cast<size_t>(item)];
  }
  return weighted;
}

std::vector<std::vector<Hit>> Index::Content::hits(std::span<const float> queries,
                                                   const SearchOptions& options,
                                                   const ScanInput& input) const {
  const int64_t k = std::min(options.k, store.size());
  if (options.lexical.weight == 0) return scan(input, queries, k);
  const auto count = static_cast<int64_t>(queries.size()) / schema.width;
  const int64_t bytes = std::max<int64_t>(1, store.appended()) * 8;
  const int64_t some = std::max<int64_t>(1, kLexicalBytes / bytes);
  std::vector<std::vector<Hit>> all;
  for (int64_t begin = 0; begin < count; begin += some) {
    const int64_t end = std::min(count, begin + some);
    std::vector<std::vector<double>> addends;
    std::vector<Blend> blends;
    for (int64_t q = begin; q < end; ++q) addends.push_back(addend(options.lexical, q));
    for (const auto& one : addends)
      blends.push_back({.vector_weight = 1 - options.lexical.weight, .addend = one});
    const auto part = queries.subspan(static_cast<size_t>(begin * schema.width),
                                      static_cast<size_t>((end - begin) * schema.width));
    for (auto& found : scan(input, part, k, blends)) all.push_back(std::move(found));
  }
  return all;
}

Index::Index(const fs::path& folder) : content_(std::make_shared<const Content>(folder)) {}

const IndexSchema& Index::schema() const { return content_->schema; }
const fs::path& Index::folder() const { return content_->folder; }
int64_t Index::size() const { return content_->store.size(); }
std::string_view Index::id(int64_t item) const { return content_->store.id(item); }
std::optional<int64_t> Index::find(std::string_view id) const { return content_->store.find(id); }
void Index::verify() const { content_->store.verify(); }

const std::string& Index::fact(const std::string& name) const {
  const auto found = schema().facts.find(name);
  if (found == schema().facts.end())
    throw Error({.what = fmt::format("it does not say '{}'", name), .where = folder().string()});
  return found->second;
}

std::span<const float> Index::vector(int64_t item) const {
  const auto bytes = content_->store.bytes(item, kVectors);
  return {reinterpret_cast<const float*>(bytes.data()), static_cast<size_t>(schema().width)};
}

std::string_view Index::text(int64_t item) const {
  return as_text(content_->store.bytes(item, kTexts));
}

std::string_view Index::content(int64_t item) const {
  return as_text(content_->store.bytes(item, kContents));
}

Value Index::value(int64_t item, size_t column) const {
  return value_in(schema().columns.at(column).kind,
                  content_->store.bytes(item, first_metadata(schema()) + column));
}

size_t Index::column(std::string_view name) const {
  const auto& columns = schema().columns;
  const auto found = std::ranges::find(columns, name, &Column::name);
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  throw Error({.what = "no column " + io::excerpt(name),
               .where = folder().string(),
               .remedy = fmt::format("columns: {}", fmt::join(names, ", "))});
}

int64_t Index::count(const Filter& filter) const {
  int64_t found = 0;
  for (int64_t item = 0; item < size(); ++item) found += content_->matches(filter, item) ? 1 : 0;
  return found;
}

std::vector<std::vector<Match>> Index::search(std::span<const float> queries,
                                              const SearchOptions& options) const {
  content_->check(queries, options);
  const auto width = static_cast<size_t>(schema().width);
  std::vector<float> unit(queries.begin(), queries.end());
  for (size_t q = 0; q < unit.size() / width; ++q) {
    if (!normalise(std::span(unit).subspan(q * width, width)))
      throw Error(
          {.what = fmt::format("query {} has the length 0, or a number that is not finite", q)});
  }
  std::vector<std::vector<Match>> found(unit.size() / width);
  if (size() == 0) return found;
  const std::vector<uint8_t> allowed = content_->allowed(options);
  const auto hits = content_->hits(unit, options,
                                   {.segments = content_->segments,
                                    .width = schema().width,
                                    .allowed = allowed,
                                    .precision = options.precision});
  for (size_t q = 0; q < hits.size(); ++q) {
    for (const Hit& hit : hits[q])
      found[q].push_back({.item = content_->store.item_of(hit.number), .score = hit.score});
  }
  return found;
}

}  // namespace relata::index
