// The numbers of GGUF tensors as float32: plain ones converted, blocks multiplied out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "relata/io/gguf.h"

namespace relata::io {

/// Whether float_values knows the type: F32, F16, BF16, F64, Q4_0, Q4_1, Q8_0.
bool has_float_values(const GgmlType& type);

/// Writes all elements of `tensor`, row-major, to `values`, which has as many; large tensors on
/// several threads. Bit for bit what gguf.quants.dequantize of the public package gives (NaNs may
/// differ in their payload); F64, which it does not know, is rounded to the nearest. Throws Error
/// naming `where`, the tensor and its type for any other type, and for another number of values.
void float_values(const GgufTensor& tensor, std::string_view where, std::span<float> values);

}  // namespace relata::io
