# SPDX-License-Identifier: Apache-2.0
"""The two brokers that are measured: started in private folders on free loopback ports, ended and removed again."""
import glob, os, resource, shutil, signal, socket, struct, subprocess, tempfile, time

from machine import die_with_parent, say, write_back

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = os.path.join(HERE, "..", "interop", "acceptance", "peer-kafka")


def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s.getsockname()[1]


def frame(key, version, body):
    m = struct.pack(">hhih", key, version, 1, -1) + body
    return struct.pack(">i", len(m)) + m


def exactly(s, n):
    out = bytearray()
    while len(out) < n:
        part = s.recv(n - len(out))
        if not part:
            raise ConnectionError("closed")
        out += part
    return bytes(out)


def ask(s, request):
    s.sendall(request)
    return exactly(s, struct.unpack(">i", exactly(s, 4))[0])[4:]


API_VERSIONS = frame(18, 0, b"")


def end_offsets_of(topic, partitions):
    name = topic.encode()
    return frame(2, 1, struct.pack(">iih", -1, 1, len(name)) + name + struct.pack(">i", partitions)
                 + b"".join(struct.pack(">iq", p, -1) for p in range(partitions)))


def errors_in(answer, topic):
    """How many partitions of a ListOffsets answer have an error."""
    rest = answer[4 + 2 + len(topic.encode()) + 4:]
    return sum(1 for _, error, _, _ in struct.iter_unpack(">ihqq", rest) if error)


# Waits for a line, so that what was done before it (entering a memory cgroup takes milliseconds) is in no figure.
GATE = ["sh", "-c", 'read -r _; exec "$@" </dev/null', "gate"]
SETTINGS = ["log.retention.check.interval.ms=5000"]
# A topic that was deleted is not removed in the midst of the next measurement, but at once, or, so that its page cache is reused by the next
# (see README.md), not before the broker is.
DELAY = "log.segment.delete.delay.ms=%d"
AT_ONCE, NEVER = 500, 86400000


class Broker:
    """What both have: boot (address), pid, data (folder), dir (all its files), group (its memory cgroup, or None)."""

    def __init__(self, conditions, keep):
        self.keep = keep  # deleted topics
        self.settings = SETTINGS + [DELAY % (NEVER if keep else AT_ONCE)]
        self.dir = tempfile.mkdtemp(prefix="bench-%s." % self.name, dir=os.environ.get("BENCH_DIR") or None)
        self.port = free_port()
        self.boot = "127.0.0.1:%d" % self.port
        self.group = conditions.group(os.path.basename(self.dir))

    def enter(self):
        """Of a child that will be the broker."""
        die_with_parent()
        if self.group:
            self.group.join()

    def settle(self):
        """What was written before is on the disk, or gone if it was deleted; and no memory is left that nobody has touched."""
        until = time.monotonic() + 10
        while not self.keep and any(n.endswith("-delete") for n in os.listdir(self.data)) and time.monotonic() < until:
            time.sleep(0.1)
        if self.group and not self.group.warm_up(os.path.join(self.dir, "filler"), 15):
            say("the memory cgroup of %s is not full yet (%.0f MB)" % (self.name, self.group.usage() / 1e6))
        write_back(self.data)

    def remove(self):
        """The files, and what they have in the page cache, before the group."""
        shutil.rmtree(self.dir, ignore_errors=True)
        if os.path.exists(self.dir):
            say("%s could not be removed" % self.dir)
        if self.group:
            self.group.remove()

    def await_answer(self, t0, limit=120):
        """Milliseconds from t0 to the first ApiVersions answer."""
        while True:
            s = socket.socket()
            try:
                s.connect(("127.0.0.1", self.port))
                s.settimeout(limit)
                ask(s, API_VERSIONS)
                return (time.monotonic() - t0) * 1000
            except (ConnectionError, socket.timeout):
                pass
            finally:
                s.close()
            if self.ended() or time.monotonic() - t0 > limit:
                raise RuntimeError("%s did not come up:\n%s" % (self.name, self.log_end()))
            time.sleep(0.0002 if time.monotonic() - t0 < 1 else 0.01)

    def await_partitions(self, t0, topic, partitions, limit=120):
        """Milliseconds from t0 until each partition of a topic tells its end."""
        request = end_offsets_of(topic, partitions)
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), limit) as s:
                    while errors_in(ask(s, request), topic):
                        time.sleep(0.002)
                        if time.monotonic() - t0 > limit:
                            raise RuntimeError("%s: not all partitions of %s are served" % (self.name, topic))
                    return (time.monotonic() - t0) * 1000
            except ConnectionError:
                time.sleep(0.01)


class Stoker(Broker):
    name = "stoker"

    def __init__(self, conditions, keep, build, *lines):
        super().__init__(conditions, keep)
        self.data = os.path.join(self.dir, "data")
        conf = os.path.join(self.dir, "stoker.conf")
        with open(conf, "w") as f:
            f.write("".join(l + "\n" for l in ["listeners=PLAINTEXT://" + self.boot, "log.dirs=" + self.data, *SETTINGS, *lines]))
        exe = os.path.join(build, ".libs", "stokerd")
        self.argv = [exe if os.path.exists(exe) else os.path.join(build, "stokerd"), conf]
        self.env = dict(os.environ, STOKER_MODULE_PATH=os.path.join(build, "modules"), LD_LIBRARY_PATH=os.path.join(build, ".libs"))
        self.proc = None

    def start(self):
        """Returns the milliseconds from exec to the first ApiVersions answer; self.t0 is when that was."""
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.proc = subprocess.Popen(GATE + self.argv, env=self.env, stdout=log, stderr=log, stdin=subprocess.PIPE, preexec_fn=self.enter)
        self.pid = self.proc.pid
        time.sleep(0.05)
        self.t0 = time.monotonic()
        self.proc.stdin.write(b"\n")
        self.proc.stdin.close()
        return self.await_answer(self.t0)

    def ended(self):
        return self.proc.poll() is not None

    def log_end(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()[-2000:]

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        try:
            self.proc.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def close(self):
        if self.proc and not self.ended():
            self.stop()
        self.remove()


class Kafka(Broker):
    """Apache Kafka in ZooKeeper mode with a heap of 1 GiB; it needs nothing of the build."""
    name = "kafka"

    @staticmethod
    def libs():
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return os.path.join(os.environ.get("STOKER_CLIENTS") or os.path.join(cache, "stoker-clients"), "java")

    @staticmethod
    def missing():
        """Why it cannot be started; None when it can."""
        if shutil.which("java") is None:
            return "there is no java"
        if not glob.glob(os.path.join(Kafka.libs(), "kafka_2.13-*.jar")):
            return "no Kafka jars in %s; tests/interop/clients/setup fetches them" % Kafka.libs()
        return None

    @staticmethod
    def version():
        jar = glob.glob(os.path.join(Kafka.libs(), "kafka_2.13-*.jar"))
        return os.path.basename(jar[0])[len("kafka_2.13-"):-4] if jar else "-"

    def __init__(self, conditions, keep, _build, *lines):
        super().__init__(conditions, keep)
        self.data = os.path.join(self.dir, "data-0")
        # A session that ends soon: a broker that was killed may not come back before.
        conf = [*self.settings, "zookeeper.session.timeout.ms=3000", *lines]
        self.env = dict(os.environ, KAFKA_LIBS=self.libs(), PEER_DIR=self.dir, PORT0=str(self.port), ZKPORT=str(free_port()),
                        PEER_HEAP="1g", PEER_CONF="\n".join(conf))
        self.up, self.starter = False, None

    def start_zookeeper(self):
        """Outside of the broker's memory."""
        r = subprocess.run(["bash", PEER, "start", "0"], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if r.returncode:
            raise RuntimeError("peer-kafka start 0: %s" % r.stdout.decode(errors="replace"))

    def enter(self):
        """Of what starts the JVM, which outlives it. Partitions are files: many of them need many descriptors."""
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        super().enter()

    def start(self):
        if not self.up:
            self.up = True
            self.start_zookeeper()
        elif os.path.exists(os.path.join(self.dir, "broker-0.pid")):
            os.unlink(os.path.join(self.dir, "broker-0.pid"))
        self.t0 = time.monotonic()
        self.starter = subprocess.Popen(["bash", PEER, "add", "0"], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                        preexec_fn=self.enter)
        self.pid = 0
        took = self.await_answer(self.t0)
        self.starter.wait()
        self.pid = self.pid_of_broker()
        return took

    def pid_of_broker(self):
        try:
            with open(os.path.join(self.dir, "broker-0.pid")) as f:
                return int(f.read())
        except (OSError, ValueError):
            return 0

    def ended(self):
        pid = self.pid_of_broker()
        return pid > 0 and not os.path.exists("/proc/%d" % pid)

    def log_end(self):
        try:
            with open(os.path.join(self.dir, "broker-0.log"), errors="replace") as f:
                return f.read()[-2000:]
        except OSError:
            return ""

    def end(self, sig, limit):
        os.kill(self.pid, sig)
        until = time.monotonic() + limit
        while os.path.exists("/proc/%d" % self.pid) and time.monotonic() < until:
            time.sleep(0.05)

    def stop(self):
        self.end(signal.SIGTERM, 120)

    def kill(self):
        self.end(signal.SIGKILL, 10)
        time.sleep(4)  # until ZooKeeper has forgotten it

    def close(self):
        """Nothing is kept, so that nothing has to be stopped in order; but all must be gone before the folder can go."""
        if self.starter and self.starter.poll() is None:
            self.starter.kill()
            self.starter.wait()
        pids = []
        for name in ("broker-0.pid", "zk.pid"):
            try:
                with open(os.path.join(self.dir, name)) as f:
                    pids.append(int(f.read()))
                os.kill(pids[-1], signal.SIGKILL)
            except (OSError, ValueError):
                continue
        until = time.monotonic() + 20
        while any(os.path.exists("/proc/%d" % p) for p in pids) and time.monotonic() < until:
            time.sleep(0.05)
        self.remove()
