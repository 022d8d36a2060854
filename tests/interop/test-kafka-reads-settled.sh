#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 under load, then `stoker log settle`: Apache Kafka 3.9.1 starts on the directory, finds nothing to recover and serves every
# record that was acknowledged. Before it was settled Kafka refuses the directory.
. "$top_srcdir/tests/interop/kafka-reads.sh"
ours_start 'num.partitions = 3' 'log.flush = journal' 'log.segment.bytes = 1048576'

topics='t-none t-lz4'
seq 1 20000 | awk '{ print "key" $1 % 50 ":value number " $1 }' >"$BROKER_DIR/in"
for t in $topics; do
  check "produce to $t" kcat -P -b "$BOOTSTRAP" -t "$t" -K: -z "${t#t-}" -X enable.idempotence=true -X batch.num.messages=500 -l "$BROKER_DIR/in"
done
(while kcat -P -b "$BOOTSTRAP" -t load -K: -X batch.num.messages=50 -l "$BROKER_DIR/in" 2>/dev/null; do :; done) &
load=$!
for i in $(seq 200); do [ "$(kcat -Q -b "$BOOTSTRAP" -t load:0:-1 2>/dev/null | sed 's/.*offset //')" -gt 5000 ] 2>/dev/null && break; sleep 0.1; done
check "there is load" [ "$i" -lt 200 ]
for t in $topics; do dump "$BOOTSTRAP" $t >"$BROKER_DIR/ours.$t"; done
broker_kill
kill "$load" 2>/dev/null; wait "$load" 2>/dev/null
is "we served what was sent" "$(cat "$BROKER_DIR"/ours.* | wc -l)" 40000
check "there is a journal" test -d "$BROKER_DIR/data/stoker.journal"
peer_refuses stoker.journal
check "settle" "$STOKER" log settle "$BROKER_DIR/data"
check "the journal is gone" test ! -e "$BROKER_DIR/data/stoker.journal"
peer_start
peer_serves $topics
peer_repaired_nothing
tap_done
