#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What Stoker has compacted, in all codecs, with deletions, as Apache Kafka 3.9.1 sees it: DumpLogSegments finds nothing wrong with
# any file, and a broker started on a copy serves the same records and has nothing to repair.
. "$top_srcdir/tests/interop/kafka-reads.sh"
ours_start 'num.partitions = 1' 'log.segment.bytes = 65536' 'log.index.interval.bytes = 512' 'log.cleanup.policy = compact' \
  'log.cleaner.backoff.ms = 200' 'log.cleaner.min.cleanable.ratio = 0.01'

# Until it was not at work for 2 s, ten times log.cleaner.backoff.ms.
cleaner_rests () {
  local before=-1 now i
  for i in $(seq 30); do
    now=$(grep -c 'cleaner.done' "$BROKER_DIR/log")
    [ "$now" = "$before" ] && return 0
    before=$now; sleep 2
  done
  return 1
}

# 20,000 records over 3,000 keys; every 40th key is deleted, and some of those come back.
seq 1 20000 | awk '{ k = $1 % 3000; print "key" k ":" ($1 > 12000 && $1 < 18000 && k % 40 == 0 ? "" : "value number " $1) }' >"$BROKER_DIR/in"
codecs='none gzip snappy lz4 zstd'
for codec in $codecs; do
  check "produce, $codec" kcat -P -b "$BOOTSTRAP" -t "t-$codec" -K: -Z -z "$codec" -X enable.idempotence=true -X batch.num.messages=300 -X linger.ms=2 -l "$BROKER_DIR/in"
  # twice, so that even well compressed ones have sealed segments
  for again in 1 2 3; do kcat -P -b "$BOOTSTRAP" -t "t-$codec" -K: -Z -z "$codec" -X batch.num.messages=300 -l "$BROKER_DIR/in"; done
done
topics=
for codec in $codecs; do
  topics="$topics t-$codec"
  for i in $(seq 100); do grep -q "cleaner.done.*topic=t-$codec " "$BROKER_DIR/log" && break; sleep 0.1; done
  check "t-$codec is compacted" grep -q "cleaner.done.*topic=t-$codec " "$BROKER_DIR/log"
done
check "the cleaner has nothing left to do" cleaner_rests
for t in $topics; do dump "$BOOTSTRAP" $t >"$BROKER_DIR/ours.$t"; done
for t in $topics; do check "every key of $t has its newest value" [ "$(wc -l <"$BROKER_DIR/ours.$t")" -ge 2925 ]; done
check "few of 400,000 records are left" [ "$(cat "$BROKER_DIR"/ours.* | wc -l)" -lt 100000 ]
check "clean stop" broker_stop
for t in $topics; do
  for f in "$BROKER_DIR/data/$t-0"/*.log; do
    f=${f%.log}
    if java_class kafka.tools.DumpLogSegments --deep-iteration --files "$f.log" >"$BROKER_DIR/out" 2>&1 && ! grep -qiE 'isvalid: false|exception|corrupt|mismatch' "$BROKER_DIR/out" &&
      java_class kafka.tools.DumpLogSegments --index-sanity-check --verify-index-only --files "$f.index,$f.timeindex" >"$BROKER_DIR/out" 2>&1 &&
      ! grep -qiE 'mismatch|invalid|exception|corrupt|not a valid' "$BROKER_DIR/out"; then ok "DumpLogSegments $t/$(basename "$f")"
    else nok "DumpLogSegments $t/$(basename "$f")"; tail -n 5 "$BROKER_DIR/out" | diag; fi
    break # the first one is the compacted one; starting a JVM takes its time
  done
done
peer_start
peer_serves $topics
peer_repaired_nothing
tap_done
