# SPDX-License-Identifier: Apache-2.0
"""stoker log verify: clean directories (ours, Kafka's, of a running broker), damage of every kind of file, wrong usage."""
import json, os, random, shutil, struct, subprocess, sys, tarfile, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, SRC, Broker, Tap, batch, crc32c
from kapi import Client
from records import pack

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))


def verify(*args):
    p = subprocess.run([STOKER, "log", "verify", "--json"] + list(args), capture_output=True, text=True, timeout=120)
    lines = [json.loads(l) for l in p.stdout.splitlines()]
    return p.returncode, lines, p.stderr


def clean(name, *args):
    rc, lines, err = verify(*args)
    tap.ok(rc == 0 and lines and lines[-1]["damaged"] == 0, name, "exit %d\n%s%s" % (rc, "\n".join(map(str, lines[:5])), err))
    return lines[-1] if lines else {}


# ---- Kafka's own
br = Broker("log.flush = journal", "log.segment.bytes = 30000", "log.index.interval.bytes = 512", "log.journal.bytes = 32MiB")
golden = os.path.join(br.dir, "golden")
with tarfile.open(os.path.join(SRC, "tests", "golden", "kafka-3.9.1", "logs.tar.xz")) as t:
    t.extractall(golden)
golden = os.path.join(golden, "data")
s = clean("a directory of Apache Kafka's", golden)
tap.ok(s.get("directories") == 1 and s.get("partitions", 0) == 25 and s.get("records", 0) > 700, "is read whole, once", s)
clean("one partition of it", os.path.join(golden, "txn-0"))
clean("one segment of it", os.path.join(golden, "codec-zstd-0", "00000000000000000000.log"))
clean("one checkpoint of it", os.path.join(golden, "replication-offset-checkpoint"))
p = subprocess.run([STOKER, "log", "verify", os.path.join(golden, "codec-zstd-0")], capture_output=True, text=True, timeout=60)
tap.ok(p.stdout.startswith("1 partition, 1 segment, "), "one of a thing is not several", p.stdout)
clean("two at once", os.path.join(golden, "txn-0"), os.path.join(golden, "compacted-0"))

# ---- ours, while it is written
c = Client(br.port)
c.create("t", 2)
c.create("os", 1, log_flush="os")
stop = False


def produce(topic, part):
    conn = Client(br.port)
    i = 0
    while not stop:
        i += 1
        conn.produce(topic, pack([(b"k%d" % (i % 9), b"v" * (1 + i * 37 % 3000))]), part=part)


threads = [threading.Thread(target=produce, args=a) for a in (("t", 0), ("t", 1), ("os", 0))]
for t in threads:
    t.start()
end, n = time.time() + 3, 0
while time.time() < end or n < 3:
    rc, lines, err = verify(br.data)
    n += 1
    if rc or not lines[-1]["online"]:
        break
tap.ok(rc == 0 and lines[-1]["online"], "%d times while a broker runs: no false alarm" % n, lines[:5] + [err])
stop = True
for t in threads:
    t.join()
br.kill()
clean("after kill -9", br.data)
br.start()
c = Client(br.port)
for _ in range(200):  # a stop before all logs are recovered is not a clean one
    if not any(c.offset(t, -1, part=p)[0] for t, p in (("t", 0), ("t", 1), ("os", 0))):
        break
    time.sleep(0.05)
tap.eq(br.stop(), 0, "a clean stop")
s = clean("after a clean stop", br.data)
tap.ok(s["segments"] > 5, "with several segments", s)

# ---- damage: every byte that is flipped in a log is found, and where; nothing ever crashes
work = os.path.join(br.dir, "work")
part = os.path.join(br.data, "os-0")
logs = sorted(f for f in os.listdir(part) if f.endswith(".log"))


def copy():
    shutil.rmtree(work, ignore_errors=True)
    os.mkdir(work)
    for f in os.listdir(br.data):
        src = os.path.join(br.data, f)
        if os.path.isfile(src):
            shutil.copy(src, work)
    shutil.copytree(part, os.path.join(work, "os-0"))


def flip(path, at, mask):
    with open(path, "r+b") as f:
        f.seek(at)
        b = f.read(1)
        f.seek(at)
        f.write(bytes([b[0] ^ mask]))


rnd = random.Random(4711)
missed = []
for i in range(25):
    copy()
    f = rnd.choice(logs[:-1])
    p = os.path.join(work, "os-0", f)
    at = rnd.randrange(os.path.getsize(p))
    flip(p, at, 1 << rnd.randrange(8))
    rc, lines, err = verify(work)
    found = [l for l in lines if l.get("kind") == "damage" and l["file"] == p]
    # The leader epoch of a batch is the only thing that no CRC covers: a wrong one is seen by its order and the checkpoint.
    if rc != 1 or not found or not found[0].get("position", 0) <= at:
        missed.append((f, at, rc, lines[:3], err))
tap.ok(not missed, "25 flipped bits in segments are found at their batch", missed[:3])

copy()
p = os.path.join(work, "os-0", logs[0])
flip(p, 8 + 2, 255)  # the length of the first batch
rc, lines, err = verify(work)
tap.ok(rc == 1 and "up to offset 0" in lines[0]["text"] and lines[0]["position"] == 0, "a wrong length costs one batch: what follows is found again", lines)
copy()
os.truncate(os.path.join(work, "os-0", logs[-1]), os.path.getsize(os.path.join(part, logs[-1])) - 5)
rc, lines, err = verify(work)
tap.ok(rc == 1 and any("ends inside a batch" in l.get("text", "") for l in lines), "a torn end", lines)
tap.ok(any("recovery-point-offset-checkpoint" in l.get("text", "") for l in lines), "and that the checkpoint promises more", lines)
copy()
os.unlink(os.path.join(work, "os-0", logs[1]))
rc, lines, err = verify(work)
tap.ok(rc == 1 and any("without its .log" in l.get("text", "") for l in lines), "a segment is missing, its index is there", lines)

# ---- every kind of file, golden ones too: named, never a crash
kinds = {}
for root, _, files in os.walk(golden):
    for f in files:
        if f.endswith((".log", ".index", ".timeindex", ".txnindex", ".snapshot", "checkpoint", ".metadata", "meta.properties")):
            if os.path.getsize(os.path.join(root, f)):
                kinds.setdefault(f.split(".")[-1] if f[0].isdigit() else f, []).append(os.path.join(root, f))
bad = []
for kind in sorted(kinds):
    for i in range(6):
        p = rnd.choice(kinds[kind])
        data = open(p, "rb").read()
        if i % 2:
            cut = data[:rnd.randrange(len(data))]
            open(p, "wb").write(cut)
        else:
            flip(p, rnd.randrange(len(data)), 1 << rnd.randrange(8))
        rc, lines, err = verify(os.path.dirname(p) if kind not in ("meta.properties",) else p)
        if rc not in (0, 1) or lines[-1]["kind"] != "summary":
            bad.append((p, rc, err))
        dump = subprocess.run([STOKER, "log", "dump", "--values", p], capture_output=True, timeout=60)
        if dump.returncode not in (0, 1):
            bad.append((p, "dump", dump.returncode, dump.stderr[-300:]))
        open(p, "wb").write(data)
tap.ok(not bad, "flipped and cut files of %d kinds: never a crash" % len(kinds), bad[:3])
for kind in ("index", "timeindex", "snapshot", "txnindex", "leader-epoch-checkpoint", "replication-offset-checkpoint"):
    p = max(kinds[kind], key=os.path.getsize)
    data = open(p, "rb").read()
    open(p, "wb").write(data[:-1])
    rc, lines, err = verify(p)
    tap.ok(rc == 1 and lines[0]["file"].endswith(os.path.basename(p)), "a cut %s is found" % kind, (rc, lines, err))
    open(p, "wb").write(data)

# A time index that promises something later than there is: retention would keep the segment for ever.
p = os.path.join(golden, "segments-0", "00000000000000000000.timeindex")
data = open(p, "rb").read()
size = len(data.rstrip(b"\0")) // 12 * 12
open(p, "wb").write(data[:size - 12] + struct.pack(">qi", struct.unpack(">q", data[size - 12:size - 4])[0] + 86400000, *struct.unpack(">i", data[size - 4:size])) + data[size:])
rc, lines, err = verify(p)
tap.ok(rc == 1 and lines[0]["file"] == p and "no batch up to there is later" in lines[0]["text"], "a timestamp in the time index that no record has", (lines, err))
open(p, "wb").write(data)

# ---- the journal
br.start()
c = Client(br.port)
for i in range(50):
    c.produce("t", pack([(b"k", b"%d" % i + b"." * 500)]), part=i % 2)
br.kill()
ring = os.path.join(br.data, "stoker.journal", "00000000.ring")
clean("an unclean directory with its journal", br.data)
# What a power cut may leave: the journal has everything, the segments lack their ends.
torn = os.path.join(br.dir, "torn")
shutil.copytree(br.data, torn)
for i in range(2):
    d = os.path.join(torn, "t-%d" % i)
    name = sorted(f for f in os.listdir(d) if f.endswith(".log"))[-1]
    size = os.path.getsize(os.path.join(d, name))
    os.truncate(os.path.join(d, name), size - 300)
s = clean("segments lack what the journal has: no damage", torn)
tap.ok(s.get("unclean") and s.get("unsettled_bytes", 0) >= 300 * 2, "but said", s)
p = subprocess.run([STOKER, "log", "verify", torn], capture_output=True, text=True, timeout=60)
tap.ok("the journal holds %d bytes" % s.get("unsettled_bytes", 0) in p.stdout and "log settle" in p.stdout, "and what to do", p.stdout)
part_dir = os.path.join(torn, "t-0")
one = clean("one partition of it", part_dir)
tap.ok(0 < one.get("unsettled_bytes", 0) < s["unsettled_bytes"], "with its own share", one)
name = sorted(f for f in os.listdir(part_dir) if f.endswith(".log"))[-1]
clean("one segment of it", os.path.join(part_dir, name))
before = s["records"]
subprocess.run([STOKER, "log", "settle", torn], capture_output=True, timeout=60)
s = clean("settled", torn)
tap.eq((s["records"], s["unclean"], s["unsettled_bytes"]), (before, False, 0), "it holds what verify read")
shutil.rmtree(torn)
data = open(ring, "rb").read()
flip(ring, 4096 * 3 + 100, 16)
rc, lines, err = verify(br.data)
tap.ok(rc == 1 and lines[0]["file"] == ring and lines[0]["position"] == 4096 * 3, "a damaged commit in the middle of the journal", lines)
rc, lines, err = verify(ring)
tap.eq(rc, 1, "the ring alone")
open(ring, "wb").write(data)

# ---- wrong usage
tap.eq(verify("/nothing/there")[0], 2, "a path that is not there")
tap.eq(verify()[0], 2, "no path")
tap.eq(verify(os.path.abspath(__file__))[0], 2, "a file of another kind")
junk = os.path.join(br.dir, "junk")
os.makedirs(os.path.join(junk, "sub-dir"))
for f in ("notes.txt", "1.log", "00000000000000000000.log.deleted", "x.ring"):
    open(os.path.join(junk, f), "wb").write(b"junk")
rc, lines, err = verify(junk)
tap.ok(rc == 2 and not lines and "neither" in err, "a folder of another kind", (lines, err))
rc, lines, err = verify(os.path.dirname(golden))
tap.ok(rc == 2 and not lines, "the folder above a log directory", (lines, err))
shutil.copy(os.path.join(golden, "txn-0", "00000000000000000000.log"), junk)
for f in ("1.log", "00000000000000000000.log.deleted", "x.ring"):
    rc, lines, err = verify(os.path.join(junk, f))
    tap.ok(rc == 2 and not lines and f in err, "%s: named for what it is, not read as another file" % f, (lines, err))
br.close()
tap.done()
