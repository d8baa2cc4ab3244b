// Inverted lists: of each term the documents that hold it, and how often.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "relata/base/error.h"
#include "relata/base/parallel.h"

namespace relata::index {

struct Posting {
  uint32_t document = 0;
  uint32_t count = 0;
};

/// Terms with the number of times that each occurs, in the order in which they first do.
template <typename Term>
std::vector<std::pair<Term, uint32_t>> counted(std::vector<Term> terms) {
  std::unordered_map<Term, size_t> place;
  std::vector<std::pair<Term, uint32_t>> result;
  for (Term& term : terms) {
    const auto [found, is_new] = place.emplace(term, result.size());
    if (is_new) result.emplace_back(std::move(term), 0);
    ++result[found->second].second;
  }
  return result;
}

template <typename Term>
class Postings {
 public:
  /// `terms(document)`: with repetition; called from several threads. Throws Error for 2^32
  /// documents or more.
  Postings(int64_t documents, const std::function<std::vector<Term>(int64_t)>& terms)
      : lengths_(checked(documents)) {
    std::vector<Part> parts(static_cast<size_t>((documents + kPart - 1) / kPart));
    parallel_for(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i * kPart;
        read(parts[static_cast<size_t>(i)], first, std::min(documents, first + kPart), terms);
      }
    });
    merge(parts);
  }

  int64_t documents() const { return static_cast<int64_t>(lengths_.size()); }
  /// Terms of a document, repetitions counted.
  uint32_t length(int64_t document) const { return lengths_[static_cast<size_t>(document)]; }
  size_t terms() const { return starts_.size() - 1; }
  /// In ascending order of documents; empty for an unknown term.
  std::span<const Posting> find(const Term& term) const {
    const auto found = numbers_.find(term);
    return found == numbers_.end() ? std::span<const Posting>() : list(found->second);
  }
  /// Of the n-th term, in the order in which they first occurred.
  std::span<const Posting> list(size_t number) const {
    return std::span(postings_).subspan(starts_[number], starts_[number + 1] - starts_[number]);
  }

 private:
  static constexpr int64_t kPart = 4096;

  /// What one thread found; its terms have numbers of their own.
  struct Part {
    std::unordered_map<Term, uint32_t> numbers;
    std::vector<Term> terms;
    std::vector<std::pair<uint32_t, Posting>> found;
  };

  static size_t checked(int64_t documents) {
    if (documents < 0 || documents > std::numeric_limits<uint32_t>::max())
      throw Error({.what = "more documents than 32 bits count"});
    return static_cast<size_t>(documents);
  }

  void read(Part& part, int64_t begin, int64_t end,
            const std::function<std::vector<Term>(int64_t)>& terms) {
    for (int64_t document = begin; document < end; ++document) {
      std::vector<Term> all = terms(document);
      lengths_[static_cast<size_t>(document)] = static_cast<uint32_t>(all.size());
      for (auto& [term, count] : counted(std::move(all))) {
        const auto number = static_cast<uint32_t>(part.terms.size());
        const auto [known, is_new] = part.numbers.emplace(term, number);
        if (is_new) part.terms.push_back(std::move(term));
        part.found.emplace_back(
            known->second, Posting{.document = static_cast<uint32_t>(document), .count = count});
      }
    }
  }

  void merge(std::vector<Part>& parts) {
    std::vector<std::vector<uint32_t>> renumbered(parts.size());
    std::vector<size_t> counts;
    for (size_t i = 0; i < parts.size(); ++i) {
      for (Term& term : parts[i].terms) {
        const auto number = static_cast<uint32_t>(numbers_.size());
        const auto known = numbers_.emplace(std::move(term), number).first->second;
        renumbered[i].push_back(known);
      }
      counts.resize(numbers_.size());
      for (const auto& [term, posting] : parts[i].found) ++counts[renumbered[i][term]];
    }
    starts_.assign(counts.size() + 1, 0);
    for (size_t i = 0; i < counts.size(); ++i) starts_[i + 1] = starts_[i] + counts[i];
    postings_.resize(starts_.back());
    std::vector<size_t> next(starts_.begin(), starts_.end() - 1);
    for (size_t i = 0; i < parts.size(); ++i) {
      for (const auto& [term, posting] : parts[i].found)
        postings_[next[renumbered[i][term]]++] = posting;
    }
  }

  std::vector<uint32_t> lengths_;
  std::unordered_map<Term, uint32_t> numbers_;
  std::vector<size_t> starts_{0};  ///< [terms + 1]
  std::vector<Posting> postings_;
};

}  // namespace relata::index
