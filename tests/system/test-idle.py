# SPDX-License-Identifier: Apache-2.0
"""Many that do nothing and a few that are slow: idle connections, idle partitions, a slow reader, a slow writer; memory and
descriptors bounded, everybody else served."""
import os, resource, select, struct, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap, i32
from kapi import Client
from records import pack

tap = Tap()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
limit = min(hard, 30000) if hard != resource.RLIM_INFINITY else 30000
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
want = min(10000, limit - 500)  # each is a descriptor here and one in the broker
br = Broker("max.connections = %d" % (want + 50))
c = Client(br.port, 30)


def descriptors():
    return len(os.listdir("/proc/%d/fd" % br.proc.pid))


def served(name):
    t = time.time()
    p = c.produce("t", pack([(None, b"v")]))
    took = time.time() - t
    tap.ok(p.error_code == 0 and took < 5, name + ": others are served at once", (p.error_code, took))


c.create("t")
served("before")

# ---- idle connections
before = br.rss_kib()
idle = [Client(br.port, 30) for _ in range(want)]
for x in idle[::100]:
    x.ask("ApiVersions", 0)
served("%d idle connections" % want)
more = br.rss_kib() - before
tap.ok(more <= want * 2, "%d idle connections take less than 2 KiB each" % want, "%.1f KiB each" % (more / want))
tap.ok(descriptors() >= want, "they are open", descriptors())
extra = [Client(br.port, 5) for _ in range(100)]
for x in extra:
    x.post("ApiVersions", 0)


def answered(wait, most=len(extra)):
    end, got, poll = time.time() + wait, set(), select.poll()
    for x in extra:
        poll.register(x.sock, select.POLLIN)
    while len(got) < most and time.time() < end:
        for fd, _ in poll.poll(max(1, 1000 * (end - time.time()))):
            got.add(fd)
            poll.unregister(fd)
    return len(got)


answered(10, 40)
n = answered(0.5)
tap.ok(40 <= n <= 50, "max.connections: about 50 of 100 more are served, the others wait", n)
served("at the limit")
for x in idle:
    x.close()
tap.eq(answered(10), 100, "they are served once others have gone")
for x in extra:
    x.close()
end = time.time() + 10
while descriptors() > 200 and time.time() < end:
    time.sleep(0.05)
tap.ok(descriptors() < 200, "closed, they hold no descriptors", descriptors())
again = Client(br.port)
tap.eq(again.ask("ApiVersions", 0).error_code, 0, "and new ones are welcome again")

# ---- a slow writer: a byte at a time
slow = Client(br.port)
body = struct.pack(">hhih", 18, 0, 7, 4) + b"slow"
slow.sock.settimeout(5)
for x in i32(len(body)) + body:
    slow.raw(bytes([x]))
    time.sleep(0.01)
served("a slow writer")
tap.eq(slow.recv()[0], 7, "and gets its answer")

# ---- slow readers: ask for much, take little
for i in range(10):
    c.produce("t", pack([(None, b"x" * 900000)]))
before = br.rss_kib()
lazy = []
for _ in range(20):
    x = Client(br.port)
    x.sock.settimeout(0.05)
    for _ in range(20):
        try:
            x.post("Fetch", 11, max_wait_ms=0, min_bytes=1, max_bytes=50 << 20, topics=[dict(topic="t", partitions=[dict(partition=0, fetch_offset=0, partition_max_bytes=50 << 20)])])
        except OSError:
            break
    lazy.append(x)
served("20 readers that do not read 3.6 GB of answers")
more = br.rss_kib() - before
tap.ok(more < 64 * 1024, "they cost less than 64 MiB", "%d KiB" % more)
x = lazy[0]
x.sock.settimeout(10)
tap.ok(len(x.take("Fetch", 11).responses[0].partitions[0].records) > 9000000, "one that begins to read gets all of it")
for x in lazy:
    x.close()

# ---- idle partitions
before, files = br.rss_kib(), descriptors()
for i in range(5):
    c.create("many%d" % i, 100)
for i in range(5):
    for p in range(0, 100, 10):
        c.produce("many%d" % i, pack([(None, b"v")]), part=p)
tap.ok(br.rss_kib() - before < 500 * 24, "500 partitions take less than 24 KiB each", "%.1f KiB each" % ((br.rss_kib() - before) / 500))
tap.ok(descriptors() - files < 200, "and few descriptors", "%d more than %d" % (descriptors() - files, files))
br.stop()
t = time.time()
br.start()
tap.ok(time.time() - t < 10, "a start with 500 partitions is quick", time.time() - t)
c = Client(br.port)
tap.ok(descriptors() < 100, "and opens none of them", descriptors())
tap.eq(c.offset("many3", -1, part=50)[2], 1, "they are there")

tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
