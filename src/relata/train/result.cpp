#include "relata/train/result.h"

#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"

namespace relata::train {
namespace {

using nlohmann::json;

json metrics_json(const std::vector<Metric>& metrics) {
  json pairs = json::array();
  for (const Metric& metric : metrics)
    pairs.push_back({metric.name, io::number_or_null(metric.value)});
  return pairs;
}

std::vector<Metric> metrics_from(const json& pairs) {
  std::vector<Metric> metrics;
  for (const json& pair : pairs) metrics.push_back({pair.at(0), io::number_or_nan(pair.at(1))});
  return metrics;
}

json intervals_json(const metrics::ClassificationReport& report) {
  json list = json::array();
  for (const auto& [name, value] : report.metrics) {
    list.push_back({{"name", name},
                    {"estimate", io::number_or_null(value.estimate)},
                    {"low", io::number_or_null(value.low)},
                    {"high", io::number_or_null(value.high)},
                    {"level", value.level},
                    {"resamples", value.resamples}});
  }
  return list;
}

json split_json(const SplitResult& split) {
  json out{{"split", split.split}, {"rows", split.rows}, {"metrics", metrics_json(split.metrics)}};
  if (split.intervals) out["intervals"] = intervals_json(*split.intervals);
  return out;
}

}  // namespace

void write_result(const std::filesystem::path& file, const JobResult& result) {
  json splits = json::array();
  for (const SplitResult& split : result.splits) splits.push_back(split_json(split));
  json history = json::array();
  for (const Record& record : result.history) {
    history.push_back({{"epoch", record.epoch},
                       {"split", record.split},
                       {"metrics", metrics_json(record.metrics)}});
  }
  const json out{{"recipe", result.recipe},
                 {"config_hash", result.config_hash},
                 {"system", result.system},
                 {"seed", result.seed},
                 {"fold", result.fold},
                 {"selection", result.selection},
                 {"selected_epoch", result.selected_epoch},
                 {"epochs", result.epochs},
                 {"loss", io::number_or_null(result.loss)},
                 {"seconds", result.seconds},
                 {"threads", result.threads},
                 {"versions", {{"relata", RELATA_VERSION}, {"torch", TORCH_VERSION}}},
                 {"splits", splits},
                 {"history", history}};
  write_file(file, out.dump(1) + "\n");
}

JobResult read_result(const std::filesystem::path& file) {
  const json in = io::parse_json_strict(read_file(file), file.string());
  try {
    JobResult result{.recipe = in.at("recipe"),
                     .config_hash = in.at("config_hash"),
                     .system = in.at("system"),
                     .seed = in.at("seed"),
                     .fold = in.at("fold"),
                     .selection = in.at("selection"),
                     .selected_epoch = in.at("selected_epoch"),
                     .epochs = in.at("epochs"),
                     .loss = io::number_or_nan(in.at("loss")),
                     .seconds = in.at("seconds"),
                     .threads = in.at("threads")};
    for (const json& split : in.at("splits")) {
      result.splits.push_back({.split = split.at("split"),
                               .rows = split.at("rows"),
                               .metrics = metrics_from(split.at("metrics"))});
    }
    for (const json& record : in.at("history")) {
      result.history.push_back({.kind = Record::Kind::kEvaluation,
                                .epoch = record.at("epoch"),
                                .split = record.at("split"),
                                .metrics = metrics_from(record.at("metrics"))});
    }
    return result;
  } catch (const json::exception& error) {
    throw Error(
        {.what = std::string("is no result file: ") + error.what(), .where = file.string()});
  }
}

}  // namespace relata::train
