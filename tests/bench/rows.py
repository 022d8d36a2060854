# SPDX-License-Identifier: Apache-2.0
"""What is measured. A row is a function of (turn, broker) that calls turn.bench or turn.note; it belongs to both brokers or to one.
Rows in PAIRED are measured in each turn, those in ONCE in the first turn of each broker."""
import json, os, subprocess, time

import machine

# How a record is flushed before it is acknowledged, and how it is not, as topic settings.
FLUSH = {"stoker": {"flushed": "log.flush=journal", "unflushed": "log.flush=os"},
         "kafka": {"flushed": "flush.messages=1", "unflushed": "flush.messages=9223372036854775807"}}
READ_MODE = {"stoker": "flushed", "kafka": "unflushed"}  # what each does by itself
# What is not sent yet when time is over is sent all the same: not more than what takes seconds.
SMALL_QUEUE = ("-X", "queue.buffering.max.kbytes=32768")
BATCHES_16K = ("--size", "1024", "--batch-size", "16384", "--linger", "5", "-X", "max.in.flight.requests.per.connection=64") + SMALL_QUEUE


def both(turn, b, row, *args):
    for mode, config in FLUSH[b.name].items():
        turn.bench(b, row, mode, *args, "-c", config)


def produce100(turn, b):
    both(turn, b, "produce100", "produce", "--linger", "20")


def produce16k(turn, b):
    both(turn, b, "produce16k", "produce", *BATCHES_16K)


def filled(turn, b):
    """The topic that is read: 100-byte records, once in each turn."""
    if "read" not in turn.topics:
        turn.tool(b, "topic", "create", "read", "-p", "6")
        turn.tool(b, "bench", "produce", "--topic", "read", "--records", str(int(turn.fill_mb * 1e4)), "--linger", "20")
        turn.topics.add("read")


def consume1(turn, b):
    filled(turn, b)
    turn.bench(b, "consume1", "warm", "consume", "--topic", "read")


def consume3(turn, b):
    filled(turn, b)
    turn.bench(b, "consume3", "warm", "consume", "--topic", "read", "--clients", "3")


def consume_cold(turn, b):
    filled(turn, b)
    time.sleep(2)  # until what is written late is written
    files = [os.path.join(p, n) for p, _, names in os.walk(b.data) for n in names if n.endswith(".log") and os.path.basename(p).startswith("read-")]
    machine.drop_cache(b.data)
    floor = machine.read_rate(files)
    machine.drop_cache(b.data)
    turn.bench(b, "consume_cold", "cold", "consume", "--topic", "read", timed=False, floor_mb_per_s=floor)


def latency1k(turn, b):
    both(turn, b, "latency1k", "latency", "--rate", "1000")


def latency20k(turn, b):
    both(turn, b, "latency20k", "latency", "--rate", "20000")


# ---- once

def start(turn, b):
    """An empty broker: start, memory, CPU at rest."""
    times = []
    for _ in range(7 if b.name == "stoker" else 1):
        b.stop()
        times.append(b.start())
    time.sleep(1)
    c0, m = machine.cpu(b.pid), machine.memory(b.pid)
    time.sleep(5)
    turn.note(b, "start", "empty", {"start_ms": sorted(times)[len(times) // 2], "best_ms": min(times), "rss_mb": m["VmRSS"],
                                    "anonymous_mb": m["RssAnon"], "idle_cpu_s": machine.cpu(b.pid) - c0}, "exec to the first ApiVersions answer")


def many(turn, b):
    """Kafka as it is by default: a flush of each of thousands of files for each batch takes minutes."""
    mode = READ_MODE[b.name]
    turn.bench(b, "many", mode, "many-partitions", "--partitions", str(turn.partitions), "-c", FLUSH[b.name][mode])


def crash_partitions(turn, b):
    """Many partitions with a few records each: memory, start after a clean stop and after kill -9."""
    n = turn.partitions
    turn.tool(b, "topic", "create", "many", "-p", str(n), "--timeout", "600000")
    turn.tool(b, "bench", "produce", "--topic", "many", "--records", str(20 * n), "--batch-size", "1000", "--timeout", "120000")
    out = {"partitions": n, "rss_mb": machine.memory(b.pid)["VmRSS"]}
    for how in ("stop", "kill"):
        t = time.monotonic()
        getattr(b, how)()
        out[how + "_took_ms"] = (time.monotonic() - t) * 1000
        first = b.start()
        out["after_%s_first_ms" % how] = first
        out["after_%s_all_ms" % how] = b.await_partitions(b.t0, "many", n)
        time.sleep(2)
        out["after_%s_rss_mb" % how] = machine.memory(b.pid)["VmRSS"]
    turn.note(b, "crash_partitions", "%d partitions" % n, out, "stop or kill -9, start, ListOffsets of each partition")
    turn.tool(b, "topic", "delete", "many", "--if-exists", "--timeout", "600000")


def crash_stored(turn, b):
    """Gigabytes stored, and kill -9 while more are written."""
    turn.tool(b, "topic", "create", "stored", "-p", "6")
    turn.tool(b, "bench", "produce", "--topic", "stored", "--records", str(int(turn.stored_gb * 1e9 / 1024)), "--size", "1024", "--linger", "20",
              *SMALL_QUEUE, "--timeout", "60000")
    writer = subprocess.Popen(turn.argv(b, "bench", "produce", "--topic", "stored", "--size", "1024", "-d", "60", *SMALL_QUEUE),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, preexec_fn=machine.die_with_parent)
    time.sleep(1.5)
    writer.kill()
    writer.wait()
    b.kill()
    first = b.start()
    out = {"stored_gb": turn.stored_gb, "after_kill_first_ms": first, "after_kill_all_ms": b.await_partitions(b.t0, "stored", 6),
           "rss_mb": machine.memory(b.pid)["VmRSS"]}
    turn.note(b, "crash_stored", "%g GB" % turn.stored_gb, out, "kill -9, start, ListOffsets of each partition")
    turn.tool(b, "topic", "delete", "stored", "--if-exists")


BOUNDED = ("-c", "segment.bytes=134217728", "-c", "retention.bytes=268435456", "-c", "file.delete.delay.ms=1000")


def sustained100(turn, b):
    turn.bench(b, "sustained100", "flushed", "produce", "--linger", "20", "-c", FLUSH[b.name]["flushed"], *BOUNDED, seconds=turn.long)


def sustained16k(turn, b):
    turn.bench(b, "sustained16k", "flushed", "produce", *BATCHES_16K, "-c", FLUSH[b.name]["flushed"], *BOUNDED, seconds=turn.long)


def floors(turn, b):
    """What nobody comes below: the client against its own mock broker, waking threads, putting bytes into the page cache, the disk."""
    load = os.path.join(turn.build, "tests", "bench", "load")
    hops = os.path.join(turn.build, "tests", "bench", "hops")
    path = os.path.join(b.dir, "pages")
    pages = json.loads(subprocess.run([os.path.join(turn.build, "tests", "bench", "pages"), path, str(400 << 20), "65536", "cached", "keep"],
                                      stdout=subprocess.PIPE, check=True).stdout)
    os.unlink(path)
    out = {"page_cache_cpu_s_per_gb": pages["write"]["cpu_s_per_gb"]}
    r = json.loads(subprocess.run([load, "mock", "-", "floor", "3000000", "100", "linger.ms=20", "acks=all"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=True).stdout)
    out["client_records_per_s"] = r["records"] / r["seconds"]
    r = json.loads(subprocess.run([hops, str(1000 * max(2, int(turn.seconds))), "1000"], stdout=subprocess.PIPE, check=True).stdout)
    out.update(hops_p50_ms=r["p50_ms"], hops_p99_ms=r["p99_ms"], hops_p999_ms=r["p999_ms"])
    path, piece = os.path.join(b.dir, "disk"), os.urandom(1 << 20)
    with open(path, "wb", buffering=0) as f:
        t = time.monotonic()
        for _ in range(512):
            f.write(piece)
        os.fdatasync(f.fileno())
        out["disk_write_mb_per_s"] = 512 * (1 << 20) / 1e6 / (time.monotonic() - t)
        t = time.monotonic()
        for i in range(200):
            os.pwrite(f.fileno(), piece[:4096], i * 4096)
            os.fdatasync(f.fileno())
        out["disk_flush_ms"] = (time.monotonic() - t) * 1000 / 200
    os.unlink(path)
    turn.note(b, "floors", "machine", out, "load mock, hops, pwrite, fdatasync")


def raw(turn, b):
    """End to end with raw frames and one thread on the client's side, at 1,000/s."""
    for mode, config in FLUSH[b.name].items():
        turn.tool(b, "topic", "create", "raw-" + mode, "-p", "1", "-c", config)
        argv = [os.path.join(turn.build, "tests", "bench", "pass"), b.boot, "raw-" + mode, str(int(1000 * turn.seconds)), "1000"]
        r = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)
        turn.note(b, "raw", mode, {"end_to_end_ms": {"p50": r["p50_ms"], "p99": r["p99_ms"], "p99.9": r["p999_ms"]}}, " ".join(["pass"] + argv[1:]))


def idle(turn, b):
    """Memory of connections that do nothing."""
    import resource, socket
    from brokers import API_VERSIONS, ask
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    n = min(10000, hard - 100)
    before, conns = machine.memory(b.pid)["RssAnon"], []
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", b.port))
        ask(s, API_VERSIONS)
        conns.append(s)
    time.sleep(2)
    used = (machine.memory(b.pid)["RssAnon"] - before) * 1e6 / 1024 / n
    for s in conns:
        s.close()
    turn.note(b, "idle", "connections", {"connections": n, "kib_each": used}, "RssAnon of /proc/PID/status")


PAIRED = {f.__name__: f for f in (produce100, produce16k, consume1, consume3, consume_cold, latency1k, latency20k)}
ONCE = {f.__name__: f for f in (start, floors, raw, idle, many, crash_partitions, crash_stored, sustained100, sustained16k)}
STOKER_ONLY = {"floors", "idle"}
# What is measured when nobody says what; the others (sustained100, sustained16k, idle) take long or much room.
DEFAULT = list(PAIRED) + ["start", "floors", "raw", "many", "crash_partitions", "crash_stored", "sustained100", "sustained16k"]


def room_gb(name, turn):
    """At most so much is on the disk at once."""
    rate = 0.9  # GB/s, more than seen
    return {"produce100": (turn.seconds + turn.warm_up) * 0.35, "produce16k": (turn.seconds + turn.warm_up) * rate,
            "many": (turn.seconds + turn.warm_up) * rate + turn.partitions * 3e-5, "consume1": turn.fill_mb / 1e3, "consume3": turn.fill_mb / 1e3,
            "consume_cold": turn.fill_mb / 1e3, "crash_stored": turn.stored_gb + 2, "crash_partitions": turn.partitions * 3e-5,
            "sustained100": 10, "sustained16k": 15}.get(name, 1)
