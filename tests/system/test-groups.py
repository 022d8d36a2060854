# SPDX-License-Identifier: Apache-2.0
"""Consumer groups, the classic protocol by hand: join, sync, heartbeat, leave, rebalances, time-outs, static members, what
is refused; offsets; what survives kill -9 (kafka-facts 9). Every expectation holds for Apache Kafka 3.9.1 too."""
import os, struct, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker, until
from kapi import Client

tap = Tap()


br = Broker("num.partitions = 2", "group.initial.rebalance.delay.ms = 0", "group.min.session.timeout.ms = 1000")
c = Client(br.port)
c.create("t", 2)
c.create("u", 1)
for _ in range(100):
    f = c.ask("FindCoordinator", 4, key_type=0, coordinator_keys=["g", "h"])
    if all(x.error_code == 0 for x in f.coordinators):
        break
    time.sleep(0.2)
tap.eq([(x.key, x.error_code, x.port) for x in f.coordinators], [("g", 0, br.port), ("h", 0, br.port)], "FindCoordinator v4: two groups at once")
tap.ok(c.ask("FindCoordinator", 2, key="", key_type=9).error_code in (42, -1, 15), "an unknown kind of coordinator is refused")


def subscription(*topics):
    return struct.pack(">hi", 0, len(topics)) + b"".join(struct.pack(">h", len(t)) + t.encode() for t in topics) + struct.pack(">i", -1)


class Member:
    """One member with a connection of its own (join and sync may wait)."""

    def __init__(self, group, instance=None, session=6000, rebalance=3000, version=5, topics=("t",), protocols=("range",)):
        self.c, self.group, self.instance, self.version = Client(br.port), group, instance, version
        self.session, self.rebalance, self.topics, self.protocols = session, rebalance, topics, protocols
        self.id, self.generation, self.kind = "", -1, "consumer"

    def start_join(self, **more):
        fields = dict(group_id=self.group, session_timeout_ms=self.session, rebalance_timeout_ms=self.rebalance, member_id=self.id, protocol_type=self.kind,
                      protocols=[dict(name=p, metadata=subscription(*self.topics)) for p in self.protocols])
        if self.version >= 5:
            fields["group_instance_id"] = self.instance
        fields.update(more)
        self.c.post("JoinGroup", self.version, client="app", **fields)

    def end_join(self):
        r = self.c.take("JoinGroup", self.version)
        if r.error_code in (0, 79):
            self.id = r.member_id
        if r.error_code == 0:
            self.generation, self.leader, self.members, self.protocol = r.generation_id, r.leader, r.members, r.protocol_name
        return r.error_code

    def join(self, **more):
        self.start_join(**more)
        e = self.end_join()
        if e == 79:  # MEMBER_ID_REQUIRED: again with the id
            self.start_join(**more)
            e = self.end_join()
        return e

    def start_sync(self, assign=(), **more):
        fields = dict(group_id=self.group, generation_id=self.generation, member_id=self.id, group_instance_id=self.instance,
                      assignments=[dict(member_id=m, assignment=a) for m, a in assign])
        fields.update(more)
        self.c.post("SyncGroup", 3, **fields)

    def end_sync(self):
        r = self.c.take("SyncGroup", 3)
        return r.error_code, r.assignment

    def sync(self, assign=(), **more):
        self.start_sync(assign, **more)
        return self.end_sync()

    def beat(self, **more):
        return self.c.ask("Heartbeat", 3, **{**dict(group_id=self.group, generation_id=self.generation, member_id=self.id, group_instance_id=self.instance), **more}).error_code

    def leave(self, version=3):
        r = self.c.ask("LeaveGroup", version, group_id=self.group, **(dict(members=[dict(member_id=self.id, group_instance_id=self.instance)]) if version >= 3 else dict(member_id=self.id)))
        return r.error_code or (r.members[0].error_code if version >= 3 else 0)

    def commit(self, offset, version=7, topic="t", part=0, meta="", **more):
        fields = dict(group_id=self.group, member_id=self.id, generation_id_or_member_epoch=self.generation,
                      topics=[dict(name=topic, partitions=[dict(partition_index=part, committed_offset=offset, committed_metadata=meta)])])
        if version >= 7:
            fields["group_instance_id"] = self.instance
        fields.update(more)
        return self.c.ask("OffsetCommit", version, **fields).topics[0].partitions[0].error_code


def offset_of(group, topic="t", part=0, version=5):
    if version >= 8:
        r = c.ask("OffsetFetch", version, groups=[dict(group_id=group, topics=[dict(name=topic, partition_indexes=[part])])]).groups[0]
    else:
        r = c.ask("OffsetFetch", version, group_id=group, topics=[dict(name=topic, partition_indexes=[part])])
    p = r.topics[0].partitions[0]
    return p.error_code, p.committed_offset, p.metadata


def state(group):
    g = c.ask("DescribeGroups", 4, groups=[group]).groups[0]
    return g.group_state, len(g.members)


# ---- one member, every version
for v in range(10):
    m = Member("one%d" % v, version=v)
    m.start_join()
    e = m.end_join()
    tap.eq((e, bool(m.id)), (79 if v >= 4 else 0, True), "JoinGroup v%d of a new member%s" % (v, ": MEMBER_ID_REQUIRED, with the id" if v >= 4 else ""))
    if e:
        m.start_join()
        e = m.end_join()
    tap.eq((e, m.generation, m.leader, [x.member_id for x in m.members], m.protocol), (0, 1, m.id, [m.id], "range"), "it leads generation 1")
    tap.ok(m.id.startswith("app-"), "the member id begins with the client id", m.id)
m = Member("g", session=60000)
m.join()
tap.eq(state("g"), ("CompletingRebalance", 1), "joined, not yet synced: CompletingRebalance")
tap.eq(m.commit(1), 27, "a commit between join and sync: REBALANCE_IN_PROGRESS")
for v in range(6):
    r = m.c.ask("SyncGroup", v, group_id="g", generation_id=1, member_id=m.id, assignments=[dict(member_id=m.id, assignment=b"A")],
                **(dict(protocol_type="consumer", protocol_name="range") if v >= 5 else {}))
    tap.eq((r.error_code, r.assignment), (0, b"A"), "SyncGroup v%d" % v)
for v in range(5):
    tap.eq(m.c.ask("Heartbeat", v, group_id="g", generation_id=1, member_id=m.id).error_code, 0, "Heartbeat v%d" % v)
tap.eq(state("g"), ("Stable", 1), "Stable")

# ---- what is refused
tap.eq([m.beat(generation_id=9), m.beat(generation_id=0), m.beat(member_id="stranger"), m.beat(group_id="nobody"), m.beat(group_id="")], [22, 22, 25, 25, 24], "Heartbeat: ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, INVALID_GROUP_ID")
tap.eq([m.sync(generation_id=9)[0], m.sync(member_id="stranger")[0], m.sync(group_id="nobody")[0]], [22, 25, 25], "SyncGroup: the same")
r = m.c.ask("SyncGroup", 5, group_id="g", generation_id=1, member_id=m.id, protocol_type="consumer", protocol_name="other")
tap.eq(r.error_code, 23, "SyncGroup v5 with another protocol: INCONSISTENT_GROUP_PROTOCOL")
x = Member("g")
tap.eq([x.join(member_id="stranger"), x.join(session_timeout_ms=10), x.join(session_timeout_ms=99999999), x.join(group_id="")], [25, 26, 26, 24], "JoinGroup: UNKNOWN_MEMBER_ID, INVALID_SESSION_TIMEOUT, INVALID_GROUP_ID")
tap.eq([x.join(protocol_type="connect"), x.join(protocols=[dict(name="other", metadata=b"")])], [23, 23], "another protocol type, no protocol in common: INCONSISTENT_GROUP_PROTOCOL")
tap.eq([Member("e").join(protocols=[]), Member("e").join(protocol_type="")], [23, 23], "an empty group: no protocols, no type")
tap.eq([m.commit(1, generation_id_or_member_epoch=9), m.commit(1, member_id="stranger"), m.commit(1, member_id="", generation_id_or_member_epoch=-1)], [22, 25, 25], "OffsetCommit: wrong generation, stranger, a simple consumer in a live group")
tap.eq(m.commit(1, meta="x" * 5000), 12, "OFFSET_METADATA_TOO_LARGE")
tap.eq((m.commit(1, topic="none"), m.commit(1, part=7)), (3, 3), "a topic, a partition that is not there")

# ---- two members: the second's join makes the first join again
m.beat()
n = Member("g")
n.start_join()
n.end_join()
n.start_join()
until(lambda: state("g")[0] == "PreparingRebalance")
tap.eq((state("g")[0], m.beat()), ("PreparingRebalance", 27), "a second member: PreparingRebalance, heartbeats say REBALANCE_IN_PROGRESS")
tap.eq(m.commit(5), 0, "a commit of the generation before is still taken")
tap.eq(m.sync()[0], 27, "its sync is not")
tap.eq((m.join(), n.end_join()), (0, 0), "the first joins again: both are answered")
tap.eq((m.generation, n.generation, m.leader, n.leader, len(m.members), n.members), (2, 2, m.id, m.id, 2, []), "generation 2, the first leads and is told of both")
tap.eq({x.member_id: x.metadata for x in m.members}, {m.id: subscription("t"), n.id: subscription("t")}, "with their metadata")
n.start_sync()
tap.eq((m.sync([(m.id, b"M"), (n.id, b"N")]), n.end_sync()), ((0, b"M"), (0, b"N")), "the leader's sync answers both with their parts")
tap.eq((n.join(), n.generation), (0, 2), "a follower that joins with the same metadata gets the same generation")
g = c.ask("DescribeGroups", 5, groups=["g"]).groups[0]
tap.eq((g.error_code, g.group_state, g.protocol_type, g.protocol_data), (0, "Stable", "consumer", "range"), "DescribeGroups")
tap.eq(sorted((x.member_id, x.client_id, x.client_host, x.member_metadata, x.member_assignment) for x in g.members),
       sorted((i, "app", "/127.0.0.1", subscription("t"), a) for i, a in ((m.id, b"M"), (n.id, b"N"))), "and its members")
n.topics = ("t", "u")
n.start_join()
tap.ok(until(lambda: m.beat() == 27), "changed metadata of a follower: rebalance")
tap.eq((m.join(), n.end_join(), m.generation), (0, 0, 3), "generation 3")
m.start_sync([(m.id, b"M"), (n.id, b"N")])
tap.eq((n.sync(), m.end_sync()), ((0, b"N"), (0, b"M")), "a follower may sync later")
tap.eq((n.leave(), m.beat()), (0, 27), "a member leaves: the other is told to join again")
tap.eq((n.beat(), n.leave()), (25, 25), "who left is unknown")
tap.eq((m.join(), m.generation, len(m.members)), (0, 4, 1), "alone in generation 4")
m.sync([(m.id, b"M")])

# ---- protocol choice: the most votes of those that all support
a, b = Member("vote", protocols=("x", "y", "z")), Member("vote", protocols=("y", "x"))
a.join()
a.sync([(a.id, b"")])
b.start_join(); b.end_join(); b.start_join()
a.join(protocols=[dict(name=p, metadata=b"") for p in ("y", "z")])
b.end_join()
tap.eq((a.protocol, b.protocol), ("y", "y"), "the protocol that all members support")

# ---- time-outs
s = Member("late", session=3000, rebalance=1500)
s.join()
s.sync([(s.id, b"")])
for _ in range(5):
    time.sleep(0.8)
    e = s.beat()
tap.eq(e, 0, "heartbeats keep a member with a session of three seconds")
until(lambda: state("late")[0] == "Empty")
tap.eq((s.beat(), state("late")), (25, ("Empty", 0)), "without them it is gone: UNKNOWN_MEMBER_ID, the group is Empty")
a, b = Member("slow", session=30000, rebalance=1000), Member("slow", session=30000, rebalance=1000)
a.join()
a.sync([(a.id, b"")])
b.start_join(); b.end_join()
t = time.time()
b.start_join()
e = b.end_join()
tap.ok(e == 0 and 0.8 < time.time() - t < 8 and len(b.members) == 1, "who does not join within the rebalance time-out is left out", (e, time.time() - t))
tap.eq((a.beat(), b.leader == b.id), (25, True), "it is unknown now, the other leads")
b.sync([(b.id, b"")])
z = Member("reserve", session=1000)
z.start_join(); z.end_join()
time.sleep(2.5)
z.start_join()
tap.eq(z.end_join(), 25, "an id that was given but not used within the session time-out is gone")

# ---- static members
p = Member("st", instance="i1", session=30000)
tap.eq((p.join(), p.id.startswith("i1-")), (0, True), "a static member needs no second join")
p.sync([(p.id, b"P")])
old = p.id
q = Member("st", instance="i1", session=30000)
tap.eq((q.join(), q.generation), (0, p.generation), "it comes back under its instance id: no rebalance")
tap.ok(q.id != old, "with another member id")
tap.eq(p.beat(), 82, "the former one is FENCED_INSTANCE_ID")
tap.eq(q.sync(), (0, b"P"), "and gets its assignment back")
tap.eq((p.commit(1), q.commit(1)), (82, 0), "commits too")
r = c.ask("LeaveGroup", 4, group_id="st", members=[dict(member_id="", group_instance_id="i1"), dict(member_id="", group_instance_id="i9"), dict(member_id="x")])
tap.eq((r.error_code, [x.error_code for x in r.members], state("st")), (0, [0, 25, 25], ("Empty", 0)), "leaving by instance id, an answer for each")

# ---- offsets
m.beat()
for v in range(5, 10):
    tap.eq((m.commit(40 + v, version=v, meta="v%d" % v), offset_of("g")), (0, (0, 40 + v, "v%d" % v)), "OffsetCommit v%d of a member" % v)
for v in range(1, 10):
    tap.eq(offset_of("g", version=v), (0, 49, "v9"), "OffsetFetch v%d" % v)
tap.eq((offset_of("g", part=1), offset_of("unheard-of")), ((0, -1, ""), (0, -1, "")), "none committed: -1, no error")
simple = Member("simple", version=0)
tap.eq([simple.commit(7, version=v) for v in (2, 3, 5, 7)], [0] * 4, "a simple consumer commits without joining")
tap.eq((offset_of("simple"), state("simple")), ((0, 7, ""), ("Empty", 0)), "its group is Empty")
simple.generation = 3
tap.ok(simple.commit(8) in (22, 25), "a generation in a group that has none is refused")
tap.eq(Member("new").commit(8, generation_id_or_member_epoch=3), 22, "in a group that is not there: ILLEGAL_GENERATION")
simple.generation = -1
simple.commit(9, topic="u")
r = c.ask("OffsetFetch", 7, group_id="simple", topics=None, require_stable=True)
tap.eq(sorted((t.name, p.partition_index, p.committed_offset) for t in r.topics for p in t.partitions), [("t", 0, 7), ("u", 0, 9)], "topics null: all offsets of the group")
r = c.ask("OffsetFetch", 8, groups=[dict(group_id="simple", topics=None), dict(group_id="g", topics=None)])
tap.eq([(g.group_id, g.error_code, sorted(t.name for t in g.topics)) for g in r.groups], [("simple", 0, ["t", "u"]), ("g", 0, ["t"])], "v8: several groups")

# ---- lists, deletion
r = c.ask("ListGroups", 5, states_filter=[], types_filter=[])
rows = {g.group_id: (g.protocol_type, g.group_state, g.group_type) for g in r.groups}
tap.eq((rows["g"], rows["simple"], rows["st"]), (("consumer", "Stable", "classic"), ("", "Empty", "classic"), ("consumer", "Empty", "classic")), "ListGroups v5")
r = c.ask("ListGroups", 4, states_filter=["Stable"])
tap.ok("g" in [g.group_id for g in r.groups] and "simple" not in [g.group_id for g in r.groups], "filtered by state")
for v in range(4):
    tap.ok({"g", "simple"} <= {g.group_id for g in c.ask("ListGroups", v).groups}, "ListGroups v%d" % v)
tap.eq(state("unheard-of"), ("Dead", 0), "a group that is not there is Dead")
r = c.ask("OffsetDelete", 0, group_id="g", topics=[dict(name="t", partitions=[dict(partition_index=0)])])
tap.eq((r.error_code, [p.error_code for p in r.topics[0].partitions]), (0, [86]), "OffsetDelete of a topic that a member subscribes: GROUP_SUBSCRIBED_TO_TOPIC")
r = c.ask("OffsetDelete", 0, group_id="simple", topics=[dict(name="u", partitions=[dict(partition_index=0)])])
tap.eq((r.error_code, r.topics[0].partitions[0].error_code, offset_of("simple", "u"), offset_of("simple")), (0, 0, (0, -1, ""), (0, 7, "")), "OffsetDelete of another")
tap.eq(c.ask("OffsetDelete", 0, group_id="unheard-of", topics=[]).error_code, 69, "OffsetDelete: GROUP_ID_NOT_FOUND")
r = c.ask("DeleteGroups", 2, groups_names=["g", "simple", "unheard-of", "late"])
tap.eq({x.group_id: x.error_code for x in r.results}, {"g": 68, "simple": 0, "unheard-of": 69, "late": 0}, "DeleteGroups: NON_EMPTY_GROUP, done, GROUP_ID_NOT_FOUND")
tap.eq((offset_of("simple"), state("simple")), ((0, -1, ""), ("Dead", 0)), "deleted with its offsets")

# ---- restart in the middle
k = Member("keep", session=30000, rebalance=5000)
k.join()
k.sync([(k.id, b"K")])
k.commit(111, meta="note")
k.commit(112, part=1)
for how in ("kill", "stop", "kill"):
    getattr(br, how)()
    br.start()
    c, k.c = Client(br.port), Client(br.port)
    until(lambda: k.beat() not in (14, 15, 16))
    tap.eq((offset_of("keep"), offset_of("keep", part=1), offset_of("g")), ((0, 111, "note"), (0, 112, ""), (0, 49, "v9")), how + ": committed offsets are there")
    tap.eq((k.beat(), state("keep")), (0, ("Stable", 1)), how + ": the member goes on in its generation")
    tap.eq((k.sync(), k.commit(111, meta="note")), ((0, b"K"), 0), how + ": with its assignment, and commits")
    tap.eq(offset_of("simple"), (0, -1, ""), how + ": what was deleted stays deleted")

k.leave()
tap.eq((c.ask("DeleteTopics", 3, topic_names=["t"], timeout_ms=5000).responses[0].error_code), 0, "the topic is deleted")
until(lambda: offset_of("keep")[1] == -1)
tap.eq(offset_of("keep")[1], -1, "and the offsets committed for it")

tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
