// Simple classifiers on the same rows as a system: what its gain is measured against.
#pragma once

#include <string>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/train/system.h"

namespace relata::train {

struct Baseline {
  std::string name;                 ///< "logistic regression, mrna+mirna"
  double c = 0;                     ///< chosen inverse regularisation
  double cross_validated_auc = 0;   ///< on the training rows, at that C
  Classifies::Classification test;  ///< logits and labels of the scored rows
  data::View scored;                ///< these rows: labelled, with all the fields
};

struct BaselineTask {
  data::View train;
  data::View test;
  LabelledVectors what;
};

/// L2 logistic regression on standardised features: all fields together (those that every scored
/// row has), then each alone. C from 1e-4 to 1e2 by decades, chosen by the mean AUC of 5 × 5
/// stratified cross-validation on the training rows; standardisation is fitted inside each fold.
/// One that cannot be fitted to these rows is left out with a warning.
std::vector<Baseline> logistic_baselines(const BaselineTask& task);

}  // namespace relata::train
