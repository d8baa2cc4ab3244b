// relata train RECIPE [key=value …] --data D --out RUN: trains one or many seeds; a run folder.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "output.h"
#include "relata/base/file.h"
#include "relata/train/runner.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string out;
  std::string fold;
  DataOptions data;
  int64_t jobs = 0;
  int64_t seed = -1;
  std::string precision;
  bool resume = false;
  bool job = false;
  bool print_config = false;
};

train::FoldSpec parse_fold(const std::string& text) {
  const size_t slash = text.find('/');
  return {.repeat = std::stoll(text.substr(0, slash)), .fold = std::stoll(text.substr(slash + 1))};
}

/// A child process of the runner: exactly one job.
void run_single(const Options& o, const train::Recipe& recipe) {
  train::JobSpec spec{.recipe = recipe,
                      .data = o.data.path,
                      .open = o.data.open(),
                      .out = o.out,
                      .seed = recipe.seeds.front(),
                      .fold = {},
                      .resume = train::Resume::kYes,
                      .checked = true};
  if (!o.fold.empty()) spec.fold = parse_fold(o.fold);
  train::run_job(spec);
}

void print_result(const train::Summary& summary, const Options& o, const Common& common) {
  if (common.json) {
    std::fputs(read_file(std::filesystem::path(o.out) / "summary.json").c_str(), stdout);
    return;
  }
  print(train::summary_table(summary));
  std::printf("\nreport: %s\n", (std::filesystem::path(o.out) / "report.html").c_str());
}

/// RELATA_SEED, where the command line says nothing of seeds. The runner's children are told
/// theirs.
std::string seed_of_environment(const Options& o) {
  const char* seed = std::getenv("RELATA_SEED");
  const bool said =
      o.job || o.seed >= 0 || std::ranges::any_of(o.overrides, [](const std::string& override) {
        return override.starts_with("seeds=");
      });
  return seed == nullptr || said ? "" : seed;
}

void run(Options o, const Common& common) {
  train::catch_signals();
  if (o.seed >= 0) o.overrides.push_back("seeds=" + std::to_string(o.seed));
  if (const std::string seed = seed_of_environment(o); !seed.empty())
    o.overrides.push_back("seeds=" + seed);
  if (!o.precision.empty()) o.overrides.push_back("train.precision=" + o.precision);
  const train::Recipe recipe = train::load_recipe(o.recipe, o.overrides);
  if (o.print_config) {
    std::fputs(recipe.yaml().c_str(), stdout);
    return;
  }
  require(o.data.path, "--data", "the dataset folder or .jsonl file");
  require(o.out, "--out", "the run folder to write");
  if (o.job) return run_single(o, recipe);
  const train::Summary summary =
      train::run_recipe(recipe, {.data = o.data.path,
                                 .open = o.data.open(),
                                 .open_arguments = o.data.arguments(),
                                 .out = o.out,
                                 .resume = o.resume ? train::Resume::kYes : train::Resume::kNo,
                                 .jobs = o.jobs});
  print_result(summary, o, common);
}

}  // namespace

void add_train(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("train", "Train a recipe on a dataset; writes a run folder");
  const auto o = std::make_shared<Options>();
  verb->add_option("recipe", o->recipe, "a built-in recipe (`relata recipes`) or a .yaml file")
      ->required();
  verb->add_option("overrides", o->overrides,
                   "key=value: overrides a key of the recipe, e.g. train.epochs=100 seeds=0..4");
  o->data.add_to(*verb, "--data");
  o->data.add_cut_to(*verb);
  verb->add_option("--out", o->out, "the run folder to write");
  verb->add_option("--seed", o->seed, "short for seeds=N (Env:RELATA_SEED)")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--precision", o->precision, "short for train.precision: fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}));
  verb->add_option(
          "--jobs", o->jobs,
          "seeds or folds at once, each a process with its share of --threads; default: all")
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--resume", o->resume,
                 "go on with the run in --out: finished jobs are kept, the rest continue");
  verb->add_flag("--print-config", o->print_config,
                 "print every key with its value and origin, and stop");
  verb->add_flag("--job", o->job)->group("");  // how the runner calls its children
  verb->add_option("--fold", o->fold)->group("");
  verb->footer(
      "Example:\n  relata train m3col/own --data my_omics/ --out runs/first seeds=0..4\n"
      "  relata train m3col/own --data my_omics/ --out runs/first --resume      # after an "
      "interruption");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
