// M3CoL in use: classification of rows in a dataset or of bare tensors, with any subset of the
// modalities.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "relata/base/error.h"
#include "relata/systems/m3col/fields.h"
#include "relata/systems/m3col/system.h"
#include "relata/train/class_metrics.h"

namespace relata::systems::m3col {
namespace {

using torch::Tensor;

constexpr int64_t kEvaluationRows =
    1024;  // rows a forward pass when scoring: bounds memory, changes nothing else

/// Evaluation mode until it goes out of scope, then the mode before.
class InEvaluationMode {
 public:
  explicit InEvaluationMode(torch::nn::Module& module)
      : module_(module), trained_(module.is_training()) {
    module_.eval();
  }
  InEvaluationMode(const InEvaluationMode&) = delete;
  InEvaluationMode& operator=(const InEvaluationMode&) = delete;
  ~InEvaluationMode() { module_.train(trained_); }

 private:
  torch::nn::Module& module_;
  bool trained_;
};

std::string shape_of(const Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes(), ", "));
}

/// The number of rows that all values have.
int64_t common_rows(const std::map<std::string, Tensor>& values,
                    const std::vector<std::string>& roles) {
  const std::string known = fmt::format("its modalities: {}", fmt::join(roles, ", "));
  if (values.empty()) throw Error({.what = "no modality was given", .remedy = known});
  const auto& [first_name, first] = *values.begin();
  for (const auto& [name, value] : values) {
    if (std::find(roles.begin(), roles.end(), name) == roles.end())
      throw Error({.what = "the model has no modality '" + name + "'", .remedy = known});
    if (value.dim() == 2 && value.size(0) == first.size(0)) continue;
    throw Error({.what = fmt::format("'{}' is {} and '{}' is {}; each must be [rows, width]",
                                     first_name, shape_of(first), name, shape_of(value))});
  }
  return first.size(0);
}

/// As collate would have scaled them, in double, then float32.
Tensor scaled_values(const Tensor& raw, const data::Affine& scale, const std::string& role) {
  if (raw.size(1) != scale.offset.size(0)) {
    throw Error({.what = fmt::format("'{}' is {}, but the model was trained on {} features", role,
                                     shape_of(raw), scale.offset.size(0))});
  }
  const Tensor scaled = scale(raw.to(torch::kFloat64)).to(torch::kFloat32);
  if (const Tensor bad = scaled.isfinite().logical_not(); bad.any().item<bool>()) {
    throw Error({.what = fmt::format("'{}' holds a value that is not finite", role),
                 .where = fmt::format("row {}", bad.nonzero()[0][0].item<int64_t>()),
                 .remedy = "impute it, or leave the modality out"});
  }
  return scaled;
}

/// The positions of a view, some at a time.
std::vector<std::vector<int64_t>> in_parts(int64_t size) {
  std::vector<std::vector<int64_t>> parts;
  for (int64_t i = 0; i < size; ++i) {
    if (i % kEvaluationRows == 0) parts.emplace_back();
    parts.back().push_back(i);
  }
  return parts;
}

}  // namespace

std::vector<Tensor> M3col::embed(const data::Batch& batch) {
  std::vector<Tensor> embeddings;
  for (size_t m = 0; m < roles_.size(); ++m) {
    embeddings.push_back(model_->encode(m, batch.roles.at(roles_[m]).values.to(model_->dtype())));
  }
  return embeddings;
}

Tensor M3col::logits_of(const data::Batch& batch, const std::vector<Tensor>& embeddings) {
  std::vector<Tensor> present;
  Tensor complete = torch::ones({batch.item_row.size(0)}, torch::kBool);
  for (const std::string& role : roles_) {
    present.push_back(batch.roles.at(role).present);
    complete = complete.logical_and(present.back());
  }
  const Tensor fused = fused_logits(embeddings, present);
  if (config_.missing == MissingRule::kFusion || complete.all().item<bool>()) return fused;
  if (!config_.unimodal_losses) {
    throw Error({.what =
                     "some rows lack a modality, and the unimodal heads that classify such rows "
                     "were not trained (unimodal_losses=false)",
                 .where = "missing",
                 .remedy = "set missing=fusion, with modality_dropout in training"});
  }
  Tensor sum = torch::zeros_like(fused);
  Tensor count = torch::zeros({fused.size(0), 1}, fused.options());
  for (size_t m = 0; m < roles_.size(); ++m) {
    const Tensor here = present[m].unsqueeze(1).to(fused.dtype());
    sum = sum + here * torch::softmax(model_->head(m, embeddings[m]), /*dim=*/1);
    count = count + here;
  }
  return torch::where(complete.unsqueeze(1), fused, (sum / count).clamp_min(1e-38).log());
}

train::Classifies::Classification M3col::classify(const data::View& view,
                                                  const std::vector<std::string>& without) {
  const torch::NoGradGuard no_grad;
  const InEvaluationMode evaluation(*model_);
  Classification result{.classes = classes_, .logits = {}, .labels = {}};
  std::vector<Tensor> logits{
      torch::empty({0, static_cast<int64_t>(classes_.size())}, torch::kFloat32)};
  std::vector<Tensor> labels{torch::empty({0}, torch::kInt64)};
  for (const std::vector<int64_t>& positions : in_parts(view.size())) {
    data::Batch batch = collate(positions, view, CounterRng(0));
    leave_out(batch, without);
    refuse_empty_rows(batch, roles_, view);
    logits.push_back(logits_of(batch, embed(batch)));
    labels.push_back(batch.rows.labels.at("label"));
  }
  result.logits = torch::cat(logits);
  result.labels = torch::cat(labels);
  return result;
}

void M3col::check(const data::View& view) const {
  for (const std::vector<int64_t>& positions : in_parts(view.size()))
    refuse_empty_rows(collate(positions, view, CounterRng(0)), roles_, view);
}

train::LabelledVectors M3col::labelled_vectors(const data::View& train) const {
  const Bound bound =
      roles_.empty() ? bind_fields(train, config_) : Bound{.roles = roles_, .label = label_};
  train::LabelledVectors what{.fields = {}, .label = bound.label};
  for (const std::string& role : bound.roles) what.fields.push_back(field_of(role));
  return what;
}

train::Classifies::Answer M3col::answer(const std::map<std::string, Tensor>& values) {
  const int64_t rows = common_rows(values, roles_);
  data::Batch batch;
  batch.item_row = torch::arange(rows);
  for (size_t m = 0; m < roles_.size(); ++m) {
    const auto given = values.find(roles_[m]);
    const bool here = given != values.end();
    const data::Affine& scale = scales_[m];
    batch.roles[roles_[m]] = {
        .values = here ? scaled_values(given->second, scale, roles_[m])
                       : torch::zeros({rows, scale.offset.size(0)}, torch::kFloat32),
        .present = torch::full({rows}, here, torch::kBool)};
  }
  const InEvaluationMode evaluation(*model_);
  const std::vector<Tensor> embeddings = embed(batch);
  Answer answer{.logits = logits_of(batch, embeddings), .embeddings = {}};
  for (size_t m = 0; m < roles_.size(); ++m) {
    if (values.contains(roles_[m])) answer.embeddings[roles_[m]] = embeddings[m];
  }
  return answer;
}

Tensor M3col::auc_scores(const Tensor& logits) const {
  if (config_.auc == AucScore::kProbability) {
    return torch::softmax(logits.to(torch::kFloat32), /*dim=*/1).to(torch::kFloat64);
  }
  // z_c − log Σ_{j≠c} exp z_j, class by class
  const Tensor z = logits.to(torch::kFloat64);
  std::vector<Tensor> margins;
  for (int64_t c = 0; c < z.size(1); ++c) {
    const Tensor others = torch::cat({z.narrow(1, 0, c), z.narrow(1, c + 1, z.size(1) - c - 1)}, 1);
    margins.push_back(z.select(1, c) - others.logsumexp(1));
  }
  return torch::stack(margins, 1);
}

train::Evaluation M3col::evaluate(const data::View& view) {
  const Classification result = classify(view, {});
  return train::class_metrics(result, auc_scores(result.logits));
}

}  // namespace relata::systems::m3col
