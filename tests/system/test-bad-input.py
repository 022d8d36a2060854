# SPDX-License-Identifier: Apache-2.0
"""What a broker does with requests that no client should send: the close or the error code that Kafka gives (kafka-facts
1.1, 3.1), nobody else disturbed, memory bounded."""
import os, sys, struct, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *

tap = Tap()
br = Broker()
good = Conn(br.port)
tap.eq(create_topic(good, "t"), 0, "a topic")
tap.eq(produce(good, "t", 0, batch([(b"k", b"v")])), (0, 0), "a good batch")

# frames
for name, data in (
    ("negative size", i32(-1) + b"x" * 16),
    ("size over socket.request.max.bytes", i32(104857601) + b"x" * 16),
    ("size 0", i32(0)),
    ("largest size", i32(0x7FFFFFFF)),
    ("header cut", i32(3) + b"\0\x12\0"),
    ("unknown api key", i32(14) + struct.pack(">hhih", 999, 0, 1, 4) + b"test"),
    ("negative api key", i32(14) + struct.pack(">hhih", -5, 0, 1, 4) + b"test"),
    ("unsupported version", i32(14) + struct.pack(">hhih", 3, 99, 1, 4) + b"test"),
    ("client id longer than the frame", i32(10) + struct.pack(">hhih", 3, 1, 1, 30000)),
    ("body cut", i32(16) + struct.pack(">hhih", 3, 1, 1, 4) + b"test\0\0"),
    ("array count that lies", i32(18) + struct.pack(">hhih", 3, 1, 1, 4) + b"test" + i32(0x7FFFFFF0)),
    ("string length that lies", i32(20) + struct.pack(">hhih", 3, 1, 1, 4) + b"test" + i32(1) + i16(32000)),
):
    c = Conn(br.port)
    c.raw(data)
    tap.ok(c.closed(), "closed: " + name)
    c.close()

c = Conn(br.port)
r = c.call(18, 99, b"\0\xff\xff\xff", "x")
tap.eq(r.i16(), 35, "ApiVersions of an unknown version is answered UNSUPPORTED_VERSION in v0")
c.close()

c = Conn(br.port)
c.raw(i32(1000) + b"half")
tap.ok(not c.closed(0.5), "half a frame waits")
c.close()

# batches: (name, bytes, expected codes)
rec = [(b"k", b"v"), (None, b"w")]
ok = batch(rec)
for name, data, codes in (
    ("wrong CRC", batch(rec, crc=1), (2,)),
    ("record count that lies, too many", batch(rec, count=3, last_delta=2), (87,)),
    ("record count that lies, too few", batch(rec, count=1, last_delta=0), (87,)),
    ("last offset delta that lies", batch(rec, last_delta=7), (87,)),
    ("no records at all", batch([], last_delta=0), (87,)),
    ("control batch from a client", batch(rec, attributes=32), (87,)),
    ("unknown codec", batch(rec, attributes=7), (87, 76, 2)),
    ("compressed garbage", batch(rec, attributes=1), (87, 2)),
    ("magic 3", batch(rec, magic=3), (87, 2)),
    ("base offset not 0", batch(rec, base=5), (87,)),
    ("two batches in one", ok + ok, (87,)),
    ("cut in the middle", ok[:-5], (2, 87)),
    ("batch length larger than the data", ok[:8] + i32(100000) + ok[12:], (2, 87)),
    ("batch length 0", ok[:8] + i32(0) + ok[12:], (2, 87)),
    ("batch length negative", ok[:8] + i32(-1) + ok[12:], (2, 87)),
    ("12 bytes", ok[:12], (2, 87)),
    ("larger than max.message.bytes", batch([(None, b"x" * 1100000)]), (10,)),
):
    err, off = produce(good, "t", 0, data)
    tap.ok(err in codes and off == -1, "refused: " + name, "error %d, offset %d; want one of %s" % (err, off, codes))
tap.eq(produce(good, "t", 0, ok, acks=2)[0], 21, "acks 2 is INVALID_REQUIRED_ACKS")
tap.eq(produce(good, "t", 77, ok)[0], 3, "partition that is not there")
tap.eq(produce(good, "nope", 0, ok)[0], 3, "topic that is not there")
tap.eq(produce(good, "t", 0, ok), (0, 1), "the log went on at the next offset: nothing of the refused was kept")
err, hw, data = fetch(good, "t", 0, 0)
tap.eq((err, hw, offsets_of(data)), (0, 3, [(0, 0, 1), (1, 2, 2)]), "and holds just the good batches")
tap.eq(fetch(good, "t", 0, 99)[0], 1, "fetch beyond the end is OFFSET_OUT_OF_RANGE")
tap.eq(fetch(good, "t", 0, -7)[0], 1, "fetch below the start is OFFSET_OUT_OF_RANGE")

# acks=0: no answer; an error closes the connection so that the client notices
c = Conn(br.port)
c.send(0, 8, produce_body("t", 0, ok, acks=0))
c.send(0, 8, produce_body("t", 77, ok, acks=0))
tap.ok(c.closed(), "acks=0 with an error: closed")
until(lambda: list_offset(good, "t", 0, -1)[2] >= 5)  # shown once it is on the disk
tap.eq(list_offset(good, "t", 0, -1)[2], 5, "acks=0 was appended")

# a compression bomb: 1 GiB of zeros in about 1 MiB of gzip, inside one batch
import zlib
z = zlib.compressobj(9, zlib.DEFLATED, 31)
bomb = b"".join(z.compress(b"\0" * (1 << 20)) for _ in range(1000)) + z.flush()
tail = i16(1) + i32(0) + i64(1) + i64(1) + i64(-1) + i16(-1) + i32(-1) + i32(1) + bomb
rest = i32(-1) + i8(2) + struct.pack(">I", crc32c(tail)) + tail
before = br.rss_kib()
err, _ = produce(good, "t", 0, i64(0) + i32(len(rest)) + rest)
tap.ok(err in (87, 2, 10), "a gzip bomb is refused", err)
tap.ok(br.rss_kib() - before < 400 * 1024, "and took less than 400 MB", "%d KiB more" % (br.rss_kib() - before))

# pipelining: answers leave in order; a long poll holds back what is behind it, as in Kafka
c = Conn(br.port)
ids = [c.send(0, 8, produce_body("t", 0, batch([(None, b"%d" % i)]))) for i in range(50)]
tap.eq([c.recv()[0] for _ in ids], ids, "50 produce requests at once are answered in order")
c.close()

# a client that stops reading: asks for much, takes nothing; others go on
big = batch([(None, b"x" * 900000)])
for _ in range(20):
    produce(good, "t", 0, big)
slow = Conn(br.port)
for _ in range(200):
    try:
        slow.sock.settimeout(0.2)
        slow.send(1, 4, i32(-1) + i32(0) + i32(1) + i32(50 << 20) + i8(0) + arr([s("t") + arr([i32(0) + i64(0) + i32(50 << 20)])]))
    except OSError:
        break
t0 = time.time()
tap.eq(produce(good, "t", 0, ok)[0], 0, "others are served while one client does not read")
tap.ok(time.time() - t0 < 5, "at once")
tap.ok(br.rss_kib() < 300 * 1024, "memory stays bounded", "%d KiB" % br.rss_kib())
slow.close()

tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
