# SPDX-License-Identifier: Apache-2.0
"""A real ZooKeeper for system tests (Debian's package, loopback, private data), and a client for its tree that shares nothing with ours."""
import atexit, ctypes, os, shutil, signal, socket, struct, subprocess, sys, tempfile, time

from stoker_test import free_port

JAR = "/usr/share/java/zookeeper.jar"


def skip_when_missing():
    why = None
    if shutil.which("java") is None:
        why = "there is no java"
    elif not os.path.exists(JAR):
        why = "there is no ZooKeeper: install Debian's package zookeeper"
    if why:
        print("1..0 # SKIP " + why)
        sys.exit(0)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    def __init__(self, folder, number, port, peers):
        self.port, self.proc = port, None
        self.dir = os.path.join(folder, str(number))
        self.conf = os.path.join(self.dir, "zoo.cfg")
        os.makedirs(self.dir)
        with open(os.path.join(self.dir, "myid"), "w") as f:
            f.write("%d\n" % number)
        with open(self.conf, "w") as f:
            f.write("dataDir=%s\nclientPort=%d\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\ntickTime=500\nminSessionTimeout=1000\n"
                    "maxSessionTimeout=60000\ninitLimit=20\nsyncLimit=10\nmaxClientCnxns=0\n4lw.commands.whitelist=srvr\n" % (self.dir, port))
            f.writelines("server.%d=127.0.0.1:%d:%d\n" % p for p in peers)

    def spawn(self):
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.proc = subprocess.Popen(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", JAR + ":/usr/share/java/slf4j-simple.jar",
                                          "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.conf],
                                         stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def mode(self):
        """leader, follower, standalone; "" while it does not serve."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                s.settimeout(1)
                s.sendall(b"srvr")
                text = b"".join(iter(lambda: s.recv(4096), b"")).decode()
        except OSError:
            return ""
        return text.split("Mode: ", 1)[1].split()[0] if "Mode: " in text else ""

    def wait(self, limit=60):
        end = time.time() + limit
        while not self.mode():
            if time.time() > end:
                raise RuntimeError("ZooKeeper on port %d does not serve" % self.port)
            time.sleep(0.02)

    def start(self):
        self.spawn()
        self.wait()

    def kill(self):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.kill()
            self.proc.wait()

    def pause(self):
        self.proc.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.proc.send_signal(signal.SIGCONT)


class Ensemble:
    def __init__(self, n=1):
        self.dir = tempfile.mkdtemp(prefix="stoker-test.zk.")
        atexit.register(self.close)
        peers = [(i + 1, free_port(), free_port()) for i in range(n)] if n > 1 else []
        self.servers = [Server(self.dir, i + 1, free_port(), peers) for i in range(n)]
        self.connect = ",".join("127.0.0.1:%d" % s.port for s in self.servers)
        for s in self.servers:
            s.spawn()
        for s in self.servers:
            s.wait()

    def leader(self):
        return next(s for s in self.servers if s.mode() in ("leader", "standalone"))

    def close(self):
        for s in self.servers:
            s.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class ZkError(Exception):
    def __init__(self, code):
        super().__init__("ZooKeeper answered %d" % code)
        self.code = code


NO_NODE = -101


class Tree:
    """A session that reads, and deletes: requests one after the other (ZooKeeper's jute frames by hand)."""

    def __init__(self, server, timeout_ms=60000, session=0, password=b"\0" * 16):
        self.s = socket.create_connection(("127.0.0.1", server.port), 10)
        self.xid = 0
        self.frame(struct.pack(">iqiQ", 0, 0, timeout_ms, session) + self.buffer(password))
        self.answer()

    @staticmethod
    def buffer(data):
        return struct.pack(">i", len(data)) + data

    def frame(self, data):
        self.s.sendall(self.buffer(data))

    def answer(self):
        def exactly(n):
            out = b""
            while len(out) < n:
                part = self.s.recv(n - len(out))
                if not part:
                    raise ConnectionError("ZooKeeper closed")
                out += part
            return out
        return exactly(struct.unpack(">i", exactly(4))[0])

    def call(self, kind, body):
        self.xid += 1
        self.frame(struct.pack(">ii", self.xid, kind) + body)
        a = self.answer()
        _, _, err = struct.unpack(">iqi", a[:16])
        if err:
            raise ZkError(err)
        return a[16:]

    def get(self, path):
        """(data or None, version)"""
        a = self.call(4, self.buffer(path.encode()) + b"\0")
        n = struct.unpack(">i", a[:4])[0]
        data, stat = (None, a[4:]) if n < 0 else (a[4:4 + n], a[4 + n:])
        return data, struct.unpack(">i", stat[32:36])[0]

    def owner(self, path):
        """The session of an ephemeral node; 0: it is none. None: it is not there."""
        try:
            return struct.unpack(">q", self.call(3, self.buffer(path.encode()) + b"\0")[44:52])[0]
        except ZkError as e:
            if e.code == NO_NODE:
                return None
            raise

    def children(self, path):
        a = self.call(8, self.buffer(path.encode()) + b"\0")
        out, at = [], 4
        for _ in range(struct.unpack(">i", a[:4])[0]):
            n = struct.unpack(">i", a[at:at + 4])[0]
            out.append(a[at + 4:at + 4 + n].decode())
            at += 4 + n
        return sorted(out)

    def end_session(self):
        """What other connections of the session hear is that it has expired."""
        self.call(-11, b"")

    def delete(self, path):
        self.call(2, self.buffer(path.encode()) + struct.pack(">i", -1))


def expire(server, broker):
    """Ends a broker's session, as its file zookeeper.session tells of it: it expires for real. The broker stands still meanwhile, so that it
    does not take its session back."""
    with open(os.path.join(broker.data, "zookeeper.session")) as f:
        session, password = f.read().split()[:2]
    broker.proc.send_signal(signal.SIGSTOP)
    try:
        Tree(server, session=int(session, 16), password=bytes.fromhex(password)).end_session()
    finally:
        broker.proc.send_signal(signal.SIGCONT)
