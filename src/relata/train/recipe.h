// A recipe: which system, its keys, training, and which seeds or folds to run. A file, or a
// built-in name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "relata/base/config.h"
#include "relata/train/config.h"
#include "relata/train/registry.h"

namespace relata::train {

/// Cross-validation: `repeats` times `count` stratified folds of the training split. count 0: none.
struct Folds {
  int64_t count = 0;
  int64_t repeats = 1;
};

struct BaselineConfig {
  bool logistic = true;  ///< logistic regression beside every classifier, on the same splits
};
void describe(Fields& fields, BaselineConfig& config);

struct Recipe {
  std::string name;  ///< as given
  std::string system;
  std::string description;
  std::string source;  ///< where its constants come from
  std::vector<int64_t> seeds{0};
  Folds folds;
  std::string train_split = "train";
  BaselineConfig baselines;
  TrainConfig train;
  std::vector<ResolvedKey> keys;  ///< everything, resolved, with origins

  /// A fresh system with the recipe's keys.
  std::unique_ptr<System> make_system() const;
  /// The resolved YAML.
  std::string yaml() const { return to_yaml(keys); }
  /// XXH3 of everything that changes a single run's results: not seeds, folds, description, speed.
  std::string hash() const;

  ConfigTree tree;
};

/// `name`: a file, or a built-in recipe. Overrides are key=value. Throws Error naming the nearest
/// key or recipe.
Recipe load_recipe(const std::string& name, const std::vector<std::string>& overrides);
Recipe parse_recipe(std::string_view yaml, const std::string& name,
                    const std::vector<std::string>& overrides);

struct BuiltinRecipe {
  std::string name;  ///< "m3col/rosmap"
  std::string yaml;
};
const std::vector<BuiltinRecipe>& builtin_recipes();

/// "0..19", "3", "[1, 5, 9]" → numbers. Throws Error for anything else.
std::vector<int64_t> parse_seeds(const std::string& text);
/// "5x5" (folds x repeats), "5", "0".
Folds parse_folds(const std::string& text);

}  // namespace relata::train
