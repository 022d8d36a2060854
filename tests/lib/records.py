# SPDX-License-Identifier: Apache-2.0
"""Record batches and old message sets, built and taken apart by hand. Codecs other than gzip are written "stored"
(valid frames whose blocks are not compressed), so that no library is needed."""
import struct, time, zlib
from stoker_test import crc32c, i8, i16, i32, i64, varint
from kapi import Obj, uvarint

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def compress(codec, data):
    if codec == "gzip":
        z = zlib.compressobj(6, zlib.DEFLATED, 31)
        return z.compress(data) + z.flush()
    if codec == "snappy":  # a bare block: one literal
        return uvarint(len(data)) + bytes([62 << 2]) + struct.pack("<I", len(data) - 1)[:3] + data
    if codec == "lz4":
        blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)]
        return bytes.fromhex("04224d18604082") + b"".join(struct.pack("<I", len(x) | 1 << 31) + x for x in blocks) + bytes(4)
    if codec == "zstd":
        parts = [data[i:i + 100000] for i in range(0, len(data), 100000)]
        heads = [struct.pack("<I", len(x) << 3 | (i == len(parts) - 1))[:3] for i, x in enumerate(parts)]
        return bytes.fromhex("28b52ffda0") + struct.pack("<I", len(data)) + b"".join(h + x for h, x in zip(heads, parts))
    return data


def now():
    return int(time.time() * 1000)


def pack(records, codec="none", ts=None, pid=-1, epoch=-1, seq=-1, attributes=0, max_ts=None):
    """A v2 batch; a record is (key, value[, timestamp[, headers]])."""
    base = now() if ts is None else ts
    blob = lambda v: varint(-1) if v is None else varint(len(v)) + v
    body, top = b"", None
    for i, r in enumerate(records):
        t = r[2] if len(r) > 2 and r[2] is not None else base
        heads = r[3] if len(r) > 3 else ()
        x = i8(0) + varint(t - base) + varint(i) + blob(r[0]) + blob(r[1]) + varint(len(heads)) + b"".join(blob(k) + blob(v) for k, v in heads)
        body += varint(len(x)) + x
        top = t if top is None else max(top, t)
    tail = i16(attributes | CODECS[codec]) + i32(len(records) - 1) + i64(base) + i64(top if max_ts is None else max_ts) + i64(pid) + i16(epoch) + i32(seq) + \
        i32(len(records)) + compress(codec, body)
    rest = i32(-1) + i8(2) + struct.pack(">I", crc32c(tail)) + tail
    return i64(0) + i32(len(rest)) + rest


def message(magic, offset, key, value, ts=0, attributes=0):
    """One entry of an old message set."""
    blob = lambda v: i32(-1) if v is None else i32(len(v)) + v
    body = i8(magic) + i8(attributes) + (i64(ts) if magic else b"") + blob(key) + blob(value)
    m = struct.pack(">I", zlib.crc32(body)) + body
    return i64(offset) + i32(len(m)) + m


def message_set(magic, records, codec="none", ts=0):
    """(key, value) pairs as a message set; compressed: wrapped in one message."""
    inner = b"".join(message(magic, i, k, v, ts) for i, (k, v) in enumerate(records))
    if codec == "none":
        return inner
    return message(magic, len(records) - 1, None, compress(codec, inner), ts, CODECS[codec])


class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        x = self.data[self.at:self.at + n]
        if len(x) < n:
            raise EOFError
        self.at += n
        return x

    def num(self, f):
        return struct.unpack(f, self.take(struct.calcsize(f)))[0]

    def blob32(self):
        n = self.num(">i")
        return None if n < 0 else self.take(n)

    def varint(self):
        n = shift = 0
        while True:
            x = self.take(1)[0]
            n |= (x & 127) << shift
            shift += 7
            if x < 128:
                return n >> 1 ^ -(n & 1)

    def blob(self):
        n = self.varint()
        return None if n < 0 else self.take(n)


def gunzip(codec, data):
    if codec == 0:
        return data
    if codec != 1:
        raise ValueError("this test cannot decompress codec %d" % codec)
    return zlib.decompress(data, 31)


def batches(data):
    """The whole batches (magic 2) and messages (0, 1) in `data`, without their content."""
    c = Cursor(data or b"")
    try:
        while c.at < len(c.data):
            at, base, n = c.at, c.num(">q"), c.num(">i")
            body = c.take(n)
            magic = body[4]
            b = Obj(base=base, size=n + 12, magic=magic, at=at)
            if magic == 2:
                b.epoch = struct.unpack(">i", body[:4])[0]
                (b.crc, b.attributes, last, b.base_ts, b.max_ts, b.pid, b.producer_epoch, b.seq, b.count) = struct.unpack(">IhiqqqhiI", body[5:49])
                b.last, b.ok, b.body = base + last, b.crc == crc32c(body[9:]), body[49:]
            else:
                b.crc, b.attributes = struct.unpack(">I", body[:4])[0], body[5]
                b.last, b.ok, b.body = base, b.crc == zlib.crc32(body[4:]), body[6:]
            yield b
    except EOFError:
        return  # the last one is cut: a fetch may end anywhere


def unpack(data):
    """All records as objects: offset, timestamp, key, value, headers, magic, codec, ts_type."""
    out = []
    for b in batches(data):
        codec, kind = b.attributes & 7, b.attributes >> 3 & 1
        if not b.ok:
            raise ValueError("wrong CRC at offset %d" % b.base)
        if b.magic == 2:
            c = Cursor(gunzip(codec, b.body))
            for _ in range(b.count):
                c.varint(); c.take(1)
                dt, do = c.varint(), c.varint()
                k, v = c.blob(), c.blob()
                heads = [(c.blob(), c.blob()) for _ in range(c.varint())]
                out.append(Obj(offset=b.base + do, timestamp=b.max_ts if kind else b.base_ts + dt, key=k, value=v, headers=heads, magic=2, codec=codec, ts_type=kind))
            continue
        c = Cursor(b.body)
        ts = c.num(">q") if b.magic == 1 else None
        k, v = c.blob32(), c.blob32()
        if codec == 0:
            out.append(Obj(offset=b.base, timestamp=ts, key=k, value=v, headers=[], magic=b.magic, codec=0, ts_type=kind))
            continue
        inner = unpack(gunzip(codec, v))
        shift = b.base - inner[-1].offset if b.magic == 1 else 0
        for r in inner:
            r.update(offset=r.offset + shift, codec=codec, timestamp=ts if kind else r.timestamp, ts_type=kind)
            out.append(r)
    return out


def places(path):
    """(offset, position, length) of each batch of a .log."""
    data, at, out = open(path, "rb").read(), 0, []
    while at < len(data):
        base, n = struct.unpack(">qi", data[at:at + 12])
        out.append((base, at, n + 12))
        at += n + 12
    return out


def overwrite(path, at, data=b"\xff"):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)
