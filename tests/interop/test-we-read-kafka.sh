#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# stokerd on a copy of a data directory that Apache Kafka 3.9.1 wrote (tests/golden): every record that Kafka's own dump tool shows comes back
# through kcat, at its offset, with its timestamp, key and value size; then the directory is written to, and read again after a restart.
. "$top_srcdir/tests/lib/tap.sh"; . "$top_srcdir/tests/lib/broker.sh"
command -v kcat >/dev/null || skip_all "kcat is not installed"
command -v xz >/dev/null || skip_all "xz is not installed"
export KCAT_CONFIG=/dev/null
G=$top_srcdir/tests/golden/kafka-3.9.1
BROKER_DIR=$(mktemp -d "${TMPDIR:-/tmp}/stoker-test.XXXXXX")
trap broker_cleanup EXIT
tar -xJf "$G/logs.tar.xz" -C "$BROKER_DIR" || exit 1
check "the tree is seeded" bash -c "'${PYTHON:-python3}' '$top_srcdir/tests/interop/seed-zk.py' --print '$BROKER_DIR/data' | '$top_builddir/tests/interop/seed-tree' '$BROKER_DIR/data'"
id=$(sed -n 's/^broker.id=//p' "$BROKER_DIR/data/meta.properties")
broker_start "broker.id = $id" 'log.retention.ms = -1' || exit 1
xz -dc "$G/logs.dump.txt.xz" | "${PYTHON:-python3}" "$top_srcdir/tests/interop/read-dump.py" | LC_ALL=C sort >"$BROKER_DIR/want"
topics=$(cut -d' ' -f1 "$BROKER_DIR/want" | sort -u)
read_all () { for t in $topics; do kcat -C -q -e -b "$BOOTSTRAP" -t "$t" -o beginning -X isolation.level=read_uncommitted -X check.crcs=true \
  -f '%t %p %o %T %K %S\n' 2>/dev/null; done | LC_ALL=C sort; }
# Records below the log start (DeleteRecords) stand in the files, but are not served.
start=$(kcat -Q -b "$BOOTSTRAP" -t trimmed:0:-2 2>/dev/null | sed -n 's/.*offset //p')
is "log start of the trimmed topic" "$start" 71
awk -v s=71 '!($1 == "trimmed" && $3 < s)' "$BROKER_DIR/want" >"$BROKER_DIR/want.served"
read_all >"$BROKER_DIR/got"
if cmp -s "$BROKER_DIR/want.served" "$BROKER_DIR/got"; then ok "every record of Kafka's dump is served ($(wc -l <"$BROKER_DIR/got"))"; else
  nok "every record of Kafka's dump is served"; diff "$BROKER_DIR/want.served" "$BROKER_DIR/got" | head -n 10 | diag; fi
for t in codec-zstd compacted txn; do check "append to $t" kcat -P -b "$BOOTSTRAP" -t $t -p 0 -K: -X enable.idempotence=true -l <(printf 'k:appended\n'); done
check "clean stop" broker_stop
check "start again" broker_again
read_all >"$BROKER_DIR/again"
is "three records more" "$(($(wc -l <"$BROKER_DIR/again") - $(wc -l <"$BROKER_DIR/got")))" 3
if LC_ALL=C comm -23 "$BROKER_DIR/got" "$BROKER_DIR/again" | grep -q .; then nok "none lost"; else ok "none lost"; fi
if grep -qE ' (error|warn) ' "$BROKER_DIR/log"; then nok "nothing to complain of"; grep -E ' (error|warn) ' "$BROKER_DIR/log" | head -n 5 | diag; else ok "nothing to complain of"; fi
tap_done
