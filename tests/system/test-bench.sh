# SPDX-License-Identifier: Apache-2.0
# stoker bench against a real broker: its numbers add up, it leaves nothing behind, it refuses what is wrong.
. "$top_srcdir/tests/lib/tap.sh"
. "$top_srcdir/tests/lib/broker.sh"

broker_start || { nok "a broker"; tap_done; exit 1; }
export STOKER_BOOTSTRAP=$BOOTSTRAP
T=$BROKER_DIR
S () { timeout 60 "$STOKER" "$@"; }
code () { "$@" >"$T/out" 2>"$T/err"; echo $?; }
json () { "${PYTHON:-python3}" -c 'import json,sys; d=json.load(open(sys.argv[2])); print(eval(sys.argv[1]))' "$1" "$T/out"; }

# ---- the command line; nobody is asked
for line in 'produce --acks 9' 'produce --rate 0' 'consume --rate 5' 'latency --size 4' 'many-partitions --topic x' 'many-partitions -X a=b' 'produce -X nonsense=1' \
  'produce -z bogus' 'produce -i -X acks=1' 'consume -X nonsense=1' 'produce --pid 999999999' 'nonsense'; do
  # shellcheck disable=SC2086
  is "bench $line is wrong usage" "$(code S bench $line -b 127.0.0.1:1)" 2
done
is "no broker is a failure" "$(code S bench produce -b 127.0.0.1:1)" 1
is "so is a topic that cannot be made" "$(code S bench produce -c nonsense=1)" 1
check "and the reason is said" grep -q nonsense "$T/err"

# ---- what is sent, and what is counted
is "produce: a number of records" "$(code S bench produce --records 5000 --size 200 --topic kept --keys 50 -p 3 --pid "$BROKER_PID" --json)" 0
is "so many it was" "$(json 'd["records"], d["bytes"], d["failed"], d["settings"]["partitions"]')" "(5000, 1080000, 0, 3)"
check "the server's part is there" test "$(json 'd["server"]["cpu_s"] >= 0 and d["server"]["rss_bytes"] > 1000000')" = True
S consume kept --from-beginning --exit-at-end -f '%k %S\n' >"$T/kept"
is "the records are in the topic" "$(wc -l <"$T/kept")" 5000
is "with their size" "$(cut -d' ' -f2 "$T/kept" | sort -u)" 200
is "and one of so many keys" "$(cut -d' ' -f1 "$T/kept" | sort -u | wc -l)" 50
is "consume: reads a topic that is there once" "$(code S bench consume --topic kept --json)" 0
is "all of it" "$(json 'd["records"], d["bytes"]')" "(5000, 1080000)"
is "produce at a rate" "$(code S bench produce --rate 500 --records 250 --clients 2 --json)" 0
is "keeps it" "$(json 'd["records"], 0.3 < d["seconds"] < 5, d["latency_ms"]["count"]')" "(250, True, 250)"
is "produce for a time" "$(code S bench produce -d 0.5 -w 0.2 -z lz4 --idempotence --progress -X queue.buffering.max.kbytes=8000)" 0
check "for people" grep -Eq '^rate  .* records/s, .* MB/s$' "$T/out"
is "consume for a time, again and again" "$(code S bench consume -d 0.6 -w 0.1 --fill 1 --clients 2 --json)" 0
check "reads more than there is" test "$(json 'd["bytes"] > 1000000')" = True
is "latency" "$(code S bench latency --rate 400 -d 0.5 -w 0.1 --clients 2 --partitions 4 --json)" 0
is "each record came back" "$(json 'd["records"], d["lost"], d["end_to_end_ms"]["count"], 0 < d["end_to_end_ms"]["p50"] <= d["end_to_end_ms"]["max"]')" "(200, 0, 200, True)"
"$STOKER" bench latency --rate 200 -d 3 -w 0.2 --progress --json >"$T/out" 2>"$T/err" &
pid=$!
for _ in $(seq 300); do grep -q '^measured' "$T/err" && break; sleep 0.1; done
kill -STOP "$BROKER_PID"; sleep 0.8; kill -CONT "$BROKER_PID"
wait $pid
is "latency counts from when a record was due: while the broker was stopped, too" "$(json 'd["end_to_end_ms"]["count"], d["end_to_end_ms"]["p90"] > 300, d["end_to_end_ms"]["max"] > 700')" "(600, True, True)"
is "many-partitions" "$(code S bench many-partitions --partitions 40 -d 0.3 -w 0.1 --pid "$BROKER_PID" --json)" 0
is "compares two runs" "$(json '[r["settings"]["partitions"] for r in d["runs"]], all(r["records"] > 0 for r in d["runs"])')" "([6, 40], True)"

# ---- troubles
is "a record too large fails" "$(code S bench produce --records 3 --size 3000000)" 1
check "and is counted" grep -q '3 records failed' "$T/err"
"$STOKER" bench produce -d 60 >"$T/out" 2>"$T/err" &
pid=$!
for ((i = 0; i < 200; i++)); do [ "$(S topic list --json | grep -o '"name"' | wc -l)" -gt 1 ] && break; sleep 0.1; done # it has made its own
kill -INT $pid; wait $pid
is "an interrupted run fails" $? 1
check "but shows what it saw" grep -q interrupted "$T/out"
is "only the topic that was named is left" "$(S topic list --json | "${PYTHON:-python3}" -c 'import json,sys; print([t["name"] for t in json.load(sys.stdin)])')" "['kept']"
tap_done
