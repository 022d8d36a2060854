# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, five times (LONG=1: sixty): nothing acknowledged is lost; an idempotent producer that sends again what was not
acknowledged leaves no gap, no duplicate and no other order; offsets committed and topics created stay."""
import collections, os, random, subprocess, sys, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap
from kapi import Client
from records import pack, unpack

tap = Tap()
ROUNDS, PARTS, WINDOW, PER = 60 if os.environ.get("LONG") else 5, 3, 5, 20
rng = random.Random(os.environ.get("SEED", "7"))
br = Broker("group.initial.rebalance.delay.ms = 0")
c = Client(br.port)
c.create("t", PARTS, segment_bytes=1048576)
stop = threading.Event()
lock = threading.Lock()
acked = [[] for _ in range(PARTS)]  # per partition: (sequence, offset) in the order of the answers
wrong = []


def connect():
    end = time.time() + 60
    while True:
        try:
            return Client(br.port, 5)
        except OSError:
            if time.time() > end:
                raise
            time.sleep(0.02)


def producer(part, pid):
    """Up to five batches in flight; after a broken connection it goes on with the first that was not acknowledged."""
    flight, seq = collections.deque(), 0
    conn = connect()
    while not (stop.is_set() and not flight):
        try:
            while len(flight) < WINDOW and not stop.is_set():
                data = pack([(b"p%d" % part, b"%d" % (seq + i) + b"." * 500) for i in range(PER)], rng.choice(("none", "gzip")), pid=pid, epoch=0, seq=seq)
                flight.append((seq, data))
                seq += PER
                conn.post("Produce", 8, acks=-1, timeout_ms=5000, topic_data=[dict(name="t", partition_data=[dict(index=part, records=data)])])
            p = conn.take("Produce", 8).responses[0].partition_responses[0]
            if p.error_code in (3, 5, 6, 7):  # not yet: as a client would, again from there
                raise EOFError
            if p.error_code:
                wrong.append((part, flight[0][0], p))
                return
            with lock:
                acked[part].append((flight.popleft()[0], p.base_offset))
        except (OSError, EOFError):
            conn.close()
            if not br_lives():
                time.sleep(0.05)
            while True:
                try:
                    conn = connect()
                    for s, data in flight:
                        conn.post("Produce", 8, acks=-1, timeout_ms=5000, topic_data=[dict(name="t", partition_data=[dict(index=part, records=data)])])
                    break
                except OSError:
                    conn.close()


def br_lives():
    return br.proc.poll() is None


threads = [threading.Thread(target=producer, args=(i, c.producer_id()), daemon=True) for i in range(PARTS)]
for t in threads:
    t.start()
seen, committed, topics = [{} for _ in range(PARTS)], -1, []


def look(conn):
    """Reads the end of each partition: what was once read must stay."""
    for p in range(PARTS):
        end = conn.offset("t", -1, part=p)[2]
        for r in unpack(conn.fetch("t", max(0, end - 5), part=p).records):
            v = r.value.split(b".")[0]
            if seen[p].setdefault(r.offset, v) != v:
                wrong.append(("changed", p, r.offset, seen[p][r.offset], v))


for i in range(ROUNDS):
    side = connect()
    for k in range(rng.randrange(4, 12)):
        look(side)
        r = side.ask("OffsetCommit", 7, group_id="g", member_id="", generation_id_or_member_epoch=-1, topics=[dict(name="t", partitions=[dict(partition_index=0, committed_offset=100 * i + k)])])
        if r.topics[0].partitions[0].error_code == 0:
            committed = 100 * i + k
        time.sleep(rng.random() * 0.1)
    if side.create("made-%d" % i) == 0:
        topics.append("made-%d" % i)
    sure = [a[-1] if a else (-1, -1) for a in acked]
    br.kill()
    br.start()
    c = connect()
    ends = [c.offset("t", -1, part=p)[2] for p in range(PARTS)]
    tap.ok(all(e >= s[1] + PER for e, s in zip(ends, sure) if s[1] >= 0), "kill %d: nothing acknowledged is lost" % (i + 1), (ends, sure))
    look(c)
    got = c.ask("OffsetFetch", 7, group_id="g", topics=[dict(name="t", partition_indexes=[0])]).topics[0].partitions[0].committed_offset
    tap.eq(got, committed, "kill %d: the committed offset is there" % (i + 1))
    have = {t.name for t in c.ask("Metadata", 5, topics=None).topics}
    tap.ok(set(topics) <= have, "kill %d: the topics that were created too" % (i + 1), (topics, have))

time.sleep(0.5)
stop.set()
for t in threads:
    t.join(20)
tap.eq(([t.is_alive() for t in threads], wrong), ([False] * PARTS, []), "the producers end, none met an error")
c = connect()
for p in range(PARTS):
    values, at = [], 0
    end = c.offset("t", -1, part=p)[2]
    while at < end:
        rows = [r for r in unpack(c.fetch("t", at, part=p, part_bytes=1 << 20).records) if r.offset >= at]
        if not rows:
            break
        values += [int(r.value.split(b".")[0]) for r in rows]
        at = rows[-1].offset + 1
    tap.ok(values == list(range(len(values))) and len(values) == end, "partition %d: %d records, in order, no gap, no duplicate" % (p, end),
           [(i, v) for i, v in enumerate(values) if i != v][:5])
    tap.ok(acked[p] and all(s == o for s, o in acked[p]) and len(values) >= acked[p][-1][0] + PER, "partition %d: each batch is where its answer said" % p, acked[p][-3:])
    tap.ok(all(values[o] == int(v) for o, v in seen[p].items()), "partition %d: what a consumer saw is still so" % p)

# ---- the same with a stock client that retries by itself
lines = b"".join(b"%d,%s\n" % (i, b"x" * 200) for i in range(150000))
c.create("kcat", 1)
args = ["kcat", "-b", br.boot, "-X", "enable.idempotence=true", "-X", "queue.buffering.max.ms=5", "-X", "reconnect.backoff.max.ms=100", "-X", "queue.buffering.max.messages=3000"]
k = subprocess.Popen(args + ["-E", "-P", "-t", "kcat", "-p", "0"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def feed():
    for i in range(0, len(lines), 1 << 20):  # one MiB at a time, so that the kills fall into it
        k.stdin.write(lines[i:i + (1 << 20)])
        k.stdin.flush()
        time.sleep(0.05)
    k.stdin.close()


feeder = threading.Thread(target=feed, daemon=True)
feeder.start()
for _ in range(3):
    time.sleep(0.3 + rng.random() * 0.3)
    br.kill()
    br.start()
feeder.join(60)
try:
    rc = k.wait(60)
except subprocess.TimeoutExpired:
    k.kill()
    rc = "time-out"
tap.eq(rc, 0, "kcat delivers 150,000 lines across three kills")
out = subprocess.run(["kcat", "-b", br.boot, "-C", "-t", "kcat", "-p", "0", "-e", "-q"], stdout=subprocess.PIPE, timeout=60).stdout
tap.ok(out == lines, "and they come back byte for byte", "%d bytes of %d" % (len(out), len(lines)))

tap.eq(br.stop(), 0, "a clean stop")
br.close()
tap.done()
