#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache Kafka's LogDirsCommand against several log directories, one of them with a partition on its way; and Kafka's DumpLogSegments on what a
# move has copied.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
. "$top_srcdir/tests/interop/java.sh"
need_client java
BROKER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/stoker-test.XXXXXX")
broker_start 'replica.alter.log.dirs.io.max.bytes.per.second = 100000' 'log.segment.bytes = 300000' || exit 1
broker_stop
sed -i "s|^log.dirs = .*|log.dirs = $BROKER_DIR/data, $BROKER_DIR/other|" "$BROKER_DIR/stoker.conf"
broker_again || exit 1
B="--bootstrap-server $BOOTSTRAP"
dirs () { java_class org.apache.kafka.tools.LogDirsCommand $B --describe "$@"; }

check "topics --create" java_class org.apache.kafka.tools.TopicCommand $B --create --topic jd --partitions 4 --replication-factor 1
check "records" has '1000 records sent' java_class org.apache.kafka.tools.ProducerPerformance --topic jd --num-records 1000 \
  --record-size 2000 --throughput -1 --producer-props bootstrap.servers=$BOOTSTRAP acks=all
dirs --broker-list 0 --topic-list jd >"$BROKER_DIR/out" 2>&1
check "log-dirs --describe" python3 - "$BROKER_DIR/out" "$BROKER_DIR" <<'P'
import json, sys
line = [l for l in open(sys.argv[1]) if l.startswith("{")][0]
got = {d["logDir"]: d for d in json.loads(line)["brokers"][0]["logDirs"]}
want = {sys.argv[2] + "/data": 2, sys.argv[2] + "/other": 2}
assert {k: len(d["partitions"]) for k, d in got.items()} == want and all(d["error"] is None for d in got.values()), got
assert sum(p["size"] for d in got.values() for p in d["partitions"]) > 2000000, got
P
check "stoker log move" "$STOKER" log move jd:0 "$BROKER_DIR/other" -b "$BOOTSTRAP"
check "a partition on its way" has '"partition":"jd-0","size":[0-9]*,"offsetLag":[0-9]*,"isFuture":true' dirs --topic-list jd
sed -i 's/per.second = .*/per.second = 1000000000/' "$BROKER_DIR/stoker.conf"
kill -HUP "$BROKER_PID"
check "it arrives" "$STOKER" log move jd:0 "$BROKER_DIR/other" --wait -b "$BOOTSTRAP"
check "and is no future any more" has '"brokers"' dirs --topic-list jd
check "nothing is on its way" bash -c '! grep -q "isFuture\":true" "$0"' "$BROKER_DIR/out"
check "all records are read" has ', 1000, ' java_class org.apache.kafka.tools.ConsumerPerformance $B --topic jd --messages 1000 --timeout 30000
check "clean stop" broker_stop
for f in "$BROKER_DIR"/other/jd-0/*.log; do
  check "DumpLogSegments $(basename "$f")" has 'isvalid: true' java_class kafka.tools.DumpLogSegments --deep-iteration --files "$f"
  if java_class kafka.tools.DumpLogSegments --index-sanity-check --verify-index-only --files "$f,${f%.log}.index,${f%.log}.timeindex" >"$BROKER_DIR/out" 2>&1 &&
    ! grep -qiE 'mismatch|invalid|exception|corrupt|not a valid' "$BROKER_DIR/out"; then ok "its indexes"
  else nok "its indexes"; tail -n 10 "$BROKER_DIR/out" | diag; fi
done
tap_done
