#include "relata/models/model_tokenizer.h"

#include <fmt/format.h>

#include "relata/base/error.h"

namespace relata::models {

text::Tokenizer load_tokenizer(const std::filesystem::path& folder, const Backbone& backbone) {
  text::Tokenizer tokenizer = text::Tokenizer::load(folder);
  const int64_t vocabulary = backbone.text_limits().vocabulary;
  if (tokenizer.vocab_size() <= vocabulary) return tokenizer;
  throw Error({.what = fmt::format("its tokenizer has {} tokens, and the model vectors for {}",
                                   tokenizer.vocab_size(), vocabulary),
               .where = folder.string(),
               .remedy = "use the tokenizer that the model was trained with"});
}

}  // namespace relata::models
