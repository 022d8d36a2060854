#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every module that is built exports its descriptor and nothing else, remembers nothing outside its instances (no writable
# data), and can be loaded.
. "$top_srcdir/tests/lib/tap.sh"

# Symbols in writable sections. What the compiler and sanitizers put there themselves does not count, nor what is only
# written by the dynamic linker (.data.rel.ro).
writable () {
  nm --defined-only "$1" | awk '$2 ~ /^[bBdDC]$/ { print $3 }' |
    grep -vE '^(_?_?(asan|tsan|ubsan|msan|sanitizer|gcov|llvm|profc|profd|prf|start___|stop___).*|completed\.[0-9]+|__dso_handle|__TMC_END__|_edata|_end|__bss_start|_DYNAMIC|_GLOBAL_OFFSET_TABLE_|__frame_dummy.*|__do_global_dtors.*|__JCR.*|\.L.*)$' > "$tmp/w"
  : > "$tmp/rw"
  [ -s "$tmp/w" ] || return 0
  # drop what lies in .data.rel.ro
  objdump -t "$1" | awk '$0 ~ / \.data\.rel\.ro/ { print $NF }' | sort -u > "$tmp/ro"
  sort -u "$tmp/w" | comm -23 - "$tmp/ro"
}
tmp=$(mktemp -d) && trap 'rm -rf "$tmp"' EXIT
found=
for so in "$top_builddir"/modules/*/*/.libs/*.so "$top_builddir"/modules/*/.libs/*.so; do
  [ -e "$so" ] || continue
  found=1
  name=$(basename "$so" .so) kind=${so#*/modules/} kind=${kind%%/*}
  exported=$(nm -D --defined-only "$so" | awk '{ print $3 }' | grep -vE '^(_init|_fini|_edata|_end|__bss_start|__(asan|gcov|llvm|odr_asan|start|stop).*)$' | sort | tr '\n' ' ')
  is "$kind/$name exports one symbol" "$exported" "stoker_module_${kind}_${name//-/_} "
  if grep -qE "^STOKER_CFLAGS = .*(-fsanitize|--coverage)" "$top_builddir/Makefile"; then
    skip "instrumented build" "$kind/$name has no writable data"
  else
    is "$kind/$name has no writable data" "$(writable "$so" | tr '\n' ' ')" ""
  fi
done
[ -n "$found" ] || skip_all "no loadable module is built"
tap_done
