// Options that several verbs share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/nn/linear.h"
#include "relata/train/apply.h"

namespace relata::app {

/// Which dataset, and how to open it.
struct DataOptions {
  std::string path;
  std::string split;  ///< "80/10/10"
  uint64_t split_seed = 0;
  std::string on_error = "fail";

  /// `name`: "--data", or "data" for a positional argument.
  void add_to(CLI::App& verb, const std::string& name);
  /// --split 80/10/10, for verbs that train.
  void add_cut_to(CLI::App& verb);
  data::OpenOptions open() const;
  /// What a child process must be given to open the same.
  std::vector<std::string> arguments() const;
};

/// Which model, and what of which dataset to use it on.
struct ModelOptions {
  std::string model;
  DataOptions data;
  train::ApplyOptions apply;

  void add_to(CLI::App& verb);

  struct Opened {
    train::LoadedModel model;
    std::shared_ptr<const data::Dataset> dataset;
    data::View view;
  };
  /// Settles `apply.split`.
  Opened open();
};

/// "fp32" or "bf16".
nn::Precision precision_of(const std::string& name);

/// Throws Error if a needed option was not given.
void require(const std::string& value, const std::string& option, const std::string& meaning);

}  // namespace relata::app
