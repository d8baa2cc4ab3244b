#include "relata/train/runner.h"

#include <fmt/format.h>

#include "relata/base/log.h"
#include "relata/base/parallel.h"
#include "relata/base/progress_bar.h"
#include "relata/train/child_jobs.h"

namespace relata::train {
namespace {

namespace fs = std::filesystem;

class Runner {
 public:
  Runner(const Recipe& recipe, const RunOptions& options)
      : recipe_(recipe), options_(options), data_(open_job_data(job(0))) {}

  Summary run() {
    const bool alone = recipe_.seeds.size() == 1 && recipe_.folds.count == 0;
    if (alone) {
      run_job(job(recipe_.seeds.front()), data_);
      return finish({options_.out});
    }
    check_data();
    const RunFolder folder(options_.out, run_config(recipe_, *data_.dataset), options_.resume);
    fs::create_directories(options_.out / "jobs");
    if (recipe_.folds.count > 0) run_folds();
    std::vector<fs::path> folders;
    std::vector<ChildJob> jobs;
    for (const int64_t seed : recipe_.seeds) {
      folders.push_back(options_.out / "jobs" / fmt::format("seed-{}", seed));
      if (!fs::exists(folders.back() / "result.json"))
        jobs.push_back(seed_job(seed, folders.back()));
    }
    run_all("seeds", jobs);
    return finish(folders);
  }

 private:
  JobSpec job(int64_t seed) const {
    return {.recipe = recipe_,
            .data = options_.data,
            .open = options_.open,
            .out = options_.out,
            .seed = seed,
            .fold = {},
            .resume = options_.resume};
  }

  /// What the data make impossible is refused before anything is written.
  void check_data() const {
    const std::unique_ptr<System> system = recipe_.make_system();
    system->build(system->fit(data_.train.train));
    check_job(recipe_, data_, *system);
  }

  int64_t at_once() const { return options_.jobs > 0 ? options_.jobs : threads(); }

  ChildJob child(const std::string& name, int64_t seed, const fs::path& folder,
                 const std::vector<std::string>& more) const {
    const int64_t each = std::max<int64_t>(1, threads() / at_once());
    std::vector<std::string> arguments{"train", (options_.out / "config.yaml").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    for (std::string word :
         {"folds=" + fmt::format("{}x{}", recipe_.folds.count, recipe_.folds.repeats),
          std::string("seeds=") + std::to_string(seed), std::string("baselines.logistic=false"),
          std::string("--job"), std::string("--quiet"), std::string("--resume"),
          std::string("--data"), options_.data.string(), std::string("--out"), folder.string(),
          std::string("--threads"), std::to_string(each)}) {
      arguments.push_back(std::move(word));
    }
    arguments.insert(arguments.end(), options_.open_arguments.begin(),
                     options_.open_arguments.end());
    return {.name = name, .arguments = std::move(arguments), .log = folder.string() + ".log"};
  }

  ChildJob seed_job(int64_t seed, const fs::path& folder) const {
    std::vector<std::string> more;
    if (choice_) more.push_back(fmt::format("train.stop_after={}", choice_->epoch + 1));
    return child(fmt::format("seed {}", seed), seed, folder, more);
  }

  void run_folds() {
    std::vector<ChildJob> jobs;
    std::vector<fs::path> folders;
    for (int64_t repeat = 0; repeat < recipe_.folds.repeats; ++repeat) {
      for (int64_t fold = 0; fold < recipe_.folds.count; ++fold) {
        folders.push_back(options_.out / "jobs" / fmt::format("fold-{}-{}", repeat, fold));
        if (fs::exists(folders.back() / "result.json")) continue;
        // Repeat r, fold f: the split's seed is r, the model's 5r + f (for five folds). Protocol
        // row P2.
        jobs.push_back(child(fmt::format("repeat {}, fold {}", repeat, fold),
                             recipe_.folds.count * repeat + fold, folders.back(),
                             {"--fold", fmt::format("{}/{}", repeat, fold),
                              fmt::format("train.evaluate.every={}", recipe_.train.select.grid)}));
      }
    }
    run_all("folds", jobs);
    for (const fs::path& folder : folders) folds_.push_back(read_result(folder / "result.json"));
    if (recipe_.train.select.rule != Selection::kCrossValidated) return;
    choice_ = choose_epoch(folds_, recipe_.train.select);
    spdlog::info("cross-validation chose epoch {} ({} {:.4f})", choice_->epoch,
                 recipe_.train.select.metric, choice_->score);
  }

  void run_all(const std::string& unit, const std::vector<ChildJob>& jobs) const {
    if (jobs.empty()) return;
    spdlog::info("{} {} to run, {} at once", jobs.size(), unit,
                 std::min<int64_t>(at_once(), static_cast<int64_t>(jobs.size())));
    ProgressBar bar("run", unit, static_cast<int64_t>(jobs.size()));
    bar.update(0);
    run_children(jobs, {.program = relata_program(),
                        .at_once = at_once(),
                        .on_progress = [&](int64_t done) { bar.update(done); }});
  }

  std::vector<Baseline> baselines(const std::string& split) const {
    if (!recipe_.baselines.logistic) return {};
    const std::unique_ptr<System> system = recipe_.make_system();
    const auto* classifier = dynamic_cast<const Classifies*>(system.get());
    if (classifier == nullptr) return {};
    const data::View& train = data_.train.train;
    return logistic_baselines({.train = train,
                               .test = data_.dataset->split(split),
                               .what = classifier->labelled_vectors(train)});
  }

  Summary finish(const std::vector<fs::path>& folders) {
    std::vector<JobResult> jobs;
    for (const fs::path& folder : folders) jobs.push_back(read_result(folder / "result.json"));
    const std::string split = summary_split(jobs.front());
    const SummaryInput input{.recipe = recipe_,
                             .data = data_,
                             .folders = folders,
                             .jobs = jobs,
                             .baselines = baselines(split),
                             .folds = folds_,
                             .choice = choice_};
    Summary summary = summarise(input);
    write_summary(options_.out, summary);
    if (folders.front() != options_.out)
      write_summary_page(options_.out / "report.html", summary, recipe_.yaml());
    return summary;
  }

  const Recipe& recipe_;
  const RunOptions& options_;
  JobData data_;
  std::vector<JobResult> folds_;
  std::optional<EpochChoice> choice_;
};

}  // namespace

Summary run_recipe(const Recipe& recipe, const RunOptions& options) {
  return Runner(recipe, options).run();
}

}  // namespace relata::train
