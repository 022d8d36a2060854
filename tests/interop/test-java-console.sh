#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Apache Kafka's console clients and the tools around them: keys, headers, groups, offsets by number and by time, delete-records.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
. "$top_srcdir/tests/interop/java.sh"
need_client java
broker_start || exit 1
B="--bootstrap-server $BOOTSTRAP"

get_offsets () { java_class org.apache.kafka.tools.GetOffsetShell $B "$@" 2>&1; }
groups () { java_class org.apache.kafka.tools.consumer.group.ConsumerGroupCommand $B "$@"; }
# consume COUNT OPTION..: records of topic jc, a line each: time, partition, offset, headers, key, value.
consume () {
  local n=$1; shift
  java_class org.apache.kafka.tools.consumer.ConsoleConsumer $B --topic jc --timeout-ms 30000 --max-messages "$n" --property print.partition=true --property print.offset=true \
    --property print.headers=true --property print.key=true --property print.timestamp=true --property null.literal=NULL "$@" 2>"$BROKER_DIR/consume.err"
}

check "a topic" "$STOKER" topic create jc -b "$BOOTSTRAP" --partitions 1
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
is "console consumer --from-beginning in a group" "$(consume 5 --from-beginning --group jcg | sed 's/^CreateTime:[0-9]*\t//')" "$want"
check "its offsets are committed" has 'jcg *jc *0 *5 *5 *0 ' groups --describe --group jcg
is "console consumer --offset" "$(consume 2 --partition 0 --offset 3 | cut -f 3)" $'Offset:3\nOffset:4'
is "console consumer --offset earliest" "$(consume 2 --partition 0 --offset earliest | cut -f 3)" $'Offset:0\nOffset:1'
check "groups --reset-offsets --to-datetime" has 'jc *0 *4' groups --reset-offsets --group jcg --topic jc --execute \
  --to-datetime "$(date -u -d "@${between:0:-3}.${between: -3}" +%Y-%m-%dT%H:%M:%S.%3N)"
is "console consumer goes on there" "$(consume 1 --group jcg | cut -f 3)" Offset:4
is "get-offsets, latest" "$(get_offsets --topic jc)" jc:0:5
is "get-offsets, earliest" "$(get_offsets --topic jc --time earliest)" jc:0:0
is "get-offsets, the largest timestamp" "$(get_offsets --topic jc --time max-timestamp)" jc:0:4
is "get-offsets, by time" "$(get_offsets --topic jc --time "$between")" jc:0:4
printf '{"version":1,"partitions":[{"topic":"jc","partition":0,"offset":3}]}' >"$BROKER_DIR/delete.json"
check "delete-records" has 'low_watermark: 3' java_class org.apache.kafka.tools.DeleteRecordsCommand $B --offset-json-file "$BROKER_DIR/delete.json"
is "get-offsets, earliest after delete-records" "$(get_offsets --topic jc --time earliest)" jc:0:3
is "console consumer --from-beginning after delete-records" "$(consume 2 --from-beginning | cut -f 3)" $'Offset:3\nOffset:4'
# Not offered by this broker: refused by the tool, at once and with a word.
check "leader-election says that it cannot" has 'UnsupportedVersion' java_class org.apache.kafka.tools.LeaderElectionCommand $B --election-type preferred --topic jc --partition 0
check "broker-api-versions" has 'Produce(0): 0 to 11' java_class kafka.admin.BrokerApiVersionsCommand $B
tap_done
