# SPDX-License-Identifier: Apache-2.0
"""Clients of the years before record batches: message sets of magic 0 and 1 in both directions, no ApiVersions, the oldest
version of each request (kafka-facts 4.5). Every expectation holds for Apache Kafka 3.9.1 too."""
import os, sys, struct
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker, i32, until
from kapi import Client
from records import pack, unpack, batches, message, message_set, now

tap = Tap()
br = Broker("auto.create.topics.enable = true", "num.partitions = 1")
c = Client(br.port)
TS = 1700000000000
ROWS = [(b"k1", b"one"), (None, b"two"), (b"k3", None), (b"", b"")]


def produce(topic, version, data):
    p = c.produce(topic, data, version=version)
    return p.error_code, p.base_offset


def rows(data):
    return [(r.offset, r.key, r.value) for r in unpack(data)]


want = [(i, k, v) for i, (k, v) in enumerate(ROWS)]
for version in (0, 1, 2):
    for magic in (0, 1):
        for codec in ("none", "gzip"):
            name = "Produce v%d, magic %d, %s" % (version, magic, codec)
            topic = "p%d-%d-%s" % (version, magic, codec)
            c.create(topic)
            tap.eq(produce(topic, version, message_set(magic, ROWS, codec, TS)), (0, 0), name)
            tap.eq(produce(topic, version, message_set(magic, ROWS, codec, TS)), (0, 4), name + ", again")
            data = c.fetch(topic, 0, version=4).records
            got = list(batches(data))
            tap.eq((rows(data)[:4], [b.magic for b in got][:1], len(rows(data))), (want, [2], 8), name + ": kept as v2 batches, all records there")
            tap.ok(all(r.timestamp == (TS if magic else -1) for r in unpack(data)), name + ": the timestamps are right", [r.timestamp for r in unpack(data)])
            tap.ok(all(b.attributes & 7 == (codec == "gzip") for b in got), name + ": the codec is kept", [b.attributes for b in got])
            for v in (0, 1, 2, 3):
                data = c.fetch(topic, 0, version=v).records
                m = 0 if v < 2 else 1
                tap.eq((rows(data)[:4], {b.magic for b in batches(data)}), (want, {m}), name + ": fetch v%d gets magic %d" % (v, m))
            times = {r.timestamp for r in unpack(c.fetch(topic, 0, version=2).records)}
            tap.eq(times, {TS if magic else -1}, name + ": with timestamps as they were")

# ---- what new producers wrote, read by old consumers
c.create("new")
new = pack([(b"k", b"v1", TS, [(b"h", b"x")]), (None, b"v2", TS + 7)])
c.produce("new", new)
c.produce("new", pack([(b"k", b"v3", TS + 9), (b"k", b"v4", TS + 8)], "gzip"))
all4 = [(0, b"k", b"v1"), (1, None, b"v2"), (2, b"k", b"v3"), (3, b"k", b"v4")]
for v in (0, 1, 2, 3):
    data = c.fetch("new", 0, version=v).records
    tap.eq(rows(data), all4, "fetch v%d of v2 batches: converted down, headers left out" % v)
    tap.ok(all(b.ok for b in batches(data)), "fetch v%d: the CRCs are right" % v)
    tap.eq(rows(c.fetch("new", 3, version=v).records)[-1:], all4[-1:], "fetch v%d from the middle of a batch" % v)
tap.eq([r.timestamp for r in unpack(c.fetch("new", 0, version=2).records)], [TS, TS + 7, TS + 9, TS + 8], "magic 1 has the timestamps")
tap.eq(unpack(c.fetch("new", 0, version=4).records)[0].headers, [(b"h", b"x")], "v4 has the headers")
c.create("z")
tap.eq(produce("z", 7, pack([(None, b"v")], "zstd")), (0, 0), "zstd with Produce v7")
tap.eq(produce("z", 6, pack([(None, b"v")], "zstd"))[0], 76, "zstd with Produce v6 is UNSUPPORTED_COMPRESSION_TYPE")
for v in (0, 3):
    tap.eq(c.fetch("z", 0, version=v).error_code, 76, "fetch v%d of zstd is UNSUPPORTED_COMPRESSION_TYPE" % v)
tap.eq(len(list(batches(c.fetch("z", 0, version=4).records))), 1, "fetch v4 gets it as it is")
c.create("zt", compression_type="zstd")
c.produce("zt", pack([(None, b"v")]))
tap.eq([c.fetch("zt", 0, version=v).error_code for v in (9, 10)], [76, 0], "a topic with compression.type=zstd needs Fetch v10")
c.create("nodown", message_downconversion_enable="false")
c.produce("nodown", new)
tap.eq([c.fetch("nodown", 0, version=v).error_code for v in (1, 3, 4)], [35, 35, 0], "message.downconversion.enable=false: UNSUPPORTED_VERSION below v4")

# ---- limits
c.create("lim")
for i in range(10):
    c.produce("lim", pack([(b"k", b"%d" % i * 1000)]))
data = c.fetch("lim", 4, version=3, part_bytes=10).records
tap.eq(rows(data)[0][0], 4, "v3: at least one message")
data = c.fetch("lim", 0, version=2, part_bytes=3500).records
tap.ok(1 <= len(rows(data)) <= 4 and rows(data)[0][0] == 0, "v2: about as many as the limit holds", len(rows(data)))

# ---- bad message sets
c.create("bad")
good = message_set(1, ROWS, "none", TS)
flip = bytearray(good)
flip[30] ^= 1
for name, version, data, codes in (
    ("wrong CRC in a message", 2, bytes(flip), (2,)),
    ("wrong CRC inside a wrapper", 2, message(1, 0, None, __import__("zlib").compress(bytes(flip), wbits=31), TS, 1), (2, 87)),
    ("garbage inside a wrapper", 2, message(1, 0, None, b"garbage", TS, 1), (2, 87, -1)),
    ("an empty wrapper", 2, message(1, 0, None, __import__("zlib").compress(b"", wbits=31), TS, 1), (2, 87, -1)),
    ("zstd in an old message", 2, message(1, 0, None, b"x", TS, 4), (76, 2, 87, -1)),
    ("a size that lies", 2, good[:8] + i32(7) + good[12:], (2, 87)),
    ("an old message set with Produce v3", 3, good, (87,)),
    ("mixed magics", 2, message_set(0, ROWS) + good, (87, 2)),
):
    e, _ = produce("bad", version, data)
    tap.ok(e in codes, "refused: " + name, "error %d, want one of %s" % (e, codes))
tap.eq(c.offset("bad", -1), (0, -1, 0), "nothing of them was kept")
tap.eq(produce("bad", 2, new), (0, 0), "a v2 batch with Produce v2 is taken")
tap.eq(rows(c.fetch("bad", 0).records), all4[:2], "and is there")

# ---- null keys of a compacted topic, one by one
c.create("comp", cleanup_policy="compact")
tap.eq(produce("comp", 2, message_set(1, [(None, b"v")]))[0], 87, "a compacted topic takes no null keys from old clients either")

# ---- a client of 0.8: no ApiVersions, the oldest version of everything
o = Client(br.port)
m = o.ask("Metadata", 0, topics=[dict(name="brand-new")])
tap.ok([b.port for b in m.brokers] == [br.port] and m.topics[0].error_code in (0, 5), "Metadata v0 creates the topic", m)
until(lambda: o.ask("Metadata", 0, topics=[dict(name="brand-new")]).topics[0].error_code != 5)
m = o.ask("Metadata", 0, topics=[dict(name="brand-new")])
tap.eq((m.topics[0].error_code, m.topics[0].partitions[0].leader_id), (0, m.brokers[0].node_id), "and tells its leader")
tap.ok({"new", "bad", "comp"} <= {t.name for t in o.ask("Metadata", 0, topics=[]).topics}, "Metadata v0 without names tells of all topics")
tap.eq(o.produce("brand-new", message_set(0, ROWS), version=0, acks=1).base_offset, 0, "Produce v0")
tap.eq(rows(o.fetch("brand-new", 0, version=0).records), want, "Fetch v0")
r = o.ask("ListOffsets", 0, replica_id=-1, topics=[dict(name="brand-new", partitions=[dict(partition_index=0, timestamp=-1, max_num_offsets=1)])])
tap.eq(r.topics[0].partitions[0].old_style_offsets, [4], "ListOffsets v0")
until(lambda: o.ask("FindCoordinator", 0, key="old-group").error_code == 0)  # where groups are new, the first answer may be "not yet"
r = o.ask("FindCoordinator", 0, key="old-group")
tap.eq((r.error_code, r.port), (0, br.port), "FindCoordinator v0")


def commit(version, offset, **extra):
    r = o.ask("OffsetCommit", version, group_id="old-group", topics=[dict(name="brand-new", partitions=[dict(partition_index=0, committed_offset=offset, committed_metadata="m%d" % version)])], **extra)
    return r.topics[0].partitions[0].error_code


def committed(version):
    p = o.ask("OffsetFetch", version, group_id="old-group", topics=[dict(name="brand-new", partition_indexes=[0])]).topics[0].partitions[0]
    return p.error_code, p.committed_offset, p.metadata


tap.eq((commit(0, 2), committed(0)[:2]), (0, (0, 2)), "OffsetCommit v0 and OffsetFetch v0")
tap.eq((commit(1, 3, generation_id_or_member_epoch=-1, member_id=""), committed(1)), (0, (0, 3, "m1")), "OffsetCommit v1 and OffsetFetch v1")
tap.eq((commit(2, 4, generation_id_or_member_epoch=-1, member_id=""), committed(1)), (0, (0, 4, "m2")), "OffsetCommit v2")
r = o.ask("JoinGroup", 0, group_id="old-join", session_timeout_ms=6000, member_id="", protocol_type="consumer", protocols=[dict(name="range", metadata=b"x")])
tap.eq((r.error_code, r.protocol_name, len(r.members)), (0, "range", 1), "JoinGroup v0")
s = o.ask("SyncGroup", 0, group_id="old-join", generation_id=r.generation_id, member_id=r.member_id, assignments=[dict(member_id=r.member_id, assignment=b"mine")])
tap.eq((s.error_code, s.assignment), (0, b"mine"), "SyncGroup v0")
tap.eq(o.ask("Heartbeat", 0, group_id="old-join", generation_id=r.generation_id, member_id=r.member_id).error_code, 0, "Heartbeat v0")
tap.eq(o.ask("LeaveGroup", 0, group_id="old-join", member_id=r.member_id).error_code, 0, "LeaveGroup v0")

tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
