// relata import data KIND … --out DIR: other layouts become a dataset folder.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/data/import_csv.h"
#include "relata/data/import_image_folder.h"
#include "relata/data/import_picture_table.h"
#include "relata/data/import_webdataset.h"
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

nlohmann::json to_json(const data::PictureSummary& summary, const std::string& out) {
  const auto object = [](const auto& pairs) {
    nlohmann::json result = nlohmann::json::object();
    for (const auto& [name, rows] : pairs) result[name] = rows;
    return result;
  };
  return {{"dataset", out},
          {"pictures", summary.pictures},
          {"captions", summary.captions},
          {"without_caption", summary.without_caption},
          {"several_captions", summary.several},
          {"captions_without_picture", summary.left_out},
          {"splits", object(summary.splits)},
          {"classes", object(summary.classes)},
          {"shards", object(summary.shards)}};
}

void print_tables(const data::PictureSummary& summary, const std::string& out) {
  for (const auto& [name, rows] : summary.shards)
    std::printf("%s: %ld pictures\n", name.c_str(), rows);
  std::printf("%ld pictures, %ld captions\n", summary.pictures, summary.captions);
  if (summary.several > 0) std::printf("%ld pictures have several captions\n", summary.several);
  if (summary.without_caption > 0)
    std::printf("%ld pictures have no caption\n", summary.without_caption);
  if (!summary.left_out.empty())
    std::printf("%zu captions without a picture were left out\n", summary.left_out.size());
  for (const auto& [name, rows] : summary.splits)
    std::printf("split %s: %ld rows\n", name.c_str(), rows);
  for (const auto& [name, rows] : summary.classes)
    std::printf("class %s: %ld rows\n", name.c_str(), rows);
  std::printf("\ndataset: %s\n", out.c_str());
}

void print_summary(const data::PictureSummary& summary, const std::string& out,
                   const Common& common) {
  common.json ? print(to_json(summary, out)) : print_tables(summary, out);
}

/// What all importers of pictures ask for.
struct PictureFlags {
  std::string out, split;
  std::string on_error = "fail";
  uint64_t seed = 0;

  void add_to(CLI::App& verb) {
    verb.add_option("--out", out, "the dataset folder to write; the pictures stay where they are")
        ->required();
    verb.add_option("--split", split, "80/20 (train/test) or 80/10/10 (train/val/test)");
    verb.add_option("--split-seed", seed, "decides that cut")->capture_default_str();
    verb.add_option("--on-error", on_error,
                    "a caption whose picture is not there: stop (fail), or count and leave out")
        ->check(CLI::IsMember({"fail", "skip"}))
        ->capture_default_str();
  }

  data::PictureOptions options() const {
    return {.on_error = on_error == "skip" ? data::OnError::kSkip : data::OnError::kFail,
            .fractions = split.empty() ? std::vector<double>() : data::parse_fractions(split),
            .seed = seed};
  }
};

void add_image_folder(CLI::App& data, const Common& common) {
  struct Options {
    data::ImageFolderImport request;
    std::string folder;
    PictureFlags flags;
  };
  auto* verb = data.add_subcommand(
      "imagefolder", "Pictures in folders, captions beside them, subfolders as classes");
  const auto o = std::make_shared<Options>();
  verb->add_option("folder", o->folder, "the folder of pictures")->required();
  verb->add_option("--image-key", o->request.image_key,
                   "key of the picture's name in captions.jsonl, metadata.jsonl or metadata.csv")
      ->capture_default_str();
  verb->add_option("--caption-key", o->request.caption_key,
                   "key of the caption there; default: text, caption or captions");
  o->flags.add_to(*verb);
  verb->footer(
      "Example:\n  relata import data imagefolder photos/ --split 80/10/10 --out my_photos/");
  verb->callback([o, &common] {
    o->request.folder = o->folder;
    o->request.options = o->flags.options();
    print_summary(data::import_image_folder(o->request, o->flags.out), o->flags.out, common);
  });
}

void add_webdataset(CLI::App& data, const Common& common) {
  struct Options {
    data::WebDatasetImport request;
    PictureFlags flags;
  };
  auto* verb = data.add_subcommand("webdataset", "tar shards of WebDataset's kind, read in place");
  const auto o = std::make_shared<Options>();
  verb->add_option("shards", o->request.shards,
                   ".tar files, patterns such as 'shard-{000..012}.tar', or folders of shards")
      ->required();
  verb->add_option("--image-key", o->request.image_key,
                   "extension of the picture; default: jpg, jpeg, png or webp");
  verb->add_option("--caption-key", o->request.caption_key,
                   "extension of the caption, or json:field; default: txt, or json's text, "
                   "caption or captions");
  o->flags.add_to(*verb);
  verb->footer(
      "Example:\n  relata import data webdataset 'cc3m-{000..331}.tar' --caption-key json:caption "
      "--out cc3m/");
  verb->callback([o, &common] {
    o->request.options = o->flags.options();
    print_summary(data::import_webdataset(o->request, o->flags.out), o->flags.out, common);
  });
}

/// `import data csv` is two imports: of a table that names pictures, and of tables of numbers.
struct CsvOptions {
  std::vector<std::string> views;
  data::CsvImport numbers;
  data::PictureTableImport pictures;
  std::string table, labels, group;
  PictureFlags flags;

  void import_pictures(const Common& common) {
    if (!views.empty() || !labels.empty()) {
      throw Error({.what = "--view and --labels are of tables of numbers, which a table of "
                           "pictures has none of",
                   .where = table});
    }
    pictures.table = table;
    pictures.group_key = group;
    pictures.options = flags.options();
    print_summary(data::import_picture_table(pictures, flags.out), flags.out, common);
  }

  void import_numbers(const Common& common) {
    if (views.empty() || labels.empty()) {
      throw Error({.what = "--view and --labels must be given, or a table that names pictures",
                   .where = "import data csv",
                   .remedy = "see 'relata import data csv --help'"});
    }
    for (const std::string& view : views) numbers.views.push_back(parse_view(view));
    numbers.labels = labels;
    numbers.group_column = group;
    numbers.fractions = flags.options().fractions;
    numbers.seed = flags.seed;
    print_summary(data::import_csv(numbers, flags.out), flags.out, common);
  }
};

void add_csv(CLI::App& data, const Common& common) {
  auto* verb = data.add_subcommand(
      "csv", "A table that names pictures and captions; or one CSV file a view and one of labels");
  const auto o = std::make_shared<CsvOptions>();
  verb->add_option("table", o->table, "CSV or JSON Lines that name pictures and captions");
  verb->add_option("--image-key", o->pictures.image_key, "its column of picture paths")
      ->capture_default_str();
  verb->add_option("--caption-key", o->pictures.caption_key,
                   "its column of captions; default: text, caption or captions");
  verb->add_option("--id-key", o->pictures.id_key,
                   "its column of ids; default: the picture's path");
  verb->add_option("--label-key", o->pictures.label_key, "its column of class names");
  verb->add_option("--view", o->views, "name=file.csv; repeat for each view, in order");
  verb->add_option("--labels", o->labels, "CSV with one column (label) or two (id, label)");
  verb->add_option("--classes", o->numbers.class_names, "class names in order; default: as found")
      ->delimiter(',');
  verb->add_option("--group", o->group,
                   "column (of the table, or of the label file) whose equal values stay in one "
                   "split");
  o->flags.add_to(*verb);
  verb->footer(
      "Examples:\n"
      "  relata import data csv photos.csv --image-key file --caption-key title --out my_photos/\n"
      "  relata import data csv --view mrna=a.csv --view meth=b.csv --labels y.csv --split 80/20 "
      "--out my_omics/");
  verb->callback(
      [o, &common] { o->table.empty() ? o->import_numbers(common) : o->import_pictures(common); });
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
  add_image_folder(*data, common);
  add_webdataset(*data, common);
  add_model(*verb, common);
}

}  // namespace relata::app
