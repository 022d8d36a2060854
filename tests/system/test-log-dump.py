# SPDX-License-Identifier: Apache-2.0
"""stoker log dump: folders, control records, Kafka's own topics decoded, the journal, and what stands behind damage."""
import json, os, shutil, subprocess, sys, tarfile
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, SRC, Broker, Tap
from kapi import Client
from records import pack

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))


def dump(*args):
    p = subprocess.run([STOKER, "log", "dump", "--json"] + list(args), capture_output=True, text=True, timeout=60)
    return p.returncode, [json.loads(l) for l in p.stdout.splitlines()], p.stderr


br = Broker("log.flush = journal", "log.journal.bytes = 32MiB")
golden = os.path.join(br.dir, "golden")
with tarfile.open(os.path.join(SRC, "tests", "golden", "kafka-3.9.1", "logs.tar.xz")) as t:
    t.extractall(golden)
golden = os.path.join(golden, "data")
rc, rows, err = dump("--records", os.path.join(golden, "__consumer_offsets-2"))
tap.eq((rc, err), (0, ""), "a partition's folder")
found = [r["decoded"] for r in rows if r.get("decoded")]
tap.ok(any(d["record"] == "offset" and d["group"] == "grp-range" and d["topic"] == "codec-none" and d["offset"] == 24 for d in found), "committed offsets are decoded")
tap.ok(any(d["record"] == "group" and d.get("generation") == 1 and d["members"][0]["client_id"] for d in found), "groups are")
tap.ok(any(d.get("value") == "deleted" for d in found), "deletions are")
rc, rows, err = dump("--records", os.path.join(golden, "__transaction_state-0"))
tap.ok(rc == 0 and any(r.get("decoded", {}).get("state") == "Ongoing" and r["decoded"]["partitions"] for r in rows), "transactions are")
rc, rows, err = dump(os.path.join(golden, "txn-0"))
kinds = {r["type"] for r in rows if r.get("kind") == "control"}
tap.eq((rc, kinds), (0, {"commit", "abort"}), "markers are decoded without --records")
tap.ok(any("last_stable_offset" in r for r in rows) and any("epoch" in r and "start" in r for r in rows), "the folder's other files are there")

# ---- damage in the middle: what follows is shown
src = os.path.join(golden, "codec-none-0", "00000000000000000000.log")
bad = os.path.join(br.dir, "00000000000000000000.log")
rc, rows, err = dump(src)
whole = [r["base_offset"] for r in rows if r.get("kind") == "batch"]
shutil.copy(src, bad)
with open(bad, "r+b") as f:
    f.seek(rows[1]["position"] + 8)
    f.write(b"\x00\xff\xff\xff")
rc, got, err = dump(bad)
damage = [r for r in got if "damage" in r]
tap.eq((rc, [r["base_offset"] for r in got if r.get("kind") == "batch"]), (1, whole[:1] + whole[2:]), "a wrong length hides one batch")
tap.eq((len(damage), damage[0]["position"], damage[0]["offset"]), (1, rows[1]["position"], rows[1]["base_offset"]), "which is named with position and offset")
os.truncate(bad, rows[-1]["position"] + 20)
rc, got, err = dump(bad)
tap.ok(rc == 1 and got[-1].get("damage"), "a torn end", got[-1])

# ---- the journal
c = Client(br.port)
c.create("j", 1)
for i in range(5):
    c.produce("j", pack([(b"k", b"v%d" % i)]))
br.kill()
rc, rows, err = dump(os.path.join(br.data, "stoker.journal"))
entries = [r for r in rows if r.get("kind") == "entry"]
tap.ok(rc == 0 and len([r for r in rows if r.get("kind") == "commit"]) >= 5, "commits of the journal", rows[:3])
tap.ok(entries and {e["log"] for e in entries} == {"j-0"} and entries[0]["position"] == 0, "and their entries", entries[:2])
out = subprocess.run([STOKER, "log", "dump", os.path.join(br.data, "stoker.journal")], capture_output=True, text=True).stdout
tap.ok("commit at 0" in out and "j-0/00000000000000000000.log" in out, "for people too", out[:300])
tap.eq(dump(SRC)[0], 2, "a folder with nothing of the kind")
br.close()
tap.done()
