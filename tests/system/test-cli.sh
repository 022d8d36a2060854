# SPDX-License-Identifier: Apache-2.0
# The stoker tool against a real broker: what it prints, what it exits with.
. "$top_srcdir/tests/lib/tap.sh"
. "$top_srcdir/tests/lib/broker.sh"

broker_start 'group.initial.rebalance.delay.ms = 0' 'auto.create.topics.enable = true' || { nok "a broker"; tap_done; exit 1; }
export STOKER_BOOTSTRAP=$BOOTSTRAP
T=$BROKER_DIR
S () { timeout 60 "$STOKER" "$@"; }
code () { "$@" >"$T/out" 2>"$T/err"; echo $?; }
# json EXPRESSION < document: a Python expression over `d`
json () { "${PYTHON:-python3}" -c 'import json,sys; d=json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
jsonl () { "${PYTHON:-python3}" -c 'import json,sys; d=[json.loads(l) for l in sys.stdin]; print(eval(sys.argv[1]))' "$1"; }

# ---- the command line
is "no command is wrong usage" "$(code S)" 2
is "an unknown command is wrong usage" "$(code S nonsense)" 2
is "an unknown option is wrong usage" "$(code S topic list --nonsense)" 2
is "a missing value is wrong usage" "$(code S topic create x --partitions)" 2
is "a number that is none is wrong usage" "$(code S topic create x --partitions many)" 2
is "an address without a port number is wrong usage" "$(code S topic list -b 127.0.0.1:99999)" 2
is "so is a misspelt second one" "$(code S topic list -b "$BOOTSTRAP,127.0.0.1:http")" 2
is "produce: no such codec" "$(echo x | code S produce t -z bogus)" 2
is "produce: no such acks" "$(echo x | code S produce t -a 7)" 2
is "produce: a setting without a value" "$(echo x | code S produce t -X acks)" 2
is "produce: no such setting" "$(echo x | code S produce t -X nonsense=1)" 2
is "produce: settings that exclude each other" "$(echo x | code S produce t -X acks=1)" 2
is "consume: no such setting" "$(code S consume t -X nonsense=1 -e)" 2
is "topic create: a setting without a value" "$(code S topic create t -c retention.ms -b 127.0.0.1:1)" 2
is "nothing was made by all that" "$(S topic list --json)" "[]"
is "no broker is a failure" "$(code S topic list -b 127.0.0.1:1)" 1
check "and says which" grep -q '127.0.0.1:1' "$T/err"
for c in 'topic create' 'topic list' 'topic describe' 'topic alter' 'topic delete' produce consume 'group list' 'group describe' 'log dump' 'bench produce' 'bench consume' \
  'bench latency' 'bench many-partitions'; do
  # shellcheck disable=SC2086
  is "$c --help" "$(code S $c --help)" 0
  check "$c --help has examples" grep -q '^Examples:' "$T/out"
done
check "--version" S --version

# ---- topics
is "create" "$(code S topic create orders --partitions 3 -c retention.ms=3600000)" 0
is "create what exists fails" "$(code S topic create orders)" 1
check "and says why" grep -q TOPIC_ALREADY_EXISTS "$T/err"
is "create --if-missing" "$(code S topic create orders --if-missing)" 0
is "create a bad name" "$(code S topic create 'no good')" 1
is "create with a bad setting" "$(code S topic create bad -c nonsense=1)" 1
is "create --dry-run" "$(code S topic create ghost --dry-run)" 0
is "list --json" "$(S topic list --json | json '[(t["name"], t["partitions"]) for t in d]')" "[('orders', 3)]"
check "list for people" sh -c "'$STOKER' topic list | grep -q '^orders  *3'"
is "describe --json" "$(S topic describe orders --json | json 'd[0]["configs"]["retention.ms"], len(d[0]["partitions"]), len(d[0]["id"])')" "('3600000', 3, 22)"
is "describe what is not there" "$(code S topic describe nothere)" 1
is "asking does not make topics" "$(S topic list --json | json 'len(d)')" 1
is "alter" "$(code S topic alter orders -c retention.ms=7200000 -c segment.bytes=1048576 --partitions 6)" 0
is "it is altered" "$(S topic describe orders --json | json 'd[0]["configs"]["retention.ms"], len(d[0]["partitions"])')" "('7200000', 6)"
is "alter --unset" "$(code S topic alter orders -u retention.ms)" 0
is "it is unset" "$(S topic describe orders --json | json 'sorted(d[0]["configs"])')" "['segment.bytes']"
is "fewer partitions fail" "$(code S topic alter orders --partitions 2)" 1
is "alter without a change is wrong usage" "$(code S topic alter orders)" 2

# ---- records
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "k%d:value %d\n", i % 500, i }' >"$T/in"
is "produce" "$(code S produce orders -K : --json "$T/in")" 0
is "it counts" "$(json 'd["records"], d["failed"]' <"$T/out")" "(20000, 0)"
S consume orders --from-beginning --exit-at-end --format '%k:%v\n' >"$T/all"
is "everything comes back" "$(LC_ALL=C sort "$T/all" | md5sum)" "$(LC_ALL=C sort "$T/in" | md5sum)"
LC_ALL=C sort -s -t: -k1,1 "$T/in" >"$T/in.k"; LC_ALL=C sort -s -t: -k1,1 "$T/all" >"$T/all.k"
check "in order per key" cmp "$T/in.k" "$T/all.k"
is "from standard input" "$(printf 'a\nb\n\nlast without newline' | S produce lines -p 0; S consume lines --from-beginning -e | wc -l)" 4
is "the topic made itself" "$(S topic list --json | json '"lines" in [t["name"] for t in d]')" True
is "headers, key, constant partition" "$(echo v | S produce lines -p 0 -k key -H a=1 -H b=2; S consume lines -o -1 -e -f '%p %o %k %h %S %K\n')" '0 4 key a=1,b=2 1 3'
is "null value" "$(echo 'k:' | S produce lines -p 0 -K : -Z; S consume lines -o -1 -e --json | jsonl 'd[0]["key"], d[0]["value"]')" "('k', None)"
printf 'binary \377\001 bytes\n' >"$T/whole"
is "whole files" "$(cd "$T" && S produce whole --whole whole; S consume whole --from-beginning -e -f '%k %v')" "whole $(cat "$T/whole")"
is "bytes that are no text, in JSON" "$(S consume whole --from-beginning -e --json | jsonl '__import__("base64").b64decode(d[0]["value_base64"])')" "b'binary \\xff\\x01 bytes\\n'"
for codec in gzip snappy lz4 zstd; do
  is "compressed with $codec" "$(head -1000 "$T/in" | S produce packed -z $codec; S consume packed --from-beginning -e -n 1000 | wc -l; S topic delete packed >/dev/null)" 1000
done
is "no such partition" "$(code S produce orders -p 99 "$T/in")" 1
is "no such file" "$(code S produce orders "$T/nofile")" 1
is "no such partitioner" "$(code S produce orders --partitioner nonsense "$T/in")" 1
check "and says where it looked" grep -qi 'partitioner' "$T/err"

# ---- shares
S topic create shares --partitions 4 >/dev/null
seq 1 1002 | S produce shares
is "round robin: equal shares" "$(S topic describe shares --json | json 'sorted(p["end"] for p in d[0]["partitions"])')" '[250, 250, 251, 251]'
S topic create hashed --partitions 4 -c partitioner=murmur2 >/dev/null
sed 's/.*/&:&/' <(seq 1 500) | S produce hashed -K :
S topic create hashed2 --partitions 4 >/dev/null
sed 's/.*/&:&/' <(seq 1 500) | kcat -P -b "$BOOTSTRAP" -t hashed2 -K : -X partitioner=murmur2_random 2>/dev/null
is "the topic's partitioner chooses as Java clients do" "$(S consume hashed --from-beginning -e -f '%k %p\n' | sort | md5sum)" \
  "$(S consume hashed2 --from-beginning -e -f '%k %p\n' | sort | md5sum)"

# ---- from where
is "--offset" "$(S consume shares -p 0 -o 5 -n 2 -f '%o ')" '5 6 '
is "--count ends it" "$(S consume shares --from-beginning -n 7 | wc -l)" 7
is "--from a time: all" "$(S consume shares --from 1h -e | wc -l)" 1002
is "--from the future: nothing" "$(S consume shares --from "$(($(date +%s) * 1000 + 600000))" -e | wc -l)" 0
is "a topic that is not there" "$(code S consume nothere -e)" 1
is "group and offset exclude each other" "$(code S consume shares -g x -o 5)" 2
is "a bad format is wrong usage" "$(code S consume shares -f '%q')" 2
S consume orders --from-beginning 2>"$T/err" | head -1 >/dev/null
is "a closed pipe ends it quietly" "${PIPESTATUS[0]} $(cat "$T/err")" "0 "

# ---- groups
is "a group reads all" "$(S consume shares -g readers --from-beginning -e | wc -l)" 1002
is "and nothing again" "$(S consume shares -g readers --from-beginning -e | wc -l)" 0
is "list" "$(S group list --json | json '[(g["group"], g["state"], g["type"]) for g in d]')" "[('readers', 'Empty', 'classic')]"
is "list --state no such" "$(code S group list --state Bogus)" 2
check "and says which there are" grep -q PreparingRebalance "$T/err"
is "list --state in small letters" "$(S group list --state empty --json | json '[g["group"] for g in d]')" "['readers']"
is "list --state" "$(S group list --state Stable --json | json 'd')" '[]'
is "no lag" "$(S group describe readers --json | json 'sum(p["lag"] for p in d[0]["partitions"]), d[0]["state"]')" "(0, 'Empty')"
seq 1 10 | S produce shares
is "lag" "$(S group describe readers --json | json 'sum(p["lag"] for p in d[0]["partitions"])')" 10
is "no such group" "$(code S group describe nobody)" 1
"$STOKER" consume shares -g live -v >/dev/null 2>"$T/live" &
live=$!
for _ in $(seq 100); do grep -q assigned "$T/live" && break; sleep 0.1; done
is "a live member" "$(S group describe live --json | json 'd[0]["state"], len(d[0]["members"]), sorted(p["partition"] for p in d[0]["partitions"] if p["member"])')" "('Stable', 1, [0, 1, 2, 3])"
kill "$live"; wait "$live" 2>/dev/null
is "it leaves in order" "$(S group describe live --json | json 'd[0]["state"], len(d[0]["members"])')" "('Empty', 0)"
broker_kill; broker_again
is "kill -9: the offsets are where they were" "$(S group describe readers --json | json 'sum(p["lag"] for p in d[0]["partitions"])')" 10
is "and the group reads on" "$(S consume shares -g readers -e | wc -l)" 10

# ---- files
broker_stop
dir=$(echo "$BROKER_DIR"/data/orders-0)
log=$(ls "$dir"/*.log | head -1)
is "log dump" "$(code S log dump "$dir"/*.log)" 0
is "records of a dump" "$(S log dump --values --json "$dir"/*.log | jsonl 'len([x for x in d if x["kind"] == "record"]) - sum(x["count"] for x in d if x["kind"] == "batch")')" 0
S log dump --values "$dir"/*.log "$dir"/*.index 2>"$T/err" | head -1 >/dev/null
is "a closed pipe ends it quietly" "${PIPESTATUS[0]} $(cat "$T/err")" "0 "
is "a full disk does not" "$("$STOKER" log dump "$log" 2>"$T/err" >/dev/full; echo $?)" 1
is "other files" "$(code S log dump "$dir"/*.index "$dir"/*.timeindex "$dir"/leader-epoch-checkpoint "$dir"/partition.metadata "$BROKER_DIR"/data/recovery-point-offset-checkpoint)" 0
is "a file that is no log" "$(code S log dump "$T/in")" 2
cp "$log" "$T/00000000000000000000.log"
printf 'X' | dd of="$T/00000000000000000000.log" bs=1 seek=100 conv=notrunc 2>/dev/null
is "damage is found" "$(code S log dump "$T/00000000000000000000.log")" 1
check "and its place named" grep -q 'position 0: offset 0: the CRC' "$T/err"
head -c 5000 "$log" >"$T/00000000000000000000.log"
is "a torn end is found" "$(code S log dump "$T/00000000000000000000.log")" 1
golden=$top_srcdir/tests/golden/kafka-3.9.1/logs.tar.xz
if [ -f "$golden" ] && tar -C "$T" -xJf "$golden" 2>/dev/null; then
  bad=0 n=0
  while IFS= read -r f; do
    n=$((n + 1))
    S log dump "$f" >/dev/null 2>"$T/err" || { bad=$((bad + 1)); cat "$T/err" | diag; }
  done < <(find "$T" -path "$BROKER_DIR/data" -prune -o \( -name '*.log' -o -name '*.index' -o -name '*.timeindex' -o -name '*.snapshot' -o -name '*.txnindex' -o -name '*-checkpoint' \) -size +0 -print | grep -v "^$T/0000" | head -400)
  is "files that Apache Kafka wrote ($n)" "$bad" 0
fi
tap_done
