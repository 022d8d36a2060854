# SPDX-License-Identifier: Apache-2.0
"""A start after kill -9 while one log takes long to recover: everybody else is served meanwhile, nothing is made anew, and what was
acknowledged is there in the end. Recovery is held up by a FIFO in the place of a file that it reads."""
import os, sys, threading
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import Client

tap = Tap()
PARTS = 300
br = Broker("num.partitions = 1", "log.recovery.wait.ms = 1s")
c = Conn(br.port)
tap.eq(create_topic(c, "many", PARTS), 0, "a topic of %d partitions" % PARTS)
tap.eq(create_topic(c, "slow", 2), 0, "and one of two")
for p in range(0, PARTS, 10):
    produce(c, "many", p, batch([(b"k", b"v")] * 3))
for i in range(20):
    last = produce(c, "slow", 0, batch([(b"k", b"%d" % i)] * 5))
tap.eq(last, (0, 95), "records in the second one")
ids = {t.name: t.topic_id for t in Client(br.port).ask("Metadata", 10, topics=None).topics}
fifo = os.path.join(br.data, "slow-0", "leader-epoch-checkpoint")


def hold():
    br.kill()
    os.unlink(fifo)
    os.mkfifo(fifo)
    br.start()


def let_go():
    with open(fifo, "w"):  # until the broker is at it; it then finds the file unusable, and the log tells what stood there
        pass


def text():
    with open(br.log) as f:
        return f.read()


hold()
k = Client(br.port, 20)
tap.eq(k.ask("ApiVersions", 0).error_code, 0, "ApiVersions is answered")
meta = k.ask("Metadata", 10, topics=None)
tap.eq({t.name: t.topic_id for t in meta.topics}, ids, "Metadata names the topics, and they are the same")
tap.eq([len(t.partitions) for t in sorted(meta.topics, key=lambda t: t.name)], [PARTS, 2], "with all their partitions")
tap.ok(all(p.leader_id == 0 and p.error_code == 0 for t in meta.topics for p in t.partitions), "each with its leader")
tap.ok("clients are served while logs are being opened" in text(), "the log says so")
c = Conn(br.port)
tap.eq([produce(c, "many", p, batch([(b"k", b"more")])) for p in (0, 10)], [(0, 3), (0, 3)], "partitions that are open are written to")
tap.eq(fetch(c, "many", 20, 0)[:2], (0, 3), "and read")
tap.eq(produce(c, "many", 5, batch([(b"k", b"first")])), (0, 0), "so is one that was never used")
tap.eq(produce(c, "slow", 0, batch([(b"k", b"x")]))[0], 6, "the one that is not: produce is NOT_LEADER_OR_FOLLOWER")
tap.eq(fetch(c, "slow", 0, 0)[0], 6, "fetch too")
tap.eq(list_offset(c, "slow", 0, -1)[0], 6, "ListOffsets too")
r = k.ask("Fetch", 12, max_wait_ms=10, min_bytes=1, max_bytes=1000, topics=[dict(
    topic="slow", partitions=[dict(partition=0, current_leader_epoch=meta.topics[0].partitions[0].leader_epoch, fetch_offset=0, partition_max_bytes=1000)])])
tap.ok(r.responses[0].partitions[0].error_code in (6, 75), "with a leader epoch too, and nothing fatal", r.responses[0].partitions[0].error_code)
tap.eq(produce(c, "slow", 1, batch([(b"k", b"x")])), (0, 0), "its neighbour is open")
r = k.ask("OffsetCommit", 2, group_id="g", topics=[dict(name="slow", partitions=[dict(partition_index=0, committed_offset=7)])])
tap.eq(r.topics[0].partitions[0].error_code, 0, "groups go on")
tap.ok(until(lambda: text().count("opening logs partitions=%d of=%d" % (PARTS + 1, PARTS + 2))), "progress is told each second")
let_go()
tap.ok(until(lambda: list_offset(c, "slow", 0, -1) == (0, -1, 100)), "then it is there, whole", list_offset(c, "slow", 0, -1))
rows = offsets_of(fetch(c, "slow", 0, 0)[2])
tap.eq((rows[0][0], rows[-1][1], sum(x[2] for x in rows)), (0, 99, 100), "with every record")
tap.ok(until(lambda: "all logs are open partitions=%d of=%d" % (PARTS + 2, PARTS + 2) in text()), "and the log says that it is over")
tap.eq(produce(c, "slow", 0, batch([(b"k", b"x")])), (0, 100), "it is written to")

# A stop meanwhile: what was not recovered is not taken for clean.
hold()
k = Client(br.port, 20)
tap.eq(k.ask("ApiVersions", 0).error_code, 0, "again")
later = threading.Timer(0.3, let_go)
later.start()
tap.eq(br.stop(), 0, "a stop meanwhile waits for the one under way only")
later.join()
br.start()
c = Conn(br.port)
tap.ok(until(lambda: list_offset(c, "slow", 0, -1) == (0, -1, 101)), "and the next start has everything", list_offset(c, "slow", 0, -1))
tap.eq([list_offset(c, "many", p, -1)[2] for p in (0, 5, 10, 20, 30)], [4, 1, 4, 3, 3], "in every partition")
tap.eq(br.stop(), 0, "clean stop")
tap.ok(os.path.exists(os.path.join(br.data, ".kafka_cleanshutdown")), "which is marked")
br.close()

# num.recovery.threads.per.data.dir: so many logs at a time.
for threads in (1, 2):
    br = Broker("num.recovery.threads.per.data.dir = %d" % threads, "log.recovery.wait.ms = 0")
    c = Conn(br.port)
    create_topic(c, "slow", 2)
    for p in (0, 1):
        produce(c, "slow", p, batch([(b"k", b"v")]))
    fifos = [os.path.join(br.data, "slow-%d" % p, "leader-epoch-checkpoint") for p in (0, 1)]
    until(lambda: all(os.path.exists(f) for f in fifos))
    br.kill()
    for f in fifos:
        os.unlink(f)
        os.mkfifo(f)
    br.start()
    left = list(fifos)

    def let_go_all():
        """Of those that are being read now; the broker cannot get to the next one so soon."""
        n = len(left)
        for f in list(left):
            try:
                os.close(os.open(f, os.O_WRONLY | os.O_NONBLOCK))
                left.remove(f)
            except OSError:
                pass
        return n - len(left)

    time.sleep(1)
    tap.eq(let_go_all(), threads, "logs under recovery at the same time")
    until(lambda: (let_go_all(), not left)[1])
    c = Conn(br.port)
    tap.ok(until(lambda: [list_offset(c, "slow", p, -1)[2] for p in (0, 1)] == [1, 1]), "then both are there")
    br.close()
tap.done()
