#include "relata/systems/m3col/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "relata/base/error.h"

namespace relata::systems::m3col {
namespace {

std::string folder_of(const data::View& view) { return view.dataset().folder().string(); }

std::vector<std::string> vector_fields(const data::View& view) {
  std::vector<std::string> names;
  for (const data::FieldSpec& field : view.table().fields) {
    if (field.modality == data::Modality::kVector) names.push_back(field.name);
  }
  return names;
}

std::string only_class_label(const data::View& view) {
  std::vector<std::string> names;
  for (const data::FieldSpec& field : view.table().fields) {
    if (field.modality != data::Modality::kLabel) continue;
    if (view.label_spec(field.name).kind == data::LabelKind::kClass) names.push_back(field.name);
  }
  if (names.size() == 1) return names.front();
  throw Error(
      {.what = fmt::format("has {} class labels ({})", names.size(), fmt::join(names, ", ")),
       .where = folder_of(view),
       .remedy = names.empty() ? "M3CoL classifies: add a class label" : "choose one: label=NAME"});
}

}  // namespace

Bound bind_fields(const data::View& train, const Config& config) {
  Bound bound{.roles = config.roles.empty() ? vector_fields(train) : config.roles,
              .label = config.label.empty() ? only_class_label(train) : config.label};
  if (bound.roles.size() < 2) {
    throw Error({.what = fmt::format("M3CoL needs at least two vector fields, but has {}: {}",
                                     bound.roles.size(), fmt::join(bound.roles, ", ")),
                 .where = folder_of(train)});
  }
  std::set<std::string> seen;
  for (const std::string& role : bound.roles) {
    if (!seen.insert(role).second)
      throw Error({.what = "the role '" + role + "' is named twice", .where = "roles"});
    const auto field = config.bind.find(role);
    const std::string& name = field == config.bind.end() ? role : field->second;
    const data::FieldSpec* spec = train.table().find(name);
    if (spec == nullptr || spec->modality != data::Modality::kVector) {
      throw Error(
          {.what = fmt::format("'{}' is no vector field", name),
           .where = folder_of(train),
           .remedy = fmt::format("its vector fields: {}", fmt::join(vector_fields(train), ", "))});
    }
  }
  train.label_spec(bound.label);  // throws if there is none
  return bound;
}

void check_classes(const data::View& train, const std::string& label) {
  std::set<int64_t> seen;
  for (int64_t i = 0; i < train.size(); ++i) {
    if (const int64_t c = train.class_label(i, label); c >= 0) seen.insert(c);
  }
  if (seen.size() >= 2) return;
  throw Error({.what = fmt::format("the training split has rows of {} class(es) of '{}'",
                                   seen.size(), label),
               .where = folder_of(train),
               .remedy = "at least two are needed"});
}

bool has_label(const data::View& view, const std::string& label) {
  return view.table().find(label) != nullptr;
}

void leave_out(data::Batch& batch, const std::vector<std::string>& without) {
  for (const std::string& name : without) {
    const auto role = batch.roles.find(name);
    if (role == batch.roles.end())
      throw Error({.what = "the model has no modality '" + name + "'"});
    role->second.present = torch::zeros_like(role->second.present);
    role->second.values = torch::zeros_like(role->second.values);
    batch.rows.present[name] = role->second.present;
  }
}

void refuse_empty_rows(const data::Batch& batch, const std::vector<std::string>& roles,
                       const data::View& view) {
  torch::Tensor any = batch.rows.present.at(roles.front());
  for (const std::string& role : roles) any = any.logical_or(batch.rows.present.at(role));
  if (any.all().item<bool>()) return;
  const auto row = any.logical_not().nonzero()[0].item<int64_t>();
  throw Error(
      {.what = fmt::format("record '{}' has none of the modalities {}",
                           batch.rows.ids[static_cast<size_t>(row)], fmt::join(roles, ", ")),
       .where = folder_of(view)});
}

void refuse_class(const data::View& view, int64_t position, const std::string& name,
                  const std::vector<std::string>& classes) {
  throw Error(
      {.what = fmt::format("record '{}' has the class '{}', which the model does not know",
                           view.id(position), name),
       .where = folder_of(view),
       .remedy = fmt::format("its classes: {}; leave other labels out", fmt::join(classes, ", "))});
}

}  // namespace relata::systems::m3col
