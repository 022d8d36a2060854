# SPDX-License-Identifier: Apache-2.0
"""Stop, kill -9, start again: everything is where it was; nothing acknowledged is lost; idempotence goes on."""
import os, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *

tap = Tap()
br = Broker("num.partitions = 2")
c = Conn(br.port)
tap.eq(create_topic(c, "t", 2, [("retention.ms", "3600000"), ("segment.bytes", "1048576")]), 0, "a topic with settings")


def init_pid(conn):
    r = conn.call(22, 0, s(None) + i32(60000))
    r.i32()
    assert r.i16() == 0
    return r.i64(), r.i16()


def commit(conn, group, part, offset, meta):
    r = conn.call(8, 2, s(group) + i32(-1) + s("") + i64(-1) + arr([s("t") + arr([i32(part) + i64(offset) + s(meta)])]))
    return r.arr(lambda: (r.s(), r.arr(lambda: (r.i32(), r.i16()))))[0][1][0][1]


def committed(conn, group, part):
    r = conn.call(9, 1, s(group) + arr([s("t") + arr([i32(part)])]))
    return r.arr(lambda: (r.s(), r.arr(lambda: (r.i32(), r.i64(), r.s(), r.i16()))))[0][1][0]


def metadata(conn):
    r = conn.call(3, 2, arr([s("t")]))
    r.arr(lambda: (r.i32(), r.s(), r.i32(), r.s()))
    cluster, _ = r.s(), r.i32()
    topics = r.arr(lambda: (r.i16(), r.s(), r.i8(), r.arr(lambda: (r.i16(), r.i32(), r.i32(), r.arr(r.i32), r.arr(r.i32)))))
    return cluster, topics


pid, epoch = init_pid(c)
n = 0
for i in range(200):
    err, off = produce(c, "t", 0, batch([(b"k", b"v%d" % i)] * 5, producer_id=pid, epoch=epoch, seq=n))
    if err or off != n:
        tap.ok(False, "append %d" % i, (err, off))
        break
    n += 5
tap.eq(commit(c, "g", 0, 123, "note"), 0, "an offset is committed")
before = metadata(c)
last = batch([(b"k", b"again")] * 5, producer_id=pid, epoch=epoch, seq=n - 5)

for how in ("stop", "kill", "kill", "stop"):
    if how == "stop":
        tap.eq(br.stop(), 0, "clean stop")
    else:
        br.kill()
    br.start()
    c = Conn(br.port)
    tap.eq(metadata(c), before, how + ": cluster, topic, partitions as before")
    tap.eq(list_offset(c, "t", 0, -1), (0, -1, n), how + ": log end as before")
    err, hw, data = fetch(c, "t", 0, 0, part_bytes=10 << 20, max_bytes=10 << 20)
    rows = offsets_of(data)
    tap.eq((err, hw, rows[0][0], rows[-1][1], sum(x[2] for x in rows)), (0, n, 0, n - 1, n), how + ": every record is there")
    tap.eq(committed(c, "g", 0)[1:], (123, "note", 0), how + ": the committed offset too")
    tap.eq(produce(c, "t", 0, last), (0, n - 5), how + ": a duplicate of the last batch is recognised")
    for back in (2, 3, 4, 5):
        old = batch([(b"k", b"again")] * 5, producer_id=pid, epoch=epoch, seq=n - 5 * back)
        tap.eq(produce(c, "t", 0, old), (0, n - 5 * back), how + ": and of the one %d back" % back)
    tap.eq(produce(c, "t", 0, batch([(b"k", b"x")], producer_id=pid, epoch=epoch, seq=n + 7))[0], 45, how + ": a gap in the sequence is refused")
    err, off = produce(c, "t", 0, batch([(b"k", b"more")] * 5, producer_id=pid, epoch=epoch, seq=n))
    tap.eq((err, off), (0, n), how + ": the producer goes on")
    last = batch([(b"k", b"more")] * 5, producer_id=pid, epoch=epoch, seq=n)
    n += 5
    p2, _ = init_pid(c)
    tap.ok(p2 > pid, how + ": producer ids are not given twice", (p2, pid))

r = c.call(32, 1, arr([i8(2) + s("t") + arr([s("retention.ms")])]) + i8(0))
r.i32()
rows = r.arr(lambda: (r.i16(), r.s(), r.i8(), r.s(), r.arr(lambda: (r.s(), r.s(), r.i8(), r.i8(), r.i8(), r.arr(lambda: (r.s(), r.s(), r.i8()))))))
tap.eq(rows[0][4][0][:2], ("retention.ms", "3600000"), "the topic's setting survived")
br.close()
tap.done()
