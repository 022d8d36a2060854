#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache Kafka's own tools: topics, configs, groups, performance and verifiable clients, and DumpLogSegments on our files.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
. "$top_srcdir/tests/interop/java.sh"
need_client java
broker_start || exit 1
B="--bootstrap-server $BOOTSTRAP"

has () { local want=$1; shift; "$@" 2>&1 | tee "$BROKER_DIR/out" | grep -q -- "$want" || { cat "$BROKER_DIR/out"; return 1; }; }
topics () { java_class org.apache.kafka.tools.TopicCommand $B "$@"; }
get_offsets () { java_class org.apache.kafka.tools.GetOffsetShell $B "$@" 2>&1; }
groups () { java_class org.apache.kafka.tools.consumer.group.ConsumerGroupCommand $B "$@"; }
# Records of topic jc, a line each: timestamp type, partition, offset, headers, key, value.
consume () {
  java_class org.apache.kafka.tools.consumer.ConsoleConsumer $B --topic jc --timeout-ms 4000 --property print.partition=true --property print.offset=true \
    --property print.headers=true --property print.key=true --property print.timestamp=true --property null.literal=NULL "$@" 2>"$BROKER_DIR/consume.err"
}

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

check "a topic for the console clients" topics --create --topic jc --partitions 1 --replication-factor 1
printf 'h1:a,h2:b\tk1|one\nNULL\tk2|two\nh3:\tNULL|three\nNULL\tk4|NULL\n' >"$BROKER_DIR/lines"
console_producer () {
  java_class kafka.tools.ConsoleProducer $B --topic jc --property parse.key=true --property 'key.separator=|' --property parse.headers=true \
    --property null.marker=NULL --compression-codec zstd --request-required-acks all <"$BROKER_DIR/lines"
}
check "console producer" console_producer
between=$(date +%s%3N)
printf 'NULL\tk5|five\n' >"$BROKER_DIR/lines"
check "console producer, once more" console_producer
want=$(printf 'Partition:0\tOffset:%s\t%s\t%s\t%s\n' 0 h1:a,h2:b k1 one 1 NO_HEADERS k2 two 2 h3: NULL three 3 NO_HEADERS k4 NULL 4 NO_HEADERS k5 five)
is "console consumer --from-beginning in a group" "$(consume --from-beginning --group jcg | sed 's/^CreateTime:[0-9]*\t//')" "$want"
check "its offsets are committed" has 'jcg *jc *0 *5 *5 *0 ' groups --describe --group jcg
is "console consumer --offset" "$(consume --partition 0 --offset 3 | cut -f 3)" $'Offset:3\nOffset:4'
is "console consumer --offset earliest --max-messages" "$(consume --partition 0 --offset earliest --max-messages 2 | cut -f 3)" $'Offset:0\nOffset:1'
check "groups --reset-offsets --to-datetime" has 'jc *0 *4' groups --reset-offsets --group jcg --topic jc --execute \
  --to-datetime "$(date -u -d "@${between:0:-3}.${between: -3}" +%Y-%m-%dT%H:%M:%S.%3N)"
is "console consumer goes on there" "$(consume --group jcg | cut -f 3)" Offset:4
is "get-offsets, latest" "$(get_offsets --topic jc)" jc:0:5
is "get-offsets, earliest" "$(get_offsets --topic jc --time earliest)" jc:0:0
is "get-offsets, the largest timestamp" "$(get_offsets --topic jc --time max-timestamp)" jc:0:4
is "get-offsets, by time" "$(get_offsets --topic jc --time "$between")" jc:0:4
printf '{"version":1,"partitions":[{"topic":"jc","partition":0,"offset":3}]}' >"$BROKER_DIR/delete.json"
check "delete-records" has 'low_watermark: 3' java_class org.apache.kafka.tools.DeleteRecordsCommand $B --offset-json-file "$BROKER_DIR/delete.json"
is "get-offsets, earliest after delete-records" "$(get_offsets --topic jc --time earliest)" jc:0:3
is "console consumer --from-beginning after delete-records" "$(consume --from-beginning | cut -f 3)" $'Offset:3\nOffset:4'
# Not offered by this broker: refused by the tool, at once and with a word.
check "log-dirs says that it cannot" has 'UnsupportedVersion' java_class org.apache.kafka.tools.LogDirsCommand $B --describe
check "leader-election says that it cannot" has 'UnsupportedVersion' java_class org.apache.kafka.tools.LeaderElectionCommand $B --election-type preferred --topic jc --partition 0
check "broker-api-versions" has 'Produce(0): 0 to 11' java_class kafka.admin.BrokerApiVersionsCommand $B
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
