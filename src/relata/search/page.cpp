#include "relata/search/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/image/convert.h"
#include "relata/io/image/decode.h"
#include "relata/io/image/jpeg_writer.h"
#include "relata/io/image/resize.h"
#include "relata/report/card.h"
#include "relata/search/report_json.h"

namespace relata::search {
namespace {

constexpr int64_t kLongestSide = 320;
constexpr int kQuality = 82;

/// At most kLongestSide a side, never larger than the picture is.
io::Image thumbnail(std::string_view file, std::string_view where) {
  const io::Image whole = io::to_rgb(io::decode_image(std::as_bytes(std::span(file)), where,
                                                      {.allow_truncated = true,
                                                       .mode = io::DecodeMode::kFast,
                                                       .target_height = kLongestSide,
                                                       .target_width = kLongestSide}));
  const int64_t longest = std::max(whole.width, whole.height);
  if (longest <= kLongestSide) return whole;
  const auto scaled = [&](int64_t side) {
    return std::max<int64_t>(1, (side * kLongestSide + longest / 2) / longest);
  };
  return io::resize(whole, scaled(whole.height), scaled(whole.width), io::ResizeFilter::kBicubic);
}

void show(report::Card& card, const io::Image& picture) {
  card.jpeg = io::encode_jpeg(picture, kQuality);
  card.width = picture.width;
  card.height = picture.height;
}

std::string query_text(const Query& query) {
  if (query.text) return "“" + *query.text + "”";
  if (query.image) return "picture " + query.image->filename().string();
  if (query.id) return "item " + *query.id;
  return "vectors of " + query.vector->filename().string();
}

report::Card card_of(Searcher& searcher, const Answer& answer, size_t rank,
                     std::vector<std::string>& broken) {
  report::Card card{.heading = fmt::format("{}. {}", rank, answer.id),
                    .note = fmt::format("score {:.3f}", answer.score),
                    .alternative = answer.text.empty() ? answer.id : answer.text,
                    .text = answer.text};
  if (answer.first_score) card.note += fmt::format(", first {:.3f}", *answer.first_score);
  for (const auto& [name, value] : answer.metadata) {
    if (!std::holds_alternative<std::monostate>(value))
      card.details.emplace_back(name, to_text(value));
  }
  if (answer.picture.empty()) return card;
  try {
    show(card, thumbnail(searcher.picture_bytes(answer), answer.picture));
  } catch (const Error& error) {
    broken.emplace_back(error.what());
  }
  return card;
}

std::vector<report::Fact> about(const Searcher& searcher, const Request& request) {
  std::vector<report::Fact> facts{
      {"index",
       fmt::format("{}, {} items", searcher.index().folder().string(), searcher.index().size())}};
  if (!request.where.empty()) facts.emplace_back("where", request.where);
  if (request.lexical > 0) {
    facts.emplace_back(
        "words",
        fmt::format("weight {} ({})", request.lexical,
                    request.lexical_kind == index::LexicalKind::kBm25 ? "BM25" : "trigrams"));
  }
  if (!request.rerank.empty()) facts.emplace_back("scored again by", request.rerank);
  return facts;
}

}  // namespace

PageResult answers_page(Searcher& searcher, const Request& request,
                        const std::vector<std::vector<Answer>>& answers) {
  PageResult result{.page = report::Page("Answers to " + query_text(request.query))};
  report::Content& head = result.page.section("The query");
  if (request.query.image) {
    report::Card card{.heading = "The picture", .alternative = "the query"};
    const std::string file = read_file(*request.query.image);
    show(card, thumbnail(file, request.query.image->string()));
    head.cards(std::vector{card});
  }
  head.facts(about(searcher, request));
  for (size_t q = 0; q < answers.size(); ++q) {
    std::vector<report::Card> cards;
    for (const Answer& answer : answers[q])
      cards.push_back(card_of(searcher, answer, cards.size() + 1, result.broken));
    const std::string count = fmt::format("{} answers", cards.size());
    result.page.section(answers.size() == 1 ? count : fmt::format("Query {}: {}", q + 1, count))
        .cards(cards);
  }
  return result;
}

}  // namespace relata::search
