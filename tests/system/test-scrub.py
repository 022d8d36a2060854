# SPDX-License-Identifier: Apache-2.0
"""A damaged batch is never served once it is known: CORRUPT_MESSAGE there, and what lies before and behind is readable. Found by the scrub, by a
read that stumbles over it, and remembered over a restart."""
import os, subprocess, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap
from kapi import Client
from records import overwrite, pack, places, unpack

CORRUPT = 2
tap = Tap()
lines = ["storage.segment.scrub.interval = 1s", "storage.segment.scrub.bytes.per.second = 64MiB", "log.flush = os"]
br = Broker(*lines)
c = Client(br.port)
c.create("t", 1, segment_bytes=20000, index_interval_bytes=500)
c.create("head", 1, segment_bytes=20000, index_interval_bytes=500)
N = 200
for i in range(N):
    for t in ("t", "head"):
        c.produce(t, pack([(b"k", b"%04d" % i + b"." * 700)]))


def segments(topic):
    d = os.path.join(br.data, topic + "-0")
    return [os.path.join(d, f) for f in sorted(os.listdir(d)) if f.endswith(".log")]


def read(topic, offset, stop=None):
    """All values from there on, as a consumer reads; where it ends and the error there."""
    out = []
    while stop is None or offset < stop:
        p = c.fetch(topic, offset, part_bytes=3000)
        if p.error_code or not p.records:
            return out, offset, p.error_code
        rows = [r for r in unpack(p.records) if r.offset >= offset]
        if not rows:
            return out, offset, -1
        out += [int(r.value[:4]) for r in rows]
        offset = rows[-1].offset + 1
    return out, offset, 0


def wait(text, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        if text in open(br.log).read():
            return True
        time.sleep(0.1)
    return False


time.sleep(2.5)
tap.ok("segment.damaged" not in open(br.log).read(), "the scrub finds nothing where nothing is")
tap.eq(read("t", 0), (list(range(N)), N, 0), "all is there")

# A flipped byte inside the values: only the CRC knows.
seg = segments("t")[1]
base, pos, size = places(seg)[3]
overwrite(seg, pos + 300, b"X")
tap.ok(wait("wrong CRC"), "the scrub finds a damaged batch", br.tail())
line = [l for l in open(br.log).read().splitlines() if "wrong CRC" in l][0]
tap.ok(seg in line and "position=%d" % pos in line and "offsets %d to %d" % (base, base) in line, "and says where", line)
p = c.fetch("t", base)
tap.eq((p.error_code, len(p.records or b"")), (CORRUPT, 0), "a fetch there gets CORRUPT_MESSAGE")
p = c.fetch("t", base - 1)
tap.ok(p.error_code == 0 and [r.offset for r in unpack(p.records)] == [base - 1], "one before it gets what lies before", p.error_code)
tap.eq(read("t", 0), (list(range(base)), base, CORRUPT), "a consumer reads up to it")
tap.eq(read("t", base + 1), (list(range(base + 1, N)), N, 0), "and from behind it to the end")
tap.eq(c.produce("t", pack([(b"k", b"%04d" % N)])).error_code, 0, "producers go on")
N += 1
tap.eq(read("t", base + 1)[0][-1], N - 1, "and are read")

# A batch's length is damaged: whoever walks over the headers stumbles.
seg2 = segments("head")[2]
rows = places(seg2)
b2, p2, s2 = rows[5]
overwrite(seg2, p2 + 8, b"\x00\xff\xff\xff")
tap.ok(wait(os.path.basename(seg2) + " position=%d" % p2, 6) or wait("head-0", 3), "a damaged length is found", br.tail())
tap.eq(read("head", 0), (list(range(b2)), b2, CORRUPT), "read up to it")
tap.eq(read("head", b2 + 1), (list(range(b2 + 1, N - 1)), N - 1, 0), "and from behind it")
when = unpack(c.fetch("head", b2 + 2, part_bytes=1000).records)[0].timestamp
tap.ok(c.offset("head", when)[0] == 0, "offsets by time go on", c.offset("head", when))

# Remembered: with the scrub off, after a stop.
tap.eq(br.stop(), 0, "a clean stop")
tap.ok("damage t-0" in open(os.path.join(br.data, "stoker.scrub")).read(), "the damage is remembered")
br.configure("storage.segment.scrub.bytes.per.second = 0", "log.flush = os")
br.start()
c = Client(br.port)
tap.eq(c.fetch("t", base).error_code, CORRUPT, "after a restart it is not served either")
tap.eq(read("t", base + 1), (list(range(base + 1, N)), N, 0), "nor is the rest lost")

# No scrub: a read stumbles over a header.
seg3 = segments("head")[4]
b3, p3, s3 = places(seg3)[6]
overwrite(seg3, p3 + 16, b"\x07")
got = read("head", b3 - 8)
tap.ok(got[0][:6] == list(range(b3 - 8, b3 - 2)) and c.fetch("head", b3).error_code == CORRUPT, "a read finds a damaged header by itself", got)
tap.eq(read("head", b3 + 1)[1:], (N - 1, 0), "and reads on behind it")

# No scrub, the header whole, but the bytes come from the disk: they are checked on the way.
seg4 = segments("head")[5]
b4, p4, s4 = places(seg4)[4]
overwrite(seg4, p4 + 200, b"Y")


def chill(path):
    """Out of memory with it; False: this file system keeps it (tmpfs)."""
    with open(path, "rb") as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return b" tmpfs " not in subprocess.run(["df", "-T", path], capture_output=True).stdout


if chill(seg4):
    tap.eq(read("head", b4 - 4), (list(range(b4 - 4, b4)), b4, CORRUPT), "what comes from the disk is checked: a damaged batch is not served")
    tap.eq(read("head", b4 + 1)[1:], (N - 1, 0), "and what lies behind it is")
    chill(segments("head")[6])
    tap.eq(len(read("head", b4 + 1)[0]), N - 2 - b4, "all of it")

# Mended from outside: what is good again is served again.
br.stop()
overwrite(seg, pos + 300, b".")
br.start()
c = Client(br.port)
tap.eq(read("t", 0), (list(range(N)), N, 0), "what was mended is served again")
env = dict(os.environ, STOKER_MODULE_PATH=os.environ.get("STOKER_MODULE_PATH", os.path.join(BUILD, "modules")))
out = subprocess.run([os.environ.get("STOKER", os.path.join(BUILD, "stoker")), "log", "verify", br.data], capture_output=True, text=True, env=env)
tap.ok(out.returncode == 1 and "position %d: offset %d" % (p2, b2) in out.stdout, "verify sees the rest too", out.stdout + out.stderr)
br.close()
tap.done()
