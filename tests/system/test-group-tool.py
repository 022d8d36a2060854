# SPDX-License-Identifier: Apache-2.0
"""stoker group describe, delete, delete-offsets, reset-offsets with real members (librdkafka's, through stoker consume), members of
another protocol type, and wrong input of every kind."""
import json, os, re, signal, struct, subprocess, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap, until
from kapi import Client
from records import pack

tap = Tap()
STOKER = os.environ.get("STOKER", os.path.join(BUILD, "stoker"))
os.environ.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))
br = Broker("log.flush = os", "group.initial.rebalance.delay.ms = 0", "group.min.session.timeout.ms = 1000", "log.retention.check.interval.ms = 200")
os.environ["STOKER_BOOTSTRAP"] = br.boot
c = Client(br.port)


def stoker(*args, **more):
    p = subprocess.run([STOKER] + list(args), capture_output=True, text=True, timeout=60, **more)
    return p.returncode, p.stdout, p.stderr


def group(*args, **more):
    return stoker("group", *args, **more)


def doc(*args):
    rc, out, err = group(*args, "--json")
    if err:
        print("# %s: exit %d: %s" % (" ".join(args), rc, err.strip()), flush=True)
    return json.loads(out)


def refused(name, args, code, *words):
    rc, out, err = group(*args)
    tap.ok(rc == code and all(w in err for w in words) and err.startswith("stoker"), name, (rc, out, err))
    rc, out, err = group(*args, "--json")
    try:
        [json.loads(l) for l in out.splitlines()]
        tap.ok(rc == code, name + ", --json", (rc, out, err))
    except ValueError:
        tap.ok(False, name + ", --json", out)


def committed(g):
    rows = doc("describe", g, "--offsets")
    return {(p["topic"], p["partition"]): p["committed"] for p in rows[0]["partitions"] if p["committed"] >= 0} if rows else {}


def commit(g, topic, offsets):
    r = c.ask("OffsetCommit", 7, group_id=g, generation_id_or_member_epoch=-1, member_id="", group_instance_id=None,
              topics=[dict(name=topic, partitions=[dict(partition_index=p, committed_offset=o, committed_metadata="note") for p, o in offsets.items()])])
    return [p.error_code for t in r.topics for p in t.partitions]


class Consumer:
    def __init__(self, g, *topics, client="stoker", more=()):
        self.p = subprocess.Popen([STOKER, "consume", *topics, "-g", g, "--from-beginning", "-v", "-X", "client.id=" + client, "-X", "session.timeout.ms=6000",
                                   "-X", "heartbeat.interval.ms=200", "-X", "auto.commit.interval.ms=100", *more],
                                  stdout=subprocess.DEVNULL, stderr=open(os.path.join(br.dir, client + ".err"), "w"))
        self.err = os.path.join(br.dir, client + ".err")

    def said(self):
        with open(self.err) as f:
            return f.read()

    def end(self, how=signal.SIGTERM):
        self.p.send_signal(how)
        return self.p.wait(timeout=60)


def settled(g, n):
    def ask():
        rows = doc("describe", g, "--members")
        return rows and rows[0]["state"] == "Stable" and len(rows[0]["members"]) == n and rows[0]
    return until(ask, 40)


for t, n in (("work", 2), ("extra", 1), ("other", 3)):
    c.create(t, n)
    for i in range(10 * n):
        c.produce(t, pack([(b"k", b"v%d" % i)]), part=i % n)
until(lambda: commit("idle", "work", {0: 3}) == [0], 30)

# ---- describe: members that wait
a = Consumer("q", "work", client="first")
tap.ok(settled("q", 1), "a member alone")
b = Consumer("q", "work", client="second")
tap.ok(settled("q", 2), "two members")
w = Consumer("q", "work", client="third")
g = settled("q", 3)
tap.ok(g, "three members of two partitions")
waits = [m for m in g["members"] if m["waits"]]
tap.ok(len(waits) == 1 and waits[0]["assignment"] == [] and "more consumers than partitions: 3 share the 2 partitions of work" in waits[0]["waits"], "one waits, and why", g)
idle = {"first": a, "second": b, "third": w}[waits[0]["client"]]
tap.ok(until(lambda: "no partition for this member: more consumers than partitions: 3 share the 2 partitions of work; it waits" in idle.said(), 20), "consume -v says so itself", idle.said())
tap.eq(sorted(p for m in g["members"] for t in m["assignment"] for p in t["partitions"]), [0, 1], "the others have one each")
tap.ok({m["client"] for m in g["members"]} == {"first", "second", "third"} and "127.0.0.1" in g["members"][0]["host"] and "partitions" not in g, "client ids, hosts, no offsets", g)
rc, out, err = group("describe", "q")
tap.ok(rc == 0 and re.search(r"^1 member waits without a partition: more consumers than partitions", out, re.M) and re.search(r"work:[01]$", out, re.M) and re.search(r"waits$", out, re.M),
       "for people", out)
tap.ok(until(lambda: committed("q") == {("work", 0): 10, ("work", 1): 10}), "the offsets", committed("q"))
o = doc("describe", "q", "--offsets")[0]
tap.eq([(p["topic"], p["partition"], p["committed"], p["end"], p["lag"]) for p in o["partitions"]], [("work", 0, 10, 10, 0), ("work", 1, 10, 10, 0)], "--offsets")
tap.ok({p["client"] for p in o["partitions"]} <= {"first", "second", "third"} and all(p["member"] and p["host"] for p in o["partitions"]) and "members" not in o, "with who reads", o)
s = doc("describe", "q", "--state")[0]
tap.ok(s["member_count"] == 3 and s["state"] == "Stable" and s["protocol"] and str(br.port) in s["coordinator"] and "members" not in s and "partitions" not in s, "--state", s)
tap.eq(len(group("describe", "q", "--state")[1].splitlines()), 1, "is one line")

# ---- what members keep
refused("delete: a group with members", ["delete", "q"], 1, "NON_EMPTY_GROUP", "stop them")
refused("delete-offsets: a topic that members read", ["delete-offsets", "q", "work"], 1, "GROUP_SUBSCRIBED_TO_TOPIC", "work [0]", "work [1]")
busy = [x for x in (a, b, w) if x is not idle]
before = len(idle.said())
tap.eq(busy[0].end(), 0, "a member leaves")
tap.ok(until(lambda: "assigned work [" in idle.said()[before:], 30), "the one that waited goes on", idle.said())
for x in (idle, busy[1]):
    tap.eq(x.end(), 0, "it leaves")
tap.ok(until(lambda: doc("describe", "q", "--state")[0]["state"] == "Empty"), "the group is empty")
tap.eq(committed("q"), {("work", 0): 10, ("work", 1): 10}, "all is still committed")

# ---- range divides each topic by itself; a topic that is not there
r1, r2 = Consumer("r", "extra", "work", client="r1", more=["-X", "partition.assignment.strategy=range"]), None
tap.ok(settled("r", 1), "a member of two topics")
r2 = [Consumer("r", "extra", "work", client="r%d" % i, more=["-X", "partition.assignment.strategy=range"]) for i in (2, 3)]
g = settled("r", 3)
tap.ok(g and [m["waits"] for m in g["members"] if m["waits"]] and "range divides each topic by itself" in [m["waits"] for m in g["members"] if m["waits"]][0], "range: the reason is range", g)
for x in [r1] + r2:
    x.end()

# ---- the cooperative protocol, a step at a time
coop = ["-X", "partition.assignment.strategy=cooperative-sticky"]
three = []
for i in range(3):
    three.append(Consumer("coop", "work", client="coop%d" % i, more=coop))
    tap.ok(settled("coop", i + 1), "cooperative: %d" % (i + 1))
tap.ok(until(lambda: sum(bool(m["waits"]) for m in doc("describe", "coop", "--members")[0]["members"]) == 1, 20), "one waits")
tap.ok(until(lambda: committed("coop") == {("work", 0): 10, ("work", 1): 10}, 20), "all is read", committed("coop"))
tap.ok(until(lambda: "more consumers than partitions" in three[2].said(), 20), "the last one says so", three[2].said())
tap.eq(three[0].end() + three[1].end(), 0, "the others leave")
tap.ok(until(lambda: all("assigned work [%d]" % p in three[2].said() for p in (0, 1)), 30), "it gets all", three[2].said())
tap.eq(three[2].end(), 0, "and leaves")
tap.eq(len(stoker("consume", "work", "-g", "coop2", "--from-beginning", "-e", *coop)[1].splitlines()), 20, "consume -e reads all as a cooperative member")

# ---- another protocol type: bytes are not guessed at
k = Client(br.port)


def join(kind, metadata, name, member=""):
    return k.ask("JoinGroup", 5, client="worker", group_id=name, session_timeout_ms=60000, rebalance_timeout_ms=3000, member_id=member, group_instance_id=None, protocol_type=kind,
                 protocols=[dict(name="p1", metadata=metadata)])


def one_member(kind, name, metadata, assignment):
    r = join(kind, metadata, name)
    if r.error_code == 79:
        r = join(kind, metadata, name, r.member_id)
    assert r.error_code == 0, r
    s = k.ask("SyncGroup", 3, group_id=name, generation_id=r.generation_id, member_id=r.member_id, group_instance_id=None,
              assignments=[dict(member_id=r.member_id, assignment=assignment)])
    assert s.error_code == 0, s
    return r.member_id, r.generation_id


one_member("connect", "workers", b"\0\1\xff\xfe", b"\0\0\0\0\0\1\0\4work\0\0\0\1\0\0\0\0\0\0\0\0")
g = doc("describe", "workers")[0]
tap.ok(g["protocol_type"] == "connect" and g["members"][0]["assignment"] is None and g["members"][0]["assignment_bytes"] == 24 and g["members"][0]["waits"] is None
       and g["partitions"] == [], "connect: shown, not guessed at", g)
tap.ok("24 bytes of connect" in group("describe", "workers")[1], "for people", group("describe", "workers")[1])
refused("delete-offsets: of such a group with members", ["delete-offsets", "workers", "work"], 1, "NON_EMPTY_GROUP")
for i, bad in enumerate((b"\xff", b"\xff\xff", b"\0\0\x7f\xff\xff\xff", b"\0\0\0\0\0\1\x7f\xff", b"\0\0\xff\xff\xff\xff", b"\0\0\0\0\0\1\0\1\n\0\0\0\1\xff\xff\xff\xff" + b"\xff" * 4)):
    one_member("consumer", "garbage%d" % i, bad, bad)
    rc, out, err = group("describe", "garbage%d" % i)
    rcj, outj, errj = group("describe", "garbage%d" % i, "--json")
    tap.ok(rc == 0 and rcj == 0 and json.loads(outj)[0]["member_count"] == 1, "a member's bytes are nonsense: %r" % bad, (rc, out, err, outj))

# ---- delete-offsets
tap.eq(commit("d", "work", {0: 1, 1: 2}) + commit("d", "other", {0: 4, 1: 5, 2: 6}), [0] * 5, "offsets of two topics")
rc, out, err = group("delete-offsets", "d", "other:0,2")
tap.ok(rc == 0 and not err and out.count("deleted") == 2, "some partitions", (rc, out, err))
tap.eq(committed("d"), {("work", 0): 1, ("work", 1): 2, ("other", 1): 5}, "the rest stays")
rows = doc("delete-offsets", "d", "other:0-2")
tap.eq([(x["partition"], x["committed"], x["deleted"]) for x in rows], [(0, -1, False), (1, 5, True), (2, -1, False)], "--json says what there was")
tap.eq(group("delete-offsets", "d", "other")[0], 0, "nothing to delete is no failure")
refused("a topic that is not there", ["delete-offsets", "d", "nope"], 1, "nope", "UNKNOWN_TOPIC_OR_PARTITION")
refused("a partition that is not there", ["delete-offsets", "d", "work:0,7"], 1, "work [7]", "UNKNOWN_TOPIC_OR_PARTITION")
tap.eq(committed("d"), {("work", 1): 2}, "the other one is done")
refused("a group that is not there", ["delete-offsets", "nobody", "work"], 1, "GROUP_ID_NOT_FOUND", "nobody")
for bad in ("work:", "work:x", "work:-1", "work:1-", "work:3-1", ":0", "work:0,,1", "work:2147483648", "work:0-2147483647", "work:0 ", "work: 0", "work:0:1", "work:+1"):
    refused("delete-offsets %r" % bad, ["delete-offsets", "d", bad], 2, bad)
refused("delete-offsets without a topic", ["delete-offsets", "d"], 2, "topic")
tap.eq(committed("d"), {("work", 1): 2}, "nothing happened by all that")

# ---- delete
commit("e1", "work", {0: 1})
rows = json.loads(group("delete", "e1", "nobody", "d", "--json")[1])
tap.eq([(x["group"], x["deleted"]) for x in rows], [("e1", True), ("nobody", False), ("d", True)], "several: one that fails does not keep the others")
tap.ok({"e1", "d"}.isdisjoint(x["group"] for x in doc("list")), "they are gone")
refused("a group that is not there", ["delete", "nobody"], 1, "GROUP_ID_NOT_FOUND", "nobody")
refused("no name", ["delete", ""], 1)
refused("none at all", ["delete"], 2)

br.close()
tap.done()
