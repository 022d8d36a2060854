# SPDX-License-Identifier: Apache-2.0
"""A disk that fails takes the partitions of its log directory offline and no others: KAFKA_STORAGE_ERROR, Metadata, DescribeLogDirs, the log.
With the disk well again a restart brings everything back. The failure is injected into the broker's calls (fail-disk.c)."""
import errno, os, sys, tempfile, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap, until
from kapi import Client
from records import pack, unpack

SHIM = os.path.join(os.path.abspath(BUILD), "tests", "fault", ".libs", "fail-disk.so")
tap = Tap()
tmp = tempfile.mkdtemp(prefix="stoker-test.")
dirs = [os.path.join(tmp, x) for x in ("a", "b", "c")]
flag = os.path.join(tmp, "flag")
br = Broker("replica.high.watermark.checkpoint.interval.ms = 1000", "auto.create.topics.enable = false", data=",".join(dirs),
            prefix=("env", "FAIL_DISK=" + flag, "LD_PRELOAD=" + SHIM))
c = Client(br.port, 20)
c.create("t", 6)
c.create("grown", 3)
c.create("brief", 3)
kept = {p: [] for p in range(6)}


def put(part, acks=-1):
    value = b"%d/%d" % (part, len(kept[part]))
    p = c.produce("t", pack([(None, value)]), part=part, acks=acks)
    if p.error_code == 0:
        kept[part].append(value)
    return p.error_code


def read(part):
    got, at = [], 0
    while at < len(kept[part]):
        p = c.fetch("t", at, part=part)
        if p.error_code or not p.records:
            return p.error_code
        got += [r.value for r in unpack(p.records)]
        at = len(got)
    return got == kept[part]


def lies():
    r = c.ask("DescribeLogDirs", 4, topics=None)
    return {os.path.basename(d.log_dir): (d.error_code, sorted(p.partition_index for t in d.topics if t.name == "t" for p in t.partitions)) for d in r.results}


def fail(code, path):
    with open(flag + ".tmp", "w") as f:
        f.write("%d %s" % (code, path))
    os.rename(flag + ".tmp", flag)


tap.eq({put(p) for p in range(6) for _ in range(3)}, {0}, "records in all partitions")
tap.eq(lies(), {"a": (0, [0, 3]), "b": (0, [1, 4]), "c": (0, [2, 5])}, "partitions are spread over the directories")

# ---- a write or flush that fails
fail(errno.EIO, dirs[1] + "/")
tap.eq(put(1), 56, "a produce that the disk refuses: KAFKA_STORAGE_ERROR")
tap.ok(until(lambda: lies()["b"][0] == 56), "the directory is offline", lies())
tap.eq(lies(), {"a": (0, [0, 3]), "b": (56, []), "c": (0, [2, 5])}, "DescribeLogDirs: KAFKA_STORAGE_ERROR for it, the others as ever")
tap.ok(until(lambda: put(4) == 56), "the other partition there is offline too")
tap.eq([c.fetch("t", 0, part=p).error_code for p in (1, 4)], [56, 56], "Fetch: KAFKA_STORAGE_ERROR")
tap.eq([c.offset("t", -1, part=p)[0] for p in (1, 4)], [56, 56], "ListOffsets: KAFKA_STORAGE_ERROR")
tap.eq({put(p) for p in (0, 2, 3, 5) for _ in range(3)}, {0}, "the partitions of other directories take records")
tap.eq([read(p) for p in (0, 2, 3, 5)], [True] * 4, "and give them back")


def meta():
    t = c.ask("Metadata", 9, topics=[dict(name="t")]).topics[0]
    return sorted((p.partition_index, p.error_code, p.leader_id, p.offline_replicas) for p in t.partitions)


want = [(p, 5, -1, [0]) if p in (1, 4) else (p, 0, 0, []) for p in range(6)]
tap.ok(until(lambda: meta() == want), "Metadata: no leader, an offline replica", meta())
log = br.tail(100000)
tap.ok(log.count("broker dir.offline") == 1, "the log says it once", [l for l in log.splitlines() if "dir.offline" in l])
tap.eq(c.create("u", 6), 0, "a topic can be made")
r = c.ask("DescribeLogDirs", 4, topics=[dict(topic="u", partitions=list(range(6)))])
tap.eq({os.path.basename(d.log_dir): sum(len(t.partitions) for t in d.topics) for d in r.results}, {"a": 3, "b": 0, "c": 3}, "nothing is made in the failed directory")
e = c.ask("IncrementalAlterConfigs", 1, resources=[dict(resource_type=2, resource_name="t", configs=[dict(name="retention.ms", config_operation=0, value="1000000000")])]).responses[0].error_code
time.sleep(0.3)
tap.eq((e, lies()["a"], lies()["c"]), (0, (0, [0, 3]), (0, [2, 5])), "new settings of the topic make nothing anew elsewhere")
r = c.ask("AlterReplicaLogDirs", 2, dirs=[dict(path=dirs[2], topics=[dict(name="t", partitions=[0, 1])])])
tap.eq([p.error_code for p in r.results[0].partitions], [56, 56], "AlterReplicaLogDirs is refused while a directory is offline, as in Kafka")

began = time.time()
r = c.ask("CreatePartitions", 3, topics=[dict(name="grown", count=5, assignments=None)], timeout_ms=10000, validate_only=False).results[0]
tap.ok(r.error_code == 0 and time.time() - began < 5, "partitions are added to a topic of which one is offline, without waiting for that", (r, time.time() - began))
tap.eq([c.produce("grown", pack([(None, b"x")]), part=p).error_code for p in (3, 4)], [0, 0], "and take records")

# ---- a topic that is deleted meanwhile
tap.eq(c.ask("DeleteTopics", 4, topic_names=["brief"], timeout_ms=10000).responses[0].error_code, 0, "a topic is deleted")
tap.eq([os.path.exists(os.path.join(d, "brief-%d" % i)) for i, d in enumerate(dirs)], [False, True, False], "what lies in the failed directory stays")
tap.eq(br.stop(), 0, "a clean stop")
br.start()
c = Client(br.port, 20)
tap.eq(lies()["b"][0], 56, "a start with the disk still broken")

# ---- well again: only a restart brings it back
os.unlink(flag)
tap.eq((put(1), put(0)), (56, 0), "a disk that works again does not count until the broker is started again")
tap.eq(br.stop(), 0, "a clean stop")
br.start()
c = Client(br.port, 20)
tap.eq([read(p) for p in range(6)], [True] * 6, "after a restart everything is there")
tap.eq(lies(), {"a": (0, [0, 3]), "b": (0, [1, 4]), "c": (0, [2, 5])}, "where it was")
tap.eq({put(p) for p in range(6)}, {0}, "and takes records")
tap.ok(not os.path.exists(os.path.join(dirs[1], "brief-1")), "what was left of the deleted topic is gone")
tap.ok("partition.removed" in br.tail(100000), "and the log says so", br.tail(600))
tap.eq(c.create("brief", 3), 0, "a topic of the same name")
tap.eq([c.produce("brief", pack([(None, b"x")]), part=p).base_offset for p in range(3)], [0, 0, 0], "begins anew, in all partitions")

# ---- a directory that cannot be used at start
br.kill()
fail(errno.EROFS, dirs[2])
br.start()
c = Client(br.port, 20)
tap.eq(lies(), {"a": (0, [0, 3]), "b": (0, [1, 4]), "c": (56, [])}, "a directory that is read-only at start: the others go on")
tap.eq([put(p) for p in (0, 1, 2, 5)], [0, 0, 56, 56], "only its partitions are offline")
time.sleep(1.5)
tap.eq(br.stop(), 0, "a clean stop")
os.unlink(flag)
br.start()
c = Client(br.port, 20)
tap.eq([read(p) for p in range(6)], [True] * 6, "well again: everything is there")

# ---- a checkpoint that fails, without anybody producing
fail(errno.EIO, dirs[1] + "/replication-offset-checkpoint")
put(1)
tap.ok(until(lambda: lies()["b"][0] == 56), "a checkpoint that cannot be written takes it offline", br.tail(600))
os.unlink(flag)

# ---- all of them
br.stop()
br.start()
c = Client(br.port, 20)
tap.eq({put(p) for p in range(6)}, {0}, "all well again")
fail(errno.EIO, tmp + "/")
for p in range(6):
    try:
        put(p)
    except (OSError, EOFError):
        pass
tap.ok(until(lambda: not br.alive()), "all directories failed: the broker stops")
tap.ok(br.proc.poll() == 1 and "all log directories are offline" in br.tail(20000), "with a clear line, and exit code 1", (br.proc.poll(), br.tail(600)))
os.unlink(flag)
br.start()
c = Client(br.port, 20)
tap.eq([read(p) for p in range(6)], [True] * 6, "started again: everything that was acknowledged is there")
br.close()
import shutil
shutil.rmtree(tmp, ignore_errors=True)
tap.done()
