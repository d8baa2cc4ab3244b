#include "support/synthetic_systems.h"

#include <cmath>

#include "relata/base/error.h"
#include "relata/objectives/soft_clip.h"
#include "support/dataset.h"

namespace relata::test {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

constexpr int64_t kWidth = 6;
constexpr int64_t kFeatures = 4;
constexpr int64_t kTokenFeatures = 3;

std::vector<double> waves(int64_t count, double phase) {
  std::vector<double> x;
  for (int64_t j = 0; j < count; ++j) x.push_back(std::sin(phase + 0.9 * static_cast<double>(j)));
  return x;
}

std::string pair_line(int64_t i, const std::string& prefix) {
  const int64_t tokens = 1 + i % 4;
  const bool yes = std::sin(1.7 * static_cast<double>(i)) > 0;  // the first feature of a
  const std::string label = i % 5 == 4 ? "null" : yes ? "\"yes\"" : "\"no\"";
  return fmt::format("{{\"id\": \"{}{}\", \"a\": {}, \"b\": {}, \"tokens\": {}, \"y\": {}}}\n",
                     prefix, i, json_vector(waves(kFeatures, 1.7 * static_cast<double>(i))),
                     json_vector(waves(kTokenFeatures * 4, 2.3 * static_cast<double>(i))),
                     json_vector({static_cast<double>(tokens)}), label);
}

Tensor vectors(const data::View& view, std::span<const int64_t> positions, std::string_view field) {
  const int64_t width = view.width(field);
  Tensor x = torch::empty({static_cast<int64_t>(positions.size()), width}, torch::kFloat64);
  for (size_t i = 0; i < positions.size(); ++i) {
    const auto row = view.vector(positions[i], field);
    for (int64_t j = 0; j < width; ++j) x[static_cast<int64_t>(i)][j] = row[static_cast<size_t>(j)];
  }
  return x;
}

void fill_rows(data::Batch& batch, std::span<const int64_t> positions, const data::View& view) {
  for (const int64_t position : positions) {
    batch.rows.numbers.push_back(position);
    batch.rows.ids.push_back(view.id(position));
    batch.rows.groups.push_back(view.group(position));
  }
}

/// Roles a [rows, 4] and b [rows, tokens, 3] with its mask; no longer than the longest row.
data::Batch pair_batch(std::span<const int64_t> positions, const data::View& view,
                       bool always_mask) {
  data::Batch batch;
  fill_rows(batch, positions, view);
  const auto rows = static_cast<int64_t>(positions.size());
  batch.item_row = torch::arange(rows);
  Tensor labels = torch::empty({rows}, torch::kInt64);
  for (int64_t i = 0; i < rows; ++i)
    labels[i] = view.class_label(positions[static_cast<size_t>(i)], "y");
  batch.rows.labels["y"] = labels;
  const Tensor lengths = vectors(view, positions, "tokens").select(1, 0).to(torch::kInt64);
  const auto longest = lengths.max().item<int64_t>();
  const Tensor mask = torch::arange(longest).unsqueeze(0) < lengths.unsqueeze(1);
  const Tensor tokens = vectors(view, positions, "b").view({rows, 4, kTokenFeatures});
  batch.roles["a"] = {.values = vectors(view, positions, "a")};
  batch.roles["b"] = {.values = tokens.narrow(1, 0, longest), .lengths = lengths};
  if (always_mask || !mask.all().item<bool>()) batch.roles["b"].mask = mask;
  return batch;
}

Tensor masked_mean(const Tensor& local, const Tensor& mask) {
  if (!mask.defined()) return local.mean(1);
  const Tensor m = mask.unsqueeze(2).to(local.dtype());
  return (local * m).sum(1) / m.sum(1);
}

train::Evaluation accuracy_of(const Tensor& logits, const Tensor& labels) {
  const Tensor known = labels >= 0;
  const Tensor right = logits.argmax(1).eq(labels).logical_and(known);
  const double rows = known.sum().item<double>();
  return {.rows = static_cast<int64_t>(rows),
          .metrics = {{"accuracy", right.sum().item<double>() / rows}}};
}

}  // namespace

std::shared_ptr<const data::Dataset> open_pairs(const std::filesystem::path& folder) {
  std::string train, val;
  for (int64_t i = 0; i < 24; ++i) train += pair_line(i, "t");
  for (int64_t i = 24; i < 36; ++i) val += pair_line(i, "v");
  return open_dataset(folder, {{"dataset.yaml",
                                "fields: {a: vector, b: vector, tokens: vector, y: label}\n"
                                "splits: {train: train.jsonl, val: val.jsonl}\n"
                                "labels: {y: {kind: class, names: [no, yes]}}\n"},
                               {"train.jsonl", train},
                               {"val.jsonl", val}});
}

std::shared_ptr<const data::Dataset> open_links(const std::filesystem::path& folder) {
  std::string rows, entries;
  for (int64_t i = 0; i < 24; ++i) {
    entries += fmt::format("{{\"id\": \"k{}\", \"v\": {}}}\n", i,
                           json_vector(waves(kTokenFeatures, 1.1 * static_cast<double>(i))));
  }
  int64_t next = 0;
  for (int64_t i = 0; i < 12; ++i) {
    std::string links;
    for (int64_t n = 0; n < 1 + i % 3; ++n)
      links += fmt::format("{}\"k{}\"", n == 0 ? "" : ", ", next++);
    rows += fmt::format("{{\"id\": \"r{}\", \"x\": {}, \"entities\": [{}]}}\n", i,
                        json_vector(waves(kFeatures, 1.7 * static_cast<double>(i))), links);
  }
  return open_dataset(
      folder, {{"dataset.yaml",
                "tables:\n"
                "  rows: {fields: {x: vector, entities: [ref(kb)]}, splits: {train: rows.jsonl}}\n"
                "  kb: {fields: {v: vector}, file: kb.jsonl}\n"},
               {"rows.jsonl", rows},
               {"kb.jsonl", entries}});
}

train::State SyntheticSystem::fit(const data::View& train) {
  return {.facts = {{"rows", {std::to_string(train.size())}}}, .tensors = {}};
}

data::Batch SyntheticSystem::collate_all(const data::View& view) const {
  std::vector<int64_t> positions(static_cast<size_t>(view.size()));
  for (size_t i = 0; i < positions.size(); ++i) positions[i] = static_cast<int64_t>(i);
  return collate(positions, view, CounterRng(0));
}

torch::nn::Linear SyntheticSystem::linear(const std::string& name) const {
  const auto module = module_->named_children()[name];
  return torch::nn::Linear(std::dynamic_pointer_cast<torch::nn::LinearImpl>(module));
}

// (i)

void ContrastSystem::build(const train::State&) {
  module_ = std::make_shared<torch::nn::Module>();
  module_->register_module("a", torch::nn::Linear(kFeatures, kWidth));
  module_->register_module("b", torch::nn::Linear(kTokenFeatures, kWidth));
  module_->register_module("head", torch::nn::Linear(2 * kWidth, 2));
  if (options_.batch_norm) module_->register_module("norm", torch::nn::BatchNorm1d(kWidth));
  module_->register_parameter("scale", torch::ones({}));
  module_->register_buffer("passes", torch::zeros({}, torch::kInt64));
}

data::Batch ContrastSystem::collate(std::span<const int64_t> positions, const data::View& view,
                                    CounterRng) const {
  return pair_batch(positions, view, options_.always_mask);
}

train::Draws ContrastSystem::draw(const data::Rows& rows, const train::Progress&,
                                  torch::Generator& generator) {
  return {{"weight", torch::rand({rows.size()}, generator) + 0.5}};
}

train::Forward ContrastSystem::forward(const data::Batch& batch, const train::Draws& draws,
                                       const train::Progress&) {
  const data::RoleBatch& tokens = batch.roles.at("b");
  const bool training = module_->is_training();
  module_->named_buffers()["passes"] += 1;
  Tensor a = torch::tanh(linear("a")(batch.roles.at("a").values.to(dtype())));
  if (options_.batch_norm) {
    const auto norm = module_->named_children()["norm"];
    a = std::dynamic_pointer_cast<torch::nn::BatchNorm1dImpl>(norm)->forward(a);
  }
  a = torch::dropout(a, options_.dropout, training);
  const Tensor b =
      torch::dropout(linear("b")(tokens.values.to(dtype())), options_.dropout, training);
  train::Forward out;
  out.encoded.add("a", {.global = a});
  out.encoded.add("b", {.local = b, .mask = tokens.mask});
  const Tensor labels = batch.rows.labels.at("y");
  const Tensor known = labels >= 0;
  const Tensor logits = linear("head")(torch::cat({a, masked_mean(b, tokens.mask)}, 1));
  Tensor each = F::cross_entropy(logits, labels.clamp_min(0),
                                 F::CrossEntropyFuncOptions().reduction(torch::kNone));
  if (const auto weight = draws.find("weight"); weight != draws.end()) {
    each = each * weight->second.narrow(0, batch.first_row, each.size(0)).to(dtype());
  }
  out.parts.add("class", (each * known.to(dtype())).sum(), {.count = known.sum().item<double>()});
  out.encoded.add("logits", {.global = logits.detach()});
  return out;
}

train::LossParts ContrastSystem::objective(const train::Encoded& encoded, const data::Rows& rows,
                                           const train::Draws&, const train::Progress&) {
  const Tensor a = encoded["a"].global;
  const Tensor b = masked_mean(encoded["b"].local, encoded["b"].mask);
  const Tensor scale = module_->named_parameters()["scale"];
  train::LossParts parts;
  parts.add("contrast", scale * objectives::soft_clip(a, b, 0.5), {.weight = 0.7});
  parts.add("spread", (a - a.mean(0)).pow(2).sum(),
            {.count = static_cast<double>(rows.size()), .weight = 0.1});
  return parts;
}

train::Classifies::Classification ContrastSystem::classify(const data::View& view,
                                                           const std::vector<std::string>&) {
  const torch::NoGradGuard no_grad;
  const bool training = module_->is_training();
  const Tensor passes = module_->named_buffers()["passes"].clone();
  module_->eval();
  const data::Batch batch = collate_all(view);
  const train::Forward out = forward(batch, {}, {});
  module_->train(training);
  module_->named_buffers()["passes"].copy_(passes);
  return {.classes = {"no", "yes"},
          .logits = out.encoded["logits"].global,
          .labels = batch.rows.labels.at("y")};
}

train::Classifies::Answer ContrastSystem::answer(const std::map<std::string, Tensor>&) {
  throw Error({.what = "the synthetic system answers for rows of a dataset only"});
}

train::Evaluation ContrastSystem::evaluate(const data::View& view) {
  const Classification result = classify(view, {});
  return accuracy_of(result.logits, result.labels);
}

// (ii)

void CountedSystem::build(const train::State&) {
  module_ = std::make_shared<torch::nn::Module>();
  module_->register_module("row", torch::nn::Linear(kFeatures, 2));
  module_->register_module("token", torch::nn::Linear(kTokenFeatures, 1));
}

data::Batch CountedSystem::collate(std::span<const int64_t> positions, const data::View& view,
                                   CounterRng) const {
  return pair_batch(positions, view, true);
}

train::Forward CountedSystem::forward(const data::Batch& batch, const train::Draws&,
                                      const train::Progress&) {
  const Tensor x =
      torch::dropout(batch.roles.at("a").values.to(dtype()), 0.1, module_->is_training());
  const data::RoleBatch& tokens = batch.roles.at("b");
  const Tensor labels = batch.rows.labels.at("y");
  const Tensor known = labels >= 0;
  train::Forward out;
  const Tensor logits = linear("row")(x);
  const Tensor each = F::cross_entropy(logits, labels.clamp_min(0),
                                       F::CrossEntropyFuncOptions().reduction(torch::kNone));
  out.parts.add("row", (each * known.to(dtype())).sum(), {.count = known.sum().item<double>()});
  const Tensor t = tokens.values.to(dtype());
  const Tensor error = (linear("token")(t).squeeze(2) - t.sum(2)).pow(2);
  out.parts.add("token", (error * tokens.mask.to(dtype())).sum(),
                {.count = tokens.mask.sum().item<double>(), .weight = 0.5});
  out.encoded.add("logits", {.global = logits.detach()});
  return out;
}

std::map<std::string, double> CountedSystem::counts(const data::Batch& batch) const {
  if (counts_ == Counts::kNone) return train::System::counts(batch);
  std::map<std::string, double> counts{
      {"row", (batch.rows.labels.at("y") >= 0).sum().item<double>()}};
  if (counts_ == Counts::kIncomplete) return counts;
  counts["token"] =
      batch.roles.at("b").mask.sum().item<double>() + (counts_ == Counts::kWrong ? 1 : 0);
  return counts;
}

train::Evaluation CountedSystem::evaluate(const data::View& view) {
  const torch::NoGradGuard no_grad;
  module_->eval();
  const data::Batch batch = collate_all(view);
  const train::Forward out = forward(batch, {}, {});
  train::Evaluation evaluation =
      accuracy_of(out.encoded["logits"].global, batch.rows.labels.at("y"));
  const train::LossPart& token = out.parts.items()[1];
  evaluation.metrics.push_back({"error", token.sum.item<double>() / token.count});
  return evaluation;
}

// (iii)

void LinkSystem::build(const train::State&) {
  module_ = std::make_shared<torch::nn::Module>();
  module_->register_module("row", torch::nn::Linear(kFeatures, 12));
  module_->register_module("entity", torch::nn::Linear(kTokenFeatures, 12));
  module_->register_module("out", torch::nn::Linear(12, 12));
}

data::Batch LinkSystem::collate(std::span<const int64_t> positions, const data::View& view,
                                CounterRng) const {
  data::Batch batch;
  fill_rows(batch, positions, view);
  const data::View entities = view.table("kb");
  std::vector<int64_t> item_row, item_entity;
  for (size_t i = 0; i < positions.size(); ++i) {
    for (const data::RowRef& target : view.follow(positions[i], "entities")) {
      item_row.push_back(static_cast<int64_t>(i));
      item_entity.push_back(target.row);
    }
  }
  batch.item_row = torch::tensor(item_row, torch::kInt64);
  batch.roles["x"] = {.values = vectors(view, positions, "x")};
  batch.roles["entity"] = {.values = vectors(entities, item_entity, "v")};
  return batch;
}

train::Forward LinkSystem::forward(const data::Batch& batch, const train::Draws&,
                                   const train::Progress&) {
  train::Forward out;
  const Tensor x = linear("row")(batch.roles.at("x").values.to(dtype()));
  const Tensor v = linear("entity")(batch.roles.at("entity").values.to(dtype()));
  out.encoded.add("row", {.global = linear("out")(torch::tanh(x))});
  out.encoded.add("entity", {.global = torch::tanh(v)});
  out.encoded.add("row of entity", {.global = batch.item_row + batch.first_row});
  return out;
}

train::LossParts LinkSystem::objective(const train::Encoded& encoded, const data::Rows&,
                                       const train::Draws&, const train::Progress&) {
  const Tensor scores = encoded["entity"].global.mm(encoded["row"].global.t());
  train::LossParts parts;
  const Tensor own = encoded["row of entity"].global;
  parts.add("link",
            F::cross_entropy(scores, own, F::CrossEntropyFuncOptions().reduction(torch::kSum)),
            {.count = static_cast<double>(own.size(0))});
  return parts;
}

train::Evaluation LinkSystem::evaluate(const data::View& view) {
  const torch::NoGradGuard no_grad;
  const data::Batch batch = collate_all(view);
  const train::Forward out = forward(batch, {}, {});
  const Tensor scores = out.encoded["entity"].global.mm(out.encoded["row"].global.t());
  return accuracy_of(scores, batch.item_row);
}

}  // namespace relata::test
