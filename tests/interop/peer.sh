# SPDX-License-Identifier: Apache-2.0
# Sourced after broker.sh and clients.sh: Apache Kafka 3.9.1 on what our broker wrote.
#
#   peer_start             on a copy of the stopped broker's directory, in a tree that knows it; sets PEER to its address
#   dump ADDRESS TOPIC..   every record of the topics, a line each, sorted
#   peer_refuses WORD      the copy is one that Kafka does not start on, and says why with this word; nothing is left of it
#   peer_serves TOPIC..    one check a topic: Kafka's records are those in $BROKER_DIR/ours.TOPIC
#   peer_repaired_nothing
SEED="${PYTHON:-python3} $top_srcdir/tests/lib/seed-tree.py"
trap 'peer_stop; broker_cleanup' EXIT

peer () { PEER_DIR=$BROKER_DIR/peer KAFKA_LIBS=$CLIENTS/java "$ACCEPTANCE/peer-kafka" "$@"; }
peer_stop () { [ -z "${PEER:-}" ] || peer stop >/dev/null 2>&1; PEER=; }

dump () {
  local to=$1 t; shift
  for t in "$@"; do
    kcat -C -q -e -b "$to" -t "$t" -o beginning -X isolation.level=read_uncommitted -X check.crcs=true -f '%p %o %T %K %k %h %S %s\n' 2>/dev/null
  done | LC_ALL=C sort
}

peer_prepare () {
  local data=$BROKER_DIR/data zk
  id=$(sed -n 's/^broker.id=//p' "$data/meta.properties")
  zk=$(free_port); PEER=127.0.0.1:$(free_port)
  export ZKPORT=$zk PORT0=$((${PEER#*:} - id)) PEER_HEAP=512m
  check "ZooKeeper starts" peer start 0
  check "the tree is seeded" "$CLIENTS/python/bin/python" "$top_srcdir/tests/lib/seed-tree.py" "127.0.0.1:$zk" "$data"
  cp -a "$data" "$BROKER_DIR/peer/data-$id"
  PEER_LOG=$BROKER_DIR/peer/broker-$id.log
}

peer_refuses () {
  local id
  peer_prepare
  if peer add "$id" >"$BROKER_DIR/peer.out" 2>&1; then nok "Kafka refuses the directory"; else ok "Kafka refuses the directory"; fi
  check "and says why" grep -q "$1" "$PEER_LOG"
  peer_stop
  rm -rf "$BROKER_DIR/peer"
}

peer_start () {
  local id i
  peer_prepare
  check "Kafka starts on the directory" peer add "$id"
  for i in $(seq 150); do # until it leads everything
    kcat -L -b "$PEER" >"$BROKER_DIR/peer.list" 2>/dev/null && grep -q "leader $id" "$BROKER_DIR/peer.list" &&
      ! grep -q 'leader -1' "$BROKER_DIR/peer.list" && break
    sleep 0.2
  done
}

peer_serves () {
  local t
  for t in "$@"; do
    dump "$PEER" "$t" >"$BROKER_DIR/kafka.$t"
    if cmp -s "$BROKER_DIR/ours.$t" "$BROKER_DIR/kafka.$t"; then ok "Kafka serves $t as we did ($(wc -l <"$BROKER_DIR/kafka.$t"))"; else
      nok "Kafka serves $t as we did"; diff -a "$BROKER_DIR/ours.$t" "$BROKER_DIR/kafka.$t" | head -n 5 | cut -c1-200 | diag; fi
  done
}

peer_repaired_nothing () {
  local what='orrupt|Rebuilding|Recovering|truncat|not sane|Found invalid'
  if [ ! -s "$PEER_LOG" ] || grep -qE "$what" "$PEER_LOG"; then nok "Kafka had nothing to repair"; grep -E "$what" "$PEER_LOG" | head -n 5 | diag
  else ok "Kafka had nothing to repair"; fi
}
