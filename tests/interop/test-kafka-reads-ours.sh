#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache Kafka 3.9.1, started on a copy of a directory that Stoker wrote and stopped cleanly, serves every record, finds
# nothing to recover, and the other members of the directory (indexes, snapshots, epochs) do not disturb it.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
need_client java; need_client python
command -v kcat >/dev/null || skip_all "kcat is not installed"
export KCAT_CONFIG=/dev/null
broker_start 'num.partitions = 2' 'log.segment.bytes = 65536' 'log.index.interval.bytes = 512' || exit 1
kafka_stop () { PEER_DIR=$BROKER_DIR/peer KAFKA_LIBS=$CLIENTS/java "$ACCEPTANCE/peer-kafka" stop >/dev/null 2>&1; }
trap 'kafka_stop; broker_cleanup' EXIT

seq 1 20000 | awk '{ print "key" $1 % 50 ":value number " $1 }' >"$BROKER_DIR/in"
for codec in none gzip snappy lz4 zstd; do
  check "produce, $codec" kcat -P -b "$BOOTSTRAP" -t "t-$codec" -K: -z "$codec" -X enable.idempotence=true -X batch.num.messages=500 -l "$BROKER_DIR/in"
done
check "a topic with settings" "$STOKER" topic create lat -b "$BOOTSTRAP" --partitions 1 --config message.timestamp.type=LogAppendTime
check "produce, LogAppendTime" kcat -P -b "$BOOTSTRAP" -t lat -K: -X batch.num.messages=500 -l "$BROKER_DIR/in"
dump () { # broker topic
  for p in 0 1; do kcat -C -q -e -b "$1" -t "$2" -p $p -o beginning -f '%p %o %T %k %s\n' 2>/dev/null; done
}
for t in t-none t-gzip t-snappy t-lz4 t-zstd lat; do dump "$BOOTSTRAP" $t >"$BROKER_DIR/ours.$t"; done
is "we serve what was sent" "$(cat "$BROKER_DIR"/ours.* | wc -l)" 120000
check "clean stop" broker_stop
cp -a "$BROKER_DIR/data" "$BROKER_DIR/copy"

export PEER_DIR=$BROKER_DIR/peer KAFKA_LIBS=$CLIENTS/java PORT0 ZKPORT PEER_HEAP=512m
ZKPORT=$(free_port); id=$(sed -n 's/^broker.id=//p' "$BROKER_DIR/copy/meta.properties"); PORT0=$(($(free_port) - id))
check "ZooKeeper starts" "$ACCEPTANCE/peer-kafka" start 0
check "the tree is seeded" "$CLIENTS/python/bin/python" "$top_srcdir/tests/interop/seed-zk.py" "127.0.0.1:$ZKPORT" "$BROKER_DIR/copy"
mkdir -p "$PEER_DIR"; rm -rf "$PEER_DIR/data-$id"; mv "$BROKER_DIR/copy" "$PEER_DIR/data-$id"
check "Kafka starts on the directory" "$ACCEPTANCE/peer-kafka" add "$id"
K=127.0.0.1:$((PORT0 + id))
for i in $(seq 100); do kcat -L -b "$K" -t t-none 2>/dev/null | grep -q "leader $id" && break; sleep 0.2; done
for t in t-none t-gzip t-snappy t-lz4 t-zstd lat; do
  dump "$K" $t >"$BROKER_DIR/kafka.$t"
  if cmp -s "$BROKER_DIR/ours.$t" "$BROKER_DIR/kafka.$t"; then ok "Kafka serves $t as we did"; else
    nok "Kafka serves $t as we did"; diff "$BROKER_DIR/ours.$t" "$BROKER_DIR/kafka.$t" | head -n 5 | diag; fi
done
if grep -qE 'orrupt|Rebuilding|Recovering|truncat|not sane' "$PEER_DIR/broker-$id.log"; then
  nok "Kafka had nothing to repair"; grep -E 'orrupt|Rebuilding|Recovering|truncat|not sane' "$PEER_DIR/broker-$id.log" | head -n 5 | diag
else ok "Kafka had nothing to repair"; fi
kafka_stop
tap_done
