#include "relata/search/searcher.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/data/field_file.h"
#include "relata/index/dot.h"
#include "relata/io/npy.h"
#include "relata/io/utf8.h"
#include "relata/models/locate.h"
#include "relata/search/build.h"

namespace relata::search {
namespace {

namespace fs = std::filesystem;
using models::Role;
using torch::Tensor;

constexpr int64_t kItemsAPass = 32;

std::vector<float> numbers_of(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous();
  const float* values = dense.const_data_ptr<float>();
  return {values, values + dense.numel()};
}

std::vector<float> encode_text(models::Encoder& encoder, std::string_view text) {
  encoder.require(Role::kText);
  return numbers_of(encoder.embed_tokens(encoder.tokens(std::vector{text})));
}

std::vector<float> encode_picture(models::Encoder& encoder, std::string_view file,
                                  std::string_view where) {
  encoder.require(Role::kImage);
  const std::vector<io::PixelValues> pixels{encoder.pixels(std::as_bytes(std::span(file)), where)};
  return numbers_of(encoder.embed_pixels(pixels));
}

/// A query in words or of a picture.
std::vector<float> encode(models::Encoder& encoder, const Query& query) {
  if (query.text) return encode_text(encoder, *query.text);
  return encode_picture(encoder, read_file(*query.image), query.image->string());
}

/// Rows of a file, as many numbers each as the index has.
std::vector<float> read_vectors(const fs::path& path, int64_t width) {
  const io::NpyMatrix matrix = io::read_npy_matrix_as_double(path);
  // A file with one axis is one vector; it is read as one column.
  const bool one = matrix.columns == 1 && matrix.rows == width;
  if (!one && matrix.columns != width) {
    throw Error({.what = fmt::format("vectors of {}, not {}", matrix.columns, width),
                 .where = path.string()});
  }
  return {matrix.values.begin(), matrix.values.end()};
}

void check_one(const Query& query) {
  const int given =
      (query.text ? 1 : 0) + (query.image ? 1 : 0) + (query.id ? 1 : 0) + (query.vector ? 1 : 0);
  if (given == 1) return;
  throw Error({.what = given == 0 ? "no query" : "several queries",
               .remedy = "give one of --text, --image, --id and --vector"});
}

}  // namespace

Searcher::Searcher(const fs::path& folder, SearcherOptions options)
    : index_(folder), options_(std::move(options)) {}

models::Encoder& Searcher::encoder() {
  if (encoder_) return *encoder_;
  const std::string name = options_.model.empty() ? index_.fact(facts::kModel) : options_.model;
  auto loaded = std::make_unique<models::Encoder>(models::locate_model(name));
  if (!options_.force) require_same_model(*loaded, index_);
  encoder_ = std::move(loaded);
  return *encoder_;
}

std::vector<float> Searcher::vectors_of(const Query& query) {
  if (query.text || query.image) return encode(encoder(), query);
  if (query.vector) return read_vectors(*query.vector, index_.schema().width);
  const auto item = index_.find(*query.id);
  if (!item) {
    throw Error({.what = fmt::format("no item {}", io::excerpt(*query.id)),
                 .where = index_.folder().string()});
  }
  const auto vector = index_.vector(*item);
  return {vector.begin(), vector.end()};
}

std::vector<std::string> Searcher::words_of(const Query& query, size_t queries) const {
  if (query.text) return {*query.text};
  if (query.id) return {std::string(index_.text(*index_.find(*query.id)))};
  throw Error({.what = fmt::format("{} without words and a lexical weight",
                                   query.image ? "a picture" : "a vector"),
               .where = fmt::format("{} queries", queries),
               .remedy = "ask with --text or --id, or leave --lexical out"});
}

std::string Searcher::picture_of(int64_t item) const {
  const auto fact = index_.schema().facts.find(facts::kPicture);
  if (fact == index_.schema().facts.end() || fact->second.empty()) return "";
  const index::Value value = index_.value(item, index_.column(fact->second));
  if (const auto* one = std::get_if<std::string>(&value)) return *one;
  const auto* several = std::get_if<std::vector<std::string>>(&value);
  return several == nullptr || several->empty() ? "" : several->front();
}

Answer Searcher::answer(const index::Match& match) const {
  Answer answer{.id = std::string(index_.id(match.item)),
                .score = match.score,
                .text = std::string(index_.text(match.item)),
                .picture = picture_of(match.item)};
  const auto& columns = index_.schema().columns;
  for (size_t i = 0; i < columns.size(); ++i)
    answer.metadata.emplace_back(columns[i].name, index_.value(match.item, i));
  return answer;
}

std::string Searcher::picture_bytes(const Answer& answer) {
  if (!files_) {
    files_ = std::make_shared<data::FieldFiles>(options_.data.empty() ? index_.fact(facts::kData)
                                                                      : options_.data);
  }
  return files_->read(answer.picture);
}

std::vector<std::vector<Answer>> Searcher::search(const Request& request) {
  check_one(request.query);
  std::optional<index::Filter> filter;
  if (!request.where.empty()) filter.emplace(request.where, index_.schema().columns);
  const std::vector<float> vectors = vectors_of(request.query);
  if (std::cmp_not_equal(vectors.size() % static_cast<size_t>(index_.schema().width), 0)) {
    throw Error({.what = fmt::format("the model gives vectors of {}, the index holds {}",
                                     vectors.size(), index_.schema().width),
                 .where = index_.folder().string()});
  }
  const size_t queries = vectors.size() / static_cast<size_t>(index_.schema().width);
  std::vector<std::string> words;
  if (request.lexical != 0) words = words_of(request.query, queries);
  const bool again = !request.rerank.empty();
  const auto found = index_.search(
      vectors, {.k = again ? std::max(request.k, request.rerank_top) : request.k,
                .precision = request.precision,
                .lexical = {.weight = request.lexical,
                            .kind = request.lexical_kind,
                            .terms = request.lexical_terms,
                            .texts = words},
                .filter = filter ? &*filter : nullptr,
                .but = request.query.id ? index_.find(*request.query.id) : std::nullopt});
  std::vector<std::vector<Answer>> answers;
  for (const auto& matches : found) {
    std::vector<Answer>& list = answers.emplace_back();
    for (const index::Match& match : matches) list.push_back(answer(match));
    if (again) rerank(request, list);
    if (std::cmp_greater(list.size(), request.k)) list.resize(static_cast<size_t>(request.k));
  }
  return answers;
}

/// [answers, width]: pictures where that is what the index holds and the model encodes them, else
/// the texts.
std::vector<float> Searcher::rerank_vectors(models::Encoder& encoder,
                                            const std::vector<Answer>& answers) {
  const auto roles = encoder.roles();
  const auto has = [&](Role role) { return std::ranges::find(roles, role) != roles.end(); };
  const bool pictures = has(Role::kImage) && index_.fact(facts::kRole) == role_name(Role::kImage);
  if (!pictures && (!has(Role::kText) || index_.fact(facts::kText).empty())) {
    throw Error(
        {.what = "nothing in the index that the model to rerank with encodes",
         .where = index_.folder().string(),
         .remedy = "build the index with --text-field, or take a model that encodes pictures"});
  }
  std::vector<float> vectors;
  for (size_t begin = 0; begin < answers.size(); begin += kItemsAPass) {
    const size_t end = std::min(answers.size(), begin + kItemsAPass);
    std::vector<io::PixelValues> pixels;
    std::vector<std::string_view> texts;
    for (size_t i = begin; i < end; ++i) {
      if (pictures) {
        const std::string file = picture_bytes(answers[i]);
        pixels.push_back(encoder.pixels(std::as_bytes(std::span(file)), answers[i].picture));
      } else {
        texts.emplace_back(answers[i].text);
      }
    }
    const Tensor some =
        pictures ? encoder.embed_pixels(pixels) : encoder.embed_tokens(encoder.tokens(texts));
    const std::vector<float> numbers = numbers_of(some);
    vectors.insert(vectors.end(), numbers.begin(), numbers.end());
  }
  return vectors;
}

void Searcher::rerank(const Request& request, std::vector<Answer>& answers) {
  if (answers.empty()) return;
  if (!request.query.text && !request.query.image) {
    throw Error({.what = "an item or a vector is no query for another model",
                 .remedy = "rerank with --text or --image"});
  }
  models::Encoder other(models::locate_model(request.rerank));
  std::vector<float> query = encode(other, request.query);
  std::vector<float> vectors = rerank_vectors(other, answers);
  const size_t width = query.size();
  if (vectors.size() != width * answers.size())
    throw Error({.what = "the model to rerank with has vectors of several widths"});
  const bool whole = index::normalise(query);
  for (size_t i = 0; i < answers.size(); ++i) {
    const auto vector = std::span(vectors).subspan(i * width, width);
    if (!whole || !index::normalise(vector))
      throw Error({.what = "a vector of length 0 from the model to rerank with"});
    answers[i].first_score = answers[i].score;
    answers[i].score = index::exact_dot(query.data(), vector.data(), static_cast<int64_t>(width));
  }
  std::ranges::stable_sort(answers, std::ranges::greater{}, &Answer::score);
}

}  // namespace relata::search
