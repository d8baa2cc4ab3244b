#!/usr/bin/env bash
# clang-tidy on one file, unless it and its headers are as they were when it last passed.
set -euo pipefail
file=$1
stamps=build/tidy
mkdir -p "$stamps"
stamp=$stamps/$(echo "$file" | tr / _)
state=$(cat .clang-tidy "$file" $(git ls-files 'src/*.h' 'apps/*.h') | sha256sum)
[ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && exit 0
echo "tidy $file"
"clang-tidy-$CLANG_VERSION" -p build/release --quiet "$file" 2>/dev/null
echo "$state" > "$stamp"
