// The verbs of the command line: each adds its subcommand, in a file of its own.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "options.h"

namespace relata::app {

/// Options that every verb understands.
struct Common {
  int threads = 0;  ///< 0: as many as there are processors
  std::string device = "cpu";
  bool json = false;
  bool quiet = false;
};

void add_train(CLI::App& app, const Common& common);
void add_evaluate(CLI::App& app, const Common& common);
void add_predict(CLI::App& app, const Common& common);
void add_embed(CLI::App& app, const Common& common);
void add_index(CLI::App& app, const Common& common);
void add_search(CLI::App& app, const Common& common);
void add_generate(CLI::App& app, const Common& common);
void add_data(CLI::App& app, const Common& common);
void add_import(CLI::App& app, const Common& common);
void add_info(CLI::App& app, const Common& common);
void add_recipes(CLI::App& app, const Common& common);
void add_env(CLI::App& app, const Common& common);

}  // namespace relata::app
