# SPDX-License-Identifier: Apache-2.0
"""stoker log settle: after kill -9 the directory is plain Kafka, twice is no more than once, a running broker is respected."""
import json, os, shutil, subprocess, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap
from kapi import Client
from records import pack, unpack

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))


def stoker(*args):
    p = subprocess.run([STOKER, "log"] + list(args), capture_output=True, text=True, timeout=60)
    return p.returncode, p.stdout, p.stderr


br = Broker("log.flush = journal", "log.segment.bytes = 20000", "log.journal.bytes = 32MiB")
c = Client(br.port)
for t in ("a", "b", "unused"):
    c.create(t, 2)
for i in range(200):
    c.produce("ab"[i % 2], pack([(b"k%d" % (i % 7), b"%d" % i + b"." * 300)]), part=i // 2 % 2)
rc, out, err = stoker("settle", br.data)
tap.eq(rc, 1, "a broker runs on it: refused")
tap.ok("in use" in err and "stop that one" in err and "log.dirs" not in err, "and said", err)
br.kill()
folder = os.path.join(br.data, "stoker.journal")
marker = os.path.join(br.data, ".kafka_cleanshutdown")
tap.ok(os.path.isdir(folder) and not os.path.exists(marker), "after kill -9 there is a journal and no marker")
lost = os.path.join(br.dir, "copy")
shutil.copytree(br.data, lost)
# What only the journal holds: the files' own tails as a power cut may leave them.
for d in os.listdir(lost):
    if d.endswith(("-0", "-1")):
        for f in sorted(os.listdir(os.path.join(lost, d)))[-3:]:
            if f.endswith(".log"):
                p = os.path.join(lost, d, f)
                os.truncate(p, os.path.getsize(p) // 2)


hurt = os.path.join(br.dir, "hurt")
shutil.copytree(br.data, hurt)
hole = os.path.join(br.dir, "hole")
shutil.copytree(br.data, hole)
for data, at in ((hurt, 0), (hole, 100)):
    with open(os.path.join(data, "stoker.journal", "00000000.ring"), "r+b") as f:
        f.seek(at * 4096 + 60)
        f.write(b"?")
for d in os.listdir(hole):
    if d.endswith(("-0", "-1")) and os.path.exists(os.path.join(hole, d, "0" * 20 + ".log")):
        os.truncate(os.path.join(hole, d, "0" * 20 + ".log"), 0)


def rows(data, t, part):
    out = []
    d = os.path.join(data, "%s-%d" % (t, part))
    for f in sorted(os.listdir(d)):
        if f.endswith(".log"):
            out += unpack(open(os.path.join(d, f), "rb").read())
    return [(r.offset, r.key, r.value) for r in out]


rc, out, err = stoker("settle", br.data)
tap.eq(rc, 0, "settle")
tap.ok("settled, 6 partitions" in out, "says what it did", out + err)
tap.ok(not os.path.exists(folder) and os.path.exists(marker), "no journal, and the marker")
tap.eq(sorted(f for f in os.listdir(br.data) if os.path.isdir(os.path.join(br.data, f)) and not f[-1].isdigit()), [], "no folder that Kafka refuses")
before = {f: os.stat(os.path.join(br.data, f)).st_mtime_ns for f in os.listdir(br.data)}
rc, out, err = stoker("settle", "--json", br.data)
tap.eq((rc, json.loads(out)["state"]), (0, "clean already"), "once more: nothing to do")
tap.eq({f: os.stat(os.path.join(br.data, f)).st_mtime_ns for f in os.listdir(br.data)}, before, "and nothing done")
rc, out, err = stoker("settle", "--json", lost)
tap.eq(rc, 0, "settle with torn files")
lines = [json.loads(l) for l in out.splitlines()]
tap.eq((lines[-1]["state"], lines[-1]["failed"], len(lines)), ("settled", 0, 7), "its JSON")
for t in "ab":
    for part in (0, 1):
        tap.eq(rows(lost, t, part), rows(br.data, t, part), "the journal gave %s-%d back" % (t, part))
        tap.eq(len(rows(lost, t, part)), 50, "which is whole")
rc, out, err = stoker("settle", hurt)
tap.eq(rc, 1, "settle with a damaged commit")
tap.ok("settled, 6 partitions, acknowledged records are damaged or missing" in out, "says so", out + err)
tap.ok("journal.damaged" in err and "00000000.ring position=0 " in err, "and where", err)
tap.eq(stoker("settle", hurt)[0], 0, "once more: nothing to do")
rc, out, err = stoker("settle", hole)
tap.eq((rc, "journal.damaged" in err, "are not served any more" in err), (1, True, True), "a damaged commit whose bytes are nowhere else")
differ = {}
for d in ("a-0", "a-1", "b-0", "b-1"):
    x, y = (open(os.path.join(data, d, "0" * 20 + ".log"), "rb").read() for data in (br.data, hole))
    tap.eq(len(x), len(y), "%s is as long as it was" % d)
    if x != y:
        differ[d] = sum(p != q for p, q in zip(x, y))
tap.ok(len(differ) == 1 and 0 < list(differ.values())[0] < 1000, "and nothing but that is missing, before and behind", str(differ))
with open(os.path.join(hurt, "meta.properties")) as f:
    meta = f.read()
for wrong in (meta.replace("cluster.id=", "cluster.id=\x01"), meta.replace("cluster.id", "cluster_id"), meta.replace("broker.id=", "broker.id=x")):
    with open(os.path.join(hurt, "meta.properties"), "w") as f:
        f.write(wrong)
    rc, out, err = stoker("settle", hurt)
    tap.ok(rc != 0 and "is damaged" in err and "clean" not in out, "meta.properties is damaged", out + err)
br.start()
c = Client(br.port)
tap.eq([c.offset(t, -1, part=p)[2] for t in ("a", "b", "unused") for p in (0, 1)], [50, 50, 50, 50, 0, 0], "the broker starts on it")
tap.ok("segment.damaged" not in open(br.log).read(), "and finds nothing to mend")
br.close()

other = os.path.join(os.environ.get("TMPDIR", "/tmp"), "stoker-test-not-a-log-dir.%d" % os.getpid())
os.mkdir(other)
tap.eq(stoker("settle", other)[0], 2, "a folder that is none")
tap.eq(os.listdir(other), [], "is left as it was")
os.rmdir(other)
tap.eq(stoker("settle", other)[0], 2, "a folder that is not there")
tap.eq(stoker("settle")[0], 2, "no folder at all")
tap.eq(stoker("settle", "--help")[0], 0, "help")
tap.done()
