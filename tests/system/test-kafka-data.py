# SPDX-License-Identifier: Apache-2.0
"""A data directory that Apache Kafka 3.9.1 wrote and stopped cleanly (tests/golden): with a tree that knows its topics,
Stoker serves every byte of every log, before and after restarts and a kill, and goes on from there."""
import atexit, glob, os, re, shutil, subprocess, sys, tarfile, tempfile
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import Client

tap = Tap()
GOLDEN = os.path.join(SRC, "tests", "golden", "kafka-3.9.1", "logs.tar.xz")


def partitions(data):
    """{topic: {partition: folder}}"""
    out = {}
    for d in sorted(glob.glob(os.path.join(data, "*-[0-9]*"))):
        if os.path.isdir(d):
            topic, p = os.path.basename(d).rsplit("-", 1)
            out.setdefault(topic, {})[int(p)] = d
    return out


def seed(data):
    """Makes the tree that knows of the topics in `data`, as Kafka's tools would have: same ids, one replica each."""
    nodes = subprocess.run([sys.executable, os.path.join(SRC, "tests/lib/seed-tree.py"), "--print", data], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run([os.path.join(BUILD, "tests/lib/seed-tree"), data], input=nodes, check=True)
    with open(os.path.join(data, "meta.properties")) as f:
        return re.search(r"cluster\.id=(\S+)", f.read()).group(1)


def log_bytes(folder, start):
    """The batches of all segments from the one that holds offset `start` on."""
    data = b"".join(open(f, "rb").read() for f in sorted(glob.glob(os.path.join(folder, "*.log"))))
    at = 0
    while at < len(data):
        base, length = struct.unpack(">qi", data[at:at + 12])
        last = base + struct.unpack(">i", data[at + 23:at + 27])[0]
        if last >= start:
            break
        at += 12 + length
    return data[at:]


def served(c, topic, p, start, end):
    """Everything that Fetch gives of a partition."""
    out, at = b"", start
    while at < end:
        err, hw, data = fetch(c, topic, p, at)
        if err or not data:
            return out, "error %d at %d, %d bytes" % (err, at, len(data))
        pos = 0
        while pos + 61 <= len(data):
            base, length = struct.unpack(">qi", data[pos:pos + 12])
            if pos + 12 + length > len(data):
                break
            at = base + struct.unpack(">i", data[pos + 23:pos + 27])[0] + 1
            pos += 12 + length
        out += data[:pos]
    return out, ""


def check_all(how, want):
    c = Conn(br.port)
    bad = []
    for (topic, p), (start, data, end) in want.items():
        err, _, first = list_offset(c, topic, p, -2)
        if (err, first) != (0, start):
            bad.append("%s-%d: begins at %r, not %d" % (topic, p, (err, first), start))
        err, _, last = list_offset(c, topic, p, -1)
        if (err, last) != (0, end):
            bad.append("%s-%d: ends at %r, not %d" % (topic, p, (err, last), end))
        got, why = served(c, topic, p, start, end)
        if got != data:
            bad.append("%s-%d: %d bytes served, %d in the files %s" % (topic, p, len(got), len(data), why))
    tap.ok(not bad, "%s: every byte of %d partitions is served" % (how, len(want)), "\n".join(bad))


home = tempfile.mkdtemp(prefix="stoker-test.")
atexit.register(shutil.rmtree, home, True)
with tarfile.open(GOLDEN) as t:
    t.extractall(home)  # data/
home = os.path.join(home, "data")
cluster = seed(home)

starts = {"trimmed-0": 71}
want = {}
for topic, parts in partitions(home).items():
    for p, folder in parts.items():
        start = starts.get("%s-%d" % (topic, p), 0)
        data = log_bytes(folder, start)
        snapshots = [int(os.path.basename(f)[:20]) for f in glob.glob(os.path.join(folder, "*.snapshot"))]
        end, at = start, 0
        while at < len(data):
            base, length = struct.unpack(">qi", data[at:at + 12])
            end = base + struct.unpack(">i", data[at + 23:at + 27])[0] + 1
            at += 12 + length
        want[(topic, p)] = (start, data, max([end] + snapshots))
tap.ok(len(want) > 20 and sum(len(v[1]) for v in want.values()) > 10000, "the golden directory is there", str(len(want)))

br = Broker("log.retention.ms = -1", "producer.id.expiration.ms = 2147483647", data=home)
check_all("as Kafka left it", want)
_, data, end = want[("idempotent", 0)]
last = offsets_of(data)[-1][0]
again = i64(0) + log_bytes(partitions(home)["idempotent"][0], last)[8:]  # as the producer sent it
tap.eq(produce(Conn(br.port), "idempotent", 0, again), (0, last), "a producer's last batch, known from Kafka's snapshot, is a duplicate")
tap.eq(br.stop(), 0, "clean stop")
br.start()
check_all("started again", want)
c = Client(br.port)
epoch = c.ask("Metadata", 7, topics=[dict(name="segments")]).topics[0].partitions[0].leader_epoch
tap.ok(epoch > 0, "leader epochs go on from Kafka's", epoch)
tap.eq([c.fetch("segments", 24, epoch=e).error_code for e in (epoch - 1, epoch, epoch + 1)], [74, 0, 75], "an older epoch is fenced, a later one unknown")
tap.eq([c.offset("segments", -1, epoch=e)[0] for e in (epoch - 1, epoch, epoch + 1)], [74, 0, 75], "so it is in ListOffsets")
for topic, p in (("codec-none", 0), ("segments", 0), ("compacted", 0), ("trimmed", 0), ("idempotent", 0)):
    start, data, end = want[(topic, p)]
    err, off = produce(c, topic, p, batch([(b"k", b"ours")]))
    tap.eq((err, off), (0, end), "%s-%d goes on at its end" % (topic, p))
    _, _, more = fetch(c, topic, p, end)
    want[(topic, p)] = (start, data + more, end + 1)
br.kill()
br.start()
check_all("killed and started", want)
tap.eq(br.stop(), 0, "clean stop at the end")
with open(os.path.join(br.data, "meta.properties")) as f:
    tap.ok("cluster.id=" + cluster in f.read(), "the cluster's id stayed")
tap.done()
