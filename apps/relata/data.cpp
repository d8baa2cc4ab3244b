// relata data check D: what is wrong with a dataset, as a table.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/data/check.h"
#include "verbs.h"

namespace relata::app {
namespace {

using report::Align;
using report::Table;

const char* severity_name(data::Severity severity) {
  switch (severity) {
    case data::Severity::kError:
      return "error";
    case data::Severity::kWarning:
      return "warning";
    case data::Severity::kNote:
      return "note";
  }
  return "";
}

Table class_table(const data::CheckReport& check) {
  Table table{.columns = {{"split"},
                          {"label"},
                          {"class"},
                          {"rows", Align::kRight},
                          {"share", Align::kRight}},
              .rows = {}};
  for (const data::ClassFact& fact : check.classes) {
    int64_t total = fact.unlabelled;
    for (const auto& [name, rows] : fact.classes) total += rows;
    const auto add = [&](const std::string& name, int64_t rows) {
      table.rows.push_back({fact.split, fact.label, name, std::to_string(rows),
                            fmt::format("{:.1f} %", 100.0 * static_cast<double>(rows) /
                                                        static_cast<double>(total))});
    };
    for (const auto& [name, rows] : fact.classes) add(name, rows);
    if (fact.unlabelled > 0) add("(unlabelled)", fact.unlabelled);
  }
  return table;
}

Table vector_table(const data::CheckReport& check) {
  Table table{.columns = {{"field"},
                          {"rows", Align::kRight},
                          {"features", Align::kRight},
                          {"constant", Align::kRight},
                          {"NaN", Align::kRight},
                          {"infinite", Align::kRight}},
              .rows = {}};
  for (const data::VectorFact& fact : check.vectors) {
    table.rows.push_back({fact.field, std::to_string(fact.rows), std::to_string(fact.width),
                          std::to_string(fact.constant_features), std::to_string(fact.nan_cells),
                          std::to_string(fact.infinite_cells)});
  }
  return table;
}

Table missing_table(const data::CheckReport& check) {
  Table table{.columns = {{"split"}, {"field"}, {"missing", Align::kRight}, {"of", Align::kRight}},
              .rows = {}};
  for (const data::MissingFact& fact : check.missing) {
    if (fact.missing > 0) {
      table.rows.push_back(
          {fact.split, fact.field, std::to_string(fact.missing), std::to_string(fact.rows)});
    }
  }
  return table;
}

Table finding_table(const data::CheckReport& check) {
  Table table{.columns = {{"severity"}, {"where"}, {"finding"}}, .rows = {}};
  for (const data::Finding& finding : check.findings) {
    table.rows.push_back({severity_name(finding.severity), finding.subject, finding.text});
  }
  return table;
}

nlohmann::json to_json(const data::CheckReport& check) {
  nlohmann::json findings = nlohmann::json::array();
  for (const data::Finding& f : check.findings) {
    findings.push_back(
        {{"severity", severity_name(f.severity)}, {"where", f.subject}, {"finding", f.text}});
  }
  nlohmann::json splits = nlohmann::json::object();
  for (const auto& [name, rows] : check.splits) splits[name] = rows;
  nlohmann::json classes = nlohmann::json::array();
  for (const data::ClassFact& f : check.classes) {
    nlohmann::json rows = nlohmann::json::object();
    for (const auto& [name, count] : f.classes) rows[name] = count;
    classes.push_back(
        {{"split", f.split}, {"label", f.label}, {"rows", rows}, {"unlabelled", f.unlabelled}});
  }
  nlohmann::json vectors = nlohmann::json::array();
  for (const data::VectorFact& f : check.vectors) {
    vectors.push_back({{"table", f.table},
                       {"field", f.field},
                       {"rows", f.rows},
                       {"features", f.width},
                       {"constant", f.constant_features},
                       {"nan", f.nan_cells},
                       {"infinite", f.infinite_cells}});
  }
  nlohmann::json missing = nlohmann::json::array();
  for (const data::MissingFact& f : check.missing) {
    if (f.missing == 0) continue;
    missing.push_back(
        {{"split", f.split}, {"field", f.field}, {"missing", f.missing}, {"of", f.rows}});
  }
  return {{"splits", splits},
          {"classes", classes},
          {"vectors", vectors},
          {"missing", missing},
          {"errors", check.count(data::Severity::kError)},
          {"warnings", check.count(data::Severity::kWarning)},
          {"findings", findings}};
}

void print_tables(const data::CheckReport& check) {
  for (const auto& [name, rows] : check.splits)
    std::printf("split %s: %ld rows\n", name.c_str(), rows);
  for (const Table& table :
       {class_table(check), vector_table(check), missing_table(check), finding_table(check)}) {
    if (table.rows.empty()) continue;
    std::puts("");
    print(table);
  }
  std::printf("\n%ld errors, %ld warnings, %ld notes\n", check.count(data::Severity::kError),
              check.count(data::Severity::kWarning), check.count(data::Severity::kNote));
}

void run(const DataOptions& options, const Common& common) {
  const auto dataset = data::Dataset::open(options.path, options.open());
  const data::CheckReport check = data::check_dataset(*dataset);
  common.json ? print(to_json(check)) : print_tables(check);
  if (const int64_t errors = check.count(data::Severity::kError); errors > 0) {
    throw Error({.what = fmt::format("{} errors in this dataset", errors), .where = options.path});
  }
}

}  // namespace

void add_data(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("data", "Look after datasets");
  verb->require_subcommand(1);
  auto* check = verb->add_subcommand(
      "check", "Missing files, class balance, constant features, NaN, leaks between splits");
  const auto o = std::make_shared<DataOptions>();
  o->add_to(*check, "data");
  check->get_option("data")->required();
  o->add_cut_to(*check);
  check->footer("Example:\n  relata data check my_omics/");
  check->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
