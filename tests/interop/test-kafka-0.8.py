# SPDX-License-Identifier: Apache-2.0
"""The clients of that time: Apache Kafka 0.8.2.2's own console producers, ZooKeeper consumers and tools, with a real ZooKeeper. They find the broker
in the tree, share the partitions among themselves there, and keep their offsets there; all that this broker does is to be what they look for."""
import os, re, signal, subprocess, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap, until
from kapi import Client
import json, zookeeper

CLIENTS = os.environ.get("STOKER_CLIENTS") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "stoker-clients")
if not os.path.exists(os.path.join(CLIENTS, "java-0.8.stamp")):
    print("1..0 # SKIP no java-0.8 clients: run tests/interop/clients/setup")
    sys.exit(0)
zookeeper.skip_when_missing()
tap = Tap()
PARTS = 4
SESSION = 2.0  # seconds; of the consumers in ZooKeeper

zk = zookeeper.Ensemble(1)
root = "/kafka"
br = Broker("zookeeper.connect = %s%s" % (zk.connect, root), "zookeeper.session.timeout.ms = 6000")
tree = zookeeper.Tree(zk.servers[0], 60000)
LOG4J = os.path.join(br.dir, "log4j.properties")
with open(LOG4J, "w") as f:
    f.write("log4j.rootLogger=WARN, E\nlog4j.appender.E=org.apache.log4j.ConsoleAppender\nlog4j.appender.E.target=System.err\n"
            "log4j.appender.E.layout=org.apache.log4j.PatternLayout\nlog4j.appender.E.layout.ConversionPattern=%d %p %m (%c{1})%n\n")


def java(cls, *args):
    return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j.configuration=file:" + LOG4J, "-cp", os.path.join(CLIENTS, "java-0.8", "*"), cls, *args]


def tool(cls, *args):
    """What it prints, and its errors."""
    r = subprocess.run(java(cls, *args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return r.stdout.decode()


class Running:
    """A process of theirs that goes on until it is ended."""
    n = 0

    def __init__(self, cls, *args):
        Running.n += 1
        self.base = os.path.join(br.dir, "client-%d" % Running.n)
        with open(self.base + ".out", "wb") as out, open(self.base + ".err", "wb") as err:
            self.proc = subprocess.Popen(java(cls, *args), stdin=subprocess.PIPE, stdout=out, stderr=err, preexec_fn=zookeeper.die_with_parent)

    def values(self):
        with open(self.base + ".out") as f:
            return [int(v) for v in f.read().split("\n")[:-1] if v.isdigit()]

    def errors(self):
        with open(self.base + ".err") as f:
            return f.read()[-1500:]

    def end(self, how=signal.SIGTERM):
        self.proc.send_signal(how)
        self.proc.stdin.close()
        return self.proc.wait(30)


class Producer(Running):
    def __init__(self, *args):
        super().__init__("kafka.tools.ConsoleProducer", "--broker-list", br.boot, "--topic", "t", *args)

    def send(self, values):
        for v in values:
            self.proc.stdin.write(b"%d\n" % v)
        self.proc.stdin.flush()

    def close(self):
        """It sends what it has and ends."""
        self.proc.stdin.close()
        return self.proc.wait(30)


def consumer(**more):
    conf = os.path.join(br.dir, "consumer-%d.properties" % Running.n)
    settings = dict(group__id="g", zookeeper__session__timeout__ms=int(SESSION * 1000), zookeeper__connection__timeout__ms=20000, zookeeper__sync__time__ms=500,
                    auto__commit__interval__ms=300, rebalance__backoff__ms=500, rebalance__max__retries=20, refresh__leader__backoff__ms=100)
    with open(conf, "w") as f:
        f.writelines("%s=%s\n" % (k.replace("__", "."), v) for k, v in {**settings, **more}.items())
    return Running("kafka.tools.ConsoleConsumer", "--zookeeper", zk.connect + root, "--topic", "t", "--consumer.config", conf)


def children(path):
    try:
        return tree.children(root + path)
    except zookeeper.ZkError:
        return []


def text(path):
    try:
        return (tree.get(root + path)[0] or b"").decode()
    except zookeeper.ZkError:
        return None


def owners():
    """partition -> the consumer that owns it (without its thread's number)"""
    got = {p: text("/consumers/g/owners/t/" + p) for p in children("/consumers/g/owners/t")}
    return {int(p): o.rsplit("-", 1)[0] for p, o in got.items() if o}


def shares():
    own = list(owners().values())
    return sorted(own.count(o) for o in set(own))


def offsets():
    return {int(p): int(text("/consumers/g/offsets/t/" + p) or -1) for p in children("/consumers/g/offsets/t")}


def ends():
    return {p: Client(br.port).offset("t", -1, p)[2] for p in range(PARTS)}


def settled(want):
    """Owners stand as wanted, and for a while (a rebalance lets go first)."""
    return until(lambda: shares() == want and (time.sleep(0.7) or shares() == want), 30)


# ---- the topic is made by their tool, in the tree
out = tool("kafka.admin.TopicCommand", "--zookeeper", zk.connect + root, "--create", "--topic", "t", "--partitions", str(PARTS), "--replication-factor", "1")
tap.ok('Created topic "t"' in out, "0.8's topic tool makes a topic in the tree", out)
c = Client(br.port)
tap.ok(until(lambda: all(c.offset("t", -1, p)[0] == 0 for p in range(PARTS))), "and the broker has it")

# ---- two consumers of one group share the partitions
a, b, p = consumer(auto__offset__reset="smallest"), consumer(auto__offset__reset="smallest"), Producer("--new-producer")
tap.ok(settled([2, 2]), "two consumers of one group own two partitions each", (owners(), a.errors(), b.errors()))
tap.eq(len(children("/consumers/g/ids")), 2, "and stand in the tree")
p.send(range(200))
tap.ok(until(lambda: len(a.values()) + len(b.values()) >= 200, 30), "the 0.8.2 producer writes, they read", (len(a.values()), len(b.values()), p.errors(), a.errors()))
tap.eq(sorted(a.values() + b.values()), list(range(200)), "every record once")
tap.eq((len(a.values()), len(b.values())), (100, 100), "the same number each")
tap.ok(until(lambda: offsets() == {i: 50 for i in range(PARTS)}), "offsets stand under /consumers/g/offsets/t, 50 for each partition", offsets())
out = tool("kafka.tools.ConsumerOffsetChecker", "--zookeeper", zk.connect + root, "--group", "g", "--topic", "t")
lags = re.findall(r"^g\s+t\s+(\d)\s+(\d+)\s+(\d+)\s+(\d+)\s+\S+", out, re.M)
tap.eq(sorted(lags), [(str(i), "50", "50", "0") for i in range(PARTS)], "0.8's offset checker shows offsets, ends and lag")

# ---- one is killed while records come
for v in range(200, 320):
    p.send([v])
    time.sleep(0.02)
    if v == 240:
        a.end(signal.SIGKILL)
tap.ok(settled([4]), "one is killed: after its session the other owns all four", (owners(), b.errors()))
tap.ok(until(lambda: set(a.values() + b.values()) >= set(range(320)), 30), "every record is read at least once", sorted(set(range(320)) - set(a.values() + b.values())))
twice = len(a.values() + b.values()) - 320
tap.ok(twice <= 60, "and few twice: those read since the last commit", twice)
tap.eq(p.close(), 0, "the producer ends")
tap.eq(b.end(), 143, "the consumer is stopped")
tap.ok(until(lambda: offsets() == ends()), "its offsets are the ends of the partitions", (offsets(), ends()))
tap.eq((children("/consumers/g/ids"), owners()), ([], {}), "nobody owns anything")

# ---- the next start resumes; the old (Scala) producer
p = Producer("--sync")
p.send(range(320, 340))
tap.eq(p.close(), 0, "0.8's old producer writes")
d = consumer()  # auto.offset.reset is "largest" when it has no offsets: it would read nothing
tap.ok(until(lambda: len(d.values()) >= 20, 30), "the next start resumes there", d.errors())
tap.eq(sorted(d.values()), list(range(320, 340)), "and reads exactly what came since")

# ---- the broker is killed and comes back
before = json.loads(text("/brokers/ids/0"))
br.kill()
time.sleep(0.5)
br.start()
tap.ok(until(lambda: (text("/brokers/ids/0") or "{}") != "{}") and json.loads(text("/brokers/ids/0"))["port"] == before["port"], "the broker is killed and registers again")
p = Producer("--new-producer")
p.send(range(340, 360))
p.close()
tap.ok(until(lambda: set(range(320, 360)) <= set(d.values()), 30), "the consumer goes on", (d.values(), d.errors()))
tap.eq(d.end(), 143, "it is stopped")
tap.ok(until(lambda: offsets() == ends()), "its offsets are the ends of the partitions", (offsets(), ends()))

# ---- offsets in the broker's own requests: the same store (as of its start)
br.stop()
br.start()
e = consumer(offsets__storage="kafka", dual__commit__enabled="false")
p = Producer("--new-producer")
p.send(range(360, 380))
p.close()
tap.ok(until(lambda: len(e.values()) >= 20, 30), "a consumer with offsets.storage=kafka resumes there too", e.errors())
tap.eq(sorted(e.values()), list(range(360, 380)), "and reads exactly what came since")
tap.ok(until(lambda: offsets() == ends()), "its commits stand in the same place of the tree", (offsets(), ends()))
e.end()
tap.eq(br.stop(), 0, "the broker stops cleanly")
tap.done()
