// The named terms of a loss, as sums and counts: only so can they be added over micro-batches and
// ranks.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

namespace relata::train {

/// One term: weight · sum / count. `count` is what the sum runs over (rows, tokens, 1 for a mean
/// already formed).
struct LossPart {
  std::string name;
  torch::Tensor sum;  ///< scalar
  double count = 1;
  double weight = 1;
};

class LossParts {
 public:
  struct Scale {
    double count = 1;
    double weight = 1;
  };
  void add(std::string name, torch::Tensor sum, Scale scale);
  void append(const LossParts& other);

  const std::vector<LossPart>& items() const { return items_; }

  /// Σ weight · sum / count; parts that counted nothing are left out. Undefined if there are none.
  torch::Tensor total() const;

 private:
  std::vector<LossPart> items_;
};

/// A term as a number, for logs.
struct PartValue {
  std::string name;
  double sum = 0;
  double count = 0;
  double weight = 1;
  double mean() const { return count > 0 ? sum / count : 0; }
};

/// Adds sum and count to those of the same name, or appends the value.
void add_value(std::vector<PartValue>& values, const PartValue& value);

struct StepLoss {
  double total = 0;
  std::vector<PartValue> parts;
};

}  // namespace relata::train
