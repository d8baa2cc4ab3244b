// relata predict MODEL DATA --out F.jsonl: one line a record.
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/log.h"
#include "relata/train/apply.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  ModelOptions use;
  std::string out;
};

void run(Options o, const Common& common) {
  auto [model, dataset, view] = o.use.open();
  const auto predictions = train::predict(model, view, o.use.apply);
  const bool calibrated = !model.info.calibration.fitted_on.empty();
  if (!calibrated) {
    spdlog::warn(
        "probabilities are not calibrated: the model was trained without a validation split");
  }
  train::write_predictions(o.out, predictions, model);
  spdlog::info("{} records of '{}' → {}", predictions.size(), o.use.apply.split, o.out);
  if (common.json) {
    print(nlohmann::json{{"out", o.out},
                         {"split", o.use.apply.split},
                         {"records", predictions.size()},
                         {"calibrated", calibrated}});
  }
}

}  // namespace

void add_predict(CLI::App& app, const Common& common) {
  auto* verb =
      app.add_subcommand("predict", "Predict the class of every record: one JSON line each");
  const auto o = std::make_shared<Options>();
  o->use.add_to(*verb);
  verb->add_option("--out", o->out, "the .jsonl file to write")->required();
  verb->footer("Example:\n  relata predict runs/first new_patients.jsonl --out predictions.jsonl");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
