#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 under load, then `stoker log settle`: Apache Kafka 3.9.1 starts on the directory, finds nothing to recover and serves every
# record that was acknowledged. Before it was settled Kafka refuses the directory.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
need_client java; need_client python
command -v kcat >/dev/null || skip_all "kcat is not installed"
export KCAT_CONFIG=/dev/null
broker_start 'num.partitions = 3' 'log.flush = journal' 'log.segment.bytes = 1048576' || exit 1
. "$top_srcdir/tests/interop/peer.sh"

topics='t-none t-lz4'
seq 1 20000 | awk '{ print "key" $1 % 50 ":value number " $1 }' >"$BROKER_DIR/in"
for t in $topics; do
  check "produce to $t" kcat -P -b "$BOOTSTRAP" -t "$t" -K: -z "${t#t-}" -X enable.idempotence=true -X batch.num.messages=500 -l "$BROKER_DIR/in"
done
(while kcat -P -b "$BOOTSTRAP" -t load -K: -X batch.num.messages=50 -l "$BROKER_DIR/in" 2>/dev/null; do :; done) &
load=$!
sleep 1.5
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
