# SPDX-License-Identifier: Apache-2.0
"""Many log directories: placement, and AlterReplicaLogDirs while the partition is written to; restarts and kill -9 in the middle of a move;
Kafka's answers to what cannot be done."""
import os, re, shutil, sys, tempfile, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap, until
from kapi import Client
from records import pack, unpack

tap = Tap()
tmp = tempfile.mkdtemp(prefix="stoker-test.")
A, B, C = dirs = [os.path.join(tmp, x) for x in "abc"]
br = Broker("auto.create.topics.enable = false", "log.segment.bytes = 300000", "log.segment.delete.delay.ms = 1000", data=",".join(dirs))
c = Client(br.port, 20)


def seen(topic, part):
    """[(directory, future?)] of a partition."""
    r = Client(br.port, 20).ask("DescribeLogDirs", 4, topics=[dict(topic=topic, partitions=[part])])
    return [(d.log_dir, p.is_future_key) for d in r.results for t in d.topics for p in t.partitions]


def ask_move(to, *parts, topic="t", version=2):
    r = Client(br.port, 20).ask("AlterReplicaLogDirs", version, dirs=[dict(path=to, topics=[dict(name=topic, partitions=list(parts))])])
    return [p.error_code for t in r.results for p in t.partitions]


def there(to, part=0, topic="t"):
    return until(lambda: seen(topic, part) == [(to, False)])


def folders():
    return sorted((os.path.basename(d), n) for d in dirs for n in os.listdir(d) if re.match(r"t-\d", n) and not n.endswith("-delete"))


def set_rate(rate):
    return c.ask("IncrementalAlterConfigs", 1, resources=[dict(resource_type=4, resource_name="0", configs=[
        dict(name="replica.alter.log.dirs.io.max.bytes.per.second", config_operation=0, value=str(rate))])]).responses[0].error_code


class Load(threading.Thread):
    """An idempotent producer on t-0 that goes on over restarts; `acked` are the values that were acknowledged, at their offsets."""

    def __init__(self):
        super().__init__()
        self.acked, self.errors, self.ended = [], [], False
        self.pid = c.producer_id()
        self.start()

    def run(self):
        k = None
        while not self.ended:
            try:
                k = k or Client(br.port, 5)
                n = len(self.acked)
                value = b"%d-" % n + b"v" * 2000
                p = k.produce("t", pack([(None, value)], pid=self.pid, epoch=0, seq=n))
                if p.error_code == 0 and p.base_offset == n:
                    self.acked.append(value)
                else:
                    self.errors.append((n, p.error_code, p.base_offset))
                    time.sleep(0.02)
            except (OSError, EOFError):
                k = None
                time.sleep(0.02)

    def end(self):
        self.ended = True
        self.join()


def whole(values):
    k, got, at = Client(br.port, 20), [], 0
    while at < len(values):
        p = k.fetch("t", at, part_bytes=4 << 20)
        if p.error_code or not p.records:
            return "offset %d: error %d" % (at, p.error_code)
        got += [r.value for r in unpack(p.records)]
        at = len(got)
    return got[:len(values)] == values


# ---- placement
c.create("t", 7)
tap.eq([os.path.basename(seen("t", p)[0][0]) for p in range(7)], list("abcabca"), "partitions go to the directory that has the fewest")
c.create("one", 1)
tap.eq(seen("one", 0), [(B, False)], "counted over all topics")
meta = [open(os.path.join(d, "meta.properties")).read() for d in dirs]
tap.ok(meta[0] == meta[1] == meta[2] and "cluster.id=" in meta[0], "each has meta.properties")

# ---- what cannot be done
tap.eq([ask_move("/nowhere", 0, version=v) for v in range(3)], [[57]] * 3, "a directory that is not in log.dirs: LOG_DIR_NOT_FOUND")
tap.eq(ask_move(B, 99), [9], "no such partition: REPLICA_NOT_AVAILABLE")
tap.eq(ask_move(A, 0), [0], "where it is already: nothing to be done")
tap.eq(ask_move(B, 0, topic="x" * 230), [17], "a topic's name for which there is no room: INVALID_TOPIC")
tap.eq(ask_move(C, 0, 1, topic="later"), [9, 9], "partitions that are not there yet")
c.create("later", 3)
tap.eq([os.path.basename(seen("later", p)[0][0]) for p in range(2)], ["c", "c"], "are made there when they come")

# ---- moves under load
load = Load()
until(lambda: len(load.acked) > 300)
for to in (B, C, A, B):
    tap.eq(ask_move(to, 0), [0], "a move to %s begins" % os.path.basename(to))
    tap.ok(there(to), "and ends", (seen("t", 0), br.tail(800)))
tap.eq(load.errors, [], "the producer saw no error")
tap.eq(whole(list(load.acked)), True, "everything that was acknowledged is there")
tap.eq([f for f in folders() if f[1].startswith("t-0")], [("b", "t-0")], "one folder is left")
tap.ok(not os.path.exists(os.path.join(B, "t-0", "moved-from")), "and no note of the move")

# ---- seen while it lasts; called off; sent elsewhere
until(lambda: len(load.acked) > 2000)
tap.eq(set_rate(400000), 0, "a throttle")
ask_move(C, 0)
tap.ok(until(lambda: seen("t", 0) == [(B, False), (C, True)]), "while it is moved both are shown", seen("t", 0))
r = c.ask("DescribeLogDirs", 1, topics=[dict(topic="t", partitions=[0])])
tap.ok(any(p.is_future_key and p.offset_lag > 0 for d in r.results for t in d.topics for p in t.partitions), "with what is missing")
tap.eq(ask_move(C, 0), [0], "asked for once more: it goes on")
tap.eq(ask_move(A, 0), [0], "another directory instead")
tap.ok(until(lambda: seen("t", 0) == [(A, True), (B, False)]), "it goes there", seen("t", 0))
tap.eq(ask_move(B, 0), [0], "back to where it lies: the move is called off")
tap.ok(there(B), "nothing is left of it", seen("t", 0))

# ---- a restart and kill -9 in the middle
for what in ("stop", "kill", "kill"):
    before = seen("t", 0)[0][0]
    to = C if before != C else A
    ask_move(to, 0)
    until(lambda: (to, True) in seen("t", 0))
    time.sleep(0.5)
    getattr(br, what)()
    tap.ok(any(d == os.path.basename(to) and n.endswith("-future") for d, n in folders()), "%s in the middle of a move" % what, folders())
    br.start()
    tap.ok(until(lambda: (to, True) in seen("t", 0) or seen("t", 0) == [(to, False)]), "it goes on after the start", (seen("t", 0), br.tail(600)))
    c = Client(br.port, 20)
    set_rate(1 << 40)
    tap.ok(there(to), "and ends", seen("t", 0))
    set_rate(400000)
    tap.eq(whole(list(load.acked)), True, "everything is there")
set_rate(1 << 40)
for i in range(6):  # at whatever moment of moves that take no time
    to = dirs[i % 3]
    ask_move(to, 0)
    time.sleep(0.03 * i)
    br.kill()
    br.start()
    if not there(to):
        ask_move(to, 0)  # it had not begun
        tap.ok(there(to), "moved in the end", (seen("t", 0), br.tail(500)))
    ok = whole(list(load.acked))
    if ok is not True:
        break
tap.eq(ok, True, "killed at six moments of a move: everything that was acknowledged is there")
load.end()
tap.ok(not [e for e in load.errors if e[1] not in (6, 3, 56)] and len(load.acked) > 500, "the producer's sequence never broke", (load.errors[-5:], len(load.acked)))
tap.eq(whole(load.acked), True, "%d records, byte for byte" % len(load.acked))

# ---- DeleteRecords, then a move: the beginning holds, also after a crash
n = len(load.acked)
c = Client(br.port, 20)
p = c.ask("DeleteRecords", 2, timeout_ms=5000, topics=[dict(name="t", partitions=[dict(partition_index=0, offset=n // 2)])]).topics[0].partitions[0]
tap.eq((p.error_code, p.low_watermark), (0, n // 2), "records are deleted")
to = A if seen("t", 0)[0][0] != A else B
ask_move(to, 0)
tap.ok(there(to), "moved")
br.kill()
br.start()
c = Client(br.port, 20)
tap.eq((c.offset("t", -2)[2], c.offset("t", -1)[2]), (n // 2, n), "begin and end are where they were")
tap.eq(c.fetch("t", n // 2 - 1).error_code, 1, "what was deleted stays deleted")

# ---- a topic that is deleted while it moves
set_rate(100000)
ask_move(C if to != C else B, 0)
until(lambda: len(seen("t", 0)) == 2)
tap.eq(c.ask("DeleteTopics", 4, topic_names=["t"], timeout_ms=5000).responses[0].error_code, 0, "deleted in the middle of a move")
tap.ok(until(lambda: folders() == []), "both of its folders go", folders())

# ---- a partition in two directories
br.stop()
shutil.copytree(os.path.join(B, "one-0"), os.path.join(C, "one-0"))
br.start()
c = Client(br.port, 20)
tap.eq(c.produce("one", pack([(None, b"x")])).error_code, 56, "a partition that lies in two directories is offline")
tap.ok("one-0 lies in two log directories" in br.tail(5000), "and the log names both", br.tail(600))
tap.eq(c.produce("later", pack([(None, b"x")])).error_code, 0, "others are not touched by that")
br.stop()
shutil.rmtree(os.path.join(C, "one-0"))
br.start()
tap.eq(Client(br.port, 20).produce("one", pack([(None, b"x")])).error_code, 0, "with one of them away it works again")
tap.eq(br.stop(), 0, "a clean stop")

# ---- an empty folder in the place of a directory whose disk is not mounted
shutil.rmtree(B)
os.mkdir(B)
at = os.path.getsize(br.log)
br.start()
until(lambda: "logs.missing" in open(br.log).read()[at:])
lines = [l for l in open(br.log).read()[at:].splitlines() if "logs.missing" in l]
tap.ok(len(lines) == 1 and " warn " in lines[0] and "dirs=%s " % B in lines[0] and "one-0" in lines[0] and "later-0" not in lines[0], "a line names it and the partitions that were lost", lines)
tap.eq(br.stop(), 0, "a clean stop")
at = os.path.getsize(br.log)
br.start()
tap.eq(Client(br.port, 20).produce("one", pack([(None, b"x")])).error_code, 0, "an empty log was made")
tap.ok("logs.missing" not in open(br.log).read()[at:], "and no more is said of it")
tap.eq(br.stop(), 0, "a clean stop")
br.close()
shutil.rmtree(tmp, ignore_errors=True)
tap.done()
