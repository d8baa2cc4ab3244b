// Guesses the fields of a lone .jsonl file, so that small data needs no dataset.yaml.
#pragma once

#include <filesystem>

#include "relata/data/schema.h"

namespace relata::data {

/// Lists of numbers (or matrix.npy#row) are vectors; texts that end like a picture are images;
/// other texts are texts, but a field named "label" or "class" is a class label; whole numbers and
/// booleans are class labels, other numbers real labels; a field named "group" is the group. What
/// was found is logged. Lines that are not JSON are passed over, for the reader to report. Throws
/// Error for a label that mixes kinds and a field that only empty lists are given for.
Schema infer_schema(const std::filesystem::path& jsonl);

}  // namespace relata::data
