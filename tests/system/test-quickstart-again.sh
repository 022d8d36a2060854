#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# contrib/quickstart with the broker of this build: once, interrupted while it sends, and again.
. "$top_srcdir/tests/lib/tap.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/stoker-test.XXXXXX") || exit 1
trap '"$T/top/contrib/quickstart" --stop >/dev/null; rm -rf "$T"' EXIT
mkdir -p "$T/top/contrib" "$T/top/_build"
cp "$top_srcdir"/contrib/{quickstart,packages,packages.sh} "$T/top/contrib/"
chmod +x "$T/top/contrib/quickstart"
: >"$T/top/contrib/packages" # what this build needed is there
ln -s "$top_builddir/stokerd" "$top_builddir/stoker" "$T/top/_build/"
printf 'all:\n' >"$T/top/_build/Makefile"
PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind (("127.0.0.1", 0)); print (s.getsockname ()[1])')
export STOKER_BOOTSTRAP=127.0.0.1:$PORT KCAT_CONFIG=/dev/null
quickstart () { "$T/top/contrib/quickstart" --port "$PORT" >"$T/out" 2>&1; rc=$?; }
records () { kcat -Q -b "$STOKER_BOOTSTRAP" $(printf -- '-t quickstart:%d:-1 ' 0 1 2 3 4 5) 2>/dev/null | awk '{ n += $NF } END { print n + 0 }'; }
equal () {
  if [ "$rc" -eq 0 ] && grep -q 'equal, byte for byte and in order per key' "$T/out"; then ok "$1"; else nok "$1"; diag <"$T/out"; fi
}

quickstart; equal "a first run"
sent=$(records)
setsid "$T/top/contrib/quickstart" --port "$PORT" >"$T/out" 2>&1 &
pid=$!
for ((i = 0; i < 600; i++)); do [ "$(records)" = "$sent" ] || break; sleep 0.05; done
kill -TERM -- "-$pid" 2>/dev/null; wait "$pid"
if [ $? -ne 0 ] && [ "$(records)" -gt "$sent" ]; then ok "a second, killed with its children while it sends"; else nok "a second, killed with its children while it sends"; diag <"$T/out"; fi
quickstart; equal "a third is none the wiser"
"$T/top/contrib/quickstart" --help >"$T/out" 2>&1; rc=$?
if [ $rc -eq 0 ] && grep -q -- --stop "$T/out" && ! grep -q 'set -u' "$T/out"; then ok "--help"; else nok "--help"; diag <"$T/out"; fi
"$T/top/contrib/quickstart" --stop >"$T/out"; rc=$?
if [ $rc -eq 0 ] && grep -q 'stopped' "$T/out"; then ok "--stop"; else nok "--stop"; diag <"$T/out"; fi
tap_done
