// Hand-written scanners of the regular expressions that nearly all published tokenizers use. Each
// is proved equal to ICU's engine on the same expression by tests/unit/text/scanner_test.cpp and to
// the public library by the parity tests.
#pragma once

#include <string_view>
#include <vector>

#include "relata/text/tracked_text.h"

namespace relata::text {

/// Appends parts that cover the text in order, as Pattern::find does.
using Scanner = void (*)(std::string_view text, std::vector<Match>& out);

/// The scanner of `expression`, or null if there is none.
Scanner scanner_for(std::string_view expression);

/// The expressions that have one.
std::vector<std::string_view> scanned_expressions();

}  // namespace relata::text
