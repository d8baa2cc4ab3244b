// A GGUF file of a LLaMA-type model as Hugging Face's layout has it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "relata/io/gguf.h"
#include "relata/nn/tensor_file.h"

namespace relata::models {

/// config.json. Throws Error at `where` naming the key that is missing or malformed, and for
/// another architecture than llama.
nlohmann::json gguf_config(const io::GgufContent& content, const std::string& where);

/// `tensors`, dequantised, under Hugging Face's names. GGUF keeps the rows of queries and keys in
/// the order of interleaved rotary pairs; they are put back in halves. Throws Error for a name that
/// is not known.
nn::NamedTensors gguf_tensors(const nn::NamedTensors& tensors, const io::GgufContent& content,
                              const std::string& where);

struct GgufTokenizer {
  std::string tokenizer_json;
  std::string tokenizer_config_json;
};
/// Throws Error for a vocabulary that is absent or contradicts itself, and for another tokenizer
/// than byte-level BPE with a known pre-tokenizer.
GgufTokenizer gguf_tokenizer_files(const io::GgufContent& content, const std::string& where);

}  // namespace relata::models
