# SPDX-License-Identifier: Apache-2.0
"""The idempotent producer: duplicates, gaps, the window of five batches, epochs; across rolled segments, a restart and
kill -9 (kafka-facts 10.3). Every expectation holds for Apache Kafka 3.9.1 too."""
import os, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker, until
from kapi import Client
from records import pack, unpack

tap = Tap()
br = Broker()
c = Client(br.port)
MAX = 2**31 - 1


class Producer:
    """Sends batches of n records; remembers nothing."""

    def __init__(self, topic, pid=None, epoch=0):
        self.topic, self.pid, self.epoch = topic, c.producer_id() if pid is None else pid, epoch

    def send(self, seq, n=1, epoch=None, version=8, part=0, codec="none", size=10):
        p = c.produce(self.topic, pack([(None, b"%d" % seq * size)] * n, codec, pid=self.pid, epoch=self.epoch if epoch is None else epoch, seq=seq), version=version, part=part)
        return p.error_code, p.base_offset


# ---- ids
for v in range(6):
    r = c.init_producer(v)
    tap.ok(r.error_code == 0 and r.producer_id >= 0 and r.producer_epoch == 0, "InitProducerId v%d" % v, r)
ids = [c.producer_id() for _ in range(2500)]
tap.eq((len(set(ids)), sorted(ids)), (2500, ids), "2,500 ids: all different, ascending, over several blocks")
r = c.ask("InitProducerId", 1, transactional_id="", transaction_timeout_ms=60000)
tap.eq(r.error_code, 42, "an empty transactional id is INVALID_REQUEST")

# ---- one producer
c.create("a", 2)
p = Producer("a")
tap.eq([p.send(i * 3, 3) for i in range(5)], [(0, i * 3) for i in range(5)], "five batches of three")
tap.eq([p.send(i * 3, 3) for i in range(5)], [(0, i * 3) for i in range(5)], "sent again: each answered with its own offset")
tap.eq(c.offset("a", -1)[2], 15, "and nothing appended")
tap.eq(p.send(18)[0], 45, "a gap: OUT_OF_ORDER_SEQUENCE_NUMBER")
tap.eq(p.send(15, 3), (0, 15), "the next one")
tap.ok(p.send(0, 3)[0] in (45, 46), "a duplicate older than the five is not recognised, and not appended either")
tap.ok(p.send(3, 3) == (0, 3), "the oldest of the five is")
tap.ok(p.send(3, 2)[0] == 45 and p.send(4, 2)[0] == 45, "part of an old batch is no duplicate")
tap.eq(c.offset("a", -1)[2], 18, "nothing was appended by all that")
tap.eq(p.send(0, part=1), (0, 0), "sequences are counted per partition")
tap.eq(p.send(18, 2, codec="gzip"), (0, 18), "a compressed batch counts its records")
tap.eq(p.send(20, version=3), (0, 20), "old versions of Produce count too")
q = Producer("a")
tap.eq(q.send(7), (0, 21), "a producer that the partition does not know may start anywhere")
tap.eq(q.send(8), (0, 22), "and goes on from there")
tap.eq(c.produce("a", pack([(None, b"v")], pid=p.pid, epoch=0, seq=-1)).error_code, 87, "a producer id without a sequence: INVALID_RECORD")

# ---- epochs
tap.eq(p.send(21, epoch=1)[0], 45, "a new epoch must start at 0")
tap.eq(p.send(0, epoch=1), (0, 23), "a new epoch")
tap.eq(p.send(21, epoch=0)[0], 47, "the old one is fenced: INVALID_PRODUCER_EPOCH")
tap.eq(p.send(20, epoch=0)[0], 47, "its duplicates too")
tap.eq(p.send(1, epoch=1), (0, 24), "the new one goes on")
p.epoch = 1

# ---- the sequence's end
w = Producer("a")
tap.eq(w.send(MAX - 1, 1), (0, 25), "near the largest sequence number")
tap.eq(w.send(MAX, 3), (0, 26), "a batch that runs over it: %d, 0, 1" % MAX)
tap.eq(w.send(MAX, 3), (0, 26), "its duplicate")
tap.eq(w.send(3)[0], 45, "then 3 is a gap")
tap.eq(w.send(2), (0, 29), "and 2 is next")

# ---- pipelined: five in flight, the third refused, the rest fails, a retry in order succeeds
f = Producer("a")
batch = lambda seq, bad=False: pack([(None, b"x" * (2000000 if bad else 1))], pid=f.pid, epoch=0, seq=seq)
post = lambda seq, bad=False: c.post("Produce", 8, acks=-1, timeout_ms=5000, topic_data=[dict(name="a", partition_data=[dict(index=0, records=batch(seq, bad))])])
corr = [post(i, bad=i == 2) for i in range(5)]
codes = [c.take("Produce", 8, x).responses[0].partition_responses[0].error_code for x in corr]
tap.eq(codes, [0, 0, 10, 45, 45], "five in flight, the third too large: what follows is a gap")
tap.eq([f.send(i) for i in (2, 3, 4)], [(0, 32), (0, 33), (0, 34)], "sent again in order")

# ---- across rolled segments
c.create("r", segment_bytes=1048576)
s = Producer("r")
BIG = 300000
tap.eq([s.send(i, size=BIG) for i in range(9)], [(0, i) for i in range(9)], "nine batches of 300 kB in segments of 1 MiB")
tap.eq([s.send(i, size=BIG) for i in range(4, 9)], [(0, i) for i in range(4, 9)], "duplicates are found across segments")

# ---- restarts
n, end = 9, 35
for how in ("stop", "kill", "kill", "stop"):
    getattr(br, how)()
    br.start()
    c = Client(br.port)
    tap.eq([s.send(i, size=BIG) for i in range(n - 5, n)], [(0, i) for i in range(n - 5, n)], how + ": the five last batches are known")
    tap.eq(s.send(n + 1, size=BIG)[0], 45, how + ": a gap is a gap")
    tap.eq(s.send(n, size=BIG), (0, n), how + ": the next is next")
    n += 1
    tap.eq((p.send(1), p.send(9)[0], p.send(21, epoch=0)[0]), ((0, 24), 45, 47), how + ": the other producer, its epoch and what is fenced")
    tap.eq(w.send(MAX, 3), (0, 26), how + ": the one that ran over the end")
    tap.eq(c.offset("a", -1)[2], end, how + ": nothing was appended by that")
    new = c.producer_id()
    tap.ok(new > max(ids), how + ": a new producer id is new")
    ids.append(new)

# ---- cut from the front: who wrote what is gone is still known
r = c.ask("DeleteRecords", 1, topics=[dict(name="r", partitions=[dict(partition_index=0, offset=-1)])], timeout_ms=5000)
tap.eq((s.send(n - 1, size=BIG), s.send(n, size=BIG)), ((0, n - 1), (0, n)), "after DeleteRecords of everything")
c.ask("DeleteTopics", 1, topic_names=["r"], timeout_ms=10000)
until(lambda: c.create("r") != 36)  # Kafka deletes in its own time
tap.eq(s.send(77), (0, 0), "a topic made anew knows nobody")

tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
