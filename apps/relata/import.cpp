// relata import data KIND … --out DIR: other layouts become a dataset folder.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/data/import_csv.h"
#include "relata/data/split.h"
#include "relata/models/import_model.h"
#include "relata/models/locate.h"
#include "relata/systems/m3col/import.h"
#include "verbs.h"

namespace relata::app {
namespace {

using report::Align;

nlohmann::json to_json(const data::ImportSummary& summary, const std::string& out) {
  nlohmann::json views = nlohmann::json::array();
  for (const auto& view : summary.views) {
    views.push_back({{"view", view.name},
                     {"features", view.features},
                     {"missing_rows", view.missing_rows},
                     {"nan", view.nan_cells},
                     {"infinite", view.infinite_cells},
                     {"transposed", view.transposed}});
  }
  nlohmann::json splits = nlohmann::json::object(), classes = nlohmann::json::object();
  for (const auto& [name, rows] : summary.splits) splits[name] = rows;
  for (const auto& [name, rows] : summary.classes) classes[name] = rows;
  return {{"dataset", out},
          {"views", views},
          {"splits", splits},
          {"classes", classes},
          {"unlabelled", summary.unlabelled},
          {"left_out", summary.left_out}};
}

void print_tables(const data::ImportSummary& summary, const std::string& out) {
  report::Table table{.columns = {{"view"},
                                  {"features", Align::kRight},
                                  {"missing rows", Align::kRight},
                                  {"NaN", Align::kRight},
                                  {"infinite", Align::kRight},
                                  {"layout"}},
                      .rows = {}};
  for (const auto& view : summary.views) {
    table.rows.push_back({view.name, std::to_string(view.features),
                          std::to_string(view.missing_rows), std::to_string(view.nan_cells),
                          std::to_string(view.infinite_cells),
                          view.transposed ? "features were rows: turned" : "samples in rows"});
  }
  print(table);
  for (const auto& [name, rows] : summary.splits)
    std::printf("split %s: %ld rows\n", name.c_str(), rows);
  for (const auto& [name, rows] : summary.classes)
    std::printf("class %s: %ld rows\n", name.c_str(), rows);
  if (summary.unlabelled > 0) std::printf("%ld rows have no label\n", summary.unlabelled);
  if (!summary.left_out.empty()) {
    std::printf("%zu labelled samples stand in no view and were left out, e.g. %s\n",
                summary.left_out.size(), summary.left_out.front().c_str());
  }
  std::printf("\ndataset: %s\n", out.c_str());
}

void print_summary(const data::ImportSummary& summary, const std::string& out,
                   const Common& common) {
  common.json ? print(to_json(summary, out)) : print_tables(summary, out);
}

/// "mrna=a.csv" → name and file.
std::pair<std::string, std::filesystem::path> parse_view(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw Error({.what = "'" + text + "' is no view",
                 .where = "--view",
                 .remedy = "write --view name=file.csv"});
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void add_mogonet(CLI::App& data, const Common& common) {
  struct Options {
    systems::m3col::MogonetImport request;
    std::string folder, out;
  };
  auto* verb = data.add_subcommand(
      "mogonet", "MOGONET's layout: 1_tr.csv, 1_te.csv, …, labels_tr.csv, labels_te.csv");
  const auto o = std::make_shared<Options>();
  verb->add_option("folder", o->folder, "the published folder, e.g. ROSMAP")->required();
  verb->add_option("--names", o->request.view_names, "names of the views, in order")
      ->delimiter(',');
  verb->add_option("--classes", o->request.class_names, "names of the classes, in order")
      ->delimiter(',');
  verb->add_option("--out", o->out, "the dataset folder to write")->required();
  verb->footer(
      "Example:\n  relata import data mogonet data/rosmap --classes control,AD --out rosmap/");
  verb->callback([o, &common] {
    o->request.folder = o->folder;
    print_summary(systems::m3col::import_mogonet(o->request, o->out), o->out, common);
  });
}

void add_csv(CLI::App& data, const Common& common) {
  struct Options {
    std::vector<std::string> views;
    data::CsvImport request;
    std::string labels, out, split;
  };
  auto* verb = data.add_subcommand(
      "csv", "One CSV file a view and one of labels, joined by sample id or by row");
  const auto o = std::make_shared<Options>();
  verb->add_option("--view", o->views, "name=file.csv; repeat for each view, in order")->required();
  verb->add_option("--labels", o->labels, "CSV with one column (label) or two (id, label)")
      ->required();
  verb->add_option("--classes", o->request.class_names, "class names in order; default: as found")
      ->delimiter(',');
  verb->add_option("--group", o->request.group_column,
                   "column of the label file whose equal values stay in one split");
  verb->add_option("--split", o->split,
                   "80/20 (train/test) or 80/10/10 (train/val/test); default: one split 'all'");
  verb->add_option("--split-seed", o->request.seed, "decides that cut")->capture_default_str();
  verb->add_option("--out", o->out, "the dataset folder to write")->required();
  verb->footer(
      "Example:\n  relata import data csv --view mrna=a.csv --view meth=b.csv --labels y.csv "
      "--split 80/20 --out my_omics/");
  verb->callback([o, &common] {
    for (const std::string& view : o->views) o->request.views.push_back(parse_view(view));
    o->request.labels = o->labels;
    if (!o->split.empty()) o->request.fractions = data::parse_fractions(o->split);
    print_summary(data::import_csv(o->request, o->out), o->out, common);
  });
}

void add_model(CLI::App& import, const Common& common) {
  struct Options {
    std::string path, out;
    std::string activation = "quick_gelu";
  };
  auto* verb = import.add_subcommand(
      "model", "Published weights of any readable format as a model folder, once");
  const auto o = std::make_shared<Options>();
  verb->add_option("path", o->path,
                   "a Hugging Face folder or an archive of one, org/name in the local cache, a "
                   "GGUF file, a PyTorch checkpoint (nothing in it is run), an .npz archive")
      ->required();
  verb->add_option("--out", o->out, "the model folder to write")->required();
  verb->add_option("--activation", o->activation,
                   "of a CLIP checkpoint without configuration: quick_gelu (OpenAI) or gelu "
                   "(most of OpenCLIP)")
      ->check(CLI::IsMember({"quick_gelu", "gelu"}))
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  relata import model SmolLM2-135M-Instruct.Q4_1.gguf --out models/smollm2\n"
      "  relata import model ViT-B-32.pt --out models/clip");
  verb->callback([o, &common] {
    const auto result = models::import_model(
        models::locate_model(o->path), o->out,
        {.clip_activation = nn::activation_from_name(o->activation, "--activation")});
    print_facts({{"read", result.format},
                 {"model", result.model_type},
                 {"parameters", std::to_string(result.parameters)},
                 {"folder", o->out}},
                common);
  });
}

}  // namespace

void add_import(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("import", "Bring in data and models that other tools wrote");
  verb->require_subcommand(1);
  auto* data = verb->add_subcommand("data", "Make a dataset folder from another layout");
  data->require_subcommand(1);
  add_mogonet(*data, common);
  add_csv(*data, common);
  add_model(*verb, common);
}

}  // namespace relata::app
