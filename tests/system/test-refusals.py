# SPDX-License-Identifier: Apache-2.0
"""Values that are well formed and make no sense: Kafka 3.9's error code for each, and nothing of them is kept."""
import os, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import Client

tap = Tap()
br = Broker()
c = Client(br.port)
for name, parts in (("a", 3), ("b", 5), ("c", 2)):
    c.create(name, parts)
c.produce("a", batch([(b"k", b"v")]))

# ---- ApiVersions
for v in (-1, -32768, 5, 999):
    x = Conn(br.port)
    r = x.call(18, v, b"\0")
    tap.eq((r.i16(), r.arr(lambda: (r.i16(), r.i16(), r.i16()))), (35, [(18, 0, 4)]), "ApiVersions v%d is answered UNSUPPORTED_VERSION, in v0" % v)
    x.close()
x = Conn(br.port)
x.send(3, -1, b"\0\0\0\0")
tap.ok(x.closed(), "Metadata v-1: closed")

# ---- epochs
for epoch, code in ((-1, 0), (-2, 74), (-2147483648, 74), (0, 0), (9, 75)):
    tap.eq(c.fetch("a", 0, epoch=epoch).error_code, code, "Fetch with current_leader_epoch %d" % epoch)
    tap.eq(c.offset("a", -1, epoch=epoch)[0], code, "ListOffsets with current_leader_epoch %d" % epoch)

# ---- ListOffsets: a partition that is named twice
ask = lambda v, *topics: [[p.error_code for p in t.partitions] for t in c.ask("ListOffsets", v, replica_id=-1, topics=[
    dict(name=n, partitions=[dict(partition_index=i, timestamp=-1, max_num_offsets=1) for i in parts]) for n, parts in topics]).topics]
tap.eq(ask(1, ("a", [0]), ("a", [0])), [[42], [42]], "ListOffsets: one partition under two entries of its topic")
tap.eq(ask(7, ("a", [0, 1]), ("b", [0]), ("a", [2, 0])), [[42, 0], [0], [0, 42]], "only that one is refused")
tap.eq(ask(7, ("a", [1, 1])), [[42, 42]], "or twice in one entry")
tap.eq(ask(7, ("a", [0, 1, 2]), ("b", [0, 1, 2])), [[0, 0, 0], [0, 0, 0]], "the same numbers of two topics are no repetition")
tap.eq(ask(0, ("a", [0]), ("a", [0])), [[0], [0]], "v0 knows no such rule")

# ---- OffsetCommit of partitions that cannot be
for _ in range(100):
    if c.ask("FindCoordinator", 1, key="g", key_type=0).error_code == 0:
        break
    time.sleep(0.1)
r = c.ask("OffsetCommit", 7, group_id="g", topics=[dict(name="a", partitions=[dict(partition_index=p, committed_offset=5, committed_metadata="") for p in (-1, -2, -2147483648, 0, 3)])])
tap.eq([p.error_code for p in r.topics[0].partitions], [3, 3, 3, 0, 3], "OffsetCommit: only partitions that are there")
r = c.ask("OffsetFetch", 7, group_id="g", topics=None)
tap.eq([(t.name, [p.partition_index for p in t.partitions]) for t in r.topics], [("a", [0])], "and only those are kept")
r = c.ask("OffsetDelete", 0, group_id="g", topics=[dict(name="a", partitions=[dict(partition_index=p) for p in (-1, 0)])])
tap.eq([p.error_code for p in r.topics[0].partitions], [3, 0], "OffsetDelete as well")


# ---- DescribeTopicPartitions
def page(limit, cursor=None, names=("a", "b", "c")):
    r = c.ask("DescribeTopicPartitions", 0, topics=[dict(name=n) for n in names], response_partition_limit=limit,
              cursor=None if cursor is None else dict(topic_name=cursor[0], partition_index=cursor[1]))
    return [(t.name, t.error_code, [p.partition_index for p in t.partitions]) for t in r.topics], r.next_cursor and (r.next_cursor.topic_name, r.next_cursor.partition_index)


whole = [("a", 0, [0, 1, 2]), ("b", 0, [0, 1, 2, 3, 4]), ("c", 0, [0, 1])]
tap.eq(page(2000), (whole, None), "DescribeTopicPartitions: three topics")
tap.eq(page(2000, names=())[0][1:], whole, "all topics, and before them that of the offsets")
for limit in (1, 0, -1, -2147483648):
    tap.eq(page(limit), ([("a", 0, [0])], ("a", 1)), "a limit of %d gives one partition" % limit)
tap.eq(page(4), ([("a", 0, [0, 1, 2]), ("b", 0, [0])], ("b", 1)), "a page ends inside a topic")
tap.eq(page(4, ("b", 1)), ([("b", 0, [1, 2, 3, 4])], ("c", 0)), "the next begins there")
tap.eq(page(4, ("c", 0)), ([("c", 0, [0, 1])], None), "the last")
refused = [(n, 42, []) for n in "abc"]
tap.eq(page(4, ("b", -1)), (refused, None), "a cursor on partition -1 is refused")
tap.eq(page(4, ("nope", 0)), (refused, None), "so is one on a topic that is not asked for")
tap.eq(page(2000, ("b", 3), names=()), ([("b", 0, [3, 4]), ("c", 0, [0, 1])], None), "of all topics: from the cursor on")
tap.eq(page(2000, ("bb", 0), names=()), ([("c", 0, [0, 1])], None), "where the cursor's topic has gone meanwhile")
tap.eq(page(2000, ("b", -1), names=()), ([], None), "but not from partition -1")
tap.eq(br.stop(), 0, "clean stop")
tap.done()
