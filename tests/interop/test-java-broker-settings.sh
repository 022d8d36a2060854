#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Settings of brokers with Apache Kafka's own kafka-configs: one broker's and the defaults of all, seen in topics too.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"; . "$top_srcdir/tests/interop/clients.sh"
. "$top_srcdir/tests/interop/java.sh"
need_client java
broker_start || exit 1
B="--bootstrap-server $BOOTSTRAP"

lacks () { local unwanted=$1; shift; "$@" >"$BROKER_DIR/out" 2>&1 && ! grep -q -- "$unwanted" "$BROKER_DIR/out" || { cat "$BROKER_DIR/out"; return 1; }; }
configs () { java_class kafka.admin.ConfigCommand $B "$@"; }

check "a topic" java_class org.apache.kafka.tools.TopicCommand $B --create --topic jt
check "--entity-name 0 --add-config" has 'Completed updating config for broker 0' configs --entity-type brokers --entity-name 0 --alter --add-config log.retention.ms=3600000
check "--entity-default --add-config" has 'Completed updating default config for brokers in the cluster' configs --entity-type brokers --entity-default --alter \
  --add-config log.retention.ms=7200000,message.max.bytes=500000
check "--describe --entity-name 0" has 'log.retention.ms=3600000 sensitive=false synonyms={DYNAMIC_BROKER_CONFIG:log.retention.ms=3600000, DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=7200000, DEFAULT_CONFIG:log.retention.ms=604800000}' \
  configs --entity-type brokers --entity-name 0 --describe
check "--describe --entity-default" has 'message.max.bytes=500000 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:message.max.bytes=500000}' configs --entity-type brokers --entity-default --describe
check "--describe --all" has 'num.partitions=1 ' configs --entity-type brokers --entity-name 0 --describe --all
check "a topic inherits" has 'max.message.bytes=500000 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:message.max.bytes=500000' configs --entity-type topics --entity-name jt --describe --all
check "what needs a restart is refused" has 'InvalidRequestException: num.partitions cannot' configs --entity-type brokers --entity-name 0 --alter --add-config num.partitions=3
check "another broker's are refused" has 'Exception' configs --entity-type brokers --entity-name 5 --alter --add-config log.retention.ms=1
check "--delete-config" has 'Completed' configs --entity-type brokers --entity-name 0 --alter --delete-config log.retention.ms
check "what is below holds again" lacks 'DYNAMIC_BROKER_CONFIG' configs --entity-type brokers --entity-name 0 --describe
check "--delete-config of a default" has 'Completed' configs --entity-type brokers --entity-default --alter --delete-config log.retention.ms,message.max.bytes
check "nothing is left" lacks '=' configs --entity-type brokers --entity-default --describe
check "clean stop" broker_stop
tap_done
