// The files of vocabularies that are not tokenizer.json.
#pragma once

#include <filesystem>
#include <vector>

#include "relata/text/bpe.h"
#include "relata/text/vocabulary.h"

namespace relata::text {

/// vocab.json: {"token": id, …}. Throws Error with file and place.
Vocabulary read_vocab_json(const std::filesystem::path& path);

/// vocab.txt: a token a line, its id the number of the line from 0.
Vocabulary read_vocab_txt(const std::filesystem::path& path);

/// merges.txt: two tokens a line, best first; lines that start with #version are no merges.
std::vector<MergePair> read_merges_txt(const std::filesystem::path& path);

struct ClipVocabulary {
  Vocabulary vocabulary;
  std::vector<MergePair> merges;
};

/// OpenAI's bpe_simple_vocab_16e6.txt.gz: its first 48,894 merges, and the vocabulary of 49,408
/// tokens that they make (irra.md §2.3). `irra`: the last merge and its token are left out, and
/// their id is that of <|mask|>.
ClipVocabulary read_clip_merges(const std::filesystem::path& path, bool irra);

}  // namespace relata::text
