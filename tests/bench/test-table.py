#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of a run: medians, what is reached, what stays empty; and the quotes in README.md and RESULTS.md have their places."""
import os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import bars, conditions, machine, rows, table, values  # noqa: E402

n = failed = 0


def check(name, truth):
    global n, failed
    n += 1
    failed += not truth
    print("%s %d - %s" % ("ok" if truth else "not ok", n, name))


def load(row, broker, mode, rate, cpu, **more):
    result = dict(records_per_s=rate, mb_per_s=rate / 1e4, bytes=1000, server=dict(cpu_s_per_gb=cpu, written_bytes=1100), **more)
    return dict(row=row, broker=broker, mode=mode, pair=1, result=result, command="", busy=False)


def latency(broker, mode, p50, p99, p999):
    return load("latency1k", broker, mode, 1000, 1, end_to_end_ms={"p50": p50, "p99": p99, "p99.9": p999})


settings = dict(pairs=3, seconds=30, long=120, stored_gb=2, kafka_stored_gb=1, partitions=10000, kafka_partitions=2000)
about = dict(date="today", cpus=2, cpu="a CPU", memory_gb=24, kernel="6", filesystem="ext4", commit="abc", load=0.1)
measured = [load("produce100", "stoker", "flushed", r, 0.8) for r in (2100000, 2500000, 100)]
measured += [load("produce100", "stoker", "unflushed", 2200000, 0.7), load("produce100", "kafka", "unflushed", 2000000, 3.9)]
measured += [latency("stoker", "flushed", 0.3, 1.5, 2), latency("kafka", "flushed", 0.6, 10, 17)]
measured += [dict(row="crash_partitions", broker="stoker", mode="x", pair=1, command="", result=dict(rss_mb=50, after_stop_all_ms=500, after_kill_all_ms=2500))]
measured += [dict(row="crash_stored", broker=b, mode="x", pair=1, command="", result=dict(after_kill_all_ms=t)) for b, t in (("stoker", 99), ("kafka", 1234))]
measured[0]["busy"] = True
result = dict(machine=about, settings=settings, versions=dict(kafka="3.9.1", java="17", librdkafka="2"), skipped=["a row: no room"], measured=measured,
              conditions=dict(memory_mb=2048, awake=False, notes=["no such device"]))
text = table.markdown(result)
lines = text.splitlines()


def line(start):
    return next((x for x in lines if x.startswith("| " + start)), "")


check("the median is shown, and the range", "| 2.10 (0.00-2.50) M/s |" in line("100-byte"))
check("a bar is reached", line("100-byte").endswith("| yes | produce100 |"))
check("so is the share of our own rate", "| 95 % |" in line("the same against our own"))
check("Kafka's, both ways", "| -; unflushed 2.00 M/s |" in line("100-byte"))
check("without the client's ceiling nothing is known", line("the same unflushed \\* | >=").endswith("| ? | produce100, floors |"))
check("what others disturbed is marked", "\\*" in line("100-byte") and "others used more than 10 %" in text)
check("an unmeasured column is a dash", "| 2.10 (0.00-2.50) M/s | 2.20 M/s | - | 2.00 M/s |" in text)
check("one of three bounds is missed", "| no |" in line("end to end, 1,000/s, flushed") and "| 0.30 / 1.50 / 2.00 ms |" in line("end to end, 1,000/s, flushed"))
check("bytes to the device", "| 1.10 | 1.10 | - | 1.10 |" in line("bytes to the device"))
check("memory is reached", "| yes |" in line("10,000 partitions: memory |"))
check("the start after kill -9 is not", "| no |" in line("10,000 partitions: start after kill -9"))
check("with less stored than asked nothing is shown", "| ? |" in line("2 GB stored"))
check("Kafka's smaller number is said", "1234 ms (1 GB)" in line("2 GB stored"))
check("rows that nobody measured are left out", not line("consume") and not line("exec"))
check("what was skipped is said", "Not measured: a row: no room." in text)
check("every line has all cells", {x.count("|") for x in lines if x.startswith("|")} == {len(table.HEAD) + 1, len(bars.HEAD) + 1})
check("the conditions are said", "in a memory cgroup of 2048 MiB" in text and "idle processors are halted as always" in text and "(No such device.)" in text)
check("every bar names rows", all(x in rows.PAIRED or x in rows.ONCE for bar in bars.bars(values.Values([]), settings) for x in bar[5].split(", ")))
check("every row has a function", all(x in rows.PAIRED or x in rows.ONCE for x in rows.DEFAULT))
check("processes are read", machine.cpu(os.getpid()) >= 0 and machine.memory(os.getpid())["VmRSS"] > 1 and machine.written(os.getpid()) >= 0)
with machine.Load([]) as l:
    pass
check("load by others is a share", 0 <= l.others and 0 <= l.steal)
with conditions.awake(False):
    pass
c = conditions.Conditions(0, False)
check("no limit wanted, none said to be missing", c.group("x") is None and c.said()["notes"] == [])
if not conditions.memory_missing(64):  # of the superuser
    g = conditions.Conditions(64, False).group("test")
    path = os.path.join(os.environ.get("TMPDIR") or "/tmp", "bench-test-%d" % os.getpid())
    try:
        check("a memory cgroup is filled", g.warm_up(path, 20) and g.usage() <= 64 << 20)
        g.limit(False)
        g.limit(True)
    finally:
        os.unlink(path + ".0")
        os.unlink(path + ".1")
        g.remove()
    check("and removed", not os.path.exists(g.folder))
else:
    check("why there is no memory cgroup is said", "no limit of memory: " in conditions.Conditions(64, False).said()["notes"][0])
top = os.path.join(HERE, "..", "..")
with open(os.path.join(top, "README.md")) as f:
    check("README.md has the markers", f.read().count("<!-- bench: ") == 2)
with open(os.path.join(HERE, "RESULTS.md")) as f:
    check("RESULTS.md has its marker", f.read().count("<!-- bench: the newest first -->\n") == 1)
for args in (["--rows", "nonsense", "--build", "."], [], ["--build", ".", "--pairs", "0"]):
    r = subprocess.run([sys.executable, os.path.join(HERE, "run")] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check("wrong usage: %s" % " ".join(args), r.returncode == 2)
print("1..%d" % n)
sys.exit(failed > 0)
