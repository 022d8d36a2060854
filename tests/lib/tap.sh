# SPDX-License-Identifier: Apache-2.0
# Sourced by shell tests: TAP output. The plan is printed at the end; a script that dies early has none, and fails.
tap_n=0 tap_failed=0

ok ()   { tap_n=$((tap_n + 1)); printf 'ok %d - %s\n' "$tap_n" "$*"; }
nok ()  { tap_n=$((tap_n + 1)); tap_failed=$((tap_failed + 1)); printf 'not ok %d - %s\n' "$tap_n" "$*"; }
skip () { local why=$1; shift; tap_n=$((tap_n + 1)); printf 'ok %d - %s # SKIP %s\n' "$tap_n" "$*" "$why"; }
diag () { sed 's/^/# /'; }
# check NAME COMMAND..: passes when the command succeeds; its output is shown when it does not.
check () {
  local name=$1 out; shift
  # In this shell, not a subshell: the command may be a function that waits for our children.
  out=$(mktemp)
  if "$@" >"$out" 2>&1; then ok "$name"; else nok "$name"; tail -n 20 "$out" | diag; fi
  rm -f "$out"
}
is () { # NAME GOT WANT
  if [ "$2" = "$3" ]; then ok "$1"; else nok "$1"; printf 'got:  %s\nwant: %s\n' "$2" "$3" | diag; fi
}
skip_all () { printf '1..0 # SKIP %s\n' "$*"; exit 0; }
tap_done () { printf '1..%d\n' "$tap_n"; [ "$tap_failed" -eq 0 ]; }
