# SPDX-License-Identifier: Apache-2.0
"""What a stop tells those who wait, and what recovery tells of what it drops."""
import glob, os, subprocess, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import Client

tap = Tap()
br = Broker("group.initial.rebalance.delay.ms = 0", "num.network.threads = 2")
c = Client(br.port)
c.create("t", 2)
c.produce("t", batch([(b"k", b"v")]))
for _ in range(100):
    if c.ask("FindCoordinator", 1, key="g", key_type=0).error_code == 0:
        break
    time.sleep(0.1)


def join(x, member="", **more):
    return x.post("JoinGroup", 5, group_id="g", session_timeout_ms=30000, rebalance_timeout_ms=30000, member_id=member, group_instance_id=None,
                  protocol_type="consumer", protocols=[dict(name="range", metadata=b"\0\0\0\0\0\0\0\0\0\0")])


def fetch_late(x, min_bytes, offset):
    return x.post("Fetch", 11, max_wait_ms=60000, min_bytes=min_bytes, max_bytes=1 << 20, topics=[dict(topic="t", partitions=[
        dict(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20, current_leader_epoch=-1)])])


first, second, follower = Client(br.port), Client(br.port), Client(br.port)
join(first)
r = first.take("JoinGroup", 5)
join(first, r.member_id)
r = first.take("JoinGroup", 5)
tap.eq(r.error_code, 0, "a member")
first.ask("SyncGroup", 3, group_id="g", generation_id=r.generation_id, member_id=r.member_id, assignments=[dict(member_id=r.member_id, assignment=b"")])
join(second)
r2 = second.take("JoinGroup", 5)
join(second, r2.member_id)  # waits for the first
poll = [Client(br.port) for _ in range(4)]
for i, x in enumerate(poll):
    fetch_late(x, 1 if i % 2 else 100000, i % 2)
time.sleep(0.5)
t0 = time.time()
br.proc.send_signal(15)
for i, x in enumerate(poll):
    def answered(x=x, i=i):
        p = x.take("Fetch", 11).responses[0].partitions[0]
        assert (p.error_code, p.high_watermark, len(p.records or b"") > 0) == (0, 1, i % 2 == 0), p
    tap.run("a waiting Fetch is answered %s" % ("with nothing" if i % 2 else "with the little that there is"), answered)


def told():
    r = second.take("JoinGroup", 5)
    assert r.error_code == 15, r


tap.run("a waiting JoinGroup is answered COORDINATOR_NOT_AVAILABLE", told)
tap.ok(all(x.closed() for x in poll + [first, second]), "then the connections are closed")
tap.eq(br.proc.wait(20), 0, "clean stop")
tap.ok(time.time() - t0 < 10, "at once", "%.1f s" % (time.time() - t0))
br.close()

# ---- recovery names every segment that it drops (without a journal, which would make good what is damaged here)
br = Broker("log.flush = os")
c = Client(br.port)
c.create("s", segment_bytes=1000)
for i in range(10):
    c.produce("s", batch([(b"k", b"%d" % i + b"x" * 200)]))
folder = os.path.join(br.data, "s-0")
br.kill()
files = sorted(os.path.basename(f) for f in glob.glob(folder + "/*.log"))
sizes = {f: os.path.getsize(os.path.join(folder, f)) for f in files}
tap.ok(len(files) >= 3, "some segments", files)
for name in ("recovery-point-offset-checkpoint", "replication-offset-checkpoint"):
    with open(os.path.join(br.data, name), "w") as f:
        f.write("0\n0\n")  # then everything is looked at, and nothing of it was promised to anybody
with open(os.path.join(folder, files[0]), "r+b") as f:
    f.seek(400)
    f.write(b"\xde\xad")
br.start()
Client(br.port).offset("s", -1)  # is answered when the logs are open; a stop before that does not wait for them
tap.eq(br.stop(), 0, "a stop right after a start")
with open(br.log) as f:
    lines = [l for l in f if "damaged" in l]
tap.ok(any(files[0] in l and "cut off" in l for l in lines), "the cut is said", br.tail())
left = {os.path.basename(f) for f in glob.glob(folder + "/*.log")}
for f in files[1:]:
    said = any("s-0/" + f in l and "dropped whole" in l and "bytes=" in l for l in lines)
    tap.ok(f in left or said, "what became of %s is said" % f, "".join(lines))
tap.ok(set(files[1:]) - left, "segments behind the cut went")
# ---- a stop at any time of a start: it ends, and the next start has everything
ends = []
for ms in (0, 2, 5, 8, 12, 16, 20, 25, 30, 40):
    env = dict(os.environ)
    env.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))
    with open(br.log, "ab") as log:
        br.proc = subprocess.Popen([os.environ.get("STOKERD", os.path.join(BUILD, "stokerd")), br.conf], stdout=log, stderr=log, env=env)
    time.sleep(0.02 + ms / 1000)
    br.proc.send_signal(15)
    try:
        ends.append(br.proc.wait(10))
    except subprocess.TimeoutExpired:
        br.kill()
        ends.append("hangs")
tap.ok(set(ends) <= {0, -15}, "stops during a start end", ends)
br.start()
tap.eq(Client(br.port).offset("s", -1)[2], 1, "and what is there is there")
br.close()
tap.done()
