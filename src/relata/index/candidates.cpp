#include "relata/index/candidates.h"

#include <algorithm>
#include <cmath>

namespace relata::index {
namespace {

/// Fresh candidates that are borne before they are looked through.
size_t room(size_t k) { return 4 * k + 128; }

}  // namespace

bool better(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.number < b.number;
}

Candidates::Candidates(int64_t k, double error) : k_(static_cast<size_t>(k)), error_(error) {}

void Candidates::raise(double bound) {
  // Rounded down, so that what lies on the bound still passes.
  const float below =
      std::nextafter(static_cast<float>(bound), -std::numeric_limits<float>::infinity());
  threshold_ = std::max(threshold_, below);
}

void Candidates::add(int64_t number, float approximate, const Exact& exact) {
  fresh_.push_back({.number = number, .score = approximate});
  if (fresh_.size() >= room(k_)) prune(exact);
}

void Candidates::prune(const Exact& exact) {
  if (fresh_.size() > k_) {
    const auto last = fresh_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::ranges::nth_element(fresh_, last, better);
    // k items score at least last − error; one that approximately scores below last − 2·error
    // scores less than they do.
    raise(last->score - 2 * error_);
    std::erase_if(fresh_, [&](const Hit& hit) { return hit.score < threshold_; });
  }
  if (fresh_.size() >= room(k_) / 2) settle(exact);
}

void Candidates::settle(const Exact& exact) {
  for (Hit& hit : fresh_) {
    if (hit.score < threshold_) continue;
    const double score = exact(hit.number);
    if (std::isnan(score)) continue;  // of a damaged file
    settled_.push_back({.number = hit.number, .score = score});
  }
  fresh_.clear();
  const size_t kept = std::min(k_, settled_.size());
  std::ranges::partial_sort(settled_, settled_.begin() + static_cast<std::ptrdiff_t>(kept), better);
  settled_.resize(kept);
  if (kept == k_) raise(settled_.back().score - error_);
}

void Candidates::merge(Candidates&& other, const Exact& exact) {
  threshold_ = std::max(threshold_, other.threshold_);
  settled_.insert(settled_.end(), other.settled_.begin(), other.settled_.end());
  fresh_.insert(fresh_.end(), other.fresh_.begin(), other.fresh_.end());
  prune(exact);
}

std::vector<Hit> Candidates::finish(const Exact& exact) {
  if (fresh_.size() > k_) prune(exact);
  settle(exact);
  return settled_;
}

}  // namespace relata::index
