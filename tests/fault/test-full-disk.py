# SPDX-License-Identifier: Apache-2.0
"""A full disk: writes are refused with KAFKA_STORAGE_ERROR, reads are served, the broker stays; once there is space again it
goes on where it was. The disk is a tmpfs of 24 MiB that only this test's mount namespace sees."""
import ctypes, os, shutil, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap, until
from kapi import Client
from records import pack, unpack

tmp = tempfile.mkdtemp(prefix="stoker-test.")
NEWNS, PRIVATE, REC = 0x20000, 1 << 18, 16384
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(NEWNS) or libc.mount(b"none", b"/", None, PRIVATE | REC, None) or libc.mount(b"tmpfs", tmp.encode(), b"tmpfs", 0, b"size=24m"):
    os.rmdir(tmp)
    print("1..0 # SKIP a tmpfs cannot be mounted here: %s" % os.strerror(ctypes.get_errno()))
    sys.exit(0)

tap = Tap()
filler = os.path.join(tmp, "filler")
br = Broker("log.retention.check.interval.ms = 500", "replica.high.watermark.checkpoint.interval.ms = 1000", data=os.path.join(tmp, "data"))
c = Client(br.port, 30)
c.create("t", 2)
pid = c.producer_id()
seq, kept = 0, {0: [], 1: []}
BLOB = b"x" * 100000


def put(part, **more):
    """An idempotent batch on partition 0, a plain one on 1; the error code."""
    global seq
    value = b"%d-" % len(kept[part]) + BLOB
    p = c.produce("t", pack([(None, value)], pid=pid, epoch=0, seq=seq) if part == 0 else pack([(None, value)]), part=part, **more)
    if p.error_code == 0:
        tap.ok(p.base_offset == len(kept[part]), "appended at the next offset", (p.base_offset, len(kept[part]))) if p.base_offset != len(kept[part]) else None
        kept[part].append(value)
        seq += part == 0
    return p.error_code


def all_there(name):
    for part in (0, 1):
        got, at = [], 0
        while at < len(kept[part]):
            p = c.fetch("t", at, part=part, part_bytes=4 << 20)
            if p.error_code or not p.records:
                break
            got += [r.value for r in unpack(p.records)]
            at = len(got)
        tap.ok(got == kept[part] and c.offset("t", -1, part=part)[2] == len(got), "%s: partition %d is read whole, %d records" % (name, part, len(got)), (p.error_code, len(kept[part])))


def fill():
    with open(filler, "ab", buffering=0) as f:
        try:
            while f.write(b"\0" * 65536) == 65536:
                pass
        except OSError:
            pass


codes = {put(i % 2) for i in range(20)}
tap.eq(codes, {0}, "with space: appends work")
fill()
codes = [put(i % 2) for i in range(6)]
tap.ok(set(codes) <= {0, 56} and codes[-2:] == [56, 56], "a full disk: KAFKA_STORAGE_ERROR", codes)
tap.ok(br.alive(), "the broker stays")
tap.eq([put(1, acks=1), put(1, version=3)], [56, 56], "with acks=1 and old versions too")
x = Client(br.port)
x.post("Produce", 8, acks=0, timeout_ms=1000, topic_data=[dict(name="t", partition_data=[dict(index=1, records=pack([(None, BLOB)]))])])
tap.ok(x.closed(), "acks=0: the connection is closed so that the client notices")
all_there("full")
r = c.ask("Metadata", 5, topics=None)
tap.eq([t.name for t in r.topics], ["t"], "Metadata is answered")
e = c.ask("OffsetCommit", 7, group_id="g", member_id="", generation_id_or_member_epoch=-1, topics=[dict(name="t", partitions=[dict(partition_index=0, committed_offset=3)])]).topics[0].partitions[0].error_code
tap.ok(e in (0, 15, 16, 56, -1), "OffsetCommit is answered, taken or refused", e)
made = c.ask("CreateTopics", 4, timeout_ms=1000, topics=[dict(name="new", num_partitions=1, replication_factor=1)]).topics[0].error_code
tap.ok(made != 36, "CreateTopics is answered, done or refused", made)
tap.ok(br.alive() and put(1) == 56, "and appends are still refused")
until(lambda: "dir.checkpoint" in br.tail(20000))
time.sleep(2.5)  # two more would have come
log = br.tail(20000)
said = [l for l in log.splitlines() if "dir.checkpoint" in l]
tap.ok(len(said) == 1 and "No space" in said[0], "a checkpoint that fails each second is said once", said)
tap.ok("No space left" in log or "full" in log, "the log says why", log[-600:])
tap.ok(len(log.splitlines()) < 60, "not once for every request", len(log.splitlines()))

os.unlink(filler)
until(lambda: put(1) != 56)
tap.eq((put(0), put(1), put(0)), (0, 0, 0), "with space again appends go on, the idempotent producer with its next sequence")
all_there("freed")
until(lambda: br.tail(20000).count("dir.checkpoint") > 1)
said = [l for l in br.tail(20000).splitlines() if "dir.checkpoint" in l]
tap.ok(len(said) == 2 and "again" in said[1], "that it ended is said too", said)
tap.eq(c.create("after"), 0, "a topic can be created")
e = c.ask("OffsetCommit", 7, group_id="g", member_id="", generation_id_or_member_epoch=-1, topics=[dict(name="t", partitions=[dict(partition_index=0, committed_offset=5)])]).topics[0].partitions[0].error_code
tap.eq(e, 0, "an offset can be committed")

# ---- kill -9 on a full disk
fill()
for i in range(4):
    put(i % 2)
br.kill()
try:
    br.start(wait=3)
    all_there("started on the full disk")
except RuntimeError:
    tap.ok("full" in br.tail(400) or "No space" in br.tail(400), "no start without space: the log says what it waits for", br.tail(400))
os.unlink(filler)
end = time.time() + 15
while True:
    try:
        c = Client(br.port, 30)
        break
    except OSError:
        if not br.alive():
            br.start()
        if time.time() > end:
            raise
        time.sleep(0.1)
all_there("killed full, started with space")
tap.eq((put(0), put(1)), (0, 0), "and appends go on")
tap.eq(c.ask("OffsetFetch", 7, group_id="g", topics=[dict(name="t", partition_indexes=[0])]).topics[0].partitions[0].committed_offset, 5, "the committed offset is there")
fill()
put(0)
put(1)
tap.eq(br.stop(), 0, "a clean stop on a full disk")
os.unlink(filler)
br.start()
c = Client(br.port, 30)
all_there("stopped full")
tap.eq(br.stop(), 0, "a clean stop")
br.close()
libc.umount2(tmp.encode(), 2)
os.rmdir(tmp)
tap.done()
