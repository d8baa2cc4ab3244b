#include "relata/data/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "relata/base/hash.h"
#include "relata/data/check_vectors.h"

namespace relata::data {
namespace {

/// Fills a report about one dataset.
class Checker {
 public:
  explicit Checker(const Dataset& dataset) : dataset_(dataset) {}

  CheckReport run() {
    for (const TableSpec& table : dataset_.schema().tables) check_files(dataset_.all(table.name));
    for (const std::string& split : dataset_.splits()) {
      const View view = dataset_.split(split);
      report_.splits.emplace_back(split, view.size());
      count_missing(split, view);
      for (const FieldSpec& field : view.table().fields) {
        if (field.modality == Modality::kLabel) count_classes(split, view, field.name);
      }
    }
    check_vectors();
    check_groups();
    check_duplicates();
    if (!dataset_.skipped().empty()) {
      add(Severity::kWarning, "records",
          fmt::format("{} are broken and skipped, the first: {}", dataset_.skipped().size(),
                      dataset_.skipped().front()));
    }
    std::stable_sort(report_.findings.begin(), report_.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    return std::move(report_);
  }

 private:
  void add(Severity severity, std::string subject, std::string text) {
    report_.findings.push_back({severity, std::move(subject), std::move(text)});
  }

  /// The file itself, or the store or archive before the "#".
  bool file_exists(const std::string& path) const {
    std::error_code ignored;  // of a name that no file can have: too long, or through a file
    if (std::filesystem::exists(dataset_.folder() / path, ignored)) return true;
    const size_t hash = path.rfind('#');
    return hash != std::string::npos &&
           std::filesystem::exists(dataset_.folder() / path.substr(0, hash), ignored);
  }

  void check_files(const View& view) {
    for (const FieldSpec& field : view.table().fields) {
      if (field.modality != Modality::kImage && field.modality != Modality::kSignal &&
          field.modality != Modality::kRegions) {
        continue;
      }
      std::vector<std::string> absent;
      for (int64_t i = 0; i < view.size(); ++i) {
        for (const std::string& path : view.texts(i, field.name)) {
          if (!file_exists(path)) absent.push_back(path);
        }
      }
      if (absent.empty()) continue;
      add(Severity::kError, fmt::format("field '{}'", field.name),
          fmt::format("{} files are missing: {}", absent.size(), examples(absent)));
    }
  }

  void count_missing(const std::string& split, const View& view) {
    for (const FieldSpec& field : view.table().fields) {
      MissingFact fact{.split = split, .field = field.name, .rows = view.size()};
      for (int64_t i = 0; i < view.size(); ++i) fact.missing += view.present(i, field.name) ? 0 : 1;
      if (fact.missing > 0) {
        const bool label = field.modality == Modality::kLabel;
        add(Severity::kNote, fmt::format("split '{}'", split),
            fmt::format("{} of {} records {} '{}'", fact.missing, fact.rows,
                        label ? "have no" : "lack", field.name));
      }
      report_.missing.push_back(std::move(fact));
    }
  }

  void count_classes(const std::string& split, const View& view, const std::string& label) {
    const LabelSpec& spec = view.label_spec(label);
    if (spec.names.empty()) return;
    ClassFact fact{.split = split, .label = label};
    for (const std::string& name : spec.names) fact.classes.emplace_back(name, 0);
    for (int64_t i = 0; i < view.size(); ++i) {
      if (!view.present(i, label)) ++fact.unlabelled;
      for (const int64_t c : view.class_labels(i, label)) {
        ++fact.classes[static_cast<size_t>(c)].second;
      }
    }
    if (spec.kind != LabelKind::kMultilabel) check_balance(fact);
    report_.classes.push_back(std::move(fact));
  }

  void check_balance(const ClassFact& fact) {
    std::vector<std::string> seen;
    std::vector<std::string> unseen;
    for (const auto& [name, rows] : fact.classes) (rows > 0 ? seen : unseen).push_back(name);
    if (seen.size() == 1) {
      add(Severity::kWarning, fmt::format("split '{}'", fact.split),
          fmt::format("has one class of '{}' only: '{}'", fact.label, seen.front()));
    } else if (!seen.empty() && !unseen.empty()) {
      add(Severity::kWarning, fmt::format("split '{}'", fact.split),
          fmt::format("has no record of {} classes of '{}': {}", unseen.size(), fact.label,
                      examples(unseen)));
    }
  }

  void check_vectors() {
    for (const TableSpec& table : dataset_.schema().tables) {
      const bool main = table.name == dataset_.schema().tables.front().name;
      const View all = dataset_.all(table.name);
      const View train = main && dataset_.has_split("train") ? dataset_.split("train") : all;
      for (const FieldSpec& field : table.fields) {
        if (field.modality != Modality::kVector) continue;
        VectorCheck check = check_vector(all, train, field.name);
        for (Finding& finding : check.findings) report_.findings.push_back(std::move(finding));
        report_.vectors.push_back(std::move(check.fact));
      }
    }
  }

  void check_groups() {
    if (dataset_.schema().group.empty()) return;
    std::unordered_map<std::string, std::set<std::string>> splits_of;
    std::vector<std::string> order;
    for (const std::string& split : dataset_.splits()) {
      const View view = dataset_.split(split);
      for (int64_t i = 0; i < view.size(); ++i) {
        if (!splits_of[view.group(i)].insert(split).second) continue;
        if (splits_of[view.group(i)].size() == 2) order.push_back(view.group(i));
      }
    }
    if (order.empty()) return;
    add(Severity::kWarning, fmt::format("group '{}'", dataset_.schema().group),
        fmt::format("{} groups stand in two splits or more: {}", order.size(), examples(order)));
  }

  /// What two records must share to be the same; nothing for a record without content.
  std::optional<std::string> content_of(const View& view, int64_t position) const {
    std::string content;
    bool any = false;
    for (const FieldSpec& field : view.table().fields) {
      if (field.modality == Modality::kLabel || field.name == dataset_.schema().group) continue;
      const bool present = view.present(position, field.name);
      any = any || present;
      content += present ? '+' : '-';
      if (!present) continue;
      if (field.modality == Modality::kVector) {
        const auto values = std::as_bytes(view.vector(position, field.name));
        content.append(reinterpret_cast<const char*>(values.data()), values.size());
        continue;
      }
      for (const std::string& text : view.texts(position, field.name)) {
        content += fmt::format("{}:{}", text.size(), text);
      }
    }
    if (!any) return std::nullopt;
    return content_hash(content);
  }

  void check_duplicates() {
    std::unordered_map<std::string, std::pair<std::string, std::string>> first;  // → split, id
    std::vector<std::string> pairs;
    for (const std::string& split : dataset_.splits()) {
      const View view = dataset_.split(split);
      for (int64_t i = 0; i < view.size(); ++i) {
        const auto content = content_of(view, i);
        if (!content) continue;
        const auto [found, is_new] = first.try_emplace(*content, split, view.id(i));
        if (is_new || found->second.first == split) continue;
        pairs.push_back(fmt::format("{} ({}) = {} ({})", found->second.second, found->second.first,
                                    view.id(i), split));
      }
    }
    if (pairs.empty()) return;
    add(Severity::kWarning, "records",
        fmt::format("{} are identical to one of another split: {}", pairs.size(), examples(pairs)));
  }

  const Dataset& dataset_;
  CheckReport report_;
};

}  // namespace

int64_t CheckReport::count(Severity severity) const {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& f) { return f.severity == severity; });
}

CheckReport check_dataset(const Dataset& dataset) { return Checker(dataset).run(); }

}  // namespace relata::data
