// relata predict MODEL DATA --out F.jsonl: one line a record.
#include <cstdio>
#include <memory>

#include "relata/base/log.h"
#include "relata/train/apply.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string model;
  DataOptions data;
  train::ApplyOptions apply;
  std::string out;
};

void run(Options o) {
  train::LoadedModel model = train::load_model(o.model);
  const auto dataset = data::Dataset::open(o.data.path, o.data.open());
  const data::View view = train::choose_split(*dataset, o.apply);
  const auto predictions = train::predict(model, view, o.apply);
  if (model.info.calibration.fitted_on.empty()) {
    spdlog::warn(
        "probabilities are not calibrated: the model was trained without a validation split");
  }
  train::write_predictions(o.out, predictions, model);
  spdlog::info("{} records of '{}' → {}", predictions.size(), o.apply.split, o.out);
}

}  // namespace

void add_predict(CLI::App& app, const Common&) {
  auto* verb =
      app.add_subcommand("predict", "Predict the class of every record: one JSON line each");
  const auto o = std::make_shared<Options>();
  verb->add_option("model", o->model, "a model folder or a run folder")->required();
  o->data.add_to(*verb, "data");
  verb->get_option("data")->required();
  verb->add_option("--out", o->out, "the .jsonl file to write")->required();
  verb->add_option("--split", o->apply.split, "which split; default: test, else val, else all");
  verb->add_option("--without", o->apply.without, "modalities to be treated as missing")
      ->delimiter(',');
  verb->footer("Example:\n  relata predict runs/first new_patients.jsonl --out predictions.jsonl");
  verb->callback([o] { run(*o); });
}

}  // namespace relata::app
