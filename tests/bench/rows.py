# SPDX-License-Identifier: Apache-2.0
"""What is measured. A row is a function of (turn, broker) that calls turn.bench or turn.note; it belongs to both brokers or to one.
Rows in PAIRED are measured in each turn, those in ONCE in the first turn of each broker."""
import glob, json, os, re, subprocess, time

import conditions, machine

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


def produce100_cold(turn, b):
    """The same without a limit of memory: each page of the log is touched for the first time."""
    if b.group:
        b.group.limit(False)
    for mode, config in FLUSH[b.name].items():
        turn.bench(b, "produce100_cold", mode, "produce", "--linger", "20", "-c", config, warm=False)
    if b.group:
        b.group.limit(True)


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
    b.settle()
    folders = glob.glob(os.path.join(b.data, "read-[0-9]"))
    for read in (True, False):
        for folder in folders:
            machine.write_back(folder, drop=True)
        if read:
            floor = machine.read_rate([f for folder in folders for f in glob.glob(os.path.join(folder, "*.log"))])
    turn.bench(b, "consume_cold", "cold", "consume", "--topic", "read", timed=False, warm=False, floor_mb_per_s=floor)


# Latency is counted from when a record was due, whenever it could be sent: `stoker bench latency`.

def latency1k(turn, b):
    both(turn, b, "latency1k", "latency", "--rate", "1000")


def latency20k(turn, b):
    both(turn, b, "latency20k", "latency", "--rate", "20000")


# ---- once

def start(turn, b):
    """An empty broker: start, memory, CPU at rest."""
    times = []
    with turn.another(b) as b:
        for _ in range(7 if b.name == "stoker" else 1):
            b.stop()
            times.append(b.start())
        time.sleep(1.5)
        c0, m, w0 = machine.cpu(b.pid), machine.memory(b.pid), machine.wake_ups(b.pid)
        time.sleep(5)
        w1 = machine.wake_ups(b.pid)
        turn.note(b, "start", "empty", {"start_ms": sorted(times)[len(times) // 2], "best_ms": min(times), "rss_mb": m["VmRSS"], "anonymous_mb": m["RssAnon"],
                                        "idle_cpu_s": machine.cpu(b.pid) - c0, "wake_ups_per_s": max(w1[t] - w0.get(t, 0) for t in w1) / 5},
                  "exec to the first ApiVersions answer")


def partitions_of(turn, b):
    return turn.partitions if b.name == "stoker" else turn.kafka_partitions


def many(turn, b):
    """Kafka as it is by default: a flush of each of thousands of files for each batch takes minutes."""
    mode = READ_MODE[b.name]
    turn.bench(b, "many", mode, "many-partitions", "--partitions", str(partitions_of(turn, b)), "-c", FLUSH[b.name][mode])


def crash_partitions(turn, b):
    """Many partitions with a few records each: memory, start after kill -9 and after a clean stop."""
    n = partitions_of(turn, b)
    with turn.another(b) as b:
        turn.tool(b, "topic", "create", "many", "-p", str(n), "--timeout", "600000")
        turn.tool(b, "bench", "produce", "--topic", "many", "--records", str(20 * n), "--batch-size", "1000", "--timeout", "120000")
        out = {"partitions": n, "rss_mb": machine.memory(b.pid)["VmRSS"], "descriptors": machine.descriptors(b.pid)}
        for how in ("kill", "stop"):  # the crash first: while all of them are in the journal
            t = time.monotonic()
            getattr(b, how)()
            out[how + "_took_ms"] = (time.monotonic() - t) * 1000
            first = b.start()
            out["after_%s_first_ms" % how] = first
            out["after_%s_all_ms" % how] = b.await_partitions(b.t0, "many", n, turn.limit)
            time.sleep(2)
            out["after_%s_rss_mb" % how] = machine.memory(b.pid)["VmRSS"]
        turn.note(b, "crash_partitions", "%d partitions" % n, out, "stop or kill -9, start, ListOffsets of each partition")


def crash_stored(turn, b):
    """Gigabytes stored, and kill -9 while more are written."""
    gb = turn.stored_gb if b.name == "stoker" else turn.kafka_stored_gb
    with turn.another(b) as b:
        turn.tool(b, "topic", "create", "stored", "-p", "6")
        turn.tool(b, "bench", "produce", "--topic", "stored", "--records", str(int(gb * 1e9 / 1024)), "--size", "1024", "--linger", "20",
                  *SMALL_QUEUE, "--timeout", "60000", limit=max(turn.limit, 20 * gb))
        writer = subprocess.Popen(turn.argv(b, "bench", "produce", "--topic", "stored", "--size", "1024", "-d", "60", *SMALL_QUEUE),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, preexec_fn=machine.die_with_parent)
        time.sleep(1.5)
        writer.kill()
        writer.wait()
        b.kill()
        first = b.start()
        out = {"stored_gb": gb, "after_kill_first_ms": first, "after_kill_all_ms": b.await_partitions(b.t0, "stored", 6, turn.limit),
               "rss_mb": machine.memory(b.pid)["VmRSS"]}
        turn.note(b, "crash_stored", "%g GB" % gb, out, "kill -9, start, ListOffsets of each partition")


BOUNDED = ("-c", "segment.bytes=134217728", "-c", "retention.bytes=268435456", "-c", "file.delete.delay.ms=1000")


def sustained100(turn, b):
    turn.bench(b, "sustained100", "flushed", "produce", "--linger", "20", "-c", FLUSH[b.name]["flushed"], *BOUNDED, seconds=turn.long)


def sustained16k(turn, b):
    turn.bench(b, "sustained16k", "flushed", "produce", *BATCHES_16K, "-c", FLUSH[b.name]["flushed"], *BOUNDED, seconds=turn.long)


def program(turn, b, name, *args, inside=False):
    """One of this folder's programs, inside of the broker's memory or not; what it prints."""
    argv = [os.path.join(turn.build, "tests", "bench", name)] + [str(a) for a in args]
    r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=dict(turn.env, TMPDIR=b.dir), timeout=turn.limit,
                       preexec_fn=b.group.join if inside and b.group else None)
    if r.returncode:
        raise RuntimeError("%s failed" % name)
    return r.stdout.decode()


def floors(turn, b):
    """What nobody comes below: the client against its own mock broker, waking threads, putting bytes into the page cache, the disk."""
    out = {}
    b.settle()
    for key, n in (("page_cache_cpu_s_per_gb", 2), ("page_cache_cold_cpu_s_per_gb", 1)):  # the first of two reaches the limit
        paths = [os.path.join(b.dir, "pages%d" % i) for i in range(n)]
        if n == 1 and b.group:
            b.group.limit(False)
        for path in paths:
            out[key] = json.loads(program(turn, b, "pages", path, 400 << 20, 65536, "cached", "keep", inside=True))["write"]["cpu_s_per_gb"]
        for path in paths:
            os.unlink(path)
    if b.group:
        b.group.limit(True)
    r = json.loads(program(turn, b, "ceiling", int(2000000 * turn.seconds), 100))
    out["client_records_per_s"] = r["records"] / r["seconds"]
    with conditions.awake(turn.conditions.awake):
        r = json.loads(program(turn, b, "hops", 1000 * max(2, int(turn.seconds)), 1000))
    out.update(hops_p50_ms=r["p50_ms"], hops_p99_ms=r["p99_ms"], hops_p999_ms=r["p999_ms"])
    out.update(machine.disk_floor(b.dir))
    turn.note(b, "floors", "machine", out, "pages, ceiling, hops, write, fdatasync")


def raw(turn, b):
    """End to end with raw frames and one thread on the client's side, at 1,000/s."""
    for mode, config in FLUSH[b.name].items():
        turn.tool(b, "topic", "create", "raw-" + mode, "-p", "1", "-c", config)
        args = [b.boot, "raw-" + mode, str(int(1000 * turn.seconds)), "1000"]
        with conditions.awake(turn.conditions.awake):
            r = json.loads(subprocess.run([os.path.join(turn.build, "tests", "bench", "pass")] + args, stdout=subprocess.PIPE, check=True, timeout=turn.limit).stdout)
        turn.note(b, "raw", mode, {"end_to_end_ms": {"p50": r["p50_ms"], "p99": r["p99_ms"], "p99.9": r["p999_ms"]}}, " ".join(["pass"] + args))


def idle(turn, b):
    """Memory of connections and of partitions that do nothing."""
    import resource, socket
    from brokers import API_VERSIONS, ask
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    n, conns = min(10000, hard - 100), []
    with turn.another(b) as b:
        before = machine.memory(b.pid)["RssAnon"]
        for _ in range(n):
            s = socket.create_connection(("127.0.0.1", b.port))
            ask(s, API_VERSIONS)
            conns.append(s)
        time.sleep(2)
        each = (machine.memory(b.pid)["RssAnon"] - before) * 1e6 / 1024 / n
        for s in conns:
            s.close()
        time.sleep(1)
        b.stop()
        b.start()
        before = machine.memory(b.pid)["RssAnon"]
        turn.tool(b, "topic", "create", "idle", "-p", str(turn.partitions), "--timeout", "600000")
        time.sleep(2)
        partition = (machine.memory(b.pid)["RssAnon"] - before) * 1e6 / 1024 / turn.partitions
        turn.note(b, "idle", "connections", {"connections": n, "kib_each": each, "partitions": turn.partitions, "kib_partition": partition,
                                             "descriptors": machine.descriptors(b.pid)}, "RssAnon of /proc/PID/status, /proc/PID/fd")


def compaction(turn, b):
    """A million keys with values of 100 bytes: what compacting costs, and what a producer beside it notices."""
    out, gb = {}, turn.fill_mb * 4 / 1e3
    with turn.another(b, "log.cleaner.backoff.ms=200") as b:
        b.settle()
        said = program(turn, b, "bench-compact", 512, 1000000, inside=True)
        out["mb_per_s_core"] = float(re.search(r"([0-9.]+) MB/s a core", said).group(1))
        turn.tool(b, "topic", "create", "compacted", "-p", "2", "-c", "segment.bytes=67108864", "-c", "min.cleanable.dirty.ratio=0.01")
        turn.tool(b, "bench", "produce", "--topic", "compacted", "--records", str(int(gb * 1e9 / 116)), "--keys", "1000000", "--linger", "20", *SMALL_QUEUE,
                  "--timeout", "60000")
        for when in ("alone", "beside"):
            if when == "beside":
                turn.tool(b, "topic", "alter", "compacted", "-c", "cleanup.policy=compact")
            m = turn.once(b, "compaction", when, ["produce", "--rate", "1000", "--linger", "0", "-c", FLUSH["stoker"]["flushed"], "--pid", str(b.pid), "--json",
                                                  "--duration", "%g" % turn.seconds, "--warm-up", "0.3"], {}, quiet=0)
            out["p99_%s_ms" % when] = m["result"]["latency_ms"]["p99"]
        with open(os.path.join(b.dir, "log"), errors="replace") as f:
            done = [int(x) for x in re.findall(r"compacted a log \| topic=compacted .* ms=(\d+)", f.read())]
        # Of the seconds measured; a partition of which nothing is said yet is still at work.
        out["busy_share"] = 1.0 if len(done) < 2 else min(1.0, sum(done) / 1e3 / (turn.seconds + 0.3))
        out["times"] = out["p99_beside_ms"] / max(out["p99_alone_ms"], 1e-3)
        turn.note(b, "compaction", "flushed", out, "bench-compact 512 1000000; stoker bench produce --rate 1000 --linger 0")


PAIRED = {f.__name__: f for f in (produce100, produce16k, consume1, consume3, consume_cold, latency1k, latency20k, produce100_cold)}
ONCE = {f.__name__: f for f in (floors, raw, idle, compaction, sustained16k, sustained100, many, start, crash_stored, crash_partitions)}
STOKER_ONLY = {"floors", "idle", "compaction"}
WARM = set(PAIRED) | {"raw", "sustained16k", "sustained100", "many"}  # what wants a JVM that has worked
# What is measured when nobody says what.
DEFAULT = [n for n in PAIRED if n != "produce100_cold"] + list(ONCE)


def room_gb(name, turn):
    """At most so much is on the disk at once."""
    rate = 0.9  # GB/s, more than seen
    return {"produce100": (turn.seconds + turn.warm_up) * 0.35, "produce100_cold": (turn.seconds + turn.warm_up) * 0.35, "compaction": turn.fill_mb / 100, "produce16k": (turn.seconds + turn.warm_up) * rate,
            "many": (turn.seconds + turn.warm_up) * rate + turn.partitions * 3e-5, "consume1": turn.fill_mb / 1e3, "consume3": turn.fill_mb / 1e3,
            "consume_cold": turn.fill_mb / 1e3, "crash_stored": turn.stored_gb + 2, "crash_partitions": turn.partitions * 3e-5,
            "sustained100": 10, "sustained16k": 15}.get(name, 1)
