// relata index build|add|remove|info: vectors of a dataset with texts and metadata, to be searched.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "output.h"
#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/log.h"
#include "relata/base/progress_bar.h"
#include "relata/models/locate.h"
#include "relata/search/build.h"
#include "relata/search/report_json.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string model;
  std::string index;
  DataOptions data;
  std::string split;
  std::string role;
  std::string precision = "fp32";
  search::BuildOptions build;
  bool force = false;
  bool verify = false;
  std::vector<std::string> ids;
  std::string ids_file;
};

data::View view_of(const Options& o) {
  const auto dataset = data::Dataset::open(o.data.path, o.data.open());
  return o.split.empty() ? dataset->all() : dataset->split(o.split);
}

void tell(const search::AddResult& result, const Options& o, const Common& common) {
  for (const std::string& line : result.broken) spdlog::warn("left out: {}", line);
  spdlog::info("{} added, {} replaced, {} unchanged, {} without the field, {} broken → {}",
               result.added, result.replaced, result.unchanged, result.missing,
               result.broken.size(), o.index);
  if (common.json) {
    print(nlohmann::json{{"index", o.index},
                         {"added", result.added},
                         {"replaced", result.replaced},
                         {"unchanged", result.unchanged},
                         {"missing", result.missing},
                         {"broken", result.broken.size()}});
  }
}

void build(const Options& o, const Common& common) {
  const auto model = models::locate_model(o.model);
  models::Encoder encoder(model);
  const data::View view = view_of(o);
  search::BuildOptions options = o.build;
  options.bf16 = o.precision == "bf16";
  if (!o.role.empty())
    options.role = o.role == "image" ? models::Role::kImage : models::Role::kText;
  ProgressBar bar("encode", "records", view.size());
  const auto result = search::build_index(
      encoder, std::filesystem::absolute(model).lexically_normal().string(), view, o.index, options,
      {.skip_broken = o.data.on_error == "skip",
       .on_progress = [&](int64_t done, int64_t) { bar.update(done); }});
  tell(result, o, common);
}

void add(const Options& o, const Common& common) {
  const index::Index index(o.index);
  models::Encoder encoder(
      models::locate_model(o.model.empty() ? index.fact(search::facts::kModel) : o.model));
  const data::View view = view_of(o);
  ProgressBar bar("encode", "records", view.size());
  const auto result =
      search::add_to_index(encoder, view, o.index,
                           {.skip_broken = o.data.on_error == "skip",
                            .force = o.force,
                            .on_progress = [&](int64_t done, int64_t) { bar.update(done); }});
  tell(result, o, common);
}

void remove(const Options& o, const Common& common) {
  std::vector<std::string> ids = o.ids;
  if (!o.ids_file.empty()) {
    std::istringstream lines(read_file(o.ids_file));
    for (std::string line; std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) ids.push_back(line);
    }
  }
  if (ids.empty()) throw Error({.what = "no ids", .remedy = "give --id or --ids-file"});
  index::IndexWriter writer(o.index);
  const int64_t before = writer.store().size();
  writer.stage_removal(ids);
  writer.commit();
  const int64_t removed = before - writer.store().size();
  spdlog::info("{} removed, {} left → {}", removed, writer.store().size(), o.index);
  if (common.json)
    print(
        nlohmann::json{{"index", o.index}, {"removed", removed}, {"items", writer.store().size()}});
}

void info(const Options& o, const Common& common) {
  const index::Index index(o.index);
  if (o.verify) index.verify();
  if (common.json) return print(search::to_json(index));
  std::string columns;
  for (const index::Column& column : index.schema().columns)
    columns += fmt::format("{}{} ({})", columns.empty() ? "" : ", ", column.name,
                           index::kind_name(column.kind));
  Facts facts{{"items", std::to_string(index.size())},
              {"width", std::to_string(index.schema().width)},
              {"precision", index.schema().bf16 ? "fp32 and bf16" : "fp32"},
              {"columns", columns}};
  for (const auto& [name, value] : index.schema().facts) facts.emplace_back(name, value);
  print_facts(facts, common);
}

void add_index_option(CLI::App& verb, Options& o) {
  verb.add_option("index", o.index, "the folder of the index")->required();
}

void add_data_options(CLI::App& verb, Options& o) {
  o.data.add_to(verb, "data");
  verb.get_option("data")->required();
  verb.add_option("--split", o.split, "one split alone; default: all records");
}

void add_build(CLI::App& parent, const std::shared_ptr<Options>& o, const Common& common) {
  auto* verb = parent.add_subcommand("build", "a new index of a dataset");
  verb->add_option("model", o->model,
                   "a folder in Hugging Face's layout, or org/name in its local cache")
      ->required();
  add_data_options(*verb, *o);
  verb->add_option("--out", o->index, "the folder of the index")->required();
  verb->add_option("--field", o->build.field,
                   "what is encoded; default: the only one that the model encodes");
  verb->add_option("--role", o->role, "image or text, where both are possible")
      ->check(CLI::IsMember({"image", "text"}));
  verb->add_option("--text-field", o->build.text_field,
                   "the words of --lexical; default: the encoded field if it is text");
  verb->add_option("--picture", o->build.picture_field,
                   "the field of pictures to be shown; default: the only one");
  verb->add_option("--columns", o->build.columns,
                   "metadata: fields, each with :string, :integer, :real or :strings if wanted")
      ->delimiter(',');
  verb->add_option("--precision", o->precision,
                   "bf16: vectors in bf16 too, for searches that read half as much")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  verb->footer(
      "Example:\n  relata index build models/minilm figures/ --field caption --out figures.index "
      "--columns subject,year");
  verb->callback([o, &common] { build(*o, common); });
}

void add_add(CLI::App& parent, const std::shared_ptr<Options>& o, const Common& common) {
  auto* verb = parent.add_subcommand("add", "adds what is new, replaces what has changed");
  add_index_option(*verb, *o);
  add_data_options(*verb, *o);
  verb->add_option("--model", o->model, "where the model is now; default: where it was");
  verb->add_flag("--force", o->force, "also with a model that the index was not made with");
  verb->footer("Example:\n  relata index add figures.index more.jsonl");
  verb->callback([o, &common] { add(*o, common); });
}

void add_remove(CLI::App& parent, const std::shared_ptr<Options>& o, const Common& common) {
  auto* verb = parent.add_subcommand("remove", "removes items by id");
  add_index_option(*verb, *o);
  verb->add_option("--id", o->ids, "an item; may be repeated")->allow_extra_args(false);
  verb->add_option("--ids-file", o->ids_file, "a file with one id a line");
  verb->footer("Example:\n  relata index remove figures.index --id fig-12 --id fig-13");
  verb->callback([o, &common] { remove(*o, common); });
}

void add_info_verb(CLI::App& parent, const std::shared_ptr<Options>& o, const Common& common) {
  auto* verb = parent.add_subcommand("info", "what an index holds, and of which model");
  add_index_option(*verb, *o);
  verb->add_flag("--verify", o->verify, "read everything and compare the checksums");
  verb->callback([o, &common] { info(*o, common); });
}

}  // namespace

void add_index(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("index", "Vectors of a dataset, to be searched");
  verb->require_subcommand(1);
  const auto o = std::make_shared<Options>();
  add_build(*verb, o, common);
  add_add(*verb, o, common);
  add_remove(*verb, o, common);
  add_info_verb(*verb, o, common);
}

}  // namespace relata::app
