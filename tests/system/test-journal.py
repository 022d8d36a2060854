# SPDX-License-Identifier: Apache-2.0
"""log.flush = journal from outside: its folder while there is something in it, kill -9, a clean stop, per topic, altered."""
import os, sys, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap
from kapi import Client
from records import pack, unpack

tap = Tap()
br = Broker("log.flush = journal", "log.journal.bytes = 32MiB")
folder = os.path.join(br.data, "stoker.journal")
c = Client(br.port)
c.create("t", 3)
c.create("fast", 1, log_flush="os")
tap.ok(not os.path.exists(folder), "no journal before the first append")


def batch(n, size=100):
    return pack([(b"k", b"%d" % n + b"." * size)])


c.produce("fast", batch(0))
tap.ok(not os.path.exists(folder), "a topic with log.flush = os makes none")
for acks in (1, -1):
    r = c.produce("t", batch(0), acks=acks)
    tap.eq(r.error_code, 0, "acks=%d is answered" % acks)
tap.ok(os.path.exists(os.path.join(folder, "00000000.ring")), "the journal is there now")
for i in range(300):
    c.produce("t", batch(i), part=i % 3)
big = pack([(b"k", b"x" * 400000)])
tap.eq(c.produce("t", big, part=1).error_code, 0, "a large batch, flushed where it stands")


def many(part):
    conn = Client(br.port)
    for i in range(40):
        if conn.produce("t", batch(i, 60000), part=part).error_code:
            errors.append((part, i))


errors = []
threads = [threading.Thread(target=many, args=(p,)) for p in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
tap.eq(errors, [], "three producers, more than the ring holds at a time")
ends = [c.offset("t", -1, part=p)[2] for p in range(3)]
br.kill()
br.start()
c = Client(br.port)
tap.eq([c.offset("t", -1, part=p)[2] for p in range(3)], ends, "kill -9: all of it is there")
tap.ok("replayed the journal" in open(br.log).read(), "through the journal")
tap.ok(not os.path.exists(folder), "which is empty then")

r = c.ask("IncrementalAlterConfigs", 0, resources=[dict(resource_type=2, resource_name="t", configs=[dict(name="log.flush", config_operation=0, value="os")])])
tap.eq(r.responses[0].error_code, 0, "log.flush is altered")
tap.eq(c.produce("t", batch(1)).error_code, 0, "and produce goes on")
tap.ok(not os.path.exists(folder), "without a journal")
r = c.ask("IncrementalAlterConfigs", 0, resources=[dict(resource_type=2, resource_name="t", configs=[dict(name="log.flush", config_operation=0, value="journal")])])
for i in range(20):
    c.produce("t", batch(i))
tap.ok(os.path.exists(folder), "and back")
r = c.ask("DeleteRecords", 1, topics=[dict(name="t", partitions=[dict(partition_index=0, offset=10)])], timeout_ms=5000)
tap.eq(r.topics[0].partitions[0].error_code, 0, "DeleteRecords")
end = c.offset("t", -1)[2]
tap.eq(br.stop(), 0, "a clean stop")
tap.ok(not os.path.exists(folder), "leaves no journal")
tap.ok(os.path.exists(os.path.join(br.data, ".kafka_cleanshutdown")), "but the marker")
br.start()
c = Client(br.port)
tap.eq((c.offset("t", -2)[2], c.offset("t", -1)[2]), (10, end), "start and end are as they were")
rows = unpack(c.fetch("t", end - 5).records)
tap.eq(rows[-1].value.split(b".")[0], b"19", "and the records")
c.ask("DeleteTopics", 3, topic_names=["t"], timeout_ms=5000)
c.create("t", 1)
c.produce("t", batch(7))
br.kill()
br.start()
c = Client(br.port)
tap.eq(c.offset("t", -1)[2], 1, "a topic deleted and made again: nothing of the old one comes back")
br.close()
# ---- an idle broker's journal vanishes, and comes back
br = Broker("log.flush.offset.checkpoint.interval.ms = 1s", "replica.high.watermark.checkpoint.interval.ms = 1s")
folder = os.path.join(br.data, "stoker.journal")
c = Client(br.port)
c.create("t", 1)
for i in range(7):
    c.produce("t", batch(i))
tap.ok(os.path.exists(folder), "a journal")
end = time.time() + 30
while os.path.exists(folder) and time.time() < end:
    time.sleep(0.1)
tap.ok(not os.path.exists(folder), "which vanishes when it is not used")
with open(os.path.join(br.data, "recovery-point-offset-checkpoint")) as f:
    tap.ok("t 0 7" in f.read().split("\n"), "the recovery point has followed")
tap.eq(c.produce("t", batch(7)).error_code, 0, "an append after that")
tap.ok(os.path.exists(folder), "has a journal again")
br.kill()
br.start()
tap.eq(Client(br.port).offset("t", -1)[2], 8, "and is there after kill -9")
br.close()
tap.done()
