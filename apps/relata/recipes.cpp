// relata recipes [NAME]: the built-in recipes, or one of them.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "output.h"
#include "relata/train/recipe.h"
#include "verbs.h"

namespace relata::app {
namespace {

void list(const Common& common) {
  nlohmann::json all = nlohmann::json::array();
  report::Table table{.columns = {{"recipe"}, {"what it is for"}}, .rows = {}};
  for (const train::BuiltinRecipe& builtin : train::builtin_recipes()) {
    const ConfigTree tree = ConfigTree::parse(builtin.yaml, builtin.name);
    table.rows.push_back({builtin.name, tree.text("description")});
    all.push_back({{"name", builtin.name}, {"description", tree.text("description")}});
  }
  common.json ? print(all) : print(table);
}

}  // namespace

void add_recipes(CLI::App& app, const Common& common) {
  auto* verb = app.add_subcommand("recipes", "List the built-in recipes, or print one");
  const auto name = std::make_shared<std::string>();
  verb->add_option("name", *name, "print this recipe's YAML, a start for one's own");
  verb->footer("Example:\n  relata recipes m3col/own > mine.yaml");
  verb->callback([name, &common] {
    if (name->empty()) return list(common);
    train::load_recipe(*name, {});  // names the nearest if there is none
    for (const train::BuiltinRecipe& builtin : train::builtin_recipes()) {
      if (builtin.name == *name) std::fputs(builtin.yaml.c_str(), stdout);
    }
  });
}

}  // namespace relata::app
