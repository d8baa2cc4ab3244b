#include "relata/models/import_model.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/io/gguf.h"
#include "relata/io/image/preprocessing.h"
#include "relata/io/zip.h"
#include "relata/models/backbone.h"
#include "relata/models/clip.h"
#include "relata/models/efficientnet.h"
#include "relata/models/gguf_model.h"
#include "relata/models/squeezenet.h"
#include "relata/nn/foreign_file.h"

namespace relata::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nn::NamedTensors;

/// Files beside the weights that say how texts and pictures are prepared.
constexpr std::array kCompanions{"tokenizer.json",
                                 "tokenizer_config.json",
                                 "special_tokens_map.json",
                                 "vocab.json",
                                 "merges.txt",
                                 "vocab.txt",
                                 "added_tokens.json",
                                 "preprocessor_config.json",
                                 "bpe_simple_vocab_16e6.txt.gz",
                                 "generation_config.json",
                                 "chat_template.jinja"};

struct Imported {
  std::string format;
  std::unique_ptr<Backbone> backbone;
  std::vector<std::pair<std::string, std::string>> files;  ///< name and content, beside the model's
};

Imported from_folder(const fs::path& folder) {
  Imported imported{
      .format = "Hugging Face folder", .backbone = load_backbone(folder), .files = {}};
  for (const char* name : kCompanions) {
    if (fs::is_regular_file(folder / name))
      imported.files.emplace_back(name, read_file(folder / name));
  }
  return imported;
}

Imported from_gguf(const fs::path& path) {
  const io::GgufFile file(path);
  const std::string where = path.string();
  const json config = gguf_config(file.content(), where);
  const NamedTensors tensors = gguf_tensors(nn::load_foreign(path), file.content(), where);
  GgufTokenizer tokenizer = gguf_tokenizer_files(file.content(), where);
  Imported imported{.format = fmt::format("GGUF version {}", file.content().version),
                    .backbone = make_backbone(config, tensors, where),
                    .files = {}};
  imported.files = {{"tokenizer.json", std::move(tokenizer.tokenizer_json)},
                    {"tokenizer_config.json", std::move(tokenizer.tokenizer_config_json)}};
  return imported;
}

/// The folder of an archive that holds a config.json beside weights, unpacked.
std::optional<fs::path> unpacked(const fs::path& path, const fs::path& scratch) {
  const MappedFile file(path);
  const io::ZipArchive archive(file.bytes(), path.string());
  std::optional<std::string> root;
  for (const io::ZipEntry& entry : archive.entries()) {
    const fs::path name(entry.name);
    if (name.filename() == "config.json" &&
        archive.find((name.parent_path() / "model.safetensors").generic_string()) != nullptr)
      root = name.parent_path().generic_string();
  }
  if (!root) return std::nullopt;
  for (const io::ZipEntry& entry : archive.entries()) {
    if (entry.name.ends_with('/')) continue;
    fs::create_directories((scratch / entry.name).parent_path());
    const io::ZipContent content = archive.bytes(entry);
    const auto bytes = content.bytes();
    write_file(scratch / entry.name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return scratch / *root;
}

bool is_openai_clip(const NamedTensors& tensors) {
  return tensors.contains("visual.conv1.weight") && tensors.contains("visual.proj");
}

/// What OpenAI's code does before its towers; the tokenizer is not part of a checkpoint.
json clip_preprocessing(const ClipVisionConfig& config) {
  io::Preprocessing preprocessing;
  preprocessing.shortest_edge = preprocessing.height = preprocessing.width =
      config.grid.rows * config.patch;
  preprocessing.crop_height = preprocessing.crop_width = preprocessing.height;
  return preprocessing.to_json();
}

/// A network whose tensors say which it is.
Imported known_network(const NamedTensors& tensors, const char* format, const char* model_type,
                       const json& preprocessing, const std::string& where) {
  Imported imported{.format = format,
                    .backbone = make_backbone({{"model_type", model_type}}, tensors, where),
                    .files = {}};
  imported.files = {{"preprocessor_config.json", preprocessing.dump(2) + "\n"}};
  return imported;
}

Imported from_tensors(const fs::path& path, const ImportOptions& options) {
  const NamedTensors tensors = nn::map_foreign(path);
  if (tensors.contains("fire2/squeeze1x1/kernel")) {
    return known_network(tensors, "SqueezeNet 1.1 of Keras", "squeezenet",
                         squeezenet_preprocessing().to_json(), path.string());
  }
  if (tensors.contains("_conv_stem.weight")) {
    return known_network(tensors, "EfficientNet-Lite0 checkpoint", "efficientnet-lite",
                         efficientnet_preprocessing().to_json(), path.string());
  }
  if (!is_openai_clip(tensors)) {
    throw Error({.what = "tensors of no model that is known without a configuration",
                 .where = path.string(),
                 .remedy = "put it beside its config.json as pytorch_model.bin, and import the "
                           "folder"});
  }
  const ClipConfig config =
      ClipConfig::from_tensors(tensors, options.clip_activation, path.string());
  Imported imported{.format = "CLIP checkpoint",
                    .backbone = make_backbone(config.to_json(), tensors, path.string()),
                    .files = {}};
  imported.files = {
      {"preprocessor_config.json", clip_preprocessing(*config.vision).dump(2) + "\n"}};
  return imported;
}

bool begins_with(const fs::path& path, std::string_view magic) {
  const MappedFile file(path);
  return file.bytes().size() >= magic.size() &&
         std::memcmp(file.bytes().data(), magic.data(), magic.size()) == 0;
}

Imported read(const fs::path& path, const fs::path& scratch, const ImportOptions& options) {
  if (fs::is_directory(path)) return from_folder(path);
  if (begins_with(path, "GGUF")) return from_gguf(path);
  if (begins_with(path, "PK\x03\x04")) {
    if (const auto folder = unpacked(path, scratch)) {
      Imported imported = from_folder(*folder);
      imported.format = "archive of a " + imported.format;
      return imported;
    }
  }
  return from_tensors(path, options);
}

}  // namespace

ImportResult import_model(const fs::path& path, const fs::path& out, const ImportOptions& options) {
  if (!fs::exists(path)) throw Error({.what = "there is no such file", .where = path.string()});
  ImportResult result;
  write_folder(out, [&](const fs::path& into) {
    const fs::path scratch = into / "unpacked";
    Imported imported = read(path, scratch, options);
    write_backbone(*imported.backbone, into);
    for (const auto& [name, content] : imported.files) write_file(into / name, content);
    fs::remove_all(scratch);
    result.format = imported.format;
    result.model_type = imported.backbone->model_type();
    for (const torch::Tensor& parameter : imported.backbone->module().parameters())
      result.parameters += parameter.numel();
  });
  return result;
}

}  // namespace relata::models
