// Where the linear layers of published files stand in ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "relata/models/backbone.h"
#include "relata/nn/linear.h"

namespace relata::models {

/// Rows [begin, begin + rows) of `layer` are the layer that a file calls `name`.
struct LinearSite {
  std::string name;       ///< without the prefix of the file
  std::string full_name;  ///< with the one that is written
  nn::LinearImpl* layer;
  int64_t begin = 0;
  int64_t rows = 0;
  bool head = false;  ///< the output layer of a decoder

  /// The last word of the name, which tells layers apart that ours holds together.
  std::string last_word() const;
  /// An adapter of these rows, under the last word as its name; `begin` and `rows` of the options
  /// are set here. Gives its tensors.
  nn::LinearImpl::Lora add_lora(nn::LoraOptions options) const;
};

/// Of the backbone's first table, in its order; layers that are reshaped on the way (a convolution)
/// are left out.
std::vector<LinearSite> linear_sites(Backbone& backbone);

/// True if `name` is `ending`, or ends in it after a dot.
bool ends_in_words(std::string_view name, std::string_view ending);

}  // namespace relata::models
