// What an Error says, for tests that look at its words.
#pragma once

#include <string>

#include "relata/base/error.h"

namespace relata::test {

/// The message of the Error that `body` throws; "no error" if it throws none.
template <typename Body>
std::string error_message(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace relata::test
