// relata search INDEX: by words, a picture, an item or a vector.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/report/text.h"
#include "relata/search/page.h"
#include "relata/search/report_json.h"
#include "relata/search/searcher.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string index;
  search::Request request;
  std::string text;
  std::string image;
  std::string id;
  std::string vector;
  std::string precision = "fp32";
  std::string lexical_kind = "bm25";
  bool distinct = false;
  std::string html;
  search::SearcherOptions searcher;
};

void show_json(const std::vector<std::vector<search::Answer>>& answers) {
  nlohmann::json lists = nlohmann::json::array();
  for (const auto& list : answers) {
    nlohmann::json& out = lists.emplace_back(nlohmann::json::array());
    for (const search::Answer& answer : list) out.push_back(search::to_json(answer));
  }
  // One query: its answers; a file of several vectors: a list for each.
  print(nlohmann::json{{"answers", answers.size() == 1 ? lists.front() : lists}});
}

void show_table(const std::vector<search::Answer>& answers) {
  report::Table table{.columns = {{"rank", report::Align::kRight},
                                  {"score", report::Align::kRight},
                                  {"id"},
                                  {"text"}},
                      .rows = {}};
  for (const search::Answer& answer : answers) {
    table.rows.push_back({std::to_string(table.rows.size() + 1),
                          fmt::format("{:.4f}", answer.score), report::shorten(answer.id, 40),
                          report::shorten(answer.text.empty() ? answer.picture : answer.text, 70)});
  }
  print(table);
}

void run(Options o, const Common& common) {
  search::Request& request = o.request;
  if (!o.text.empty()) request.query.text = o.text;
  if (!o.image.empty()) request.query.image = o.image;
  if (!o.id.empty()) request.query.id = o.id;
  if (!o.vector.empty()) request.query.vector = o.vector;
  request.precision =
      o.precision == "bf16" ? index::ScanPrecision::kBf16 : index::ScanPrecision::kFp32;
  request.lexical_kind = index::lexical_kind_of(o.lexical_kind);
  if (o.distinct) request.lexical_terms = index::QueryTerms::kDistinct;
  search::Searcher searcher(o.index, o.searcher);
  std::vector<std::vector<search::Answer>> answers;
  try {
    answers = searcher.search(request);
  } catch (const index::FilterError& error) {
    std::fputs(error.drawing().c_str(), stderr);
    throw;
  }
  if (!o.html.empty()) {
    const search::PageResult result = search::answers_page(searcher, request, answers);
    for (const std::string& line : result.broken) spdlog::warn("not shown: {}", line);
    result.page.write(o.html);
    spdlog::info("page → {}", o.html);
  }
  if (common.json) return show_json(answers);
  for (const auto& list : answers) show_table(list);
}

}  // namespace

void add_search(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("search", "The items of an index that are nearest to a query");
  const auto o = std::make_shared<Options>();
  verb->add_option("index", o->index, "the folder of an index")->required();
  verb->add_option("--text", o->text, "a query in words");
  verb->add_option("--image", o->image, "a picture");
  verb->add_option("--id", o->id, "an item of the index; it is no answer itself");
  verb->add_option("--vector", o->vector, "a .npy file: [width] or [queries, width]");
  verb->add_option("-k", o->request.k, "how many answers")->capture_default_str();
  verb->add_option("--where", o->request.where,
                   "a condition on metadata: subject = \"biology\" and year > 2010");
  verb->add_option("--lexical", o->request.lexical,
                   "weight of the words between 0 and 1; the rest is the vectors'")
      ->capture_default_str();
  verb->add_option("--lexical-kind", o->lexical_kind, "bm25 or trigrams")
      ->check(CLI::IsMember({"bm25", "trigrams"}))
      ->capture_default_str();
  verb->add_flag("--distinct-words", o->distinct, "a word that the query has twice counts once");
  verb->add_option("--precision", o->precision,
                   "fp32, or bf16 (reads half as much; the same answers)")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  verb->add_option("--html", o->html, "also a page with thumbnails, one file");
  verb->add_option("--model", o->searcher.model, "where the model is now; default: where it was");
  verb->add_option("--data", o->searcher.data,
                   "where the pictures are now; default: where they were");
  verb->add_flag("--force", o->searcher.force,
                 "also with a model that the index was not made with");
  verb->add_option("--rerank", o->request.rerank,
                   "another model, which scores the first answers again");
  verb->add_option("--rerank-top", o->request.rerank_top, "how many of them")
      ->check(CLI::Range(int64_t{1}, int64_t{100'000}))
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  relata search figures.index --text \"a cell divides\" -k 5 --where 'subject = "
      "\"biology\"'\n"
      "  relata search figures.index --id fig-12 --json");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
