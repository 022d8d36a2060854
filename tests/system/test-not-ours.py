# SPDX-License-Identifier: Apache-2.0
"""Logs that are not this broker's, or whose tree was lost: a start on them is refused, and where one is in a new topic's way, the
new topic's partition is offline. No byte of them is changed."""
import atexit, hashlib, os, shutil, subprocess, sys, tarfile, tempfile, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import Client

tap = Tap()
GOLDEN = os.path.join(SRC, "tests", "golden", "kafka-3.9.1", "logs.tar.xz")
OURS = ("coordinator.db", ".lock")


def prints(data, only=""):
    """{path: digest} of what lies in a directory, but for what a start that is refused makes."""
    out = {}
    for folder, _, files in os.walk(data):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), data)
            if not path.startswith(OURS) and path.startswith(only):
                with open(os.path.join(data, path), "rb") as f:
                    out[path] = hashlib.sha256(f.read()).hexdigest()
    return out


def refused(data):
    """(exit code, lines) of a start that must end at once."""
    conf = os.path.join(home, "conf")
    with open(conf, "w") as f:
        f.write("listeners = PLAINTEXT://127.0.0.1:%d\nlog.dirs = %s\n" % (free_port(), data))
    env = dict(os.environ)
    env.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))
    p = subprocess.Popen([os.environ.get("STOKERD", os.path.join(BUILD, "stokerd")), conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True)
    try:
        out = p.communicate(timeout=10)[0]
    except subprocess.TimeoutExpired:
        p.terminate()
        return None, p.communicate()[0].splitlines()
    return p.returncode, out.splitlines()


def check_refused(data, what):
    before = prints(data)
    for turn in ("", ", again"):
        code, lines = refused(data)
        tap.eq(code, 1, "%s: the start is refused%s" % (what, turn))
        wrong = [l for l in lines if "such as" in l]
        tap.ok(len(wrong) == 1 and "coordinator.db" in wrong[0] and "log.dirs" in wrong[0] and data in wrong[0], "%s: one line says why and what to do%s" % (what, turn), "\n".join(lines))
    tap.eq(prints(data), before, "%s: nothing was changed" % what)


home = tempfile.mkdtemp(prefix="stoker-test.")
atexit.register(shutil.rmtree, home, True)

# ---- Kafka's directory, a tree that was never used
with tarfile.open(GOLDEN) as t:
    t.extractall(home)
kafka = os.path.join(home, "data")
check_refused(kafka, "Kafka's directory")

# ---- a tree of that cluster which does not know the topics: a new topic of the same name must not take the old one's logs
for name in os.listdir(kafka):
    if name.startswith(OURS):
        os.unlink(os.path.join(kafka, name))
with open(os.path.join(kafka, "meta.properties")) as f:
    cluster = [l.strip().split("=", 1)[1] for l in f if l.startswith("cluster.id")][0]
subprocess.run([os.path.join(BUILD, "tests/lib/seed-tree"), kafka], input=b'/cluster/id\t{"version":"1","id":"%s"}\n' % cluster.encode(), check=True)
logs = {n: prints(kafka, n + os.sep) for n in ("compacted-0", "segments-0")}
tap.ok(all(len(v) > 2 for v in logs.values()), "there are logs to lose")
br = Broker("log.segment.delete.delay.ms = 1", "log.retention.check.interval.ms = 100", "auto.create.topics.enable = true", data=kafka)
c = Client(br.port, 20)
c.ask("Metadata", 4, topics=[dict(name="compacted")], allow_auto_topic_creation=True)
c.create("segments")
for topic in ("compacted", "segments"):
    p = c.produce(topic, batch([(b"k", b"v")]))
    tap.ok(p.error_code != 0, "%s: a produce request is refused" % topic, p)
    m = c.ask("Metadata", 9, topics=[dict(name=topic)], allow_auto_topic_creation=False).topics[0].partitions[0]
    tap.ok(m.leader_id == -1 and m.error_code == 5, "%s: the partition is offline" % topic, m)
    with open(br.log) as f:
        tap.ok(any("%s-0 holds the log of another topic" % topic in l and "move that folder" in l for l in f), "%s: a line names the folder and says what to do" % topic, br.tail())
tap.eq(c.create("fresh"), 0, "another topic is made")
tap.eq(c.produce("fresh", batch([(b"k", b"v")])).error_code, 0, "and works")
tap.eq(c.ask("DeleteTopics", 3, topic_names=["compacted"], timeout_ms=5000).responses[0].error_code, 0, "the new topic is deleted")
tap.eq(c.ask("Metadata", 4, topics=[dict(name="compacted")], allow_auto_topic_creation=True).topics[0].error_code in (0, 5), True, "and made once more")
time.sleep(0.5)
for n, was in logs.items():
    tap.eq(prints(kafka, n + os.sep), was, "%s is as it was" % n)
tap.eq(br.stop(), 0, "clean stop")
br.start()
br.stop()
for n, was in logs.items():
    tap.eq(prints(kafka, n + os.sep), was, "%s is as it was after a restart" % n)
shutil.move(os.path.join(kafka, "compacted-0"), os.path.join(home, "kept"))
br.start()
p = Client(br.port, 20).produce("compacted", batch([(b"k", b"v")]))
tap.eq((p.error_code, p.base_offset), (0, 0), "with the old folder moved away the new topic works")
br.stop()

# ---- our own logs, the tree lost
own = os.path.join(home, "own")
br = Broker(data=own)
c = Client(br.port, 20)
c.create("mine")
c.produce("mine", batch([(b"k", b"v")]))
br.stop()
db = [n for n in os.listdir(own) if n.startswith("coordinator.db")]
for n in db:
    shutil.move(os.path.join(own, n), os.path.join(home, n))
check_refused(own, "a lost tree")
for n in os.listdir(own):
    if n.startswith("coordinator.db"):
        os.unlink(os.path.join(own, n))
for n in db:
    shutil.move(os.path.join(home, n), os.path.join(own, n))
br.start()
tap.eq(Client(br.port, 20).offset("mine", -1)[2], 1, "with the tree back everything is there")
br.stop()

# ---- an id, but no logs: only the tree begins anew
empty = os.path.join(home, "empty")
os.mkdir(empty)
shutil.copy(os.path.join(kafka, "meta.properties"), empty)
br = Broker(data=empty)
tap.eq(Client(br.port).ask("DescribeCluster", 0).cluster_id, cluster, "a directory with an id and no logs is taken, with its id")
br.stop()
tap.done()
