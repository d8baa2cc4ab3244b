#include "relata/systems/m3col/system.h"

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>

#include <algorithm>
#include <cstring>

#include "relata/base/error.h"
#include "relata/systems/m3col/fields.h"
#include "relata/systems/m3col/mixing.h"

namespace relata::systems::m3col {
namespace {

using torch::Tensor;

bool every(const Tensor& mask) { return mask.all().item<bool>(); }

/// Σ over the chosen rows of −log softmax(logits)[label], and how many rows that are.
void add_cross_entropy(train::LossParts& parts, const std::string& name, const Tensor& logits,
                       const Tensor& labels, const Tensor& chosen) {
  const bool whole = every(chosen);
  const Tensor l = whole ? logits : logits.index({chosen});
  const Tensor y = whole ? labels : labels.index({chosen});
  namespace F = torch::nn::functional;
  parts.add(name, F::cross_entropy(l, y, F::CrossEntropyFuncOptions().reduction(torch::kSum)),
            {.count = static_cast<double>(y.size(0))});
}

/// Row numbers where every role is present; undefined if that is all of them.
Tensor complete_rows(const data::Rows& rows, const std::vector<std::string>& roles) {
  Tensor complete = rows.present.at(roles.front());
  for (const std::string& role : roles) complete = complete.logical_and(rows.present.at(role));
  return every(complete) ? Tensor() : complete.nonzero().squeeze(1);
}

Tensor pick_rows(const Tensor& x, const Tensor& rows) {
  return rows.defined() ? x.index_select(0, rows) : x;
}

int64_t count_of(const Tensor& rows, int64_t all_rows) {
  return rows.defined() ? rows.size(0) : all_rows;
}

}  // namespace

M3col::M3col(Config config) : config_(std::move(config)) {}

const std::string& M3col::field_of(const std::string& role) const {
  const auto bound = config_.bind.find(role);
  return bound == config_.bind.end() ? role : bound->second;
}

train::State M3col::fit(const data::View& train) {
  const Bound bound = bind_fields(train, config_);
  train::State state;
  state.facts = {{"roles", bound.roles},
                 {"label", {bound.label}},
                 {"classes", train.label_spec(bound.label).names}};
  for (const std::string& role : bound.roles) {
    const data::FieldMatrix matrix = data::field_matrix(train, field_of(role));
    const data::Affine scale = data::fit_min_max(matrix.values, config_.constant_feature);
    state.tensors[role + ".offset"] = scale.offset;
    state.tensors[role + ".scale"] = scale.scale;
  }
  check_classes(train, bound.label);
  return state;
}

void M3col::build(const train::State& state) {
  roles_ = state.facts.at("roles");
  label_ = state.facts.at("label").front();
  classes_ = state.facts.at("classes");
  scales_.clear();
  ModelShape shape{.widths = {}, .classes = static_cast<int64_t>(classes_.size())};
  for (const std::string& role : roles_) {
    scales_.push_back({state.tensors.at(role + ".offset"), state.tensors.at(role + ".scale")});
    shape.widths.push_back(scales_.back().offset.size(0));
  }
  model_ = Model(config_.model, shape);
}

Tensor M3col::role_values(const data::View& view, std::span<const int64_t> positions, size_t role,
                          const Tensor& present) const {
  const data::Affine& scale = scales_[role];
  const std::string& field = field_of(roles_[role]);
  const int64_t width = scale.offset.size(0);
  Tensor raw = torch::zeros({static_cast<int64_t>(positions.size()), width}, torch::kFloat64);
  const bool* here = present.const_data_ptr<bool>();
  for (size_t i = 0; i < positions.size(); ++i) {
    if (!here[i]) continue;
    const std::span<const double> values = view.vector(positions[i], field);
    if (static_cast<int64_t>(values.size()) != width) {
      throw Error({.what = fmt::format(
                       "field '{}' of record '{}' has {} values, but the model was trained on {}",
                       field, view.id(positions[i]), values.size(), width),
                   .where = view.dataset().folder().string()});
    }
    std::memcpy(raw.mutable_data_ptr<double>() + static_cast<int64_t>(i) * width, values.data(),
                values.size_bytes());
  }
  const Tensor scaled = scale(raw).to(torch::kFloat32);
  if (const Tensor finite = scaled.isfinite(); !every(finite)) {
    const Tensor bad = finite.logical_not().nonzero()[0];
    data::refuse_value(view, field, positions[static_cast<size_t>(bad[0].item<int64_t>())],
                       static_cast<size_t>(bad[1].item<int64_t>()));
  }
  return scaled.masked_fill(present.logical_not().unsqueeze(1), 0);
}

Tensor M3col::class_numbers(const data::View& view, std::span<const int64_t> positions) const {
  Tensor numbers = torch::full({static_cast<int64_t>(positions.size())}, -1, torch::kInt64);
  if (!has_label(view, label_)) return numbers;
  // Another dataset may list the classes in another order: names say which is which.
  const std::vector<std::string>& names = view.label_spec(label_).names;
  std::vector<int64_t> known;
  for (const std::string& name : names) {
    const auto found = std::find(classes_.begin(), classes_.end(), name);
    known.push_back(found == classes_.end() ? -1 : found - classes_.begin());
  }
  auto* out = numbers.mutable_data_ptr<int64_t>();
  for (const int64_t position : positions) {
    const int64_t number = view.class_label(position, label_);
    if (number >= 0) {
      *out = known[static_cast<size_t>(number)];
      if (*out < 0) refuse_class(view, position, names[static_cast<size_t>(number)], classes_);
    }
    ++out;
  }
  return numbers;
}

data::Batch M3col::collate(std::span<const int64_t> positions, const data::View& view,
                           CounterRng) const {
  const auto rows = static_cast<int64_t>(positions.size());
  data::Batch batch;
  batch.item_row = torch::arange(rows);
  batch.rows.numbers.assign(positions.begin(), positions.end());
  for (const int64_t position : positions) {
    batch.rows.ids.push_back(view.id(position));
    batch.rows.groups.push_back(view.group(position));
  }
  batch.rows.labels["label"] = class_numbers(view, positions);
  for (size_t m = 0; m < roles_.size(); ++m) {
    Tensor present = torch::empty({rows}, torch::kBool);  // element by element takes microseconds
    std::transform(positions.begin(), positions.end(), present.mutable_data_ptr<bool>(),
                   [&](int64_t position) { return view.present(position, field_of(roles_[m])); });
    batch.roles[roles_[m]] = {.values = role_values(view, positions, m, present),
                              .present = present};
    batch.rows.present[roles_[m]] = present;
  }
  return batch;
}

bool M3col::mixing(const train::Progress& progress) const {
  return config_.contrast.on() && progress.epoch < mixup_epochs(config_.contrast, progress.epochs);
}

bool M3col::forward_reads_other_rows(const train::Progress& progress) const {
  return mixing(progress) && config_.contrast.mix_space == MixSpace::kInput;
}

bool M3col::has_objective(const train::Progress&) const { return config_.contrast.on(); }

train::Draws M3col::draw(const data::Rows& rows, const train::Progress& progress,
                         torch::Generator& generator) {
  train::Draws draws;
  if (mixing(progress)) {
    const int64_t complete = count_of(complete_rows(rows, roles_), rows.size());
    for (const std::string& role : roles_)
      put_mixing(draws, role, draw_mixing(complete, config_.contrast, generator));
  }
  if (config_.modality_dropout > 0) {
    for (const std::string& role : roles_) {
      draws["keep." + role] = torch::rand({rows.size()}, generator) >= config_.modality_dropout;
    }
  }
  return draws;
}

// L_cls = CE(fusion) + Σ_m CE(head_m): sums over rows, so they belong to forward.
train::Forward M3col::forward(const data::Batch& batch, const train::Draws& draws,
                              const train::Progress& progress) {
  train::Forward out;
  const Tensor& labels = batch.rows.labels.at("label");
  const Tensor labelled = labels >= 0;
  const std::vector<Tensor> embeddings = embed(batch);
  std::vector<Tensor> seen;
  for (size_t m = 0; m < roles_.size(); ++m) {
    const data::RoleBatch& role = batch.roles.at(roles_[m]);
    out.encoded.add(roles_[m], {.global = embeddings[m], .present = role.present});
    Tensor visible = role.present;
    if (const auto keep = draws.find("keep." + roles_[m]); keep != draws.end()) {
      visible = visible.logical_and(keep->second.narrow(0, batch.first_row, visible.size(0)));
    }
    seen.push_back(visible);
  }
  add_cross_entropy(out.parts, "fusion", fused_logits(embeddings, seen), labels, labelled);
  for (size_t m = 0; config_.unimodal_losses && m < roles_.size(); ++m) {
    const Tensor& present = batch.roles.at(roles_[m]).present;
    add_cross_entropy(out.parts, "head." + roles_[m], model_->head(m, embeddings[m]), labels,
                      labelled.logical_and(present));
  }
  if (forward_reads_other_rows(progress)) {
    const Tensor complete = complete_rows(batch.rows, roles_);
    for (size_t m = 0; m < roles_.size(); ++m) {
      const Tensor x = pick_rows(batch.roles.at(roles_[m]).values, complete).to(model_->dtype());
      const Tensor mixed = objectives::mix_rows(x, get_mixing(draws, roles_[m]));
      out.encoded.add("mixed." + roles_[m], {.global = model_->encode(m, mixed)});
    }
  }
  return out;
}

std::map<std::string, double> M3col::counts(const data::Batch& batch) const {
  const Tensor labelled = batch.rows.labels.at("label") >= 0;
  std::map<std::string, double> counts{{"fusion", labelled.sum().item<double>()}};
  for (const std::string& role : roles_) {
    if (!config_.unimodal_losses) break;
    counts["head." + role] =
        labelled.logical_and(batch.roles.at(role).present).sum().item<double>();
  }
  return counts;
}

// L_con sees every row of the effective batch: M3Co for the first mixup_phase of the epochs,
// MultiSClip afterwards. Rows that lack a modality take no part.
train::LossParts M3col::objective(const train::Encoded& encoded, const data::Rows& rows,
                                  const train::Draws& draws, const train::Progress& progress) {
  const ContrastConfig& c = config_.contrast;
  const Tensor complete = complete_rows(rows, roles_);
  train::LossParts parts;
  if (count_of(complete, rows.size()) == 0) return parts;
  const bool mix = mixing(progress);
  std::vector<Tensor> clean, mixed;
  for (const std::string& role : roles_) {
    clean.push_back(pick_rows(encoded[role].global, complete));
    if (!mix) continue;
    mixed.push_back(c.mix_space == MixSpace::kInput
                        ? encoded["mixed." + role].global
                        : objectives::mix_rows(clean.back(), get_mixing(draws, role)));
  }
  const auto scaled = [](const std::vector<Tensor>& rows) {
    return std::vector<objectives::UnitRows>(rows.begin(), rows.end());
  };
  const std::vector<objectives::UnitRows> moving = scaled(mix ? mixed : clean);
  const std::vector<objectives::UnitRows> fixed =
      mix && c.fixed_side == FixedSide::kClean ? scaled(clean) : moving;
  for (const auto& [from, to, weight] : objectives::role_pairs(roles_.size(), c.pairs)) {
    const Tensor loss =
        mix ? objectives::mixup_clip(moving[from], fixed[to], get_mixing(draws, roles_[from]),
                                     {.temperature = c.mixup_temperature,
                                      .fixed_point = c.fixed_point,
                                      .backward = c.backward})
            : objectives::soft_clip(moving[from], fixed[to], c.soft_temperature, c.targets);
    parts.add("contrast." + roles_[from] + "-" + roles_[to], loss, {.weight = c.weight * weight});
  }
  return parts;
}

Tensor M3col::fused_logits(const std::vector<Tensor>& embeddings, const std::vector<Tensor>& seen) {
  std::vector<Tensor> visible;
  for (size_t m = 0; m < embeddings.size(); ++m) {
    visible.push_back(every(seen[m])
                          ? embeddings[m]
                          : embeddings[m].masked_fill(seen[m].logical_not().unsqueeze(1), 0));
  }
  return model_->fuse(visible);
}

}  // namespace relata::systems::m3col
