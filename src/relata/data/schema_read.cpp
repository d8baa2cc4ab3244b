#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/data/schema.h"
#include "relata/data/schema_names.h"

namespace relata::data {
namespace {

template <class Pairs>
std::vector<std::string> names_of(const Pairs& pairs) {
  std::vector<std::string> names;
  for (const auto& pair : pairs) names.emplace_back(pair.first);
  return names;
}

std::string suggestion(std::string_view text, const std::vector<std::string>& known) {
  return "did you mean '" + closest_name(text, known) + "'?";
}

/// Reads one dataset.yaml; remembers its name for errors.
class SchemaReader {
 public:
  explicit SchemaReader(std::filesystem::path file) : file_(std::move(file)) {}

  Schema read() const {
    const YAML::Node root = load();
    check_keys(root, {"tables", "fields", "splits", "file", "features", "labels", "group"});
    Schema schema;
    schema.tables = tables(root);
    for (const auto& [name, node] : entries(root["labels"], "labels")) {
      schema.labels[name] = label(name, node);
    }
    if (root["group"]) schema.group = text(root["group"], "group");
    add_labels(schema);
    check_names(root, schema);
    return schema;
  }

 private:
  using Entries = std::vector<std::pair<std::string, YAML::Node>>;

  YAML::Node load() const {
    try {
      return YAML::Load(read_file(file_));
    } catch (const YAML::Exception& error) {
      throw Error({.what = "is not valid YAML: " + error.msg, .where = place(error.mark)});
    }
  }

  std::string place(const YAML::Mark& mark) const {
    return mark.line < 0 ? file_.string() : fmt::format("{}:{}", file_.string(), mark.line + 1);
  }

  [[noreturn]] void fail(const YAML::Node& node, const std::string& what,
                         const std::string& remedy = "") const {
    throw Error({.what = what, .where = place(node.Mark()), .remedy = remedy});
  }

  /// The pairs of a mapping, in order; none where the key is absent or empty.
  Entries entries(const YAML::Node& node, const std::string& name) const {
    Entries pairs;
    if (!node.IsDefined() || node.IsNull()) return pairs;
    if (!node.IsMap()) fail(node, fmt::format("'{}' must be a mapping", name));
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) fail(node, fmt::format("a key of '{}' is no text", name));
      const std::string& key = entry.first.Scalar();
      if (!seen.insert(key).second) fail(entry.first, "the key '" + key + "' is given twice");
      pairs.emplace_back(key, entry.second);
    }
    return pairs;
  }

  std::string text(const YAML::Node& node, const std::string& name) const {
    if (!node.IsScalar() || node.Scalar().empty()) {
      fail(node, fmt::format("'{}' must be a text", name));
    }
    return node.Scalar();
  }

  void check_keys(const YAML::Node& node, const std::vector<std::string>& known) const {
    if (!node.IsMap()) fail(node, "must be a mapping");
    for (const auto& [key, value] : entries(node, "mapping")) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        fail(value, "unknown key '" + key + "'", suggestion(key, known));
      }
    }
  }

  std::vector<TableSpec> tables(const YAML::Node& root) const {
    if (!root["tables"]) return {table(std::string(kOnlyTable), root)};
    for (const char* key : {"fields", "splits", "file", "features"}) {
      if (!root[key]) continue;
      fail(root[key], fmt::format("has both 'tables' and '{}'", key),
           "move it into one of the tables");
    }
    std::vector<TableSpec> specs;
    for (const auto& [name, node] : entries(root["tables"], "tables")) {
      check_keys(node, {"fields", "splits", "file", "features"});
      specs.push_back(table(name, node));
    }
    if (specs.empty()) fail(root["tables"], "has no tables", "declare `fields:` and `splits:`");
    return specs;
  }

  FieldSpec field(const std::string& name, const YAML::Node& node) const {
    FieldSpec spec{.name = name};
    spec.list = node.IsSequence() && node.size() == 1;
    const YAML::Node kind = spec.list ? node[0] : node;
    if (!kind.IsScalar()) {
      fail(node, fmt::format("field '{}' needs a modality, or [modality]", name));
    }
    if (name == "id") fail(node, "field 'id' is declared", "remove it: every record has its id");
    const std::string& word = kind.Scalar();
    if (word.starts_with("ref(") && word.ends_with(")")) {
      spec.modality = Modality::kRef;
      spec.table = word.substr(4, word.size() - 5);
      return spec;
    }
    const auto found = std::find_if(kModalities.begin(), kModalities.end(),
                                    [&](const auto& pair) { return pair.first == word; });
    if (found == kModalities.end()) {
      std::vector<std::string> known = names_of(kModalities);
      known.emplace_back("ref(table)");
      fail(node, fmt::format("unknown modality '{}' of field '{}'", word, name),
           suggestion(word, known));
    }
    spec.modality = found->second;
    if (spec.list && (spec.modality == Modality::kLabel || spec.modality == Modality::kVector)) {
      fail(node, fmt::format("field '{}' is a list of {}s, which there is not", name, word),
           spec.modality == Modality::kLabel ? "declare a label of kind multilabel"
                                             : "join them to one vector, or use several fields");
    }
    return spec;
  }

  TableSpec table(const std::string& name, const YAML::Node& node) const {
    TableSpec spec{.name = name};
    for (const auto& [key, value] : entries(node["fields"], "fields")) {
      spec.fields.push_back(field(key, value));
    }
    for (const auto& [key, value] : entries(node["features"], "features")) {
      const auto found =
          std::find_if(spec.fields.begin(), spec.fields.end(),
                       [&, &wanted = key](const auto& f) { return f.name == wanted; });
      if (found == spec.fields.end() || found->modality != Modality::kVector) {
        fail(value, "'features' names '" + key + "', which is no vector field");
      }
      found->features = text(value, key);
    }
    for (const auto& [key, value] : entries(node["splits"], "splits")) {
      spec.splits.emplace_back(key, text(value, key));
    }
    if (node["file"]) {
      if (!spec.splits.empty()) fail(node, "has both 'file' and 'splits'", "keep one of them");
      spec.splits.emplace_back("all", text(node["file"], "file"));
    }
    if (spec.splits.empty()) {
      fail(node, fmt::format("table '{}' names no file", name), "add `file:` or `splits:`");
    }
    return spec;
  }

  LabelSpec label(const std::string& name, const YAML::Node& node) const {
    check_keys(node, {"kind", "names", "unknown"});
    LabelSpec spec;
    const std::string word = node["kind"] ? text(node["kind"], "kind") : "class";
    const auto kind = std::find_if(kLabelKinds.begin(), kLabelKinds.end(),
                                   [&](const auto& pair) { return pair.first == word; });
    if (kind == kLabelKinds.end()) {
      fail(node["kind"], "unknown label kind '" + word + "'",
           suggestion(word, names_of(kLabelKinds)));
    }
    spec.kind = kind->second;
    spec.names = class_names(name, spec.kind, node);
    if (node["unknown"]) {
      try {
        spec.unknown = node["unknown"].as<double>();
      } catch (const YAML::Exception&) {
        fail(node["unknown"], fmt::format("'unknown' of label '{}' must be a number", name));
      }
    }
    return spec;
  }

  std::vector<std::string> class_names(const std::string& name, LabelKind kind,
                                       const YAML::Node& node) const {
    const bool named = kind != LabelKind::kIdentity && kind != LabelKind::kReal;
    std::vector<std::string> names;
    if (node["names"] && (!node["names"].IsSequence() || !named)) {
      fail(node["names"], named ? fmt::format("'names' of label '{}' must be a list", name)
                                : fmt::format("label '{}' is {}, which has no 'names'", name,
                                              label_kind_name(kind)));
    }
    for (const auto& item : node["names"]) {
      names.push_back(text(item, "names"));
      if (std::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1) {
        fail(item, fmt::format("two classes of label '{}' have the name '{}'", name, names.back()));
      }
    }
    if (named && names.empty()) {
      fail(node, fmt::format("label '{}' needs the list of class names", name),
           "add `names: [...]`");
    }
    return names;
  }

  /// A label need not be repeated among the fields: it then belongs to the main table.
  static void add_labels(Schema& schema) {
    for (const auto& [name, spec] : schema.labels) {
      const bool declared = std::any_of(
          schema.tables.begin(), schema.tables.end(),
          [&, &wanted = name](const TableSpec& t) { return t.find(wanted) != nullptr; });
      if (!declared) {
        schema.tables.front().fields.push_back({.name = name, .modality = Modality::kLabel});
      }
    }
  }

  /// That each label field is described, each described label is one, and each table is there.
  void check_names(const YAML::Node& root, const Schema& schema) const {
    std::vector<std::string> tables;
    for (const TableSpec& table : schema.tables) tables.push_back(table.name);
    for (const TableSpec& table : schema.tables) {
      for (const FieldSpec& spec : table.fields) {
        const bool is_label = spec.modality == Modality::kLabel;
        if (is_label != schema.labels.contains(spec.name)) {
          fail(root,
               is_label ? fmt::format("label field '{}' is not described", spec.name)
                        : fmt::format("field '{}' is {} and stands under 'labels'", spec.name,
                                      modality_text(spec)),
               is_label ? "add it under `labels:` with its kind and names"
                        : "declare it as label, or rename one of them");
        }
        if (spec.modality == Modality::kRef &&
            std::find(tables.begin(), tables.end(), spec.table) == tables.end()) {
          fail(root,
               fmt::format("field '{}' refers to the unknown table '{}'", spec.name, spec.table),
               suggestion(spec.table, tables));
        }
      }
    }
  }

  std::filesystem::path file_;
};

}  // namespace

Schema read_schema(const std::filesystem::path& file) { return SchemaReader(file).read(); }

}  // namespace relata::data
