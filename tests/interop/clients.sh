# SPDX-License-Identifier: Apache-2.0
# Sourced by the interop tests: where the real clients lie (see clients/setup), and how the smoke suites' lines become TAP.
CLIENTS=${STOKER_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/stoker-clients}
ACCEPTANCE=$top_srcdir/tests/interop/acceptance

need_client () { # name
  [ -f "$CLIENTS/$1.stamp" ] || skip_all "no $1 clients: run tests/interop/clients/setup"
}

# Runs a smoke suite and turns its "ok/FAIL/skip name (text)" lines into TAP.
smoke () {
  local line name rest
  while IFS= read -r line; do
    rest=${line#* }; rest=${rest#"${rest%%[![:space:]]*}"}; name=${rest%% *}
    case $line in
      'ok '*) ok "$rest" ;;
      'FAIL '*) nok "$rest" ;;
      'skip '*) skip "${rest#"$name"}" "$name" ;;
    esac
  done < <("$@" 2>"$BROKER_DIR/smoke.err")
  [ "$tap_n" -gt 0 ] || { nok "the suite ran"; tail -n 5 "$BROKER_DIR/smoke.err" | diag; }
}
