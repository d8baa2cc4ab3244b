// One job: one seed (and one fold, perhaps) of a recipe, from data to a finished run folder.
#pragma once

#include "relata/train/job_data.h"

namespace relata::train {

/// The rule that chose the weights, in words: "the last; nothing was selected".
std::string selection_rule(const Recipe& recipe);

/// Trains, scores, saves the model, predictions, result.json and report.html. A job whose
/// result.json is there is finished and does nothing when resumed. Throws Error, or Interrupted.
void run_job(const JobSpec& spec);
/// The same with data that open_job_data(spec) gave.
void run_job(const JobSpec& spec, const JobData& data);

}  // namespace relata::train
