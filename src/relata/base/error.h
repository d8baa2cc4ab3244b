// The one exception of relata: what was wrong, where, and how to mend it.
// The library throws it; only a `main` prints it (one line) and turns it into an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace relata {

class Error : public std::runtime_error {
 public:
  /// Who can mend it decides the exit code: 2 for the user's input, 1 for the machine (full disk,
  /// no memory).
  enum class Kind { kInput, kMachine };

  struct Parts {
    std::string what;        ///< the offending value and the expected one, in the user's words
    std::string where = {};  ///< file, file:line, record id or key; empty if there is no such place
    std::string remedy = {};  ///< what to do about it; empty if there is nothing to say
    Kind kind = Kind::kInput;
  };

  explicit Error(Parts parts);

  const Parts& parts() const { return parts_; }
  int exit_code() const { return parts_.kind == Kind::kInput ? 2 : 1; }

 private:
  Parts parts_;
};

/// An Error about a failed system call on `path`, with errno's text; a full disk is named as such.
Error system_error(const std::string& doing, const std::string& path, int error_number);

}  // namespace relata
