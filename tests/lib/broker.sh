# SPDX-License-Identifier: Apache-2.0
# Sourced by shell tests: a real stokerd of the build tree with a private folder and a free loopback port.
#
#   . "$top_srcdir/tests/lib/broker.sh"
#   broker_start 'num.partitions = 4'     # further lines of the configuration; sets BOOTSTRAP, BROKER_PID, BROKER_DIR
#   broker_stop | broker_kill | broker_again
#
# Everything is ended and removed when the script exits (KEEP=1 keeps the folder).
: "${top_builddir:=$PWD}" "${top_srcdir:=$PWD}"
export STOKER_MODULE_PATH=${STOKER_MODULE_PATH:-$top_builddir/modules}
STOKERD=${STOKERD:-$top_builddir/stokerd}
STOKER=${STOKER:-$top_builddir/stoker}
BROKER_DIR= BROKER_PID=

free_port () {
  "${PYTHON:-python3}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

broker_wait () { # seconds
  local i
  for ((i = 0; i < $1 * 20; i++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$BROKER_PORT") 2>/dev/null && return 0
    kill -0 "$BROKER_PID" 2>/dev/null || { echo "stokerd ended:"; tail -n 20 "$BROKER_DIR/log"; return 1; }
    sleep 0.05
  done
  echo "stokerd does not answer on port $BROKER_PORT:"; tail -n 20 "$BROKER_DIR/log"; return 1
}

broker_start () {
  BROKER_DIR=${BROKER_DIR:-$(mktemp -d "${TMPDIR:-/tmp}/stoker-test.XXXXXX")}
  BROKER_PORT=$(free_port)
  BOOTSTRAP=127.0.0.1:$BROKER_PORT
  export BOOTSTRAP
  trap broker_cleanup EXIT
  { printf 'listeners = PLAINTEXT://127.0.0.1:%s\nlog.dirs = %s/data\n' "$BROKER_PORT" "$BROKER_DIR"
    [ $# -gt 0 ] && printf '%s\n' "$@"
    echo 'network.thread.connections = 1'; echo 'log.recovery.wait.ms = 20s'; } >"$BROKER_DIR/stoker.conf"
  broker_again
}

broker_again () { # starts it again with the same configuration, port and data
  "$STOKERD" "$BROKER_DIR/stoker.conf" >>"$BROKER_DIR/log" 2>&1 </dev/null &
  BROKER_PID=$!
  broker_wait 60
}

broker_stop () { # clean stop; returns stokerd's exit code
  local rc=0 i
  [ "$BROKER_PID" ] || return 0
  kill "$BROKER_PID" 2>/dev/null
  for ((i = 0; i < 1200; i++)); do kill -0 "$BROKER_PID" 2>/dev/null || break; sleep 0.05; done
  if kill -0 "$BROKER_PID" 2>/dev/null; then echo "stokerd did not stop within 60 s"; kill -9 "$BROKER_PID"; fi
  wait "$BROKER_PID" || rc=$?
  BROKER_PID=
  return $rc
}

broker_kill () { # kill -9
  kill -9 "$BROKER_PID" 2>/dev/null
  wait "$BROKER_PID" 2>/dev/null
  BROKER_PID=
  return 0
}

broker_cleanup () {
  [ "$BROKER_PID" ] && broker_stop >/dev/null 2>&1
  if [ "$BROKER_DIR" ] && [ -z "${KEEP:-}" ]; then rm -rf -- "$BROKER_DIR"; fi
  return 0
}
