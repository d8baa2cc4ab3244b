// The README of a model folder: what it is, from which data, how it was chosen, how well it does.
#pragma once

#include <string>

#include "relata/report/table.h"
#include "relata/train/job_data.h"
#include "relata/train/model_folder.h"
#include "relata/train/result.h"

namespace relata::train {

std::string model_card(const ModelInfo& info, const JobResult& result, const JobData& data);

/// The metrics of one split with their intervals, as rows of a table.
report::Table metrics_table(const SplitResult& split);

}  // namespace relata::train
