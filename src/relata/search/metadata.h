// Fields of a dataset as metadata of an index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "relata/data/dataset.h"
#include "relata/index/column.h"

namespace relata::search {

/// The column for "field" or "field:kind". Without a kind: lists of texts and references and
/// multilabels are strings; a label of kind real, or of classes that are called by numbers, is
/// integer where every record's value is whole, else real; all others are a string. Throws Error
/// for a field that is not there, a vector, and an unknown kind.
index::Column column_for(const std::string& wanted, const data::View& view);

/// The value of a record; absent where the record lacks it. Throws Error naming the record for one
/// that is not of the column's kind.
index::Value value_of(const index::Column& column, const data::View& view, int64_t position);

}  // namespace relata::search
