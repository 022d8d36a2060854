# SPDX-License-Identifier: Apache-2.0
"""What two brokers must agree on besides records; each call exits 0 when the broker at ADDRESS answers as it should.

  states.py send ADDRESS TOPIC            an idempotent producer's batches into partition 0
  states.py go-on ADDRESS TOPIC           the same producer: its last batch again is a duplicate, a gap is refused, the next is taken
  states.py delete ADDRESS TOPIC OFFSET   DeleteRecords of partition 0
  states.py offsets ADDRESS TOPIC..       prints first and last offset, epochs, and offsets found by time, of every partition
"""
import os, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import Client

PID, EPOCH, LAST = 4711, 3, 7
TIMES = [-3, 0] + [1700000000000 + 10000 * i for i in range(1, 8)] + [1795260600000 + 1000 * i for i in range(8)]
what, address, topics = sys.argv[1], sys.argv[2], sys.argv[3:]
c = Client(int(address.split(":")[1]))


def send(seq):
    return produce(c, topics[0], 0, batch([(b"seq", b"%d" % seq)], producer_id=PID, epoch=EPOCH, seq=seq))


def want(got, *wanted):
    if got not in wanted:
        sys.exit("%s: %r, not %r" % (what, got, wanted))


if what == "send":
    want([send(i)[0] for i in range(LAST + 1)], [0] * (LAST + 1))
elif what == "go-on":
    end = c.offset(topics[0], -1)[2]
    want(send(LAST)[0], 0, 46)
    want(c.offset(topics[0], -1)[2], end)
    want(send(LAST + 2)[0], 45)
    want(send(LAST + 1), (0, end))
elif what == "delete":
    p = c.ask("DeleteRecords", 2, topics=[dict(name=topics[0], partitions=[dict(partition_index=0, offset=int(topics[1]))])], timeout_ms=5000)
    want(p.topics[0].partitions[0].low_watermark, int(topics[1]))
elif what == "offsets":
    for t in sorted(c.ask("Metadata", 7, topics=[dict(name=t) for t in topics]).topics, key=lambda t: t.name):
        for p in sorted(p.partition_index for p in t.partitions):
            first, last = c.offset(t.name, -2, p)[2], c.offset(t.name, -1, p)[2]
            # Kafka takes the largest timestamp from below the log start too, and finds nothing where compaction left an empty batch.
            times = [c.offset(t.name, ts, p) for ts in TIMES if "compacted" not in t.name and (ts != -3 or first == 0)]
            ends = [c.ask("OffsetForLeaderEpoch", 2, topics=[dict(topic=t.name, partitions=[dict(partition=p, current_leader_epoch=-1, leader_epoch=e)])])
                    .topics[0].partitions[0] for e in range(8)]
            print(t.name, p, first, last, times, [(e.leader_epoch, e.end_offset) for e in ends])
