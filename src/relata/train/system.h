// The seam between a method and the engine: what one forward, the objective and evaluation mean,
// and nothing else. A system does no input or output, runs no loop and reads no flags.
// docs/how-to-add-a-system.md walks through one.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "relata/base/counter_rng.h"
#include "relata/data/batch.h"
#include "relata/data/dataset.h"
#include "relata/train/encoded.h"
#include "relata/train/loss_parts.h"

namespace relata::train {

/// Where training stands.
struct Progress {
  int64_t epoch = 0;   ///< 0-based
  int64_t epochs = 1;  ///< that the schedule is made for, however many are run
  int64_t step = 0;    ///< optimiser steps taken so far
};

/// What a system learns from the training rows before training; saved with the model.
struct State {
  std::map<std::string, std::vector<std::string>>
      facts;                                     ///< e.g. class names, bound fields, in order
  std::map<std::string, torch::Tensor> tensors;  ///< e.g. fitted statistics
};

/// Random numbers of one effective batch, by name.
using Draws = std::map<std::string, torch::Tensor>;

struct Forward {
  Encoded encoded;
  LossParts parts;  ///< sums over the rows of this micro-batch
};

/// Parameters that share optimiser settings.
struct ParameterGroup {
  std::string name;
  std::vector<std::pair<std::string, torch::Tensor>> parameters;
  double lr_scale = 1;
  bool decay = true;  ///< false: no weight decay
};

struct Metric {
  std::string name;
  double value = 0;
};

/// The result of evaluating a whole split.
struct Evaluation {
  int64_t rows = 0;             ///< rows that were scored
  std::vector<Metric> metrics;  ///< in the order to be printed
  /// NaN if there is no metric of that name.
  double operator[](std::string_view name) const;
};

/// Vector fields and a class label: what simple baselines work on.
struct LabelledVectors {
  std::vector<std::string> fields;
  std::string label;
};

/// Offered by systems that assign classes.
class Classifies {
 public:
  struct Classification {
    std::vector<std::string> classes;
    torch::Tensor logits;  ///< [rows, classes] float32 or float64, before any softmax
    torch::Tensor labels;  ///< [rows] int64, −1 where unknown
  };
  virtual ~Classifies() = default;
  /// The roles whose absence it can bear, in order.
  virtual const std::vector<std::string>& roles() const = 0;
  /// `without`: roles to be treated as missing in every row. Throws Error naming a row that then
  /// has nothing left.
  virtual Classification classify(const data::View& view,
                                  const std::vector<std::string>& without) = 0;
  /// What baselines beside this system would see.
  virtual LabelledVectors labelled_vectors(const data::View& train) const = 0;

  /// What is said of rows that stand in no dataset.
  struct Answer {
    torch::Tensor logits;                             ///< [rows, classes]
    std::map<std::string, torch::Tensor> embeddings;  ///< role → [rows, width], of roles given
  };
  /// `values`: role → [rows, width], numbers as they stand in the data, before any transform; a
  /// role left out is missing in every row. In evaluation mode; differentiable. Throws Error for a
  /// name that is no role, no roles at all, shapes that do not fit, and what is not finite.
  virtual Answer answer(const std::map<std::string, torch::Tensor>& values) = 0;
  /// What ranks rows for the ROC curve: float64 [rows, classes].
  virtual torch::Tensor auc_scores(const torch::Tensor& logits) const = 0;
};

class System {
 public:
  virtual ~System() = default;

  /// The registered name, e.g. "m3col".
  virtual std::string name() const = 0;

  /// Once, from the training rows alone. Throws Error for data it cannot work with.
  virtual State fit(const data::View& train) = 0;
  /// Makes the modules for a state, fresh (drawing from torch's CPU generator) whatever was there
  /// before.
  virtual void build(const State& state) = 0;
  virtual torch::nn::Module& module() = 0;
  /// All parameters exactly once. The default: one group of all of them.
  virtual std::vector<ParameterGroup> parameter_groups();

  /// One micro-batch from the rows at `positions`. Called on loader threads; the only reader of
  /// fields.
  virtual data::Batch collate(std::span<const int64_t> positions, const data::View& view,
                              CounterRng rng) const = 0;

  /// Once per effective batch, from torch's CPU generator.
  virtual Draws draw(const data::Rows& rows, const Progress& progress, torch::Generator& generator);
  virtual Forward forward(const data::Batch& batch, const Draws& draws,
                          const Progress& progress) = 0;
  /// True if one row's part of `forward` depends on other rows (input mixing): micro-batches would
  /// then change it.
  virtual bool forward_reads_other_rows(const Progress& progress) const;

  /// True if `objective` adds terms that see every row of the effective batch.
  virtual bool has_objective(const Progress& progress) const;
  virtual LossParts objective(const Encoded& encoded, const data::Rows& rows, const Draws& draws,
                              const Progress& progress);
  /// The count of each part of `forward`, from the batch alone. Needed only for several
  /// micro-batches without an objective, where the gradient of the first is taken before the last
  /// has been seen.
  virtual std::map<std::string, double> counts(const data::Batch& batch) const;

  /// Throws Error for rows that it could not score: asked of every split before training. The
  /// default looks at nothing.
  virtual void check(const data::View& view) const;
  /// Scores a whole split, never a mean of batch means.
  virtual Evaluation evaluate(const data::View& view) = 0;
};

}  // namespace relata::train
