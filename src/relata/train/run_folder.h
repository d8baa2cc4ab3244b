// The folder of one run: config.yaml, metrics.jsonl, events.*, checkpoints/, model/, result.json,
// report.html.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "relata/base/folder_lock.h"
#include "relata/train/system.h"

namespace relata::train {

/// One line of metrics.jsonl.
struct Record {
  enum class Kind { kTrain, kEvaluation };
  Kind kind = Kind::kTrain;
  int64_t epoch = 0;
  int64_t step = 0;             ///< optimiser steps taken
  std::string split;            ///< of an evaluation
  std::vector<Metric> metrics;  ///< loss and parts, or scores
};

enum class Resume { kNo, kYes };

class RunFolder {
 public:
  /// New: makes the folder and writes config.yaml; an existing one that is not empty is an Error.
  /// Resume: the folder's config.yaml must say the same (`config_yaml`, comments behind values
  /// aside), or it is a run of another recipe: an Error. Until it is destroyed no other RunFolder
  /// can be made of this folder, in any process: it waits a while, then that is an Error.
  RunFolder(std::filesystem::path path, const std::string& config_yaml, Resume resume);
  ~RunFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoint() const { return path_ / "checkpoints" / "latest.safetensors"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path model() const { return path_ / "model"; }
  std::filesystem::path result() const { return path_ / "result.json"; }

  /// Appends to metrics.jsonl and to the TensorBoard events.
  void append(const Record& record);
  /// Bytes of metrics.jsonl so far; sends them to the disk, so that a checkpoint can rely on them.
  int64_t metrics_size();
  /// Cuts metrics.jsonl to what a checkpoint knows, and writes the events anew from it.
  void restore(int64_t metrics_size);
  /// What metrics.jsonl holds.
  std::vector<Record> records() const;

 private:
  struct Writers;
  void open_writers();

  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
  std::unique_ptr<Writers> writers_;
};

std::vector<Record> read_records(const std::filesystem::path& metrics_jsonl);

}  // namespace relata::train
