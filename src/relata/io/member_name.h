// The names of an archive's members: relative paths that stay inside the archive.
#pragma once

#include <string_view>

namespace relata::io {

/// Throws Error naming `where` and the name unless it is UTF-8, not empty, without zero bytes, not
/// absolute and without a ".." component: such names reach outside wherever somebody unpacks them.
void check_member_name(std::string_view name, std::string_view where);

}  // namespace relata::io
