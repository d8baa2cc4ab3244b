# One set of compile flags for every target of the project: a shared precompiled header needs identical ones.

add_library(relata_flags INTERFACE)
target_compile_options(relata_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wextra-semi -Werror
  -Wno-gnu-zero-variadic-macro-arguments  # googletest's macros
  -Wno-missing-designated-field-initializers)  # our structs have defaults, so a field left out is a choice
# The torch wheel carries headers of another fmt than the one that spdlog was built with; ours must be found first.
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include/fmt)
file(CREATE_LINK ${fmt_include}/fmt ${CMAKE_BINARY_DIR}/include/fmt/fmt SYMBOLIC)
target_include_directories(relata_flags INTERFACE ${CMAKE_BINARY_DIR}/include/fmt)
target_link_libraries(relata_flags INTERFACE Threads::Threads)
find_package(Threads REQUIRED)

if(RELATA_SANITIZE)
  set(sanitizers -fsanitize=${RELATA_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(relata_flags INTERFACE ${sanitizers})
  target_link_options(relata_flags INTERFACE ${sanitizers})
endif()

# lld, not mold: Debian's mold 1.10 now and then lays out a program that the loader refuses (RELRO across a gap).
find_program(LLD NAMES ld.lld-19 ld.lld)
if(LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(relata_flags INTERFACE -fuse-ld=lld)
endif()
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The precompiled header is compared by content, so time stamps must not count (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  target_compile_options(relata_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
endif()

# The one precompiled header: all of libtorch, parsed once for the whole project.
file(WRITE ${CMAKE_BINARY_DIR}/torch_pch.cpp "// Carries the precompiled header that every torch target shares.\n")
add_library(relata_torch_pch STATIC ${CMAKE_BINARY_DIR}/torch_pch.cpp)
target_link_libraries(relata_torch_pch PUBLIC libtorch relata_flags fmt::fmt)
target_precompile_headers(relata_torch_pch PRIVATE <torch/torch.h>)

# relata_use_torch(<target>): libtorch, and its precompiled header.
function(relata_use_torch target)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")  # CMake gives programs -fPIE; the precompiled header was made with -fPIC
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_link_libraries(${target} PUBLIC libtorch)
  target_precompile_headers(${target} REUSE_FROM relata_torch_pch)
endfunction()
