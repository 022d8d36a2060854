#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache Kafka 3.9.1, started on a copy of a directory that Stoker wrote and stopped cleanly, serves every record, finds
# nothing to recover, and the other members of the directory (indexes, snapshots, epochs) do not disturb it.
. "$top_srcdir/tests/interop/kafka-reads.sh"
ours_start 'num.partitions = 2' 'log.segment.bytes = 65536' 'log.index.interval.bytes = 512'

seq 1 20000 | awk '{ print "key" $1 % 50 ":value number " $1 }' >"$BROKER_DIR/in"
for codec in none gzip snappy lz4 zstd; do
  check "produce, $codec" kcat -P -b "$BOOTSTRAP" -t "t-$codec" -K: -z "$codec" -X enable.idempotence=true -X batch.num.messages=500 -l "$BROKER_DIR/in"
done
check "a topic with settings" "$STOKER" topic create lat -b "$BOOTSTRAP" --partitions 1 --config message.timestamp.type=LogAppendTime
check "produce, LogAppendTime" kcat -P -b "$BOOTSTRAP" -t lat -K: -X batch.num.messages=500 -l "$BROKER_DIR/in"
topics='t-none t-gzip t-snappy t-lz4 t-zstd lat'
for t in $topics; do dump "$BOOTSTRAP" $t >"$BROKER_DIR/ours.$t"; done
is "we serve what was sent" "$(cat "$BROKER_DIR"/ours.* | wc -l)" 120000
check "clean stop" broker_stop
peer_start
peer_serves $topics
peer_repaired_nothing
tap_done
