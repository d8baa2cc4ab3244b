// relata embed MODEL DATA --out DIR: one field of a dataset as vectors.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/base/log.h"
#include "relata/base/progress_bar.h"
#include "relata/models/embed.h"
#include "relata/models/locate.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string model;
  DataOptions data;
  std::string out;
  std::string field;
  std::string role;
  std::string split;
  std::string precision = "fp32";
  std::string special = "plain";
  bool npy = false;
};

std::optional<models::Role> role_of(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return name == "image" ? models::Role::kImage : models::Role::kText;
}

void run(const Options& o, const Common& common) {
  models::Encoder encoder(
      models::locate_model(o.model),
      {.precision = precision_of(o.precision),
       .special = o.special == "parse" ? text::InText::kParse : text::InText::kPlain});
  const auto dataset = data::Dataset::open(o.data.path, o.data.open());
  const data::View view = o.split.empty() ? dataset->all() : dataset->split(o.split);
  const models::EmbedField field = models::choose_field(encoder, view, o.field, role_of(o.role));
  ProgressBar bar("embed " + field.name, "records", view.size());
  const models::EmbedResult result =
      models::embed(encoder, view, field, o.out,
                    {.skip_broken = o.data.on_error == "skip",
                     .on_progress = [&](int64_t done, int64_t) { bar.update(done); }});
  if (o.npy) models::export_npy(o.out, view, field);
  for (const std::string& line : result.broken) spdlog::warn("left out: {}", line);
  spdlog::info("{} of {} records embedded, {} there already, {} without '{}', {} broken → {}",
               result.embedded, view.size(), result.reused, result.missing, field.name,
               result.broken.size(), o.out);
  if (common.json) {
    print(nlohmann::json{{"out", o.out},
                         {"field", field.name},
                         {"role", models::role_name(field.role)},
                         {"width", result.width},
                         {"embedded", result.embedded},
                         {"reused", result.reused},
                         {"missing", result.missing},
                         {"broken", result.broken.size()}});
  }
}

}  // namespace

void add_embed(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand(
      "embed", "Pictures or texts as vectors: a Store that a second run goes on with");
  const auto o = std::make_shared<Options>();
  verb->add_option("model", o->model,
                   "a folder in Hugging Face's layout, or org/name in its local cache")
      ->required();
  o->data.add_to(*verb, "data");
  verb->get_option("data")->required();
  verb->add_option("--out", o->out, "the folder of the Store")->required();
  verb->add_option("--field", o->field,
                   "which field; default: the only one that the model encodes");
  verb->add_option("--role", o->role, "image or text, where both are possible")
      ->check(CLI::IsMember({"image", "text"}));
  verb->add_option("--split", o->split, "one split alone; default: all records");
  verb->add_option("--precision", o->precision, "of the weights: fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->envname("RELATA_PRECISION")
      ->capture_default_str();
  verb->add_option("--special", o->special,
                   "special tokens in a text: plain (words like any other) or parse")
      ->check(CLI::IsMember({"plain", "parse"}))
      ->capture_default_str();
  verb->add_flag("--npy", o->npy, "also <field>.npy (float32) and ids.txt");
  verb->footer(
      "Examples:\n"
      "  relata embed models/minilm articles.jsonl --field title --out vectors\n"
      "  relata embed openai/clip-vit-base-patch32 photos/ --field image --out vectors --npy");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
