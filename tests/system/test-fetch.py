# SPDX-License-Identifier: Apache-2.0
"""Fetch and what finds offsets: long polls, limits, sessions, topic ids, epochs, ListOffsets, DeleteRecords
(kafka-facts 3.2, 3.3). Every expectation holds for Apache Kafka 3.9.1 too."""
import os, sys, threading, time, uuid
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker
from kapi import Client
from records import pack, unpack, batches

tap = Tap()
br = Broker("auto.create.topics.enable = false", "max.incremental.fetch.session.cache.slots = 1000")
c, other = Client(br.port), Client(br.port)
tap.eq(c.create("f", 3), 0, "a topic of three partitions")


def offsets(p):
    return [r.offset for r in unpack(p.records)]


LATE = 6  # seconds: what a wait would be, had it not been ended; far more than a machine that has other things to do takes

# ---- long poll
t = time.time()
p = c.fetch("f", 0, max_wait=300)
took = time.time() - t
tap.ok(p.error_code == 0 and not p.records and 0.28 <= took < LATE, "an empty long poll ends after max_wait", took)
t = time.time()
p = c.fetch("f", 0, max_wait=8000, min_bytes=0)
tap.ok(time.time() - t < LATE, "min_bytes 0 does not wait")


def poll_while(append, min_bytes=1, wait=8000):
    """Seconds from the append until the waiting fetch is answered, and its answer."""
    corr = c.post("Fetch", 11, max_wait_ms=wait, min_bytes=min_bytes, max_bytes=1 << 20,
                  topics=[dict(topic="f", partitions=[dict(partition=i, fetch_offset=0, partition_max_bytes=1 << 20) for i in range(3)])])
    time.sleep(0.2)
    t = time.time()
    append()
    r = c.take("Fetch", 11, corr)
    return time.time() - t, {p.partition_index: p for p in r.responses[0].partitions}


took, got = poll_while(lambda: other.produce("f", pack([(b"k", b"v")]), part=1))
tap.ok(took < LATE and offsets(got[1]) == [0] and not got[0].records, "a waiting fetch of three partitions is woken by one append", (took, got))
c.ask("DeleteRecords", 1, topics=[dict(name="f", partitions=[dict(partition_index=1, offset=-1)])], timeout_ms=5000)
size = len(pack([(b"k", b"v" * 1000)]))


def three():
    for i in range(3):
        other.produce("f", pack([(b"k", b"v" * 1000)]))
        time.sleep(0.15)


took, got = poll_while(three, min_bytes=3 * size)
tap.eq(got[1].error_code, 1, "an error of one partition is answered although others could wait (its start moved)")
corr = c.post("Fetch", 11, max_wait_ms=8000, min_bytes=3 * size, max_bytes=1 << 20, topics=[dict(topic="f", partitions=[dict(partition=2, partition_max_bytes=1 << 20)])])
t = time.time()
for i in range(3):
    time.sleep(0.15)
    other.produce("f", pack([(b"k", b"v" * 1000)]), part=2)
p = c.take("Fetch", 11, corr).responses[0].partitions[0]
tap.ok(offsets(p) == [0, 1, 2] and 0.4 < time.time() - t < LATE, "min_bytes: answered when the third batch makes it enough", (offsets(p), time.time() - t))

# ---- limits
tap.eq(c.create("l", 2), 0, "a topic for limits")
for part in (0, 1):
    for i in range(10):
        c.produce("l", pack([(b"k", b"%d" % i * 10000)]), part=part)
one = len(pack([(b"k", b"0" * 10000)]))
whole = lambda p: [b.base for b in batches(p.records)]
tap.eq(whole(c.fetch("l", 3, max_bytes=1, part_bytes=1)), [3], "at least one batch, whatever the limits say")
tap.eq(whole(c.fetch("l", 3, part_bytes=3 * one)), [3, 4, 5], "part_bytes")
r = c.ask("Fetch", 11, max_wait_ms=0, min_bytes=1, max_bytes=4 * one,
          topics=[dict(topic="l", partitions=[dict(partition=i, fetch_offset=0, partition_max_bytes=3 * one) for i in (0, 1)])]).responses[0].partitions
tap.eq([p.partition_index for p in r], [0, 1], "partitions are answered in the order of the request")
tap.ok(whole(r[0]) == [0, 1, 2] and whole(r[1]) in ([0], []), "max_bytes is shared by the partitions", [whole(p) for p in r])
r = c.ask("Fetch", 11, max_wait_ms=0, min_bytes=1, max_bytes=1,
          topics=[dict(topic="l", partitions=[dict(partition=i, fetch_offset=0, partition_max_bytes=1) for i in (0, 1)])]).responses[0].partitions
tap.ok(whole(r[0]) == [0] and whole(r[1]) == [], "the rule of one batch is for the first partition only")
r = c.ask("Fetch", 2, max_wait_ms=0, min_bytes=1, topics=[dict(topic="l", partitions=[dict(partition=0, fetch_offset=0, partition_max_bytes=100)])])
tap.ok(whole(r.responses[0].partitions[0]) in ([], [0]), "v2 has no such rule: Kafka gives nothing whole; the message is welcome")
p = c.produce("l", pack([(None, b"a"), (None, b"b"), (None, b"c")]))
p = c.fetch("l", p.base_offset + 2)
tap.eq((offsets(p), p.high_watermark), ([10, 11, 12], 13), "a fetch into the middle of a batch gets the whole batch")

# ---- out of range, unknown, isolation
for off, name in ((14, "beyond the end"), (-1, "below the start")):
    p = c.fetch("l", off)
    tap.eq((p.error_code, p.high_watermark, p.last_stable_offset, p.log_start_offset, p.records or b""), (1, -1, -1, -1, b""), "OFFSET_OUT_OF_RANGE " + name)
tap.eq(c.fetch("l", 13).error_code, 0, "the end itself is no error")
tap.eq(c.fetch("l", 0, part=9).error_code, 3, "a partition that is not there")
tap.eq(c.fetch("none", 0).error_code, 3, "a topic that is not there")
p = c.fetch("l", 0, isolation=0)
tap.ok(p.aborted_transactions is None and p.last_stable_offset == 13, "read_uncommitted: no list of aborted transactions, last stable offset filled")
tap.eq(c.fetch("l", 0, isolation=1).aborted_transactions, [], "read_committed: an empty list")
tap.eq(c.offset("l", -1, isolation=1), (0, -1, 13), "the latest offset of read_committed")

# ---- leader epochs
tap.eq([c.fetch("l", 0, epoch=e).error_code for e in (-1, 0, 1)], [0, 0, 75], "fetch: current_leader_epoch -1, right, too new")
tap.eq([c.offset("l", -1, epoch=e)[0] for e in (-1, 0, 1)], [0, 0, 75], "ListOffsets: the same")


def epoch_end(epoch, current=-1, version=3):
    r = c.ask("OffsetForLeaderEpoch", version, replica_id=-2, topics=[dict(topic="l", partitions=[dict(partition=0, leader_epoch=epoch, current_leader_epoch=current)])])
    p = r.topics[0].partitions[0]
    return p.error_code, p.leader_epoch, p.end_offset


for v in (0, 2, 3, 4):
    tap.eq(epoch_end(0, version=v)[::2], (0, 13), "OffsetForLeaderEpoch v%d: the end of the current epoch" % v)
tap.eq(epoch_end(0)[1], 0, "and its number")
tap.eq(epoch_end(5), (0, -1, -1), "of an epoch to come: undefined")
tap.eq(epoch_end(0, 7)[0], 75, "UNKNOWN_LEADER_EPOCH")
r = c.ask("Fetch", 12, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20,
          topics=[dict(topic="l", partitions=[dict(partition=0, fetch_offset=2, last_fetched_epoch=0, partition_max_bytes=1 << 20)])])
tap.eq((r.responses[0].partitions[0].error_code, r.responses[0].partitions[0].diverging_epoch), (0, {}), "last_fetched_epoch that agrees: no divergence")

# ---- topic ids
tid = c.topic_id("l")


def by_id(version, topic, session=(0, -1)):
    return c.ask("Fetch", version, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20, session_id=session[0], session_epoch=session[1],
                 topics=[dict(topic_id=topic, partitions=[dict(partition=0, fetch_offset=10, partition_max_bytes=1 << 20)])])


for v in (13, 15, 16, 17):
    r = by_id(v, tid)
    tap.eq((r.responses[0].topic_id, offsets(r.responses[0].partitions[0])), (tid, [10, 11, 12]), "fetch v%d by topic id" % v)
r = by_id(13, uuid.uuid4())
tap.eq((r.error_code, r.responses[0].partitions[0].error_code), (0, 100), "an unknown topic id")

# ---- sessions
s = Client(br.port)


def fetch_s(sid, epoch, parts=(), forget=(), version=11, wait=0):
    """parts: (partition, offset) of topic f2"""
    return s.ask("Fetch", version, max_wait_ms=wait, min_bytes=1, max_bytes=1 << 20, session_id=sid, session_epoch=epoch,
                 topics=[dict(topic="f2", partitions=[dict(partition=i, fetch_offset=o, partition_max_bytes=1 << 20) for i, o in parts])] if parts else [],
                 forgotten_topics_data=[dict(topic="f2", partitions=list(forget))] if forget else [])


def told(r):
    return [(p.partition_index, p.error_code, offsets(p)) for t in r.responses for p in t.partitions]


s.create("f2", 3)
s.produce("f2", pack([(None, b"x")]))
r = fetch_s(0, 0, [(0, 0), (1, 0)])
sid = r.session_id
tap.ok(r.error_code == 0 and sid != 0, "a full fetch with epoch 0 opens a session")
tap.eq(told(r), [(0, 0, [0]), (1, 0, [])], "and tells of every partition")
tap.eq(told(fetch_s(sid, 1, [(0, 1)])), [], "incremental: nothing new, nothing told")
s.produce("f2", pack([(None, b"y")]), part=1)
tap.eq(told(fetch_s(sid, 2)), [(1, 0, [0])], "incremental: a partition that was not named again has something")
tap.eq(told(fetch_s(sid, 3, [(1, 1), (2, 0)])), [(2, 0, [])], "a partition joins: it is told of once")
s.produce("f2", pack([(None, b"z")]), part=2)
tap.eq(told(fetch_s(sid, 4, forget=[2])), [], "a forgotten partition is silent")
tap.eq(told(fetch_s(sid, 5, [(0, 99)])), [(0, 1, [])], "an error is told")
tap.eq(told(fetch_s(sid, 6, [(0, 1)])), [(0, 0, [])], "and that it is over")
r = fetch_s(sid, 99)
tap.eq((r.error_code, r.session_id, told(r)), (71, 0, []), "a wrong epoch: INVALID_FETCH_SESSION_EPOCH")
r = fetch_s(sid ^ 12345, 7)
tap.eq((r.error_code, told(r)), (70, []), "an unknown id: FETCH_SESSION_ID_NOT_FOUND")
t = time.time()
corr = s.post("Fetch", 11, max_wait_ms=8000, min_bytes=1, max_bytes=1 << 20, session_id=sid, session_epoch=7)
time.sleep(0.1)
other.produce("f2", pack([(None, b"w")]))
tap.ok(told(s.take("Fetch", 11, corr)) == [(0, 0, [1])] and time.time() - t < LATE, "a waiting incremental fetch is woken")
r = s.ask("Fetch", 13, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20, session_id=sid, session_epoch=8)
tap.eq(r.error_code, 106, "a session of names goes on with ids: FETCH_SESSION_TOPIC_ID_ERROR")
r = fetch_s(sid, -1, [(0, 0)])
tap.eq((r.session_id, fetch_s(sid, 8).error_code), (0, 70), "a full fetch with epoch -1 closes it")
sid = fetch_s(0, 0, [(0, 2)]).session_id
tap.eq((fetch_s(sid, 1, forget=[0]).session_id, fetch_s(sid, 2).error_code), (0, 70), "a session that is left empty is closed")

sid = by_id(13, tid, (0, 0)).session_id
r = s.ask("Fetch", 13, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20, session_id=sid, session_epoch=1,
          topics=[dict(topic_id=tid, partitions=[dict(partition=0, fetch_offset=13, partition_max_bytes=1 << 20)])])
tap.ok(sid and r.error_code == 0 and r.responses == [], "a session of topic ids")

c.create("again")
was = c.topic_id("again")
first = by_id(13, was, (0, 0))
c.ask("DeleteTopics", 3, topic_names=["again"], timeout_ms=5000)
c.create("again")
r = c.ask("Fetch", 13, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20, session_id=first.session_id, session_epoch=1)
tap.eq([(t.topic_id, t.partitions[0].error_code) for t in r.responses], [(was, 103)], "a topic made anew: its session learns INCONSISTENT_TOPIC_ID")
tap.eq(by_id(13, was).responses[0].partitions[0].error_code, 100, "and its former id is unknown")

ids = [fetch_s(0, 0, [(0, 2)]).session_id for _ in range(1200)]
made = [i for i in ids if i]
tap.ok(900 <= len(made) <= 1200, "sessions are bounded: beyond the slots a fetch works without one", len(made))
tap.eq(told(fetch_s(0, 0, [(0, 1)])), [(0, 0, [1])], "and is answered all the same")

# ---- ListOffsets by time
c.create("t", 1)
base = 1700000000000
c.produce("t", pack([(None, b"a", base), (None, b"b", base + 10), (None, b"c", base + 20)]))  # 0 1 2
c.produce("t", pack([(None, b"d", base + 50), (None, b"e", base + 5), (None, b"f", base + 60)], "gzip"))  # 3 4 5, not in order
c.produce("t", pack([(None, b"g", base + 90), (None, b"h", base + 100)], "gzip"))  # 6 7
for at, want in ((0, (base, 0)), (base, (base, 0)), (base + 1, (base + 10, 1)), (base + 20, (base + 20, 2)), (base + 21, (base + 50, 3)),
                 (base + 51, (base + 60, 5)), (base + 95, (base + 100, 7)), (base + 101, (-1, -1))):
    tap.eq(c.offset("t", at), (0,) + want, "offset of time +%d, exact, inside compressed batches too" % max(at - base, -1))
tap.eq(c.offset("t", -2), (0, -1, 0), "-2: earliest")
tap.eq(c.offset("t", -1), (0, -1, 8), "-1: latest")
tap.eq(c.offset("t", -3)[::2], (0, 7), "-3: the largest timestamp")
tap.eq(c.offset("t", -3)[1], base + 100, "and the time")
tap.eq(c.offset("t", -4, version=8), (0, -1, 0), "-4: earliest local")
tap.eq(c.offset("t", -4, version=7)[0], 35, "-4 needs version 8")
tap.eq(c.offset("t", -3, version=6)[0], 35, "-3 needs version 7")
tap.eq(c.offset("t", -17)[0], 35, "another negative number")
tap.eq(c.offset("t", -1, part=4)[0], 3, "a partition that is not there")
r = c.ask("ListOffsets", 0, replica_id=-1, topics=[dict(name="t", partitions=[dict(partition_index=0, timestamp=w, max_num_offsets=2)]) for w in (-1,)])
tap.eq(r.topics[0].partitions[0].old_style_offsets, [8, 0], "v0, latest: the end and the segments' starts")
r = c.ask("ListOffsets", 0, replica_id=-1, topics=[dict(name="t", partitions=[dict(partition_index=0, timestamp=-2, max_num_offsets=2)])])
tap.eq(r.topics[0].partitions[0].old_style_offsets, [0], "v0, earliest")

# ---- DeleteRecords


def delete(topic, offset, part=0):
    p = c.ask("DeleteRecords", 2, topics=[dict(name=topic, partitions=[dict(partition_index=part, offset=offset)])], timeout_ms=5000).topics[0].partitions[0]
    return p.error_code, p.low_watermark


tap.eq(delete("t", 4), (0, 4), "DeleteRecords up to 4")
tap.eq(c.offset("t", -2), (0, -1, 4), "the log starts at 4")
tap.eq(c.fetch("t", 3).error_code, 1, "what is below is out of range")
p = c.fetch("t", 4)
tap.eq((p.log_start_offset, p.high_watermark, offsets(p)[-1]), (4, 8, 7), "what is above is there")
tap.eq(delete("t", 2), (0, 4), "deleting less is no error")
tap.eq(delete("t", 9)[0], 1, "deleting beyond the end is OFFSET_OUT_OF_RANGE")
tap.eq(delete("t", -1), (0, 8), "-1: all of it")
tap.eq((c.fetch("t", 8).error_code, c.produce("t", pack([(None, b"i")])).base_offset), (0, 8), "and the log goes on")
tap.eq(delete("none", 0)[0], 3, "a topic that is not there")
c.create("comp", 1, cleanup_policy="compact")
tap.eq(delete("comp", 0)[0], 44, "a compacted topic: POLICY_VIOLATION")
for _ in range(100):  # the topic is made on the first question
    if c.ask("FindCoordinator", 1, key="g", key_type=0).error_code == 0:
        break
    time.sleep(0.1)
tap.eq(delete("__consumer_offsets", 0)[0], 17, "an internal topic: INVALID_TOPIC")

# ---- a deleted topic wakes who waits for it
corr = c.post("Fetch", 11, max_wait_ms=8000, min_bytes=1, max_bytes=1 << 20, topics=[dict(topic="f2", partitions=[dict(partition=1, fetch_offset=1, partition_max_bytes=1 << 20)])])
time.sleep(0.1)
t = time.time()
other.ask("DeleteTopics", 3, topic_names=["f2"], timeout_ms=5000)
e = c.take("Fetch", 11, corr).responses[0].partitions[0].error_code
tap.ok(e in (3, 6) and time.time() - t < LATE, "a fetch that waits for a topic which is deleted is answered", (e, time.time() - t))

tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
