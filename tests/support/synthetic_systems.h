// Three small systems that use the seam of train/system.h in different ways, and data for them.
#pragma once

#include <torch/torch.h>

#include <memory>

#include "relata/train/system.h"

namespace relata::test {

/// Vectors `a` beside sequences `b` of one to four tokens; class labels. `folder` is made.
/// Splits: train (24 rows), val (12 rows).
std::shared_ptr<const data::Dataset> open_pairs(const std::filesystem::path& folder);

/// Rows `x` that name one to three entries of the table `kb`. Split: train (12 rows).
std::shared_ptr<const data::Dataset> open_links(const std::filesystem::path& folder);

/// What most synthetic systems share: one module, a fixed way to make it, all else by hand.
class SyntheticSystem : public train::System {
 public:
  train::State fit(const data::View& train) override;
  torch::nn::Module& module() override { return *module_; }
  /// All rows of a view in one batch, in its order.
  data::Batch collate_all(const data::View& view) const;
  torch::Dtype dtype() const { return module_->parameters().front().scalar_type(); }

 protected:
  torch::nn::Linear linear(const std::string& name) const;
  std::shared_ptr<torch::nn::Module> module_;
};

/// (i) A batch-wide contrast of a vector with the mean of its tokens, dropout, drawn row weights, a
/// classifier, and a buffer that counts forward passes. Its local outputs differ in length from
/// micro-batch to micro-batch.
class ContrastSystem : public SyntheticSystem, public train::Classifies {
 public:
  struct Options {
    double dropout = 0.3;
    bool batch_norm = false;        ///< a BatchNorm named "norm" within forward
    bool reads_other_rows = false;  ///< says so
    bool always_mask = true;  ///< false: no mask where all rows of a micro-batch are equally long
  };
  ContrastSystem() : ContrastSystem(Options{}) {}
  explicit ContrastSystem(const Options& options) : options_(options) {}

  std::string name() const override { return "contrast"; }
  void build(const train::State& state) override;
  data::Batch collate(std::span<const int64_t> positions, const data::View& view,
                      CounterRng rng) const override;
  train::Draws draw(const data::Rows& rows, const train::Progress& progress,
                    torch::Generator& generator) override;
  train::Forward forward(const data::Batch& batch, const train::Draws& draws,
                         const train::Progress& progress) override;
  bool forward_reads_other_rows(const train::Progress&) const override {
    return options_.reads_other_rows;
  }
  bool has_objective(const train::Progress&) const override { return true; }
  train::LossParts objective(const train::Encoded& encoded, const data::Rows& rows,
                             const train::Draws& draws, const train::Progress& progress) override;
  train::Evaluation evaluate(const data::View& view) override;

  Classification classify(const data::View& view, const std::vector<std::string>& without) override;
  train::LabelledVectors labelled_vectors(const data::View&) const override {
    return {.fields = roles_, .label = "y"};
  }
  /// Refused: its tokens have no place in a plain matrix.
  Answer answer(const std::map<std::string, torch::Tensor>& values) override;
  const std::vector<std::string>& roles() const override { return roles_; }
  torch::Tensor auc_scores(const torch::Tensor& logits) const override {
    return logits.to(torch::kFloat64);
  }
  /// How often forward has run, as the buffer of the module says.
  int64_t passes() const { return module_->named_buffers()["passes"].item<int64_t>(); }

 private:
  Options options_;
  std::vector<std::string> roles_{"a", "b"};
};

/// (ii) No batch-wide term: a loss per labelled row and one per token, counted in advance.
class CountedSystem : public SyntheticSystem {
 public:
  enum class Counts { kRight, kWrong, kIncomplete, kNone };
  explicit CountedSystem(Counts counts = Counts::kRight) : counts_(counts) {}

  std::string name() const override { return "counted"; }
  void build(const train::State& state) override;
  data::Batch collate(std::span<const int64_t> positions, const data::View& view,
                      CounterRng rng) const override;
  train::Forward forward(const data::Batch& batch, const train::Draws& draws,
                         const train::Progress& progress) override;
  std::map<std::string, double> counts(const data::Batch& batch) const override;
  train::Evaluation evaluate(const data::View& view) override;

 private:
  Counts counts_;
};

/// (iii) Several items per row, from a table that the row refers to: the items of a row are to be
/// nearer to it than those of all other rows.
class LinkSystem : public SyntheticSystem {
 public:
  std::string name() const override { return "link"; }
  void build(const train::State& state) override;
  data::Batch collate(std::span<const int64_t> positions, const data::View& view,
                      CounterRng rng) const override;
  train::Forward forward(const data::Batch& batch, const train::Draws& draws,
                         const train::Progress& progress) override;
  bool has_objective(const train::Progress&) const override { return true; }
  train::LossParts objective(const train::Encoded& encoded, const data::Rows& rows,
                             const train::Draws& draws, const train::Progress& progress) override;
  train::Evaluation evaluate(const data::View& view) override;
};

}  // namespace relata::test
