#include "relata/models/tensor_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "relata/base/error.h"
#include "relata/io/dtype.h"

namespace relata::models {
namespace {

using nn::NamedTensors;
using torch::Tensor;

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

bool is_ignored(const TensorTable& table, std::string_view name) {
  return std::ranges::any_of(table.ignored, [&](const std::string& p) { return matches(p, name); });
}

NamedTensors plain_names(const TensorTable& table, const NamedTensors& source) {
  NamedTensors plain;
  for (const auto& [name, tensor] : source) {
    // A name that is there with and without its prefix keeps both spellings, and fails below.
    if (!plain.emplace(plain_name(table, name), tensor).second) plain.emplace(name, tensor);
  }
  return plain;
}

size_t known_names(const TensorTable& table, const NamedTensors& source) {
  const NamedTensors plain = plain_names(table, source);
  size_t count = 0;
  for (const TensorRule& rule : table.rules) {
    for (const std::string& name : rule.theirs) count += plain.count(name);
  }
  return count;
}

const TensorTable& best_table(const std::vector<TensorTable>& tables, const NamedTensors& source) {
  return *std::ranges::max_element(
      tables, {}, [&](const TensorTable& table) { return known_names(table, source); });
}

/// The shape that one of a rule's tensors must have in the file.
std::vector<int64_t> file_shape(const TensorRule& rule, size_t part, const Tensor& ours) {
  std::vector<int64_t> shape = ours.sizes().vec();
  if (!rule.rows.empty()) shape[0] = rule.rows[part];
  if (rule.transposed) std::ranges::reverse(shape);
  if (rule.hwio) shape = {shape[2], shape[3], shape[1], shape[0]};
  return rule.shape.empty() ? shape : rule.shape;
}

/// All of them, or the first and how many more: a file of another model would fill the screen.
std::string listed(const std::vector<std::string>& faults) {
  constexpr size_t kMost = 40;
  if (faults.size() <= kMost) return fmt::format("{}", fmt::join(faults, ", "));
  const auto end = faults.begin() + kMost;
  return fmt::format("{}, and {} more", fmt::join(faults.begin(), end, ", "),
                     faults.size() - kMost);
}

class Assignment {
 public:
  Assignment(const TensorTable& table, const NamedTensors& target, const NamedTensors& source)
      : table_(table), target_(target), source_(plain_names(table, source)) {}

  void run() {
    for (const TensorRule& rule : table_.rules) take(rule);
    for (const auto& [name, tensor] : source_) {
      if (!used_.contains(name) && !is_ignored(table_, name))
        faults_.push_back(fmt::format("unexpected '{}'", name));
    }
    std::set<std::string> covered;
    for (const TensorRule& rule : table_.rules) covered.insert(rule.ours);
    for (const auto& [name, tensor] : target_) {
      if (!covered.contains(name)) faults_.push_back(fmt::format("no name for our '{}'", name));
    }
  }

  /// Throws Error at `where` for what did not fit.
  void require_no_faults(const std::string& where) const {
    if (faults_.empty()) return;
    throw Error({.what = fmt::format("its tensors ({} names) do not fit the model: {}",
                                     table_.naming, listed(faults_)),
                 .where = where});
  }

 private:
  void take(const TensorRule& rule) {
    Tensor ours = target_.at(rule.ours);
    const size_t faults_before = faults_.size();
    int64_t begin = 0;
    for (size_t part = 0; part < rule.theirs.size(); ++part) {
      const std::string& name = rule.theirs[part];
      const int64_t rows =
          rule.rows.empty() ? (ours.dim() > 0 ? ours.size(0) : 0) : rule.rows[part];
      const int64_t at = std::exchange(begin, begin + rows);
      const auto found = source_.find(name);
      if (found == source_.end()) {
        if (!rule.optional) faults_.push_back(fmt::format("missing '{}'", name));
        continue;
      }
      used_.insert(name);
      const std::vector<int64_t> shape = file_shape(rule, part, ours);
      if (!is_fitting(name, found->second, shape) || faults_.size() != faults_before) continue;
      copy(rule, rule.rows.empty() ? ours : ours.narrow(0, at, rows), found->second);
    }
  }

  bool is_fitting(const std::string& name, const Tensor& theirs,
                  const std::vector<int64_t>& shape) {
    if (!theirs.is_floating_point()) {
      faults_.push_back(fmt::format("'{}' is {}, no floating-point numbers", name,
                                    toString(theirs.scalar_type())));
      return false;
    }
    if (theirs.sizes() != at::IntArrayRef(shape)) {
      faults_.push_back(fmt::format("'{}' is {} but must be {}", name,
                                    io::shape_text(theirs.sizes().vec()), io::shape_text(shape)));
      return false;
    }
    if (!theirs.isfinite().all().item<bool>()) {
      faults_.push_back(fmt::format("'{}' holds NaN or infinity", name));
      return false;
    }
    return true;
  }

  static void copy(const TensorRule& rule, Tensor into, const Tensor& theirs) {
    const torch::NoGradGuard no_grad;
    Tensor tensor = rule.transposed ? theirs.t() : theirs;
    if (rule.hwio) tensor = tensor.permute({3, 2, 0, 1});
    into.copy_(tensor.reshape(into.sizes()));
  }

  const TensorTable& table_;
  const NamedTensors& target_;
  NamedTensors source_;
  std::set<std::string> used_;
  std::vector<std::string> faults_;
};

}  // namespace

std::string written_prefix(const TensorTable& table) {
  return table.prefixes.empty() ? "" : table.prefixes.front();
}

std::string plain_name(const TensorTable& table, std::string name) {
  for (const std::string& prefix : table.prefixes) {
    if (!prefix.empty() && name.starts_with(prefix)) {
      name.erase(0, prefix.size());
      break;
    }
  }
  for (const auto& [old, now] : table.endings) {
    if (name.ends_with(old)) name.replace(name.size() - old.size(), old.size(), now);
  }
  return name;
}

const TensorTable& assign(const std::vector<TensorTable>& tables, const NamedTensors& target,
                          const NamedTensors& source, const std::string& where) {
  const TensorTable& table = best_table(tables, source);
  Assignment assignment(table, target, source);
  assignment.run();
  assignment.require_no_faults(where);
  return table;
}

void assign_some(const TensorTable& table, const NamedTensors& target, const NamedTensors& source,
                 const std::string& where) {
  TensorTable optional = table;
  NamedTensors covered;  // an adapter's own tensors have no names in the table
  for (TensorRule& rule : optional.rules) {
    rule.optional = true;
    covered[rule.ours] = target.at(rule.ours);
  }
  Assignment assignment(optional, covered, source);
  assignment.run();
  assignment.require_no_faults(where);
}

NamedTensors renamed(const TensorTable& table, const NamedTensors& ours) {
  const std::string prefix = written_prefix(table);
  NamedTensors theirs;
  for (const TensorRule& rule : table.rules) {
    const Tensor whole = ours.at(rule.ours).detach();
    int64_t begin = 0;
    for (size_t part = 0; part < rule.theirs.size(); ++part) {
      Tensor tensor = whole;
      if (!rule.rows.empty()) {
        tensor = whole.narrow(0, begin, rule.rows[part]);
        begin += rule.rows[part];
      }
      if (rule.transposed) tensor = tensor.t();
      if (rule.hwio) tensor = tensor.permute({2, 3, 1, 0});
      theirs[(rule.unprefixed ? "" : prefix) + rule.theirs[part]] =
          tensor.reshape(file_shape(rule, part, whole)).contiguous();
    }
  }
  return theirs;
}

void add_layer(std::vector<TensorRule>& rules, const std::string& ours, const std::string& theirs,
               bool bias) {
  rules.push_back({.ours = ours + ".weight", .theirs = {theirs + ".weight"}});
  if (bias) rules.push_back({.ours = ours + ".bias", .theirs = {theirs + ".bias"}});
}

}  // namespace relata::models
