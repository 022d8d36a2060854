# SPDX-License-Identifier: Apache-2.0
"""Produce: versions, acks, refusals and their order, timestamps, codecs, pipelines, many connections at once
(kafka-facts 3.1, 4.4)."""
import os, sys, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker
from kapi import Client
from records import pack, unpack, batches, message_set, now

tap = Tap()
br = Broker("auto.create.topics.enable = false")
c = Client(br.port)
tap.eq(c.create("a", 3), 0, "a topic of three partitions")
one = lambda v=b"v", **k: pack([(b"k", v)], **k)


def values(topic, part=0, client=c):
    out, at = [], 0
    while True:
        got = [r for r in unpack(client.fetch(topic, at, part=part).records) if r.offset >= at]
        if not got:
            return out
        out += got
        at = got[-1].offset + 1


# ---- versions and acks
for v in range(3, 12):
    p = c.produce("a", one(b"v%d" % v), version=v)
    tap.eq((p.error_code, p.base_offset), (0, v - 3), "produce v%d" % v)
p = c.produce("a", one(b"old"), version=11)
tap.eq((p.log_append_time_ms, p.log_start_offset), (-1, 0), "append time of a topic that does not stamp, log start")
for acks in (1, -1):
    tap.eq(c.produce("a", one(), part=1, acks=acks).error_code, 0, "acks %d" % acks)
for acks in (2, -2, 100):
    p = c.produce("a", one(), part=1, acks=acks)
    tap.eq((p.error_code, p.base_offset, p.log_start_offset), (21, -1, -1), "acks %d is INVALID_REQUIRED_ACKS" % acks)
z = Client(br.port)
z.post("Produce", 8, acks=0, timeout_ms=1000, topic_data=[dict(name="a", partition_data=[dict(index=1, records=one(b"zero"))])])
tap.eq(z.ask("ApiVersions", 0).error_code, 0, "acks 0: no answer, the next request is answered")
for _ in range(100):  # nobody is told when it is on the disk
    if len(values("a", 1)) == 3:
        break
    time.sleep(0.1)
tap.eq([r.value for r in values("a", 1)], [b"v", b"v", b"zero"], "and the record is there")
z.post("Produce", 8, acks=0, timeout_ms=1000, topic_data=[dict(name="none", partition_data=[dict(index=0, records=one())])])
tap.ok(z.closed(), "acks 0 to a topic that is not there: the connection is closed, so that the client notices")

# ---- one request, many partitions, some wrong
r = c.ask("Produce", 8, acks=-1, timeout_ms=5000, topic_data=[
    dict(name="a", partition_data=[dict(index=2, records=one(b"x")), dict(index=7, records=one()), dict(index=2, records=one(b"y"))]),
    dict(name="none", partition_data=[dict(index=0, records=one())])])
tap.eq([(t.name, [(p.index, p.error_code) for p in t.partition_responses]) for t in r.responses],
       [("a", [(2, 0), (7, 3), (2, 0)]), ("none", [(0, 3)])], "each partition is answered on its own")
tap.eq([r.value for r in values("a", 2)], [b"x", b"y"], "and appended in the order of the request")

# ---- refusals
before = c.offset("a", -1)[2]
good = one()
bad = bytearray(good)
bad[-1] ^= 1
tap.eq(c.produce("a", bytes(bad)).error_code, 2, "a wrong CRC is CORRUPT_MESSAGE")
p = c.produce("a", good + good)
tap.ok(p.error_code == 87 and p.error_message, "two batches are INVALID_RECORD with a text", p)
tap.eq(c.produce("a", message_set(1, [(b"k", b"v")]), version=8).error_code, 87, "messages of magic 1 from version 3 on")
tap.eq(c.produce("a", b"", version=8).error_code, 87, "no batch at all")
tap.eq(c.produce("a", one(codec="zstd"), version=6).error_code, 76, "zstd before version 7 is UNSUPPORTED_COMPRESSION_TYPE")
c.create("z", 1)
tap.eq(c.produce("z", one(codec="zstd"), version=7).error_code, 0, "zstd from version 7 on")
tap.eq(c.produce("a", one(attributes=32)).error_code, 87, "a control batch")
tap.eq(c.produce("a", one(attributes=16, pid=5, epoch=0, seq=0)).error_code, 53, "a transactional batch without a transactional id")
tap.eq(c.produce("a", one(pid=5, epoch=0, seq=-1)).error_code, 87, "a producer id without sequence")
tap.eq(c.create("small", 1, max_message_bytes=1000), 0, "a topic with max.message.bytes")
tap.eq((c.produce("small", one(b"x" * 900)).error_code, c.produce("small", one(b"x" * 1000)).error_code), (0, 10), "MESSAGE_TOO_LARGE beyond it")
tap.eq(c.create("compacted", 1, cleanup_policy="compact"), 0, "a compacted topic")
p = c.produce("compacted", pack([(b"k", b"1"), (None, b"2"), (b"k", b"3"), (None, b"4")]))
tap.eq((p.error_code, [e.batch_index for e in p.record_errors]), (87, [1, 3]), "records without a key are named")
tap.eq(c.produce("compacted", pack([(b"k", None)])).error_code, 0, "a deletion is welcome")
tap.ok(before == c.offset("a", -1)[2] and len(values("a")) == before, "nothing that was refused left a trace")

# ---- internal topics
c.ask("FindCoordinator", 1, key="g", key_type=0)
tap.eq(c.produce("__consumer_offsets", one()).error_code, 17, "clients may not write to __consumer_offsets")
r = c.ask("Produce", 8, client="__admin_client", acks=-1, timeout_ms=5000,
          topic_data=[dict(name="__consumer_offsets", partition_data=[dict(index=0, records=one())])])
tap.eq(r.responses[0].partition_responses[0].error_code, 0, "but for the client called __admin_client")

# ---- timestamps
t = now()
c.create("bounds", 1, message_timestamp_before_max_ms=60000, message_timestamp_after_max_ms=60000)
tap.eq(c.produce("bounds", pack([(None, b"a", t)])).error_code, 0, "a timestamp within the bounds")
p = c.produce("bounds", pack([(None, b"a", t), (None, b"b", t - 600000), (None, b"c", t + 600000)]))
tap.eq((p.error_code, [e.batch_index for e in p.record_errors]), (32, [1, 2]), "INVALID_TIMESTAMP names the records")
c.create("stamped", 1, message_timestamp_type="LogAppendTime")
for codec in ("none", "gzip"):
    p = c.produce("stamped", pack([(None, b"a", 1000), (None, b"b", 2000)], codec))
    tap.ok(p.error_code == 0 and t <= p.log_append_time_ms <= now() + 1000, "LogAppendTime is told (%s)" % codec, p)
    got = values("stamped")[-2:]
    tap.eq([(r.timestamp, r.ts_type) for r in got], [(p.log_append_time_ms, 1)] * 2, "and read back (%s)" % codec)

# ---- codecs: what came is what is served
c.create("codecs", 1)
for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    b = pack([(b"k", b"v" * 100)] * 10, codec)
    p = c.produce("codecs", b)
    got = c.fetch("codecs", p.base_offset).records
    tap.ok(p.error_code == 0 and got[17:21] == b[17:21] and got[21:] == b[21:], "%s: not a byte behind the header's CRC is changed" % codec)
c.create("to-gzip", 1, compression_type="gzip")
p = c.produce("to-gzip", pack([(b"k", b"v" * 100)] * 10))
got = c.fetch("to-gzip", 0).records
tap.ok(next(batches(got)).attributes & 7 == 1 and len(unpack(got)) == 10, "compression.type of the topic: rebuilt")
c.create("to-none", 1, compression_type="uncompressed")
c.produce("to-none", pack([(b"k", b"v" * 100)] * 10, "gzip"))
tap.ok(next(batches(c.fetch("to-none", 0).records)).attributes & 7 == 0, "compression.type uncompressed")

# ---- pipelines: requests append as they come, answers leave in order
c.create("pipe", 2)
ids = [c.post("Produce", 8, acks=i % 2 or -1, timeout_ms=5000, topic_data=[dict(name="pipe", partition_data=[dict(index=i % 2, records=one(b"%d" % i))])]) for i in range(100)]
got = [c.take("Produce", 8, i).responses[0].partition_responses[0] for i in ids]
tap.eq([(p.error_code, p.index, p.base_offset) for p in got], [(0, i % 2, i // 2) for i in range(100)], "100 requests in a pipeline: answers and offsets in order")
ids = [c.post("Produce", 8, acks=-1, timeout_ms=5000, topic_data=[dict(name="pipe", partition_data=[dict(index=0, records=one(b"p"))])]),
       c.post("Fetch", 4, max_wait_ms=0, min_bytes=1, max_bytes=1 << 20, isolation_level=0, topics=[dict(topic="pipe", partitions=[dict(partition=0, fetch_offset=50, partition_max_bytes=1 << 20)])])]
c.take("Produce", 8, ids[0])
tap.eq([r.value for r in unpack(c.take("Fetch", 4, ids[1]).responses[0].partitions[0].records)], [b"p"], "a fetch behind a produce sees what it wrote")

# ---- many connections into one partition
c.create("many", 1)


def writer(n, out):
    w = Client(br.port)
    for i in range(50):
        p = w.produce("many", pack([(None, b"%d-%d" % (n, i))] * 2))
        out.append((p.error_code, p.base_offset))
    w.close()


outs = [[] for _ in range(8)]
threads = [threading.Thread(target=writer, args=(n, outs[n])) for n in range(8)]
[x.start() for x in threads]
[x.join(60) for x in threads]
tap.eq(sorted(o for out in outs for o in out), [(0, i * 2) for i in range(400)], "8 connections: every batch has offsets of its own, without gaps")
tap.ok(all([o for _, o in out] == sorted(o for _, o in out) for out in outs), "and those of one connection ascend")
got = values("many")
tap.eq(sorted((r.offset, r.value) for r in got), sorted((o + k, b"%d-%d" % (n, i)) for n, out in enumerate(outs) for i, (_, o) in enumerate(out) for k in (0, 1)), "what is read is what was answered")

# ---- a large batch, in pieces and at once
big = one(os.urandom(900000))
tap.eq(c.produce("a", big).error_code, 0, "a batch of 900,000 bytes")
slow = Client(br.port, 30)
slow.corr += 1
import struct
from kapi import APIS, struct_put
from stoker_test import s, i32
body = struct_put(APIS["Produce"].request, dict(acks=-1, timeout_ms=5000, topic_data=[dict(name="a", partition_data=[dict(index=0, records=one(b"slow" * 5000))])]), 8, False)
m = struct.pack(">hhi", 0, 8, slow.corr) + s("test") + body
m = i32(len(m)) + m
for at in range(0, len(m), 1500):
    slow.raw(m[at:at + 1500])
    time.sleep(0.002)
tap.eq(slow.take("Produce", 8).responses[0].partition_responses[0].error_code, 0, "a request that trickles in")

# ---- a client that goes while its answer waits
g = Client(br.port)
for i in range(20):
    g.post("Produce", 8, acks=-1, timeout_ms=5000, topic_data=[dict(name="a", partition_data=[dict(index=2, records=one(b"gone%d" % i))])])
g.close()
time.sleep(0.3)
got = [r.value for r in values("a", 2)][2:]
tap.ok(got == [b"gone%d" % i for i in range(len(got))], "what a client wrote before it went is in order", got)
tap.ok(br.alive() and c.ask("ApiVersions", 0).error_code == 0, "the broker goes on")
rc = br.stop()
tap.eq(rc, 0, "clean stop")
br.close()
tap.done()
