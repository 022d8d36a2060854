# SPDX-License-Identifier: Apache-2.0
"""stoker log repair: derived files are made anew, records are lost only when that is asked for, --dry-run changes nothing."""
import hashlib, json, os, shutil, subprocess, sys, tarfile
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, SRC, Broker, Tap
from kapi import Client
from records import overwrite, pack, places, unpack

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))


def log(command, *args):
    p = subprocess.run([STOKER, "log", command, "--json"] + list(args), capture_output=True, text=True, timeout=60)
    return p.returncode, [json.loads(l) for l in p.stdout.splitlines()], p.stderr


def state(folder):
    out = {}
    for root, _, files in os.walk(folder):
        for f in files:
            p = os.path.join(root, f)
            out[os.path.relpath(p, folder)] = hashlib.sha1(open(p, "rb").read()).hexdigest()
    return out


br = Broker("log.flush = os")
c = Client(br.port)
for t in ("a", "b"):
    c.create(t, 1, segment_bytes=20000, index_interval_bytes=500)
pid = c.init_producer()
for i in range(100):
    c.produce("a", pack([(b"k", b"%04d" % i + b"." * 700)]))
    c.produce("b", pack([(b"k", b"%04d" % i + b"." * 700)], pid=pid.producer_id, epoch=0, seq=i))
rc, rows, err = log("repair", br.data)
tap.ok(rc == 1 and "in use" in err, "a running broker is respected", err)
tap.eq(br.stop(), 0, "a clean stop")
rc, rows, err = log("repair", br.data)
tap.eq((rc, rows[-1]["found"]), (0, 0), "nothing is wrong: nothing is done")
good = os.path.join(br.dir, "good")
shutil.copytree(br.data, good)
whole = state(good)


def again():
    shutil.rmtree(br.data)
    shutil.copytree(good, br.data)


def files(topic, suffix):
    d = os.path.join(br.data, topic + "-0")
    return [os.path.join(d, f) for f in sorted(os.listdir(d)) if f.endswith(suffix)]


# ---- what can be made anew
overwrite(files("a", ".index")[0], 4)
with open(files("a", ".timeindex")[1], "ab") as f:
    f.write(b"zz")
overwrite(files("b", ".snapshot")[-1], 12)
overwrite(os.path.join(br.data, "b-0", "leader-epoch-checkpoint"), 0, b"7")
overwrite(os.path.join(br.data, "replication-offset-checkpoint"), 0, b"5")
rc, rows, err = log("verify", br.data)
n = rows[-1]["damaged"]
tap.ok(rc == 1 and n >= 5, "five kinds of damage", rows)
before = state(br.data)
rc, rows, err = log("repair", "--dry-run", br.data)
tap.ok(rc == 1 and rows[-1]["found"] == n and rows[-1]["left"] == 0, "--dry-run finds them", (rc, rows[-1], err))
tap.ok({r["does"] for r in rows[:-1]} == {"rebuild", "aside"}, "and would make them anew", rows)
tap.eq(state(br.data), before, "and changes nothing")
rc, rows, err = log("repair", br.data)
tap.ok(rc == 0 and rows[-1]["damaged"] == 0, "repaired", (rc, rows, err))
tap.eq(log("verify", br.data)[0], 0, "verify says so")
after = state(br.data)
tap.eq({f: h for f, h in after.items() if f.endswith((".log", ".snapshot"))}, {f: h for f, h in whole.items() if f.endswith((".log", ".snapshot"))}, "logs and snapshots are as they were")
tap.ok(os.path.exists(os.path.join(br.data, ".kafka_cleanshutdown")), "the directory is clean as before")
br.start()
c = Client(br.port)
tap.eq([c.offset(t, -1)[2] for t in "ab"], [100, 100], "the broker starts on it")
tap.ok("segment.damaged" not in br.tail(4000).split("ready")[-2 if br.tail(4000).count("ready") > 1 else 0], "and finds nothing to mend")
tap.eq(c.produce("b", pack([(b"k", b"again" + b"." * 700)], pid=pid.producer_id, epoch=0, seq=99)).error_code, 0, "the producer's state is there")
br.stop()

# ---- a damaged middle
again()
seg = files("a", ".log")[1]
base, pos, size = places(seg)[5]
overwrite(seg, pos + 300)
before = state(br.data)
rc, rows, err = log("repair", br.data)
tap.ok(rc == 1 and rows[-1]["left"] == 1 and "offsets %d to %d" % (base, base) in rows[0]["text"] and "--drop-damaged" in rows[0]["text"], "damage in the middle is told, and what would be lost", rows)
tap.eq(state(br.data), before, "and left alone")
rc, rows, err = log("repair", "--cut-tail", br.data)
tap.ok(rc == 1 and state(br.data) == before, "--cut-tail is not for it")
rc, rows, err = log("repair", "--drop-damaged", "--dry-run", br.data)
tap.ok(rc == 1 and state(br.data) == before and rows[0]["does"] == "drop", "--dry-run --drop-damaged says it", rows)
rc, rows, err = log("repair", "--drop-damaged", br.data)
tap.ok(rc == 0, "--drop-damaged", (rc, rows, err))
tap.eq([p[0] for p in places(seg)], [p[0] for p in places(os.path.join(good, os.path.relpath(seg, br.data))) if p[0] != base], "leaves that batch out, and no other")
tap.ok(before[os.path.relpath(seg, br.data)] == hashlib.sha1(open(seg + ".damaged", "rb").read()).hexdigest(), "the original is kept")
tap.eq(log("verify", br.data)[0], 0, "verify finds nothing any more")
br.start()
c = Client(br.port)
got, at = [], 0
while at < 100:
    rows = [r for r in unpack(c.fetch("a", at).records) if r.offset >= at]
    got += [r.offset for r in rows]
    at = got[-1] + 1
tap.eq(got, [i for i in range(100) if i != base], "the broker serves the rest")
br.stop()
tap.ok(os.path.exists(seg + ".damaged"), "and does not touch what is kept")

# ---- a damaged end, of a directory that was not left cleanly
again()
os.unlink(os.path.join(br.data, ".kafka_cleanshutdown"))
seg = files("b", ".log")[-1]
rows = places(seg)
os.truncate(seg, rows[-1][1] + 50)
size = os.path.getsize(seg)
rc, out, err = log("repair", br.data)
tap.ok(rc == 1 and os.path.getsize(seg) == size and any("--cut-tail" in r.get("text", "") for r in out), "a torn end is told and left", out)
rc, out, err = log("repair", "--cut-tail", br.data)
tap.ok(rc == 0 and os.path.getsize(seg) == rows[-1][1], "--cut-tail cuts it", (rc, out, err))
tap.eq(os.path.getsize(seg + ".damaged"), size, "the original is kept")
tap.ok(not os.path.exists(os.path.join(br.data, ".kafka_cleanshutdown")), "no marker where none was")

# ---- a journal first
again()
os.mkdir(os.path.join(br.data, "stoker.journal"))
rc, out, err = log("repair", br.data)
tap.ok(rc == 1 and "settle" in err, "a journal is to be settled first", err)

# ---- Kafka's
golden = os.path.join(br.dir, "golden")
with tarfile.open(os.path.join(SRC, "tests", "golden", "kafka-3.9.1", "logs.tar.xz")) as t:
    t.extractall(golden)
golden = os.path.join(golden, "data")
for f in ("txn-0/00000000000000000000.txnindex", "segments-0/00000000000000000000.index", "idempotent-0/leader-epoch-checkpoint"):
    p = os.path.join(golden, f)
    os.truncate(p, os.path.getsize(p) - 3)
rc, out, err = log("repair", golden)
tap.ok(rc == 0 and out[-1]["rebuilt"] == 3, "a directory of Apache Kafka's", (rc, out, err))
tap.eq(log("verify", golden)[0], 0, "is whole again")
br.close()
tap.eq(log("repair")[0], 2, "no directory")
tap.eq(log("repair", "/nothing")[0], 2, "one that is not there")
tap.done()
