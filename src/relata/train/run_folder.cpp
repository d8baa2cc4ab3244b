#include "relata/train/run_folder.h"

#include <cerrno>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/json.h"
#include "relata/io/jsonl.h"
#include "relata/report/tensorboard.h"

namespace relata::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

json to_json(const Record& record) {
  json line{{"kind", record.kind == Record::Kind::kTrain ? "train" : "evaluation"},
            {"epoch", record.epoch},
            {"step", record.step}};
  if (!record.split.empty()) line["split"] = record.split;
  json metrics = json::array();  // pairs: the order is that of printing
  for (const Metric& metric : record.metrics)
    metrics.push_back({metric.name, io::number_or_null(metric.value)});
  line["metrics"] = std::move(metrics);
  return line;
}

Record from_json(const json& line) {
  Record record{
      .kind = line.at("kind") == "train" ? Record::Kind::kTrain : Record::Kind::kEvaluation,
      .epoch = line.at("epoch"),
      .step = line.at("step"),
      .split = line.value("split", ""),
      .metrics = {}};
  for (const json& pair : line.at("metrics")) {
    record.metrics.push_back({pair.at(0), io::number_or_nan(pair.at(1))});
  }
  return record;
}

void add_scalars(report::EventWriter& events, const Record& record) {
  const std::string group = record.kind == Record::Kind::kTrain ? "train" : record.split;
  for (const Metric& metric : record.metrics) {
    const std::string tag = group + "/" + metric.name;
    events.add_scalar(
        {.tag = tag, .step = record.epoch, .value = metric.value, .wall_time = wall_time()});
  }
}

/// The configuration without the comments that say where values came from.
std::string without_comments(const std::string& yaml) {
  std::istringstream lines(yaml);
  std::string out;
  for (std::string line; std::getline(lines, line);)
    out += line.substr(0, line.rfind("  # ")) + "\n";
  return out;
}

}  // namespace

struct RunFolder::Writers {
  std::ofstream metrics;
  std::unique_ptr<report::EventWriter> events;
};

RunFolder::RunFolder(fs::path path, const std::string& config_yaml, Resume resume)
    : path_(std::move(path)) {
  const fs::path config = path_ / "config.yaml";
  std::error_code error;
  if (resume == Resume::kYes && fs::is_directory(path_, error)) {
    lock_.emplace(path_);
    remove_leftovers(path_);  // of writers that were killed
    remove_leftovers(checkpoint().parent_path());
    if (fs::exists(config)) {
      if (without_comments(read_file(config)) == without_comments(config_yaml)) return;
      throw Error({.what = "holds a run of another recipe, other settings or other data, so it "
                           "cannot be resumed with these",
                   .where = path_.string(),
                   .remedy = "repeat the settings in its config.yaml, or choose another --out"});
    }
  }
  if (fs::exists(path_, error) && !(fs::is_directory(path_) && fs::is_empty(path_))) {
    throw Error({.what = "already exists",
                 .where = path_.string(),
                 .remedy = resume == Resume::kYes
                               ? "it holds no run to resume: choose another --out"
                               : "add --resume to go on with it, or choose another --out"});
  }
  fs::create_directories(path_, error);
  if (error) throw system_error("cannot create the folder", path_.string(), error.value());
  if (!lock_) lock_.emplace(path_);
  write_file(config, config_yaml);
}

RunFolder::~RunFolder() = default;

void RunFolder::open_writers() {
  if (writers_) return;
  writers_ = std::make_unique<Writers>();
  writers_->metrics.open(metrics(), std::ios::app);
  writers_->events = std::make_unique<report::EventWriter>(path_, wall_time());
}

void RunFolder::append(const Record& record) {
  open_writers();
  writers_->metrics << io::to_line(to_json(record)) << '\n';
  if (!writers_->metrics) throw system_error("cannot write", metrics().string(), errno);
  add_scalars(*writers_->events, record);
}

int64_t RunFolder::metrics_size() {
  open_writers();
  writers_->metrics.flush();
  writers_->events->flush();
  if (!writers_->metrics) throw system_error("cannot write", metrics().string(), errno);
  sync_file(metrics());
  return static_cast<int64_t>(fs::file_size(metrics()));
}

void RunFolder::restore(int64_t metrics_size) {
  writers_.reset();
  const fs::path metrics = this->metrics();
  const auto there = fs::exists(metrics) ? static_cast<int64_t>(fs::file_size(metrics)) : 0;
  if (there < metrics_size) {
    throw Error({.what = "is shorter than its checkpoint says",
                 .where = metrics.string(),
                 .remedy = "restore it, or start again in another folder"});
  }
  if (there > 0) fs::resize_file(metrics, static_cast<uintmax_t>(metrics_size));
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().filename().string().starts_with("events.")) fs::remove(entry.path());
  }
  if (metrics_size == 0) return;
  report::EventWriter events(path_, wall_time());
  for (const Record& record : records()) add_scalars(events, record);
  events.flush();
}

std::vector<Record> RunFolder::records() const { return read_records(metrics()); }

std::vector<Record> read_records(const fs::path& metrics_jsonl) {
  std::vector<Record> records;
  io::JsonlReader reader(metrics_jsonl);
  while (const auto line = reader.next()) {
    try {
      records.push_back(from_json(*line));
    } catch (const json::exception& error) {
      throw Error({.what = std::string("is no line of a metrics file: ") + error.what(),
                   .where = reader.where()});
    }
  }
  return records;
}

}  // namespace relata::train
