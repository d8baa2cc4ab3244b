#!/usr/bin/env bash
# Formatting, clang-tidy, and rules that no tool knows. Needs a configured build/release (for compile_commands.json).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/versions.env
export CLANG_VERSION
mapfile -t sources < <(git ls-files 'src/*.h' 'src/*.cpp' 'apps/*.h' 'apps/*.cpp' 'tests/*.h' 'tests/*.cpp' 'python/*.cpp' 'python/*.h')
"clang-format-$CLANG_VERSION" --dry-run -Werror "${sources[@]}"

fail=0
rule() { # rule <description> <pattern> [<lines of grep's output that may stand>]
  if grep -nE "$2" "${sources[@]}" | grep -vE "${3:-^$}"; then echo "lint: $1" >&2; fail=1; fi
}
comment='^[^:]+:[0-9]+: *(//|# )'
rule 'no OpenMP flags, pragmas or at::parallel_for: use base/parallel' '(#pragma omp|-fopenmp|at::parallel_for)' "$comment"
rule 'no TODO without an issue' '(TODO|FIXME)'
rule 'no using namespace std' 'using namespace std'
grep -rnE 'fopenmp' CMakeLists.txt cmake src apps tests/*/CMakeLists.txt | grep -vE "^cmake/flags.cmake|$comment" && { echo 'lint: no -fopenmp' >&2; fail=1; }
[ $fail -eq 0 ] || exit 1

# clang-tidy is slow on files that include libtorch, so a file is checked again only when something it sees has changed.
mapfile -t compiled < <(git ls-files 'src/*.cpp' 'apps/*.cpp')
printf '%s\n' "${compiled[@]}" | xargs -P "$(nproc)" -n 1 tools/tidy_one.sh
