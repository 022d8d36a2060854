# SPDX-License-Identifier: Apache-2.0
# Sourced: runs a class of Apache Kafka's jars with a small heap and a quiet log.
java_class () {
  printf 'log4j.rootLogger=ERROR, E\nlog4j.appender.E=org.apache.log4j.ConsoleAppender\nlog4j.appender.E.target=System.err\nlog4j.appender.E.layout=org.apache.log4j.SimpleLayout\n' >"$BROKER_DIR/log4j.properties"
  timeout -k 5 180 java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j.configuration="file:$BROKER_DIR/log4j.properties" \
    -cp "$CLIENTS/java/*" "$@"
}
# has TEXT COMMAND..: succeeds when the command prints TEXT.
has () { local want=$1; shift; "$@" 2>&1 | tee "$BROKER_DIR/out" | grep -q -- "$want" || { cat "$BROKER_DIR/out"; return 1; }; }
