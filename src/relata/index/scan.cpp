#include "relata/index/scan.h"

#include <ATen/Context.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <type_traits>
#include <utility>

#include "relata/base/parallel.h"
#include "relata/index/dot.h"

namespace relata::index {
namespace {

using at::Tensor;

constexpr int64_t kBlock = 1024;  // items at a time: their scores stay in the cache
constexpr int64_t kQueriesAPass = 512;
constexpr int64_t kFewQueries = 4;  // up to here reading the items takes longer than multiplying

/// A part of a segment.
struct Piece {
  const Segment* segment = nullptr;
  int64_t begin = 0;
  int64_t end = 0;
};

/// Up to kBlock items. Their limits do not depend on the number of threads.
using Unit = std::vector<Piece>;

std::vector<Unit> units_of(std::span<const Segment> segments) {
  std::vector<Unit> units;
  int64_t room = 0;
  for (const Segment& segment : segments) {
    for (int64_t begin = 0; begin < segment.count;) {
      if (room == 0) {
        units.emplace_back();
        room = kBlock;
      }
      const int64_t end = std::min(segment.count, begin + room);
      units.back().push_back({.segment = &segment, .begin = begin, .end = end});
      room -= end - begin;
      begin = end;
    }
  }
  return units;
}

const float* vectors_of(const Segment& segment, float) { return segment.vectors; }
const uint16_t* vectors_of(const Segment& segment, uint16_t) { return segment.rounded; }

/// The items of one unit that are scored: where their vectors lie and what their numbers are.
template <typename T>
struct Rows {
  const T* vectors = nullptr;
  int64_t count = 0;
  std::span<const int64_t> numbers = {};  ///< empty: from `first` on
  int64_t first = 0;

  int64_t number(int64_t row) const {
    return numbers.empty() ? first + row : numbers[static_cast<size_t>(row)];
  }
};

/// Brings the items of a unit together where they are not: several segments, or few allowed ones.
template <typename T>
class Gatherer {
 public:
  explicit Gatherer(const ScanInput& input) : input_(input) {}

  Rows<T> rows(const Unit& unit) {
    int64_t total = 0;
    int64_t wanted = 0;
    for (const Piece& piece : unit) {
      total += piece.end - piece.begin;
      wanted += allowed_in(piece);
    }
    if (unit.size() == 1 && 2 * wanted >= total && wanted > 0) return in_place(unit.front());
    return gathered(unit);
  }

 private:
  bool allowed(int64_t number) const {
    return input_.allowed.empty() || input_.allowed[static_cast<size_t>(number)] != 0;
  }

  int64_t allowed_in(const Piece& piece) const {
    if (input_.allowed.empty()) return piece.end - piece.begin;
    const auto part =
        input_.allowed.subspan(static_cast<size_t>(piece.segment->first + piece.begin),
                               static_cast<size_t>(piece.end - piece.begin));
    return static_cast<int64_t>(part.size()) - std::ranges::count(part, 0);
  }

  Rows<T> in_place(const Piece& piece) const {
    return {.vectors = vectors_of(*piece.segment, T{}) + piece.begin * input_.width,
            .count = piece.end - piece.begin,
            .first = piece.segment->first + piece.begin};
  }

  Rows<T> gathered(const Unit& unit) {
    numbers_.clear();
    vectors_.clear();
    for (const Piece& piece : unit) {
      const T* row = vectors_of(*piece.segment, T{}) + piece.begin * input_.width;
      for (int64_t i = piece.begin; i < piece.end; ++i, row += input_.width) {
        if (!allowed(piece.segment->first + i)) continue;
        numbers_.push_back(piece.segment->first + i);
        vectors_.insert(vectors_.end(), row, row + input_.width);
      }
    }
    return {.vectors = vectors_.data(),
            .count = static_cast<int64_t>(numbers_.size()),
            .numbers = numbers_};
  }

  const ScanInput& input_;
  std::vector<int64_t> numbers_;
  std::vector<T> vectors_;
};

/// Queries of one pass.
struct Queries {
  const float* values = nullptr;  ///< [count, width]
  int64_t count = 0;
  std::span<const Blend> blends = {};  ///< one each, or none
};

/// How far a score computed first may lie from the exact one, both vectors being of length 1.
double error_bound(const ScanInput& input, int64_t queries) {
  // Sums of products in float, in any order: width · 2^-24 (Higham, Accuracy and Stability, §3.1);
  // twice that for additions that are not fused, and for lengths that are 1 to rounding.
  const double sums = 2 * static_cast<double>(input.width + 8) * std::ldexp(1.0, -24);
  const double bfloat = std::ldexp(1.0, -8);  // relative, of one rounding
  if (input.precision == ScanPrecision::kFp32) {
    // PyTorch can be told to multiply matrices of floats in bfloat16.
    const auto told =
        at::globalContext().float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL);
    const bool exact = told == at::Float32Precision::NONE || told == at::Float32Precision::IEEE;
    return exact ? sums : sums + 3.1 * bfloat;
  }
  // The items are rounded; with many queries these are too, and so are the scores.
  return sums + (queries <= kFewQueries ? 1.0 : 3.1) * bfloat;
}

template <typename T>
class Scanner {
 public:
  Scanner(const ScanInput& input, const Queries& queries, int64_t k)
      : input_(input), queries_(queries), k_(k), error_(error_bound(input, queries.count)) {
    if (queries.count > kFewQueries) matrix_ = query_matrix();
  }

  std::vector<std::vector<Hit>> run(std::span<const Unit> units) {
    std::vector<Candidates> best = none();
    std::mutex mutex;
    parallel_for(static_cast<int64_t>(units.size()), 1, [&](int64_t begin, int64_t end) {
      std::vector<Candidates> mine = none();
      Gatherer<T> gatherer(input_);
      std::vector<float> scores(static_cast<size_t>(kBlock * queries_.count));
      for (int64_t i = begin; i < end; ++i)
        score(gatherer.rows(units[static_cast<size_t>(i)]), scores, mine);
      const std::scoped_lock lock(mutex);
      for (int64_t q = 0; q < queries_.count; ++q)
        best[static_cast<size_t>(q)].merge(std::move(mine[static_cast<size_t>(q)]), exact(q));
    });
    std::vector<std::vector<Hit>> hits(best.size());
    parallel_for(queries_.count, 8, [&](int64_t begin, int64_t end) {
      for (int64_t q = begin; q < end; ++q)
        hits[static_cast<size_t>(q)] = best[static_cast<size_t>(q)].finish(exact(q));
    });
    return hits;
  }

 private:
  std::vector<Candidates> none() const {
    std::vector<Candidates> all;
    for (int64_t q = 0; q < queries_.count; ++q)
      all.emplace_back(k_, error_ * blend(q).vector_weight + 1e-6 * has_addend(q));
    return all;
  }

  Blend blend(int64_t q) const {
    return queries_.blends.empty() ? Blend{} : queries_.blends[static_cast<size_t>(q)];
  }
  // The sum of both parts is rounded to float, too.
  double has_addend(int64_t q) const { return blend(q).addend.empty() ? 0 : 1; }

  const float* query(int64_t q) const { return queries_.values + q * input_.width; }

  const float* vector(int64_t number) const {
    const auto after = std::ranges::upper_bound(input_.segments, number, {}, &Segment::first);
    const Segment& segment = *std::prev(after);
    return segment.vectors + (number - segment.first) * input_.width;
  }

  Candidates::Exact exact(int64_t q) const {
    return [this, q, blend = blend(q)](int64_t number) {
      const double dot = exact_dot(query(q), vector(number), input_.width);
      if (blend.addend.empty()) return blend.vector_weight * dot;
      return blend.vector_weight * dot + blend.addend[static_cast<size_t>(number)];
    };
  }

  Tensor query_matrix() const {
    const Tensor all = at::from_blob(const_cast<float*>(queries_.values),  // NOLINT: only read
                                     {queries_.count, input_.width}, at::kFloat);
    return std::is_same_v<T, float> ? all : all.to(at::kBFloat16);
  }

  void score(const Rows<T>& rows, std::vector<float>& scores, std::vector<Candidates>& best) const {
    if (rows.count == 0) return;
    if (queries_.count <= kFewQueries) {
      for (int64_t q = 0; q < queries_.count; ++q)
        dots(query(q), rows.vectors, rows.count, input_.width, scores.data() + q * rows.count);
    } else {
      multiply(rows, scores);
    }
    for (int64_t q = 0; q < queries_.count; ++q)
      collect(rows, q, scores.data() + q * rows.count, best[static_cast<size_t>(q)]);
  }

  void multiply(const Rows<T>& rows, std::vector<float>& scores) const {
    const at::NoGradGuard no_grad;
    constexpr auto kType = std::is_same_v<T, float> ? at::kFloat : at::kBFloat16;
    const Tensor items = at::from_blob(const_cast<T*>(rows.vectors),  // NOLINT: only read
                                       {rows.count, input_.width}, kType);
    Tensor out = at::from_blob(scores.data(), {queries_.count, rows.count}, at::kFloat);
    if constexpr (std::is_same_v<T, float>) {
      at::mm_out(out, matrix_, items.t());
    } else {
      out.copy_(at::mm(matrix_, items.t()));
    }
  }

  void collect(const Rows<T>& rows, int64_t q, float* scores, Candidates& best) const {
    const Blend blend = this->blend(q);
    if (!blend.addend.empty() || blend.vector_weight != 1) mix(rows, blend, scores);
    const Candidates::Exact exact_score = exact(q);
    constexpr int64_t kStep = 32;
    for (int64_t begin = 0; begin < rows.count; begin += kStep) {
      const int64_t end = std::min(rows.count, begin + kStep);
      float highest = scores[begin];  // without a branch, so that the loop is vectorised
      for (int64_t i = begin; i < end; ++i) highest = scores[i] > highest ? scores[i] : highest;
      if (!(highest >= best.threshold())) continue;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t number = rows.number(i);
        if (scores[i] >= best.threshold() && allowed(rows, number))
          best.add(number, scores[i], exact_score);
      }
    }
  }

  /// Gathered rows were looked at already.
  bool allowed(const Rows<T>& rows, int64_t number) const {
    return !rows.numbers.empty() || input_.allowed.empty() ||
           input_.allowed[static_cast<size_t>(number)] != 0;
  }

  void mix(const Rows<T>& rows, const Blend& blend, float* scores) const {
    const auto weight = static_cast<float>(blend.vector_weight);
    for (int64_t i = 0; i < rows.count; ++i) {
      const auto number = static_cast<size_t>(rows.number(i));
      const double addend = blend.addend.empty() ? 0 : blend.addend[number];
      scores[i] = weight * scores[i] + static_cast<float>(addend);
    }
  }

  const ScanInput& input_;
  const Queries& queries_;
  int64_t k_;
  double error_;
  Tensor matrix_;  ///< [queries, width]
};

template <typename T>
std::vector<std::vector<Hit>> scan_as(const ScanInput& input, std::span<const float> queries,
                                      int64_t k, std::span<const Blend> blends) {
  const std::vector<Unit> units = units_of(input.segments);
  const auto count = static_cast<int64_t>(queries.size()) / input.width;
  std::vector<std::vector<Hit>> hits;
  for (int64_t begin = 0; begin < count; begin += kQueriesAPass) {
    const int64_t some = std::min(kQueriesAPass, count - begin);
    const Queries pass{.values = queries.data() + begin * input.width,
                       .count = some,
                       .blends = blends.empty() ? blends
                                                : blends.subspan(static_cast<size_t>(begin),
                                                                 static_cast<size_t>(some))};
    for (auto& found : Scanner<T>(input, pass, k).run(units)) hits.push_back(std::move(found));
  }
  return hits;
}

}  // namespace

std::vector<std::vector<Hit>> scan(const ScanInput& input, std::span<const float> queries,
                                   int64_t k, std::span<const Blend> blends) {
  return input.precision == ScanPrecision::kBf16 ? scan_as<uint16_t>(input, queries, k, blends)
                                                 : scan_as<float>(input, queries, k, blends);
}

}  // namespace relata::index
