# SPDX-License-Identifier: Apache-2.0
"""stoker group reset-offsets: every way to say where to, what is clamped, dry runs that change nothing, files there and back, wrong input;
and that a member reads on from there."""
import datetime, json, os, signal, subprocess, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap, until
from kapi import Client
from records import pack

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))
os.environ["TZ"] = "UTC"
br = Broker("log.flush = os", "group.initial.rebalance.delay.ms = 0")
os.environ["STOKER_BOOTSTRAP"] = br.boot
c = Client(br.port)


def stoker(*args, **more):
    p = subprocess.run([STOKER] + list(args), capture_output=True, text=True, timeout=60, **more)
    return p.returncode, p.stdout, p.stderr


def reset(*args, **more):
    return stoker("group", "reset-offsets", *args, **more)


def committed(g="g"):
    rc, out, err = stoker("group", "describe", g, "--offsets", "--json")
    rows = json.loads(out)
    return {"%s:%d" % (p["topic"], p["partition"]): p["committed"] for p in rows[0]["partitions"]} if rows else {}


def commit(g, topic, offsets):
    r = c.ask("OffsetCommit", 7, group_id=g, generation_id_or_member_epoch=-1, member_id="", group_instance_id=None,
              topics=[dict(name=topic, partitions=[dict(partition_index=p, committed_offset=o, committed_metadata="") for p, o in offsets.items()])])
    return [p.error_code for t in r.topics for p in t.partitions]


def moves(*args):
    """What it would do: {"topic:partition": (old, new)}"""
    rc, out, err = reset(*args, "--json")
    tap.ok(rc == 0 and not err and not any(x["committed"] for x in json.loads(out)), "reset-offsets %s" % " ".join(args), (rc, out, err))
    return {"%s:%d" % (x["topic"], x["partition"]): (x["old"], x["new"]) for x in json.loads(out)}


def refused(args, code, *words, **more):
    before = committed()
    for json_too in ([], ["--json"] if "--export" not in args else []):
        rc, out, err = reset(*args, *json_too, **more)
        tap.ok(rc == code and not out and err.startswith("stoker") and all(w in err for w in words), "refused: %s" % " ".join(map(repr, list(args) + json_too)), (rc, out, err))
    tap.eq(committed(), before, "and nothing is changed")


# Partition 0: offsets 5 to 20, one record a minute, the last just now; partition 1: nothing; partition 2: 0 to 3.
now = int(time.time() * 1000)
c.create("t", 3)
c.create("u", 1)
for i in range(20):
    c.produce("t", pack([(b"k", b"t0-%d" % i)], ts=now - (19 - i) * 60000))
for i in range(3):
    c.produce("t", pack([(b"k", b"t2-%d" % i)], ts=now - 3600000), part=2)
    c.produce("u", pack([(b"k", b"u-%d" % i)], ts=now - 3600000))
tap.eq(c.ask("DeleteRecords", 1, topics=[dict(name="t", partitions=[dict(partition_index=0, offset=5)])], timeout_ms=5000).topics[0].partitions[0].error_code, 0, "a log that begins at 5")
until(lambda: commit("g", "t", {0: 12, 2: 1}) == [0, 0], 30)
commit("g", "u", {0: 2})
start = {"t:0": 12, "t:2": 1, "u:0": 2}
tap.eq(committed(), start, "what is committed")

# ---- dry runs
tap.eq(moves("g", "--to-earliest"), {"t:0": (12, 5), "t:2": (1, 0), "u:0": (2, 0)}, "earliest, of all that is committed")
tap.eq(moves("g", "t", "--to-earliest"), {"t:0": (12, 5), "t:1": (-1, 0), "t:2": (1, 0)}, "of a topic: all its partitions")
tap.eq(moves("g", "t:0-1", "u", "--to-latest"), {"t:0": (12, 20), "t:1": (-1, 0), "u:0": (2, 3)}, "latest")
tap.eq(moves("g", "t", "--to-current"), {"t:0": (12, 12), "t:1": (-1, 0), "t:2": (1, 1)}, "current")
tap.eq(moves("g", "t", "--to-offset", "2"), {"t:0": (12, 5), "t:1": (-1, 0), "t:2": (1, 2)}, "an offset, clamped to what there is")
tap.eq(moves("g", "t", "--to-offset", "9223372036854775807"), {"t:0": (12, 20), "t:1": (-1, 0), "t:2": (1, 3)}, "a large one")
tap.eq(moves("g", "--shift-by", "-3"), {"t:0": (12, 9), "t:2": (1, 0), "u:0": (2, 0)}, "back")
tap.eq(moves("g", "--shift-by=4"), {"t:0": (12, 16), "t:2": (1, 3), "u:0": (2, 3)}, "on")
tap.eq(moves("g", "--shift-by", "9223372036854775807"), {"t:0": (12, 20), "t:2": (1, 3), "u:0": (2, 3)}, "very far")
tap.eq(moves("g", "--shift-by", "-9223372036854775807"), {"t:0": (12, 5), "t:2": (1, 0), "u:0": (2, 0)}, "very far back")
tap.eq(moves("g", "t", "--to-datetime", str(now - 90000)), {"t:0": (12, 18), "t:1": (-1, 0), "t:2": (1, 3)}, "a time; the end where nothing is that late")
when = datetime.datetime.fromtimestamp((now - 90000) / 1000, datetime.timezone.utc)
for text in (when.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (when.microsecond // 1000), when.strftime("%Y-%m-%dT%H:%M:%S"),
             (when + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S+02:00")):
    tap.eq(moves("g", "t:0", "--to-datetime", text), {"t:0": (12, 18)}, "as text")
for d in ("4m30s", "270s", "PT4M30S", "pt4.5m", "PT270S"):
    tap.ok(moves("g", "t:0", "--by-duration", d)["t:0"][1] in (15, 16), "the last %s" % d)
for d in ("7d", "1w", "P1D", "P1DT1H", "1d12h", "2h", "300000d"):
    tap.eq(moves("g", "t", "--by-duration", d), {"t:0": (12, 5), "t:1": (-1, 0), "t:2": (1, 0)}, "the last %s" % d)
tap.eq(committed(), start, "dry runs change nothing")

# ---- what it says
rc, out, err = reset("g", "t", "--to-offset", "2")
tap.ok(rc == 0 and out.splitlines()[0].split() == ["TOPIC", "PARTITION", "OLD", "NEW"] and out.splitlines()[1].split() == ["t", "0", "12", "5"] and "--execute" in out, "for people", out)
tap.eq(err.splitlines(), ["stoker: t [0]: that lies before the log's first record; 5 is taken", "stoker: t [1]: that lies behind the log's end; 0 is taken"], "with a word on what is clamped")
rc, out, err = reset("g", "t:0", "--to-offset", "99")
tap.ok(rc == 0 and "behind the log's end; 20 is taken" in err, "at the end too", err)
rc, out, err = reset("g", "t:1", "--to-current")
tap.ok(rc == 0 and "nothing is committed" in err, "current where nothing is committed", err)
rc, out, err = reset("g", "t:2", "--to-datetime", str(now))
tap.ok(rc == 0 and "no record that late" in err, "a time that is too late", err)
x = json.loads(reset("g", "t:0", "--to-offset", "2", "--json")[1])[0]
tap.ok(x["note"] and (x["start"], x["end"]) == (5, 20), "--json has it too", x)

# ---- it is done, and a member reads on from there
rc, out, err = reset("g", "t:2", "--to-offset", "2", "--execute")
tap.ok(rc == 0 and not err and "dry run" not in out, "--execute", (rc, out, err))
tap.eq(committed(), {**start, "t:2": 2}, "is committed, the rest stays")
rc, out, err = reset("g", "u", "--to-earliest", "--execute", "--json")
tap.ok(rc == 0 and json.loads(out)[0]["committed"] is True and committed()["u:0"] == 0, "--execute --json", (out, err))
tap.eq(stoker("consume", "u", "-g", "g", "-e")[1].split(), ["u-0", "u-1", "u-2"], "a member reads on from there")
tap.eq(reset("g", "t:0", "--to-offset", "18", "--execute")[0], 0, "forward")
got = sorted(stoker("consume", "t", "-g", "g", "--from-beginning", "-e")[1].split())
tap.eq(got, ["t0-18", "t0-19", "t2-2"], "records are skipped")

# ---- files, there and back
rc, saved, err = reset("g", "--to-current", "--export")
tap.eq((rc, saved, err), (0, "t,0,20\nt,2,3\nu,0,3\n", ""), "--export")
path = os.path.join(br.dir, "saved.csv")
with open(path, "w") as f:
    f.write(saved)
tap.eq(reset("g", "--to-earliest", "--execute")[0], 0, "away")
at = committed()
tap.ok(at["t:0"] == 5 and at["u:0"] == 0, "it is", at)
tap.eq(reset("g", "--from-file", path, "--execute")[0], 0, "and back from the file")
tap.eq(committed(), {"t:0": 20, "t:2": 3, "u:0": 3}, "all is as it was")
rc, out, err = reset("g", "--from-file", "-", "--execute", input='"t",0,7\r\n\r\n u , 0 , 1 \n')
tap.ok(rc == 0 and committed()["t:0"] == 7 and committed()["u:0"] == 1, "standard input, quotes, CR LF, empty lines", (rc, out, err))
rc, out, err = reset("g", "--from-file", "-", input="t,0,1\nt,2,4000\n")
tap.ok(rc == 0 and "t [0]" in err and "t [2]" in err and out.splitlines()[1].split()[3] == "5", "a file is clamped too", (rc, out, err))
rc, out, err = reset("new", "--from-file", path, "--execute")
tap.ok(rc == 0 and committed("new")["t:0"] == 20, "a group that was not there is made", (rc, out, err))
rc, out, err = reset("new2", "t", "--to-earliest", "--execute")
tap.ok(rc == 0 and committed("new2") == {"t:0": 5, "t:1": 0, "t:2": 0}, "by name as well", (rc, out, err))
rc, out, err = reset("g", "t:0", "--to-offset", "9", "--export", "--execute")
tap.ok((rc, out) == (0, "t,0,9\n") and committed()["t:0"] == 9, "--export with --execute: both", (rc, out, err))

# ---- wrong input
for text, word in (("t,0", ":1:"), ("t,0,1\nt,1,2,3", ":2:"), ("t,0,x", ":1:"), ("t,-1,5", ":1:"), ("t,0,-5", ":1:"), (",0,5", ":1:"), ("t,2147483648,5", ":1:"),
                   ("t,0,9223372036854775808", ":1:"), ('"t,0,5', ":1:"), ('"t"x,0,5', ":1:"), ("t,0,1\nt,0,1", "twice"), ("", "no partition"), ("\n\n", "no partition"),
                   ("topic,partition,offset", ":1:"), ("t,0,5,", ":1:"), ("nope,0,1", "nope [0]"), ("t,9,1", "t [9]"), ("t,0,1\nt,9,1", "t [9]")):
    refused(["g", "--from-file", "-", "--execute"], 1, word, input=text)
with open(path, "wb") as f:
    f.write(b"t,0,1\0\xff\n")
refused(["g", "--from-file", path, "--execute"], 1, "no text")
refused(["g", "--from-file", "/nothing/there", "--execute"], 1, "/nothing/there")
refused(["g", "--from-file", br.dir, "--execute"], 1, br.dir)
for args in (["g"], ["g", "--execute"], ["g", "--to-earliest", "--to-latest"], ["g", "--to-offset", "1", "--shift-by", "1"], ["g", "--from-file", path, "--to-current"],
             ["g", "--to-offset", "-1"], ["g", "--to-datetime", "yesterday"], ["g", "--to-datetime", "-1"], ["g", "--to-datetime", "-2"], ["g", "--to-datetime", "99999999999999999999"],
             ["g", "--to-datetime", "9223372036854775807d"], ["g", "--to-datetime", ""], ["--to-earliest"], ["", "--to-earliest"], ["g", "t:", "--to-earliest"],
             ["g", "t:1-0", "--to-earliest"], ["g", "t", "--from-file", path], ["g", "--to-earliest", "--execute", "--dry-run"]):
    refused(args, 2)
rc, out, err = reset("g", "--to-earliest", "--export", "--json")
tap.ok(rc == 2 and not out, "--export and --json", (rc, out, err))
for d in ("", "0s", "x", "1", "-1h", "P", "PT", "P1", "P1M", "1y", "1h-", "PT1D", "99999999999999999999d", "9999999d", "1.s", ".5h", "1h2", "P1DT"):
    refused(["g", "--by-duration=" + d], 2, "--by-duration")
refused(["nobody", "--to-earliest"], 1, "nobody")
refused(["g", "nope", "--to-earliest", "--execute"], 1, "UNKNOWN_TOPIC_OR_PARTITION")
refused(["g", "t:0,3", "--to-earliest", "--execute"], 1, "t [3]", "UNKNOWN_TOPIC_OR_PARTITION")
refused(["new2", "u", "--shift-by", "1", "--execute"], 1, "u [0]", "nothing is committed")

# ---- a group with a member
m = subprocess.Popen([STOKER, "consume", "t", "-g", "g"], stdout=subprocess.DEVNULL)
live = until(lambda: json.loads(stoker("group", "describe", "g", "--state", "--json")[1])[0]["state"] == "Stable", 30)
tap.ok(live, "a member comes")
rc, out, err = reset("g", "t:0", "--to-earliest")
tap.ok(rc == 0 and "1 member" in err and "--execute would be refused" in err, "a dry run says so", (rc, out, err))
rc, out, err = reset("g", "t:0", "--to-earliest", "--execute")
tap.ok(rc == 1 and "1 member" in err and not out, "--execute is refused", (rc, out, err))
m.send_signal(signal.SIGTERM)
tap.eq(m.wait(timeout=30), 0, "it leaves")
tap.eq(reset("g", "t:0", "--to-earliest", "--execute")[0], 0, "then it is done")
tap.eq(committed()["t:0"], 5, "so")
br.close()
tap.done()
