# SPDX-License-Identifier: Apache-2.0
"""Compacted topics through the broker: of each key the newest record stays, at its offset; deletions go after
delete.retention.ms; producers go on where they were; consumers read all the time; a damaged log keeps none of the others
waiting (kafka-facts 5.7)."""
import glob, os, subprocess, shutil, sys, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker, until
from kapi import Client
from records import batches, pack, unpack

tap = Tap()
SETTINGS = ("log.cleaner.backoff.ms = 200", "log.segment.delete.delay.ms = 0")
br = Broker(*SETTINGS)
c = Client(br.port)
sent = {}  # topic -> {offset: (key, value)}


def make(topic, **more):
    configs = dict(cleanup_policy="compact", segment_bytes=20000, min_cleanable_dirty_ratio=0.01, delete_retention_ms=1500)
    configs.update(more)
    sent[topic] = {}
    return c.create(topic, **configs)


def send(topic, records, codec="none", **producer):
    r = c.produce(topic, pack(records, codec, **producer))
    if r.error_code == 0:
        for i, (k, v) in enumerate(records):
            sent[topic][r.base_offset + i] = (k, v)
    return r.error_code


def read(topic, client=None):
    """Every record, in order; the offsets of batches and records only grow."""
    client = client or Client(br.port)
    out, at, end = [], client.offset(topic, -2)[2], client.offset(topic, -1)[2]
    while at < end:
        p = client.fetch(topic, at, part_bytes=1 << 16)
        assert p.error_code == 0, p.error_code
        data = p.records or b""
        for b in batches(data):
            assert b.ok and b.last >= at, (b.base, at)
            at_before, at = at, b.last + 1
        out += [r for r in unpack(data)]
        if not data:
            break
    seen = {r.offset: r for r in out}  # a fetch at an offset inside of a batch brings the whole batch
    return [seen[o] for o in sorted(seen)]


def newest(topic):
    last = {}
    for o in sorted(sent[topic]):
        last[sent[topic][o][0]] = o
    return last


def right(topic):
    """What is there is what was sent, and the newest of each key is there (or was a deletion)."""
    got = read(topic)
    for r in got:
        if sent[topic][r.offset] != (r.key, r.value):
            return "offset %d is %r" % (r.offset, (r.key, r.value))
    there = {r.offset for r in got}
    for k, o in newest(topic).items():
        if o not in there and sent[topic][o][1] is not None:
            return "key %r lacks its newest record, at %d" % (k, o)
    return ""


def key(i):
    return b"key-%d" % i


pid = c.producer_id()
tap.eq(make("c"), 0, "a compacted topic")
tap.eq(send("c", [(None, b"v")]), 87, "records without a key are refused")
seq = 0


def fill(topic, n, tag, codec="none"):
    global seq
    for b in range(n):
        assert send(topic, [(key((b * 7 + i) % 50), b"%s %d %d " % (tag, b, i) + b"x" * 40) for i in range(100)], codec, pid=pid, epoch=0, seq=seq) == 0
        seq += 100


# ---- readers read all the time
trouble, stop = [], threading.Event()


def reader():
    client = Client(br.port)
    while not stop.is_set():
        try:
            for r in read("c", client):
                if sent["c"].get(r.offset, (r.key, r.value)) != (r.key, r.value):
                    trouble.append("offset %d" % r.offset)
        except Exception as e:
            trouble.append("%s: %s" % (type(e).__name__, e))


thread = threading.Thread(target=reader)
thread.start()
for codec in ("none", "gzip"):
    fill("c", 20, codec.encode(), codec)
sealed = lambda: len(read("c"))
tap.ok(until(lambda: sealed() < 1500), "of 4,000 records few are left below the active segment", sealed())
tap.eq(right("c"), "", "of each key the newest, at its offset")
tap.eq((c.offset("c", -2)[2], c.offset("c", -1)[2]), (0, 4000), "the log begins and ends where it did")
r = c.fetch("c", 17)
tap.ok(r.error_code == 0 and next(batches(r.records)).last >= 17, "a fetch at an offset that is gone finds the next one")
folder = os.path.join(br.data, "c-0")
tap.ok(until(lambda: not [f for f in os.listdir(folder) if f.endswith((".cleaned", ".swap"))]), "no half-made files stay", os.listdir(folder))
with open(os.path.join(br.data, "cleaner-offset-checkpoint")) as f:
    lines = f.read().splitlines()
tap.ok(lines[:2] == ["0", "1"] and lines[2].startswith("c 0 "), "cleaner-offset-checkpoint, in Kafka's format", lines)
if shutil.which("kcat"):
    out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", br.boot, "-t", "c", "-o", "beginning", "-X", "check.crcs=true", "-f", "%o\n"],
                         capture_output=True, env=dict(os.environ, KCAT_CONFIG="/dev/null"), timeout=60).stdout.split()
    tap.eq([int(o) for o in out], [r.offset for r in read("c")], "kcat reads the same")

# ---- deletions
assert send("c", [(key(i), None) for i in range(10)]) == 0
gone_at = c.offset("c", -1)[2]
fill("c", 0, b"")
for i in range(6):
    assert send("c", [(key(10 + k % 40), b"filler %d " % i + b"y" * 60) for k in range(100)]) == 0
old = lambda: [r for r in read("c") if r.key in [key(i) for i in range(10)]]
tap.ok(until(lambda: len(old()) <= 10), "deleted keys have nothing but their deletion left", len(old()))
tap.ok(all(r.value is None for r in old()), "and that is one", old())
time.sleep(1.6)
filler = 0


def more():  # a log without anything new is not compacted
    global filler
    for _ in range(5):
        filler += 1
        assert send("c", [(key(10 + k % 40), b"more %d " % filler + b"y" * 60) for k in range(100)]) == 0
    return until(lambda: not old(), 3)


tap.ok(more() or more() or more(), "after delete.retention.ms the deletions go, too", old())
tap.eq(right("c"), "", "all others are as they should be")
stop.set()
thread.join()
tap.eq(trouble[:3], [], "consumers found nothing else all the while")

# ---- kill -9, and the producer goes on
before = [(r.offset, r.key, r.value) for r in read("c")]
br.kill()
br.start()
c = Client(br.port)
tap.eq(right("c"), "", "after kill -9: the same")
tap.ok({o for o, _, _ in before} >= {r.offset for r in read("c")}, "nothing that was gone comes back")
tap.eq(send("c", [(key(1), b"too far")], pid=pid, epoch=0, seq=seq + 5), 45, "the producer's sequence is known: a gap is refused")
tap.eq(send("c", [(key(1), b"next")], pid=pid, epoch=0, seq=seq), 0, "the next one is taken")

# ---- compact,delete; and a damaged log
tap.eq(make("both", cleanup_policy="compact,delete", retention_bytes=30000), 0, "cleanup.policy=compact,delete")
tap.eq(make("bad"), 0, "a topic that will be damaged")
for t in ("both", "bad"):
    for i in range(12):
        assert send(t, [(key(i * 100 + k), b"v" * 60) for k in range(100)]) == 0
tap.eq(br.stop(), 0, "clean stop")
first = sorted(glob.glob(os.path.join(br.data, "bad-0", "*.log")))[0]
with open(first, "r+b") as f:
    f.seek(200)
    f.write(b"\xff\xff")
br.configure("log.retention.check.interval.ms = 1000", "log.cleaner.backoff.ms = 200", "log.segment.delete.delay.ms = 0")
open(os.path.join(br.data, "cleaner-offset-checkpoint"), "w").write("0\n0\n")
br.start()
c = Client(br.port)
tap.ok(until(lambda: "cleaner.uncleanable" in br.tail(1 << 20)), "the damaged log is named", br.tail())
tap.ok("topic=bad" in [l for l in br.tail(1 << 20).splitlines() if "cleaner.uncleanable" in l][0], "by its topic")
fill_from = c.offset("c", -1)[2]
for i in range(5):
    send("c", [(key(k % 50), b"again %d" % i + b"z" * 60) for k in range(100)])
tap.ok(until(lambda: len([r for r in read("c") if r.offset < fill_from]) < 60), "and does not keep the others waiting")
tap.eq(right("c"), "", "which are right")
tap.ok(until(lambda: c.offset("both", -2)[2] > 0), "retention by size works on compacted topics that ask for it", c.offset("both", -2))
tap.eq(br.stop(), 0, "clean stop")

# ---- the throttle, off, and a stop in the middle of a run
br.configure("log.cleaner.enable = false")
br.start()
c = Client(br.port)
for topic in ("slow", "slow2"):
    tap.eq(make(topic), 0, "a topic that is compacted slowly")
    for i in range(12):
        assert send(topic, [(key(k), b"v %d " % i + b"x" * 60) for k in range(100)]) == 0
tap.eq(br.stop(), 0, "clean stop")
br.configure("log.cleaner.backoff.ms = 200", "log.cleaner.io.max.bytes.per.second = 20000")
br.start()
c = Client(br.port)
r = c.ask("IncrementalAlterConfigs", 1, resources=[dict(resource_type=4, resource_name="0", configs=[
    dict(name="log.cleaner.threads", config_operation=0, value="2")])])
tap.eq(r.responses[0].error_code, 0, "a second thread while the broker runs")
half_made_of = lambda topic: [f for f in os.listdir(os.path.join(br.data, topic + "-0")) if f.endswith(".cleaned")]
half_made = lambda: half_made_of("slow") + half_made_of("slow2")
tap.ok(until(half_made), "one is being written anew")
began = time.time()
tap.eq(br.stop(), 0, "a stop in the middle of it is clean")
took = time.time() - began
tap.ok(took < 5, "and does not wait for its end", took)  # there are 160 KB to be read, 20 KB a second
tap.eq(half_made(), [], "nothing half-made stays")
br.configure("log.cleaner.enable = false")
br.start()
c = Client(br.port)
tap.eq((right("slow"), right("slow2")), ("", ""), "all of it is there")
tap.eq(br.stop(), 0, "clean stop")
tap.done()
