# SPDX-License-Identifier: Apache-2.0
"""For system tests in Python: TAP output, a real stokerd of the build tree, and frames by hand (no client library)."""
import atexit, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time, zlib

BUILD = os.environ.get("top_builddir", os.getcwd())
SRC = os.environ.get("top_srcdir", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, cond, name, why=""):
        self.n += 1
        if not cond:
            self.failed += 1
        print("%sok %d - %s" % ("" if cond else "not ", self.n, name))
        if not cond and why != "":
            for line in str(why).splitlines()[:10]:
                print("# " + line)
        sys.stdout.flush()
        return cond

    def eq(self, got, want, name):
        return self.ok(got == want, name, "got  %r\nwant %r" % (got, want))

    def run(self, name, f, *args):
        """A check that fails when f raises."""
        try:
            f(*args)
        except Exception as e:  # a test must report, not die
            return self.ok(False, name, "%s: %s" % (type(e).__name__, e))
        return self.ok(True, name)

    def done(self):
        print("1..%d" % self.n)
        sys.exit(1 if self.failed else 0)


def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    p = s.getsockname()[1]
    s.close()
    return p


def until(what, seconds=60):
    """Asks again until what() is true, and returns what it is then. The time counts only where something is wrong."""
    end = time.time() + seconds
    while not (got := what()) and time.time() < end:
        time.sleep(0.02)
    return got


class Broker:
    """stokerd with a private folder and port; `lines` are added to its configuration."""

    def __init__(self, *lines, prefix=(), data=None):
        self.dir = tempfile.mkdtemp(prefix="stoker-test.")
        self.data = data or os.path.join(self.dir, "data")
        self.log = os.path.join(self.dir, "log")
        self.port = free_port()
        self.boot = "127.0.0.1:%d" % self.port
        self.conf = os.path.join(self.dir, "stoker.conf")
        self.prefix = list(prefix)
        self.proc = None
        self.configure(*lines)
        atexit.register(self.close)  # a test that dies leaves nothing behind
        self.start()

    def configure(self, *lines):
        with open(self.conf, "w") as f:
            f.write("listeners = PLAINTEXT://%s\nlog.dirs = %s\n" % (self.boot, self.data))
            if "STOKER_FLUSH" in os.environ:  # the same test under another log.flush
                f.write("log.flush = %s\n" % os.environ["STOKER_FLUSH"])
            f.write("".join(l + "\n" for l in lines))
            if not any(l.startswith("network.thread.connections") for l in lines):
                f.write("network.thread.connections = 1\n")  # on all threads, so that they meet
            if not any(l.startswith("log.recovery.wait.ms") for l in lines):
                f.write("log.recovery.wait.ms = 20s\n")  # a slow machine is not what most tests are about

    def start(self, wait=20):
        env = dict(os.environ)
        env.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))
        exe = os.environ.get("STOKERD", os.path.join(BUILD, "stokerd"))
        with open(self.log, "ab") as log:
            self.proc = subprocess.Popen(self.prefix + [exe, self.conf], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
        end = time.time() + wait
        while time.time() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.proc.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError("stokerd did not come up:\n" + self.tail())

    def tail(self, n=1500):
        with open(self.log) as f:
            return f.read()[-n:]

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        return self.proc.wait(60)

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def alive(self):
        return self.proc.poll() is None

    def rss_kib(self):
        with open("/proc/%d/status" % self.proc.pid) as f:
            return int([l for l in f if l.startswith("VmRSS")][0].split()[1])

    def close(self):
        if self.proc and self.proc.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)


# ---- frames
def i8(v): return struct.pack(">b", v)
def i16(v): return struct.pack(">h", v)
def i32(v): return struct.pack(">i", v)
def i64(v): return struct.pack(">q", v)
def s(v): return i16(-1) if v is None else i16(len(v.encode())) + v.encode()
def b(v): return i32(-1) if v is None else i32(len(v)) + v
def arr(items): return i32(len(items)) + b"".join(items)


def varint(n):
    n = (n << 1) ^ (n >> 63)
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


_table = []
for _i in range(256):
    _c = _i
    for _ in range(8):
        _c = (_c >> 1) ^ (0x82F63B78 if _c & 1 else 0)
    _table.append(_c)


def crc32c(data):
    c = 0xFFFFFFFF
    for x in data:
        c = _table[(c ^ x) & 255] ^ (c >> 8)
    return c ^ 0xFFFFFFFF


def record(offset_delta, key, value, ts_delta=0):
    f = lambda v: varint(-1) if v is None else varint(len(v)) + v
    body = i8(0) + varint(ts_delta) + varint(offset_delta) + f(key) + f(value) + varint(0)
    return varint(len(body)) + body


def batch(records, ts=None, producer_id=-1, epoch=-1, seq=-1, attributes=0, count=None, last_delta=None, crc=None, magic=2, base=0):
    """A v2 batch of (key, value) pairs; the keyword arguments let a test lie."""
    ts = int(time.time() * 1000) if ts is None else ts
    body = b"".join(record(i, k, v) for i, (k, v) in enumerate(records))
    n = len(records) if count is None else count
    last = len(records) - 1 if last_delta is None else last_delta
    tail = i16(attributes) + i32(last) + i64(ts) + i64(ts) + i64(producer_id) + i16(epoch) + i32(seq) + i32(n) + body
    c = crc32c(tail) if crc is None else crc
    rest = i32(-1) + i8(magic) + struct.pack(">I", c) + tail
    return i64(base) + i32(len(rest)) + rest


class Conn:
    """One connection; requests are header v1 (non-flexible versions)."""

    def __init__(self, port, timeout=10):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.corr = 0

    def raw(self, data):
        self.sock.sendall(data)

    def send(self, key, version, body, client="test"):
        self.corr += 1
        m = struct.pack(">hhi", key, version, self.corr) + s(client) + body
        self.sock.sendall(i32(len(m)) + m)
        return self.corr

    def exactly(self, n):
        out = b""
        while len(out) < n:
            x = self.sock.recv(n - len(out))
            if not x:
                raise EOFError("closed after %d of %d bytes" % (len(out), n))
            out += x
        return out

    def recv(self):
        n = struct.unpack(">i", self.exactly(4))[0]
        m = self.exactly(n)
        return struct.unpack(">i", m[:4])[0], m[4:]

    def call(self, key, version, body, client="test"):
        want = self.send(key, version, body, client)
        corr, m = self.recv()
        if corr != want:
            raise AssertionError("correlation id %d, want %d" % (corr, want))
        return Reader(m)

    def closed(self, timeout=5):
        """True when the peer closes without sending anything."""
        self.sock.settimeout(timeout)
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def close(self):
        self.sock.close()


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise AssertionError("answer is too short")
        x = self.data[self.at:self.at + n]
        self.at += n
        return x

    def i8(self): return struct.unpack(">b", self.take(1))[0]
    def i16(self): return struct.unpack(">h", self.take(2))[0]
    def i32(self): return struct.unpack(">i", self.take(4))[0]
    def i64(self): return struct.unpack(">q", self.take(8))[0]

    def s(self):
        n = self.i16()
        return None if n < 0 else self.take(n).decode()

    def b(self):
        n = self.i32()
        return None if n < 0 else self.take(n)

    def arr(self, f):
        return [f() for _ in range(self.i32())]


# ---- the requests that tests need most
def create_topic(conn, name, parts=1, configs=()):
    """CreateTopics v1; returns the error code."""
    t = s(name) + i32(parts) + i16(1) + arr([]) + arr([s(k) + s(v) for k, v in configs])
    r = conn.call(19, 1, arr([t]) + i32(10000) + i8(0))
    return r.arr(lambda: (r.s(), r.i16(), r.s()))[0][1]


def produce_body(topic, part, records, acks=-1, timeout=5000):
    return s(None) + i16(acks) + i32(timeout) + arr([s(topic) + arr([i32(part) + b(records)])])


def produce(conn, topic, part, records, acks=-1):
    """Produce v8; returns (error, base offset)."""
    r = conn.call(0, 8, produce_body(topic, part, records, acks))
    n = r.i32(); assert n == 1
    r.s(); n = r.i32(); assert n == 1
    r.i32()
    return r.i16(), r.i64()


def fetch(conn, topic, part, offset, max_wait=100, min_bytes=1, max_bytes=1 << 20, part_bytes=1 << 20, isolation=0):
    """Fetch v4; returns (error, high watermark, records)."""
    body = i32(-1) + i32(max_wait) + i32(min_bytes) + i32(max_bytes) + i8(isolation) + \
        arr([s(topic) + arr([i32(part) + i64(offset) + i32(part_bytes)])])
    r = conn.call(1, 4, body)
    r.i32(); n = r.i32(); assert n == 1
    r.s(); n = r.i32(); assert n == 1
    r.i32(); err = r.i16(); hw = r.i64(); r.i64(); r.arr(lambda: (r.i64(), r.i64())) if True else None
    return err, hw, r.b() or b""


def list_offset(conn, topic, part, ts):
    """ListOffsets v1; returns (error, timestamp, offset)."""
    r = conn.call(2, 1, i32(-1) + arr([s(topic) + arr([i32(part) + i64(ts)])]))
    r.i32(); r.s(); r.i32(); r.i32()
    return r.i16(), r.i64(), r.i64()


def offsets_of(data):
    """(base, last, count) of each whole v2 batch in `data`."""
    out, at = [], 0
    while at + 61 <= len(data):
        base, n = struct.unpack(">qi", data[at:at + 12])
        if at + 12 + n > len(data):
            break
        last = struct.unpack(">i", data[at + 23:at + 27])[0]
        count = struct.unpack(">i", data[at + 57:at + 61])[0]
        out.append((base, base + last, count))
        at += 12 + n
    return out
