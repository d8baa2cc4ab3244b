// What a dataset folder says about itself in `dataset.yaml`: tables, their fields, label kinds, the
// group field. The format is documented in docs/file-formats.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relata::data {

enum class Modality { kText, kImage, kSignal, kVector, kRegions, kRef, kLabel };

enum class LabelKind {
  kClass,       ///< one of `names`
  kIdentity,    ///< equality only: person 17 is no class
  kMultilabel,  ///< any subset of `names`
  kOrdinal,     ///< one of `names`, which are in order
  kReal,        ///< a number
};

struct LabelSpec {
  LabelKind kind = LabelKind::kClass;
  std::vector<std::string> names;  ///< class names; empty for identity and real
  std::optional<double> unknown;   ///< this value in the data means "not labelled"
};

struct FieldSpec {
  std::string name;
  Modality modality = Modality::kText;
  bool list = false;     ///< the record holds a list of them
  std::string table;     ///< for kRef: the table referred to
  std::string features;  ///< for kVector: file with one feature name a line; empty if unnamed
};

/// The table of a dataset that declares its fields at the top level.
inline constexpr std::string_view kOnlyTable = "rows";

struct TableSpec {
  std::string name;
  std::vector<FieldSpec> fields;
  /// Split name → JSON Lines file, in the order given; a table without splits has one named "all".
  std::vector<std::pair<std::string, std::string>> splits;

  const FieldSpec* find(std::string_view field) const;
};

struct Schema {
  std::vector<TableSpec> tables;  ///< the first is the main table
  std::map<std::string, LabelSpec> labels;
  std::string
      group;  ///< the field whose equal values are never cut by a split; empty: every row by itself
};

/// Parses `dataset.yaml`. Throws Error naming file and line for keys that are unknown or given
/// twice, unknown modalities, tables or label kinds, and labels without class names.
Schema read_schema(const std::filesystem::path& file);

/// The text of a `dataset.yaml` that read_schema reads back to `schema`.
std::string schema_yaml(const Schema& schema);

/// As in `dataset.yaml`: "vector", "[image]", "ref(kb)".
std::string modality_text(const FieldSpec& field);
std::string_view label_kind_name(LabelKind kind);

}  // namespace relata::data
