#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache Kafka's own tools: topics, configs, groups, performance and verifiable clients, and DumpLogSegments on our files.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
. "$top_srcdir/tests/interop/java.sh"
need_client java
broker_start || exit 1
B="--bootstrap-server $BOOTSTRAP"

topics () { java_class org.apache.kafka.tools.TopicCommand $B "$@"; }
groups () { java_class org.apache.kafka.tools.consumer.group.ConsumerGroupCommand $B "$@"; }

check "topics --create" has 'Created topic jt' topics --create --topic jt --partitions 3 --replication-factor 1 --config retention.ms=3600000
check "topics --describe" has 'PartitionCount: 3' topics --describe --topic jt
check "topics --list" has '^jt$' topics --list
check "topics --alter" topics --alter --topic jt --partitions 5
check "topics --describe after alter" has 'PartitionCount: 5' topics --describe --topic jt
check "configs --describe" has 'retention.ms=3600000' java_class kafka.admin.ConfigCommand $B --describe --entity-type topics --entity-name jt
check "configs --alter" java_class kafka.admin.ConfigCommand $B --alter --entity-type topics --entity-name jt --add-config max.message.bytes=2000000
check "configs after alter" has 'max.message.bytes=2000000' java_class kafka.admin.ConfigCommand $B --describe --entity-type topics --entity-name jt
check "producer performance" has '20000 records sent' java_class org.apache.kafka.tools.ProducerPerformance --topic jt --num-records 20000 \
  --record-size 100 --throughput -1 --producer-props bootstrap.servers=$BOOTSTRAP acks=all
check "consumer performance" has ', 20000, ' java_class org.apache.kafka.tools.ConsumerPerformance $B --topic jt --messages 20000 --timeout 30000
for codec in none gzip snappy lz4 zstd; do
  check "producer performance, $codec" has '2000 records sent' java_class org.apache.kafka.tools.ProducerPerformance --topic "jt-$codec" \
    --num-records 2000 --record-size 200 --throughput -1 --producer-props bootstrap.servers=$BOOTSTRAP compression.type=$codec
done
check "verifiable producer" has '"name":"tool_data","sent":1000,"acked":1000' java_class org.apache.kafka.tools.VerifiableProducer $B \
  --topic jv --max-messages 1000
check "verifiable consumer" has '"name":"offsets_committed"' java_class org.apache.kafka.tools.VerifiableConsumer $B \
  --topic jv --group-id jvg --max-messages 1000 --reset-policy earliest
check "consumer-groups --list" has '^jvg$' groups --list
check "consumer-groups --describe" has 'jvg *jv ' groups --describe --group jvg
check "topics --delete" topics --delete --topic jt-gzip
check "clean stop" broker_stop
for dir in "$BROKER_DIR"/data/jt-0 "$BROKER_DIR"/data/jt-lz4-0 "$BROKER_DIR"/data/jt-zstd-0 "$BROKER_DIR"/data/jv-0; do
  f=$dir/00000000000000000000
  check "DumpLogSegments $(basename "$dir").log" has 'isvalid: true' java_class kafka.tools.DumpLogSegments --deep-iteration --files "$f.log"
  if java_class kafka.tools.DumpLogSegments --index-sanity-check --verify-index-only --files "$f.log,$f.index,$f.timeindex" >"$BROKER_DIR/out" 2>&1 &&
    ! grep -qiE 'mismatch|invalid|exception|corrupt|not a valid' "$BROKER_DIR/out"; then ok "indexes of $(basename "$dir")"
  else nok "indexes of $(basename "$dir")"; tail -n 10 "$BROKER_DIR/out" | diag; fi
done
tap_done
