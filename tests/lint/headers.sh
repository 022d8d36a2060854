#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C11 and as C++17, without a warning and without configure's results.
. "$top_srcdir/tests/lib/tap.sh"

tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
cc=${CC:-cc} cxx=${CXX:-c++}
alone () { # COMPILER.. FILE
  local src=${*: -1}; set -- "${@:1:$#-1}"
  "$@" -Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter -I"$top_srcdir/include" -fsyntax-only "$src"
}
cd "$top_srcdir/include" || exit 1
for h in $(find stoker -name '*.h' | sort); do
  printf '#define STOKER_API_LEVEL 0x00010000u\n#include <%s>\n#include <%s>\nextern int stoker_header_test;\n' "$h" "$h" > "$tmp/t.c"
  cp "$tmp/t.c" "$tmp/t.cc"
  check "$h as C11" alone $cc -std=c11 "$tmp/t.c"
  if command -v ${cxx%% *} >/dev/null; then check "$h as C++17" alone $cxx -std=c++17 "$tmp/t.cc"
  else skip "no C++ compiler" "$h as C++17"; fi
done
tap_done
