#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "relata/data/schema.h"
#include "relata/data/schema_names.h"

namespace relata::data {
namespace {

void emit_table(YAML::Emitter& out, const TableSpec& table) {
  out << YAML::Key << "fields" << YAML::Value << YAML::BeginMap;
  for (const FieldSpec& field : table.fields) {
    out << YAML::Key << field.name << YAML::Value;
    if (field.list) out << YAML::Flow << YAML::BeginSeq;
    out << modality_text({.modality = field.modality, .table = field.table});
    if (field.list) out << YAML::EndSeq;
  }
  out << YAML::EndMap << YAML::Key << "splits" << YAML::Value << YAML::BeginMap;
  for (const auto& [split, file] : table.splits) out << YAML::Key << split << YAML::Value << file;
  out << YAML::EndMap;
  const bool named = std::any_of(table.fields.begin(), table.fields.end(),
                                 [](const FieldSpec& f) { return !f.features.empty(); });
  if (!named) return;
  out << YAML::Key << "features" << YAML::Value << YAML::BeginMap;
  for (const FieldSpec& field : table.fields) {
    if (!field.features.empty()) out << YAML::Key << field.name << YAML::Value << field.features;
  }
  out << YAML::EndMap;
}

void emit_tables(YAML::Emitter& out, const std::vector<TableSpec>& tables) {
  if (tables.size() == 1 && tables.front().name == kOnlyTable) {
    emit_table(out, tables.front());
    return;
  }
  out << YAML::Key << "tables" << YAML::Value << YAML::BeginMap;
  for (const TableSpec& table : tables) {
    out << YAML::Key << table.name << YAML::Value << YAML::BeginMap;
    emit_table(out, table);
    out << YAML::EndMap;
  }
  out << YAML::EndMap;
}

void emit_label(YAML::Emitter& out, const LabelSpec& label) {
  out << YAML::BeginMap << YAML::Key << "kind" << YAML::Value
      << std::string(label_kind_name(label.kind));
  if (!label.names.empty()) {
    out << YAML::Key << "names" << YAML::Value << YAML::Flow << label.names;
  }
  if (label.unknown) out << YAML::Key << "unknown" << YAML::Value << *label.unknown;
  out << YAML::EndMap;
}

}  // namespace

const FieldSpec* TableSpec::find(std::string_view field) const {
  for (const FieldSpec& spec : fields) {
    if (spec.name == field) return &spec;
  }
  return nullptr;
}

std::string modality_text(const FieldSpec& field) {
  std::string text = "ref(" + field.table + ")";
  for (const auto& [name, modality] : kModalities) {
    if (field.modality == modality) text = name;
  }
  return field.list ? "[" + text + "]" : text;
}

std::string_view label_kind_name(LabelKind kind) {
  for (const auto& [name, candidate] : kLabelKinds) {
    if (kind == candidate) return name;
  }
  return "";
}

std::string schema_yaml(const Schema& schema) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit_tables(out, schema.tables);
  if (!schema.labels.empty()) {
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap;
    for (const auto& [name, label] : schema.labels) {
      out << YAML::Key << name << YAML::Value;
      emit_label(out, label);
    }
    out << YAML::EndMap;
  }
  if (!schema.group.empty()) out << YAML::Key << "group" << YAML::Value << schema.group;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace relata::data
