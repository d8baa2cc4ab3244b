// Small vocabularies for the tests of the tokenizers, and the published ones where they are.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "relata/base/error.h"
#include "relata/text/tokenizer.h"
#include "support/scratch.h"

namespace relata::text {

inline auto fails_with(const std::string& part) {
  return testing::ThrowsMessage<Error>(testing::HasSubstr(part));
}

/// $RELATA_DATA/tokenizers/<name>, if it is there.
inline std::optional<std::filesystem::path> published(std::string_view name) {
  const char* const data = std::getenv("RELATA_DATA");
  if (data == nullptr) return std::nullopt;
  auto path = std::filesystem::path(data) / "tokenizers" / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

/// Leaves a test that needs a published vocabulary which is not there.
#define RELATA_NEEDS(variable, name)                          \
  const auto variable##_found = published(name);              \
  if (!variable##_found) GTEST_SKIP() << "needs RELATA_DATA"; \
  const std::filesystem::path& variable = *variable##_found

using Ids = std::vector<int32_t>;

/// Without offsets: the fast way.
inline Ids ids(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  options.offsets = false;
  return tokenizer.encode(text, options).ids;
}

/// A tokenizer.json of these parts, written and loaded.
inline Tokenizer from_json(const std::string& content) {
  const test::Scratch scratch;
  return Tokenizer::load(scratch.write("tokenizer.json", content));
}

}  // namespace relata::text
