#include "relata/data/schema.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <set>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/base/file.h"

namespace relata::data {
namespace {

constexpr std::array<std::pair<std::string_view, Modality>, 6> kModalities{{
    {"text", Modality::kText},
    {"image", Modality::kImage},
    {"signal", Modality::kSignal},
    {"vector", Modality::kVector},
    {"regions", Modality::kRegions},
    {"label", Modality::kLabel},
}};

constexpr std::array<std::pair<std::string_view, LabelKind>, 5> kLabelKinds{{
    {"class", LabelKind::kClass},
    {"identity", LabelKind::kIdentity},
    {"multilabel", LabelKind::kMultilabel},
    {"ordinal", LabelKind::kOrdinal},
    {"real", LabelKind::kReal},
}};

template <class Pairs>
std::vector<std::string> names_of(const Pairs& pairs) {
  std::vector<std::string> names;
  for (const auto& pair : pairs) names.emplace_back(pair.first);
  return names;
}

/// Reads one dataset.yaml; remembers its name for errors.
class SchemaReader {
 public:
  explicit SchemaReader(std::filesystem::path file) : file_(std::move(file)) {}

  Schema read() {
    YAML::Node root;
    try {
      root = YAML::Load(read_file(file_));
    } catch (const YAML::Exception& error) {
      throw Error({.what = "is not valid YAML: " + error.msg, .where = place(error.mark)});
    }
    check_keys(root, {"tables", "fields", "splits", "file", "features", "labels", "group"});
    Schema schema;
    if (root["tables"]) {
      for (const auto& entry : mapping(root["tables"], "tables")) {
        check_keys(entry.second, {"fields", "splits", "file", "features"});
        schema.tables.push_back(table(entry.first.Scalar(), entry.second));
      }
    } else {
      schema.tables.push_back(table("rows", root));
    }
    for (const auto& entry : mapping(root["labels"], "labels")) {
      schema.labels[entry.first.Scalar()] = label(entry.second);
    }
    if (root["group"]) schema.group = root["group"].Scalar();
    if (schema.tables.empty()) fail(root, "has no tables", "declare `fields:` and `splits:`");
    add_labels(schema);
    check_references(root, schema);
    return schema;
  }

 private:
  std::string place(const YAML::Mark& mark) const {
    return mark.line < 0 ? file_.string() : fmt::format("{}:{}", file_.string(), mark.line + 1);
  }

  [[noreturn]] void fail(const YAML::Node& node, const std::string& what,
                         const std::string& remedy = "") const {
    throw Error({.what = what, .where = place(node.Mark()), .remedy = remedy});
  }

  YAML::Node mapping(const YAML::Node& node, const std::string& name) const {
    if (node.IsDefined() && !node.IsNull() && !node.IsMap()) {
      fail(node, fmt::format("'{}' must be a mapping", name));
    }
    return node;
  }

  void check_keys(const YAML::Node& node, const std::vector<std::string>& known) const {
    if (!node.IsMap()) fail(node, "must be a mapping");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = entry.first.Scalar();
      if (!seen.insert(key).second) fail(entry.first, "the key '" + key + "' is given twice");
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        fail(entry.first, "unknown key '" + key + "'",
             "did you mean '" + closest_name(key, known) + "'?");
      }
    }
  }

  FieldSpec field(const std::string& name, const YAML::Node& node) const {
    FieldSpec spec{.name = name};
    YAML::Node kind = node;
    if (node.IsSequence() && node.size() == 1) {
      spec.list = true;
      kind.reset(node[0]);
    }
    if (!kind.IsScalar())
      fail(node, fmt::format("field '{}' needs a modality, or [modality]", name));
    const std::string text = kind.Scalar();
    if (text.starts_with("ref(") && text.ends_with(")")) {
      spec.modality = Modality::kRef;
      spec.table = text.substr(4, text.size() - 5);
      return spec;
    }
    for (const auto& [modality_name, modality] : kModalities) {
      if (text == modality_name) {
        spec.modality = modality;
        return spec;
      }
    }
    std::vector<std::string> known = names_of(kModalities);
    known.emplace_back("ref(table)");
    fail(node, fmt::format("unknown modality '{}' of field '{}'", text, name),
         "did you mean '" + closest_name(text, known) + "'?");
  }

  TableSpec table(const std::string& name, const YAML::Node& node) const {
    TableSpec spec{.name = name};
    for (const auto& entry : mapping(node["fields"], "fields")) {
      spec.fields.push_back(field(entry.first.Scalar(), entry.second));
    }
    for (const auto& entry : mapping(node["features"], "features")) {
      const auto found =
          std::find_if(spec.fields.begin(), spec.fields.end(),
                       [&](const FieldSpec& f) { return f.name == entry.first.Scalar(); });
      if (found == spec.fields.end() || found->modality != Modality::kVector) {
        fail(entry.first,
             "'features' names '" + entry.first.Scalar() + "', which is no vector field");
      }
      found->features = entry.second.Scalar();
    }
    for (const auto& entry : mapping(node["splits"], "splits")) {
      spec.splits.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    }
    if (node["file"]) {
      if (!spec.splits.empty()) fail(node, "has both 'file' and 'splits'", "keep one of them");
      spec.splits.emplace_back("all", node["file"].Scalar());
    }
    if (spec.splits.empty()) {
      fail(node, fmt::format("table '{}' names no file", name), "add `file:` or `splits:`");
    }
    return spec;
  }

  LabelSpec label(const YAML::Node& node) const {
    check_keys(node, {"kind", "names", "unknown"});
    LabelSpec spec;
    const std::string text = node["kind"] ? node["kind"].Scalar() : "class";
    const auto kind = std::find_if(kLabelKinds.begin(), kLabelKinds.end(),
                                   [&](const auto& pair) { return pair.first == text; });
    if (kind == kLabelKinds.end()) {
      fail(node, "unknown label kind '" + text + "'",
           "did you mean '" + closest_name(text, names_of(kLabelKinds)) + "'?");
    }
    spec.kind = kind->second;
    for (const auto& name : node["names"]) spec.names.push_back(name.Scalar());
    if (std::set<std::string>(spec.names.begin(), spec.names.end()).size() != spec.names.size()) {
      fail(node, "two classes have the same name");
    }
    const bool named = spec.kind != LabelKind::kIdentity && spec.kind != LabelKind::kReal;
    if (named && spec.names.empty())
      fail(node, "needs the list of class names", "add `names: [...]`");
    if (node["unknown"]) {
      try {
        spec.unknown = node["unknown"].as<double>();
      } catch (const YAML::Exception&) {
        fail(node["unknown"], "'unknown' must be a number");
      }
    }
    return spec;
  }

  /// A label need not be repeated among the fields: it then belongs to the main table.
  static void add_labels(Schema& schema) {
    for (const auto& [name, spec] : schema.labels) {
      const bool declared =
          std::any_of(schema.tables.begin(), schema.tables.end(),
                      [&](const TableSpec& t) { return t.find(name) != nullptr; });
      if (!declared) {
        schema.tables.front().fields.push_back({.name = name, .modality = Modality::kLabel});
      }
    }
  }

  void check_references(const YAML::Node& root, const Schema& schema) const {
    std::vector<std::string> tables;
    for (const TableSpec& table : schema.tables) tables.push_back(table.name);
    for (const TableSpec& table : schema.tables) {
      for (const FieldSpec& spec : table.fields) {
        if (spec.modality == Modality::kLabel && !schema.labels.contains(spec.name)) {
          fail(root, fmt::format("label field '{}' is not described", spec.name),
               "add it under `labels:` with its kind and names");
        }
        if (spec.modality == Modality::kRef &&
            std::find(tables.begin(), tables.end(), spec.table) == tables.end()) {
          fail(root,
               fmt::format("field '{}' refers to the unknown table '{}'", spec.name, spec.table),
               "did you mean '" + closest_name(spec.table, tables) + "'?");
        }
      }
    }
  }

  std::filesystem::path file_;
};

void emit_table(YAML::Emitter& out, const TableSpec& table) {
  out << YAML::Key << "fields" << YAML::Value << YAML::BeginMap;
  for (const FieldSpec& field : table.fields) {
    out << YAML::Key << field.name << YAML::Value << modality_text(field);
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

}  // namespace

const FieldSpec* TableSpec::find(std::string_view field) const {
  for (const FieldSpec& spec : fields) {
    if (spec.name == field) return &spec;
  }
  return nullptr;
}

Schema read_schema(const std::filesystem::path& file) { return SchemaReader(file).read(); }

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
  if (schema.tables.size() == 1) {
    emit_table(out, schema.tables.front());
  } else {
    out << YAML::Key << "tables" << YAML::Value << YAML::BeginMap;
    for (const TableSpec& table : schema.tables) {
      out << YAML::Key << table.name << YAML::Value << YAML::BeginMap;
      emit_table(out, table);
      out << YAML::EndMap;
    }
    out << YAML::EndMap;
  }
  if (!schema.labels.empty()) {
    out << YAML::Key << "labels" << YAML::Value << YAML::BeginMap;
    for (const auto& [name, label] : schema.labels) {
      out << YAML::Key << name << YAML::Value << YAML::BeginMap;
      out << YAML::Key << "kind" << YAML::Value << std::string(label_kind_name(label.kind));
      if (!label.names.empty()) {
        out << YAML::Key << "names" << YAML::Value << YAML::Flow << label.names;
      }
      if (label.unknown) out << YAML::Key << "unknown" << YAML::Value << *label.unknown;
      out << YAML::EndMap;
    }
    out << YAML::EndMap;
  }
  if (!schema.group.empty()) out << YAML::Key << "group" << YAML::Value << schema.group;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace relata::data
