# SPDX-License-Identifier: Apache-2.0
# A group as a queue: members share the partitions, one dies, the broker is killed; every record is read at least once, and what was
# committed is not read again.
. "$top_srcdir/tests/lib/tap.sh"
. "$top_srcdir/tests/lib/broker.sh"

broker_start 'group.initial.rebalance.delay.ms = 0' || { nok "a broker"; tap_done; exit 1; }
export STOKER_BOOTSTRAP=$BOOTSTRAP
T=$BROKER_DIR
S () { timeout 60 "$STOKER" "$@"; }
json () { "${PYTHON:-python3}" -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
members () { S group describe q --json 2>/dev/null | json 'd[0]["state"], len(d[0]["members"])' 2>/dev/null; }
wait_for () { # SECONDS WANT COMMAND..
  local i want=$2 n=$(($1 * 5)); shift 2
  for ((i = 0; i < n; i++)); do [ "$("$@")" = "$want" ] && return 0; sleep 0.2; done
  return 1
}
read_count () { cat "$T"/out.* | sort -u | wc -l; }
member () { # NAME: a consumer in the background, its pid in M
  "$STOKER" consume work -g q --from-beginning -v -X session.timeout.ms=6000 -X heartbeat.interval.ms=500 \
    -X auto.commit.interval.ms=200 >"$T/out.$1" 2>"$T/err.$1" &
  M=$!
}
trap 'kill $A $B $C 2>/dev/null; broker_cleanup' EXIT
A= B= C=

S topic create work --partitions 3 >/dev/null
member a; A=$M
member b; B=$M
check "two members share" wait_for 20 "('Stable', 2)" members
is "each has one partition at least" "$(S group describe q --json | json 'sorted(sum(1 for p in d[0]["partitions"] if p["member"] == m["member"]) for m in d[0]["members"])')" '[1, 2]'
seq 1 3000 | S produce work
check "all is read" wait_for 20 3000 read_count
is "nothing twice" "$(cat "$T"/out.* | wc -l)" 3000

kill -9 "$A"; wait "$A" 2>/dev/null; A=
seq 3001 6000 | S produce work
check "one is killed: the other takes over" wait_for 30 6000 read_count
check "and is alone" wait_for 10 "('Stable', 1)" members

broker_kill
broker_again
seq 6001 9000 | S produce work
check "kill -9 of the broker: the member goes on" wait_for 30 9000 read_count
check "in its group" wait_for 10 "('Stable', 1)" members

member c; C=$M
check "another comes" wait_for 20 "('Stable', 2)" members
broker_stop; broker_again
seq 9001 12000 | S produce work
check "a restart in order: both go on" wait_for 30 12000 read_count
wait_for 20 0 sh -c "'$STOKER' group describe q --json | '${PYTHON:-python3}' -c 'import json,sys; print(sum(p[\"lag\"] for p in json.load(sys.stdin)[0][\"partitions\"]))'"
kill "$B" "$C"; wait "$B" "$C" 2>/dev/null; B= C=
is "everybody left" "$(members)" "('Empty', 0)"
is "everything is committed" "$(S group describe q --json | json 'sum(p["lag"] for p in d[0]["partitions"])')" 0
is "the next one finds nothing to read" "$(S consume work -g q --from-beginning -e | wc -l)" 0
# Only what a member had read and not committed when it or the broker was killed may come twice.
twice=$(($(cat "$T"/out.* | wc -l) - 12000))
if [ "$twice" -le 3000 ]; then ok "read twice: $twice of 12000"; else nok "read twice: $twice of 12000"; fi
tap_done
