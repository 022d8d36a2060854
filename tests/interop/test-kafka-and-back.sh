#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A directory that Apache Kafka 3.9.1 wrote (tests/golden), under stokerd: every record that Kafka's own dump tool shows is served. Then
# Stoker appends to it in every codec, rolls segments and deletes records, and Kafka, started on what came of it, goes on where we were.
. "$top_srcdir/tests/interop/kafka-reads.sh"
command -v xz >/dev/null || skip_all "xz is not installed"
G=$top_srcdir/tests/golden/kafka-3.9.1
BROKER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/stoker-test.XXXXXX")
tar -xJf "$G/logs.tar.xz" -C "$BROKER_DIR" || exit 1
check "our tree is seeded" bash -c "$SEED --print '$BROKER_DIR/data' | '$top_builddir/tests/lib/seed-tree' '$BROKER_DIR/data'"
id=$(sed -n 's/^broker.id=//p' "$BROKER_DIR/data/meta.properties")
ours_start "broker.id = $id" 'log.retention.ms = -1' 'log.segment.bytes = 65536'
states () { "${PYTHON:-python3}" "$top_srcdir/tests/interop/states.py" "$@"; }
on_all () { local t; for t in $topics; do dump "$BOOTSTRAP" "$t" >"$BROKER_DIR/ours.$t"; done; }

xz -dc "$G/logs.dump.txt.xz" | "${PYTHON:-python3}" "$top_srcdir/tests/interop/read-dump.py" >"$BROKER_DIR/want"
topics=$(cut -d' ' -f1 "$BROKER_DIR/want" | sort -u)
is "log start of the trimmed topic" "$(kcat -Q -b "$BOOTSTRAP" -t trimmed:0:-2 2>/dev/null | sed -n 's/.*offset //p')" 71
# Records below the log start (DeleteRecords) stand in the files, but are not served.
awk '!($1 == "trimmed" && $3 < 71)' "$BROKER_DIR/want" | LC_ALL=C sort >"$BROKER_DIR/want.served"
for t in $topics; do
  kcat -C -q -e -b "$BOOTSTRAP" -t "$t" -o beginning -X isolation.level=read_uncommitted -X check.crcs=true -f '%t %p %o %T %K %S\n' 2>/dev/null
done | LC_ALL=C sort >"$BROKER_DIR/got"
if cmp -s "$BROKER_DIR/want.served" "$BROKER_DIR/got"; then ok "every record of Kafka's dump is served ($(wc -l <"$BROKER_DIR/got"))"; else
  nok "every record of Kafka's dump is served"; diff "$BROKER_DIR/want.served" "$BROKER_DIR/got" | head -n 10 | diag; fi

seq 1 3000 | awk '{ print "key" $1 % 50 ":value number " $1 " of those that came later" }' >"$BROKER_DIR/in"
send () { kcat -P -b "$BOOTSTRAP" -K: -X batch.num.messages=200 -l "$BROKER_DIR/in" "$@"; }
for codec in none gzip snappy lz4 zstd; do check "append, $codec" send -t "codec-$codec" -z $codec -X enable.idempotence=true; done
for t in compacted append-time txn segments; do check "append to $t" send -t $t -p 0; done
check "many segments now" [ "$(ls "$BROKER_DIR/data/segments-0"/*.log | wc -l)" -gt 4 ]
check "a producer with a sequence" states send "$BOOTSTRAP" idempotent
check "delete records" states delete "$BOOTSTRAP" segments 2000
check "old segments are gone" [ ! -e "$BROKER_DIR/data/segments-0/00000000000000000000.log" ]
on_all; cat "$BROKER_DIR"/ours.* >"$BROKER_DIR/before"
check "clean stop" broker_stop
check "start again" broker_again
on_all; cat "$BROKER_DIR"/ours.* >"$BROKER_DIR/after"
check "nothing lost" cmp "$BROKER_DIR/before" "$BROKER_DIR/after"
# Not of topic txn: Kafka will soon end the transaction that was left open there, which moves the log's end.
others=$(printf '%s\n' $topics | grep -vx txn)
states offsets "$BOOTSTRAP" $others >"$BROKER_DIR/offsets"
check "clean stop again" broker_stop
# The tree that was made here does not say that some topics were compacted: their gaps are named.
complaints=$(grep -E ' (error|warn) ' "$BROKER_DIR/log" | grep -vE 'segment\.missing: .*compacted')
if [ -n "$complaints" ]; then nok "nothing to complain of"; head -n 5 <<<"$complaints" | diag; else ok "nothing to complain of"; fi

export PEER_CONF=$'log.retention.ms=-1\noffsets.topic.num.partitions=3\ntransaction.state.log.num.partitions=3'
peer_start
peer_serves $topics
states offsets "$PEER" $others >"$BROKER_DIR/kafka.offsets"
check "Kafka finds the same offsets, epochs and times" diff "$BROKER_DIR/offsets" "$BROKER_DIR/kafka.offsets"
check "the producer goes on, its last batch is known" states go-on "$PEER" idempotent
peer_repaired_nothing
tap_done
