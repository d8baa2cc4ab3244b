// relata generate MODEL --prompt …: text that goes on from a prompt, or from a field of each
// record.
#include <fmt/format.h>
#include <torch/torch.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/base/error.h"
#include "relata/generation/text_generator.h"
#include "relata/io/json.h"
#include "relata/models/locate.h"
#include "verbs.h"

namespace relata::app {
namespace {

struct Options {
  std::string model;
  std::string prompt;
  DataOptions data;
  std::string field;
  std::string precision = "fp32";
  generation::TextOptions text;
  bool sample = false;
  generation::SamplingOptions sampling;
  int64_t seed = 0;
};

const char* reason_name(generation::FinishReason reason) {
  switch (reason) {
    case generation::FinishReason::kEnd:
      return "end";
    case generation::FinishReason::kStopped:
      return "stop";
    case generation::FinishReason::kLength:
      break;
  }
  return "length";
}

nlohmann::json as_json(const generation::Completion& completion) {
  return {
      {"text", completion.text},
      {"finish_reason", reason_name(completion.reason)},
      {"usage",
       {{"prompt_tokens", completion.prompt_tokens}, {"completion_tokens", completion.tokens}}}};
}

/// To the terminal as it comes; nothing is held back in a buffer.
void write_now(std::string_view piece) {
  std::fwrite(piece.data(), 1, piece.size(), stdout);
  std::fflush(stdout);
}

void one(generation::TextGenerator& generator, Options& o, const Common& common) {
  if (!common.json) o.text.on_text = write_now;
  const auto completion = generator.complete(o.prompt, o.text);
  if (common.json) {
    print(as_json(completion));
  } else {
    write_now("\n");
  }
}

void over_dataset(generation::TextGenerator& generator, const Options& o) {
  const auto dataset = data::Dataset::open(o.data.path, o.data.open());
  const data::View view = dataset->all();
  require(o.field, "--field", "the text field that holds the prompts");
  for (int64_t i = 0; i < view.size(); ++i) {
    if (!view.present(i, o.field)) continue;
    nlohmann::json line = as_json(generator.complete(view.bytes(i, o.field), o.text));
    line["id"] = view.id(i);
    write_now(io::to_line(line) + "\n");
  }
}

void run(Options& o, const Common& common) {
  if (o.prompt.empty() == o.data.path.empty())
    throw Error({.what = "either --prompt or --data is needed"});
  if (o.sample) o.text.decoding.sampling = o.sampling;
  torch::manual_seed(static_cast<uint64_t>(o.seed));
  generation::TextGenerator generator(models::locate_model(o.model), precision_of(o.precision));
  if (o.data.path.empty()) {
    one(generator, o, common);
  } else {
    over_dataset(generator, o);
  }
}

}  // namespace

void add_generate(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("generate", "Text that goes on from a prompt");
  const auto o = std::make_shared<Options>();
  verb->add_option("model", o->model,
                   "a folder in Hugging Face's layout, or org/name in its local cache")
      ->required();
  verb->add_option("--prompt", o->prompt, "the text to go on from");
  o->data.add_to(*verb, "--data");
  verb->add_option("--field", o->field, "with --data: the field that holds the prompts");
  verb->add_flag("--chat", o->text.chat, "the prompt is a user's turn of a conversation");
  verb->add_option("--system", o->text.system, "with --chat: what the model is told first");
  auto& decoding = o->text.decoding;
  verb->add_option("--max-new-tokens", decoding.max_new_tokens, "most tokens to make")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->capture_default_str();
  verb->add_flag("--sample", o->sample, "draw tokens instead of taking the most likely");
  verb->add_option("--temperature", o->sampling.temperature, "with --sample")
      ->capture_default_str();
  verb->add_option("--top-k", o->sampling.top_k, "with --sample: of the k most likely; 0: all")
      ->capture_default_str();
  verb->add_option("--top-p", o->sampling.top_p, "with --sample: of the likeliest that sum to p")
      ->capture_default_str();
  verb->add_option("--beams", decoding.beams, "beam search")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  verb->add_option("--length-penalty", decoding.length_penalty, "with --beams")
      ->capture_default_str();
  verb->add_option("--stop", o->text.stop, "a text that ends the answer; may be repeated");
  verb->add_option("--seed", o->seed, "decides what is drawn")
      ->envname("RELATA_SEED")
      ->capture_default_str();
  verb->add_option("--precision", o->precision, "of the weights: fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->envname("RELATA_PRECISION")
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  relata generate models/smollm2 --chat --prompt 'What is an omics view?'\n"
      "  relata generate models/smollm2 --data questions.jsonl --field question > answers.jsonl");
  verb->callback([o, &common] { run(*o, common); });
}

}  // namespace relata::app
