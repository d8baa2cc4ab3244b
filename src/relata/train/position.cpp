#include "relata/train/position.h"

#include <nlohmann/json.hpp>

#include "relata/io/json.h"

namespace relata::train {

using nlohmann::json;

std::string to_line(const Position& p) {
  json sums = json::array();
  for (const PartValue& part : p.sums)
    sums.push_back({part.name, part.sum, part.count, part.weight});
  return io::to_line({{"epoch", p.epoch},
                      {"batch", p.batch},
                      {"step", p.step},
                      {"best_epoch", p.best_epoch},
                      {"best", io::number_or_null(p.best)},
                      {"without_improvement", p.without_improvement},
                      {"sums", sums},
                      {"total", p.total}});
}

Position position_of_line(const std::string& line, const std::string& where) {
  const json j = io::parse_json_strict(line, where);
  Position p{.epoch = j.at("epoch"),
             .batch = j.at("batch"),
             .step = j.at("step"),
             .best_epoch = j.at("best_epoch")};
  p.best = io::number_or_nan(j.at("best"));
  p.without_improvement = j.at("without_improvement");
  p.total = j.at("total");
  for (const json& part : j.at("sums")) {
    p.sums.push_back(
        {.name = part.at(0), .sum = part.at(1), .count = part.at(2), .weight = part.at(3)});
  }
  return p;
}

}  // namespace relata::train
