# SPDX-License-Identifier: Apache-2.0
"""Requests by name for system tests: `Client(port).ask("Fetch", 12, max_wait_ms=5, topics=[..])` encodes the request in the
version asked for and decodes the answer, after the message definitions in modules/protocol/kafka/wire/messages. It shares
the definitions with the broker, nothing else: encoder and decoder are written a second time here, on purpose."""
import glob, os, re, struct, time, uuid
from stoker_test import SRC, Conn, Reader, i8, i16, i32, i64

NUM = {"bool": ">b", "i8": ">b", "i16": ">h", "i32": ">i", "i64": ">q", "f64": ">d"}
ZERO = {"str": "", "bytes": b"", "records": None, "uuid": uuid.UUID(int=0)}
NAMED = {"null": None, "INT_MAX": 2**31 - 1, "INT_MIN": -2**31, "true": True, "false": False}


class Obj(dict):
    """A dict whose keys are attributes too."""
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


def span(text):
    m = re.fullmatch(r"(\d+)(\+|-(\d+))?", text)
    first = int(m[1])
    return first, 1000 if m[2] == "+" else int(m[3]) if m[3] else first


class Field:
    def __init__(self, text):
        m = re.fullmatch(r"(\w+)(?:@([\d+-]+))?:\s*(\[\])?(\w+|\{\})?(?:\?(\d+\+)?)?\s*(?:#t(\d+))?\s*(?:=\s*(\S+))?", text)
        if not m:
            raise ValueError("bad field: " + text)
        self.name, self.array, self.type = m[1], bool(m[3]), m[4] or "{}"
        self.nullable = self.type == "{}" and not self.array and "?" in text  # a byte stands before it
        self.span = span(m[2]) if m[2] else (0, 1000)
        self.tag = int(m[6]) if m[6] else None
        self.fields = []
        d = m[7]
        if d in NAMED:
            self.default = NAMED[d]
        elif d is not None:
            self.default = d.strip('"') if self.type == "str" else int(d, 0)
        else:
            self.default = [] if self.array else {} if self.type == "{}" else ZERO.get(self.type, 0)

    def on(self, version):
        return self.span[0] <= version <= self.span[1]


class Api:
    def __init__(self, path):
        self.flexible, part, stack = 10000, None, []
        self.request, self.response = Field("request: {}"), Field("response: {}")
        for line in open(path):
            text = re.sub(r"(^|\s)# .*", "", line.rstrip())
            if not text.strip():
                continue
            depth = (len(text) - len(text.lstrip())) // 2
            word = text.strip()
            if depth:
                f = Field(word)
                stack[depth - 1:] = [f]
                (stack[depth - 2] if depth > 1 else part).fields.append(f)
            elif word in ("request", "response"):
                part, stack = getattr(self, word), []
            elif word.startswith("api "):
                self.key, self.name = int(word.split()[1]), word.split()[2]
            elif word.startswith("flexible ") and "never" not in word:
                self.flexible = span(word.split()[1])[0]


APIS = {}
for _path in glob.glob(os.path.join(SRC, "modules/protocol/kafka/wire/messages/[0-9]*.msg")):
    _a = Api(_path)
    APIS[_a.name] = _a


def uvarint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def length(n, flex, wide):
    """A length or count; n is None for null."""
    if flex:
        return uvarint(0 if n is None else n + 1)
    return (i32 if wide else i16)(-1 if n is None else n)


def put(f, v, version, flex, element=False):
    if f.array and not element:
        if v is None:
            return length(None, flex, True)
        return length(len(v), flex, True) + b"".join(put(f, x, version, flex, True) for x in v)
    if f.type in NUM:
        return struct.pack(NUM[f.type], v)
    if f.type == "uuid":
        return v.bytes
    if f.type == "{}":
        if f.nullable and not element:
            return b"\xff" if v is None else b"\1" + struct_put(f, v, version, flex)
        return struct_put(f, v, version, flex)
    v = v.encode() if isinstance(v, str) else v
    return length(None if v is None else len(v), flex, f.type != "str") + (v or b"")


def struct_put(s, v, version, flex):
    known = {f.name for f in s.fields}
    if set(v) - known:
        raise ValueError("%s has no %s" % (s.name, sorted(set(v) - known)))
    out, tags = b"", []
    for f in s.fields:
        if not f.on(version):
            continue
        if f.tag is None:
            out += put(f, v.get(f.name, f.default), version, flex)
        elif f.name in v:
            x = put(f, v[f.name], version, flex)
            tags.append((f.tag, uvarint(f.tag) + uvarint(len(x)) + x))
    return out + (uvarint(len(tags)) + b"".join(x for _, x in sorted(tags)) if flex else b"")


class FlexReader(Reader):
    def uvarint(self):
        n = shift = 0
        while True:
            x = self.take(1)[0]
            n |= (x & 127) << shift
            if x < 128:
                return n
            shift += 7

    def length(self, flex, wide):
        n = self.uvarint() - 1 if flex else self.i32() if wide else self.i16()
        return None if n < 0 else n


def get(f, r, version, flex, element=False):
    if f.array and not element:
        n = r.length(flex, True)
        return None if n is None else [get(f, r, version, flex, True) for _ in range(n)]
    if f.type in NUM:
        v = struct.unpack(NUM[f.type], r.take(struct.calcsize(NUM[f.type])))[0]
        return bool(v) if f.type == "bool" else v
    if f.type == "uuid":
        return uuid.UUID(bytes=r.take(16))
    if f.type == "{}":
        if f.nullable and not element and r.i8() < 0:
            return None
        return struct_get(f, r, version, flex)
    n = r.length(flex, f.type != "str")
    v = None if n is None else r.take(n)
    return v.decode() if f.type == "str" and v is not None else v


def struct_get(s, r, version, flex):
    out = Obj()
    for f in s.fields:
        if not f.on(version) or f.tag is not None:
            out[f.name] = Obj() if f.default == {} and f.type == "{}" else f.default
        else:
            out[f.name] = get(f, r, version, flex)
    for _ in range(r.uvarint() if flex else 0):
        tag, size = r.uvarint(), r.uvarint()
        end = r.at + size
        for f in s.fields:
            if f.tag == tag and f.on(version):
                out[f.name] = get(f, r, version, flex)
        r.at = end
    return out


class Client(Conn):
    def post(self, name, version, /, client="test", **fields):
        """Sends only; returns the correlation id."""
        api = APIS[name]
        flex = version >= api.flexible
        body = (b"\0" if flex else b"") + struct_put(api.request, fields, version, flex)
        return self.send(api.key, version, body, client)

    def take(self, name, version, want=None):
        """The next answer, which must be for `want` when given."""
        api = APIS[name]
        corr, m = self.recv()
        if want is not None and corr != want:
            raise AssertionError("correlation id %d, want %d" % (corr, want))
        flex, r = version >= api.flexible, FlexReader(m)
        if flex and name != "ApiVersions":
            r.at = 1 if r.uvarint() == 0 else r.at
        out = struct_get(api.response, r, version, flex)
        if r.at != len(m):
            raise AssertionError("%s v%d: %d bytes left over in the answer" % (name, version, len(m) - r.at))
        return out

    def ask(self, name, version, /, client="test", **fields):
        return self.take(name, version, self.post(name, version, client, **fields))

    # ---- what tests ask for most
    def create(self, topic, parts=1, replicas=1, **configs):
        r = self.ask("CreateTopics", 4, timeout_ms=10000, topics=[dict(name=topic, num_partitions=parts, replication_factor=replicas,
            configs=[dict(name=k.replace("_", "."), value=str(v)) for k, v in configs.items()])])
        return r.topics[0].error_code

    def produce(self, topic, records, part=0, acks=-1, version=8, timeout=5000):
        """The partition's part of the answer."""
        r = self.ask("Produce", version, acks=acks, timeout_ms=timeout,
                     topic_data=[dict(name=topic, partition_data=[dict(index=part, records=records)])])
        return r.responses[0].partition_responses[0]

    def fetch(self, topic, offset, part=0, version=11, max_wait=0, min_bytes=1, max_bytes=1 << 26, part_bytes=1 << 26, isolation=0, epoch=-1):
        r = self.ask("Fetch", version, max_wait_ms=max_wait, min_bytes=min_bytes, max_bytes=max_bytes, isolation_level=isolation,
                     topics=[dict(topic=topic, partitions=[dict(partition=part, fetch_offset=offset, partition_max_bytes=part_bytes, current_leader_epoch=epoch)])])
        return r.responses[0].partitions[0]

    def offset(self, topic, timestamp, part=0, version=7, isolation=0, epoch=-1):
        """(error, timestamp, offset)"""
        r = self.ask("ListOffsets", version, replica_id=-1, isolation_level=isolation,
                     topics=[dict(name=topic, partitions=[dict(partition_index=part, timestamp=timestamp, current_leader_epoch=epoch)])])
        p = r.topics[0].partitions[0]
        return p.error_code, p.timestamp, p.offset

    def topic_id(self, topic):
        return self.ask("Metadata", 10, topics=[dict(name=topic)], allow_auto_topic_creation=False).topics[0].topic_id

    def init_producer(self, version=1):
        """The answer; a broker that is about to get a block of ids says "not yet" (14)."""
        for _ in range(50):
            r = self.ask("InitProducerId", version, transactional_id=None, transaction_timeout_ms=60000)
            if r.error_code != 14:
                break
            time.sleep(0.1)
        return r

    def producer_id(self):
        r = self.init_producer()
        assert r.error_code == 0, r
        return r.producer_id
