// relata train RECIPE [key=value …] --data D --out RUN: trains; a run folder.
#include <cstdio>
#include <memory>

#include "relata/train/job.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string data;
  std::string out;
  bool resume = false;
  int64_t seed = 0;
};

void run(const Options& o) {
  train::catch_signals();
  train::JobSpec spec{.recipe = train::load_recipe(o.recipe, o.overrides),
                      .data = o.data,
                      .open = {},
                      .out = o.out,
                      .seed = o.seed,
                      .fold = {}};
  spec.resume = o.resume ? train::Resume::kYes : train::Resume::kNo;
  train::run_job(spec);
}

}  // namespace

void add_train(CLI::App& app, const Common&) {
  auto* verb = app.add_subcommand("train", "Train a recipe on a dataset");
  const auto o = std::make_shared<Options>();
  verb->add_option("recipe", o->recipe, "built-in recipe or file")->required();
  verb->add_option("overrides", o->overrides, "key=value");
  verb->add_option("--data", o->data, "dataset")->required();
  verb->add_option("--out", o->out, "run folder")->required();
  verb->add_option("--seed", o->seed, "seed");
  verb->add_flag("--resume", o->resume, "go on");
  verb->callback([o] { run(*o); });
}

}  // namespace relata::app
