#include "relata/train/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "relata/base/closest_name.h"
#include "relata/base/error.h"
#include "relata/base/file.h"
#include "relata/base/hash.h"

namespace relata::train {

void describe(Fields& fields, BaselineConfig& c) {
  fields.value("logistic", c.logistic,
               "logistic regression beside a classifier, on the same splits");
}

namespace {

int64_t whole_number(std::string_view text, const std::string& key) {
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number >= 0) return number;
  throw Error({.what = fmt::format("'{}' is no whole number of at least 0", text),
               .where = key,
               .remedy = key == "seeds" ? "write 3, 0..19 or [1, 5, 9]"
                                        : "write 5 or 5x5 (folds x repeats)"});
}

void describe_recipe(Fields& fields, Recipe& r, std::unique_ptr<System>& system) {
  std::string seeds = "0";
  std::string folds = "0";
  fields.value("name", r.name, "how results call it; by default the recipe's own name");
  fields.value("system", r.system, "which system");
  fields.value("description", r.description, "what the recipe is for");
  fields.value("source", r.source, "where its constants come from");
  fields.notation("seeds", seeds, "0..19, 3 or [1, 5]: one run each");
  fields.notation("folds", folds,
                  "5x5: folds x repeats of cross-validation inside the training split, 0: none");
  fields.value("train_split", r.train_split, "the split to train on");
  r.seeds = parse_seeds(seeds);
  r.folds = parse_folds(folds);
  fields.group("train", r.train);
  fields.group("baselines", r.baselines);
  if (r.system.empty()) {
    throw Error({.what = "names no system",
                 .where = r.name,
                 .remedy = "add `system: m3col` (see `relata recipes`)"});
  }
  system = find_system(r.system).make(fields);
  fields.finish();
  r.keys = fields.resolved();
}

/// False for keys that say how often or how fast to run, not what a run computes, and for those
/// that came later, at the value that every run before had: hashes outlive versions.
bool changes_results(const ResolvedKey& key) {
  constexpr std::array<std::string_view, 10> kOther{"name",
                                                    "seeds",
                                                    "folds",
                                                    "description",
                                                    "source",
                                                    "baselines.",
                                                    "train.evaluate.",
                                                    "train.checkpoint.",
                                                    "train.loader_threads",
                                                    "train.stop_after"};
  for (const std::string_view prefix : kOther) {
    if (key.path.starts_with(prefix)) return false;
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kLater{
      {{"train.precision", "fp32"}}};
  return std::ranges::find(kLater, std::pair<std::string_view, std::string_view>(
                                       key.path, key.value)) == kLater.end();
}

}  // namespace

std::vector<int64_t> parse_seeds(const std::string& text) {
  std::vector<int64_t> seeds;
  if (const size_t dots = text.find(".."); dots != std::string::npos) {
    const int64_t first = whole_number(std::string_view(text).substr(0, dots), "seeds");
    const int64_t last = whole_number(std::string_view(text).substr(dots + 2), "seeds");
    if (last < first || last - first > 100'000)
      throw Error({.what = "'" + text + "' is no range", .where = "seeds"});
    for (int64_t seed = first; seed <= last; ++seed) seeds.push_back(seed);
    return seeds;
  }
  std::string_view list = text;
  if (list.starts_with('[') && list.ends_with(']')) list = list.substr(1, list.size() - 2);
  while (true) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    const int64_t seed = whole_number(item, "seeds");
    if (std::find(seeds.begin(), seeds.end(), seed) != seeds.end())
      throw Error({.what = fmt::format("the seed {} is named twice", seed), .where = "seeds"});
    seeds.push_back(seed);
    if (comma == list.size()) return seeds;
    list.remove_prefix(comma + 1);
  }
}

Folds parse_folds(const std::string& text) {
  const size_t x = std::min(text.find('x'), text.size());
  Folds folds{.count = whole_number(std::string_view(text).substr(0, x), "folds")};
  if (x < text.size()) folds.repeats = whole_number(std::string_view(text).substr(x + 1), "folds");
  if (folds.count == 1 || folds.repeats < 1) {
    throw Error({.what = "'" + text + "' is no cross-validation",
                 .where = "folds",
                 .remedy = "write 5x5, 5 or 0"});
  }
  return folds;
}

Recipe parse_recipe(std::string_view yaml, const std::string& name,
                    const std::vector<std::string>& overrides) {
  Recipe recipe;
  recipe.name = name;
  recipe.tree = ConfigTree::parse(yaml, name);
  for (const std::string& assignment : overrides) recipe.tree.set(assignment, "command line");
  Fields fields(recipe.tree);
  std::unique_ptr<System> checked;
  describe_recipe(fields, recipe, checked);
  return recipe;
}

Recipe load_recipe(const std::string& name, const std::vector<std::string>& overrides) {
  std::vector<std::string> names;
  for (const BuiltinRecipe& recipe : builtin_recipes()) {
    if (recipe.name == name) return parse_recipe(recipe.yaml, name, overrides);
    names.push_back(recipe.name);
  }
  if (!std::filesystem::is_regular_file(name)) {
    throw Error({.what = "there is no recipe '" + name + "'",
                 .remedy = "did you mean '" + closest_name(name, names) +
                           "'? `relata recipes` lists them; or name a .yaml file"});
  }
  return parse_recipe(read_file(name), name, overrides);
}

std::unique_ptr<System> Recipe::make_system() const {
  Recipe scratch;
  scratch.name = name;
  Fields fields(tree);
  std::unique_ptr<System> made;
  describe_recipe(fields, scratch, made);
  return made;
}

std::string Recipe::hash() const {
  Hasher hasher;
  for (const ResolvedKey& key : keys) {
    if (changes_results(key)) hasher.add(key.path).add("=").add(key.value).add("\n");
  }
  return hasher.hex();
}

}  // namespace relata::train
