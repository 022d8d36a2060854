# SPDX-License-Identifier: Apache-2.0
"""Makes the table of many measurements."""
import statistics

import rows

COLUMNS = [("stoker", "flushed"), ("stoker", "unflushed"), ("kafka", "flushed"), ("kafka", "unflushed")]
HEAD = ["what", "Stoker, flushed", "Stoker, unflushed", "Kafka, flushed", "Kafka, unflushed", "to reach", "reached"]


class Values:
    """Medians of what was measured; all(..) are the single ones."""

    def __init__(self, measured):
        self.measured = measured

    def all(self, row, broker, mode, key):
        out = []
        for m in self.measured:
            if m["row"] == row and m["broker"] == broker and mode in (None, m["mode"]):
                v = m["result"]
                for part in key.split("/"):
                    v = v[int(part)] if isinstance(v, list) else v.get(part) if isinstance(v, dict) else None
                if v is not None:
                    out.append(v)
        return out

    def __call__(self, row, broker, mode, key):
        v = self.all(row, broker, mode, key)
        return statistics.median(v) if v else None

    def busy(self, row):
        return any(m.get("busy") for m in self.measured if m["row"] == row)


def number(v, form):
    return "-" if v is None else form % v


def cells(v, row, key, form, scale=1.0, modes=None):
    """The four columns of a row; a row that knows no flushing stands under `modes`."""
    out = []
    for broker, mode in COLUMNS:
        if modes:
            x = v(row, broker, None, key) if mode == modes[broker] else None
        else:
            x = v(row, broker, mode, key)
        out.append(number(None if x is None else x * scale, form))
    return out


def triple(v, row, part):
    out = []
    for broker, mode in COLUMNS:
        p = [v(row, broker, mode, "%s/%s" % (part, q)) for q in ("p50", "p99", "p99.9")]
        out.append("-" if p[0] is None else "%.2f / %.2f / %.2f ms" % tuple(p))
    return out


def met(*conditions):
    """Each: None (not measured) or a truth."""
    if any(c is None for c in conditions):
        return "?" if not any(c is False for c in conditions) else "no"
    return "yes" if all(conditions) else "no"


def at_least(a, b):
    return None if a is None or b is None else a >= b


def at_most(a, b):
    return None if a is None or b is None else a <= b


READ = rows.READ_MODE  # where rows without flushing stand


def lines(v, settings):
    """(row, cells, to reach, reached)"""
    def times(x, y):
        return None if y is None else x * y

    rate, own = v("produce100", "stoker", "flushed", "records_per_s"), v("produce100", "stoker", "unflushed", "records_per_s")
    yield ("produce100", "100-byte records, 6 partitions, acks=all, linger 20 ms", cells(v, "produce100", "records_per_s", "%.2f M/s", 1e-6),
           ">= 2.02 M/s and 0.9 of unflushed", met(at_least(rate, 2024032), at_least(rate, times(0.9, own))))
    yield ("produce100", "server CPU-s per GB", cells(v, "produce100", "server/cpu_s_per_gb", "%.2f"), "", "")
    yield ("produce100", "bytes to the device per byte", ratios(v, "produce100"), "", "")
    mb = v("produce16k", "stoker", "flushed", "mb_per_s")
    kafka = v("produce16k", "kafka", "unflushed", "mb_per_s")
    yield ("produce16k", "16 KiB batches of 1 KiB", cells(v, "produce16k", "mb_per_s", "%.0f MB/s"), ">= 3x Kafka unflushed", met(at_least(mb, times(3, kafka))))
    c = v("produce16k", "stoker", "flushed", "server/cpu_s_per_gb")
    yield ("produce16k", "server CPU-s per GB", cells(v, "produce16k", "server/cpu_s_per_gb", "%.2f"), "<= 1.1", met(at_most(c, 1.1)))
    yield ("produce16k", "bytes to the device per byte", ratios(v, "produce16k"), "", "")
    for row, text, reach in (("sustained16k", "16 KiB batches for %g s" % settings["long"], 1.2), ("sustained100", "100-byte records for %g s" % settings["long"], 2.2)):
        w = ratio(v, row, "stoker", "flushed")
        yield (row, text + ": MB/s", cells(v, row, "mb_per_s", "%.0f MB/s"), "", "")
        yield (row, text + ": bytes to the device per byte", ratios(v, row), "<= %g" % reach, met(at_most(w, reach)))
    for row, text in (("consume1", "consume, warm, 1 client"), ("consume3", "consume, warm, 3 clients")):
        s, k = v(row, "stoker", None, "server/cpu_s_per_gb"), v(row, "kafka", None, "server/cpu_s_per_gb")
        yield (row, text, cells(v, row, "mb_per_s", "%.0f MB/s", modes=READ), "", "")
        yield (row, "server CPU-s per GB", cells(v, row, "server/cpu_s_per_gb", "%.2f", modes=READ), "<= 0.30 and 0.6 of Kafka's",
               met(at_most(s, 0.30), at_most(s, times(0.6, k))))
    yield ("consume_cold", "consume, from a cold cache", cells(v, "consume_cold", "mb_per_s", "%.0f MB/s", modes=READ), "disk-bound", "")
    yield ("consume_cold", "reading the same files alone", cells(v, "consume_cold", "floor_mb_per_s", "%.0f MB/s", modes=READ), "", "")
    for row, text, reach in (("latency1k", "end to end, 1,000/s: p50 / p99 / p99.9", (0.35, 1, 3)), ("latency20k", "end to end, 20,000/s, linger 0", (None, 5, None))):
        p = [v(row, "stoker", "flushed", "end_to_end_ms/" + q) for q in ("p50", "p99", "p99.9")]
        yield (row, text, triple(v, row, "end_to_end_ms"), "<= 0.35 / 1 / 3 ms" if row == "latency1k" else "p99 <= 5 ms",
               met(*[at_most(a, b) for a, b in zip(p, reach) if b is not None]))
    yield ("raw", "1,000/s, raw frames and one thread as the client", triple(v, "raw", "end_to_end_ms"), "", "")
    n = "{:,}".format(settings["partitions"])
    r = v("many", "stoker", "flushed", "cpu_per_gb_ratio")
    yield ("many", "16 KiB batches over %s partitions: server CPU-s per GB" % n, cells(v, "many", "runs/1/server/cpu_s_per_gb", "%.2f"), "", "")
    yield ("many", "times that of 6 partitions", cells(v, "many", "cpu_per_gb_ratio", "%.2f"), "<= 2", met(at_most(r, 2)))
    for key, text, limit, form in (("rss_mb", "memory", 130, "%.0f MB"), ("after_stop_all_ms", "start after a stop, all answer", 1000, "%.0f ms"),
                                   ("after_kill_all_ms", "start after kill -9, all answer", 2000, "%.0f ms")):
        x = v("crash_partitions", "stoker", None, key)
        yield ("crash_partitions", "%s partitions: %s" % (n, text), cells(v, "crash_partitions", key, form, modes=READ), "<= " + form % limit, met(at_most(x, limit)))
    x = v("crash_stored", "stoker", None, "after_kill_all_ms")
    yield ("crash_stored", "%g GB stored: start after kill -9" % settings["stored_gb"], cells(v, "crash_stored", "after_kill_all_ms", "%.0f ms", modes=READ), "<= 2000 ms", met(at_most(x, 2000)))
    yield ("start", "empty: exec to the first answer", cells(v, "start", "start_ms", "%.1f ms", modes=READ), "", "")
    yield ("start", "empty: memory", cells(v, "start", "rss_mb", "%.1f MB", modes=READ), "", "")
    yield ("idle", "an idle connection", cells(v, "idle", "kib_each", "%.2f KiB", modes=READ), "", "")


def ratio(v, row, broker, mode):
    written, made = v.all(row, broker, mode, "server/written_bytes"), v.all(row, broker, mode, "bytes")
    return statistics.median(w / b for w, b in zip(written, made)) if written and len(written) == len(made) else None


def ratios(v, row):
    return [number(ratio(v, row, b, m), "%.2f") for b, m in COLUMNS]


def markdown(result):
    """The table with what is to be known about it."""
    v, s, m = Values(result["measured"]), result["settings"], result["machine"]
    out = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for row, text, values, reach, reached in lines(v, s):
        if all(x == "-" for x in values):
            continue
        out.append("| %s%s | %s | %s | %s |" % (text, " \\*" if v.busy(row) else "", " | ".join(values), reach, reached))
    floors = [x["result"] for x in result["measured"] if x["row"] == "floors"]
    out += ["", "%s: medians of %d pair%s of %g s, the brokers started in turns; %s, %d CPUs, %g GB, kernel %s, %s. Stoker %s, Apache Kafka %s (ZooKeeper "
            "mode, heap 1 GiB, %s), librdkafka %s, on the same machine. Load before: %s." %
            (m["date"], s["pairs"], "" if s["pairs"] == 1 else "s", s["seconds"], m["cpu"], m["cpus"], m["memory_gb"], m["kernel"], m["filesystem"],
             m["commit"], result["versions"]["kafka"], result["versions"]["java"], result["versions"]["librdkafka"], m["load"])]
    if floors:
        f = floors[0]
        out += ["", "Floors of this machine, measured in the same run: the client alone (against a mock broker) %.2f M records/s; the client's threads and "
                "sockets with a server that does nothing %.2f / %.2f / %.2f ms at 1,000/s; putting bytes into the page cache %.2f CPU-s per GB; the disk "
                "writes %.0f MB/s and flushes 4 KiB in %.2f ms." %
                (f["client_records_per_s"] / 1e6, f["hops_p50_ms"], f["hops_p99_ms"], f["hops_p999_ms"], f["page_cache_cpu_s_per_gb"],
                 f["disk_write_mb_per_s"], f["disk_flush_ms"])]
    if any(x.get("busy") for x in result["measured"]):
        out += ["", "\\* others used more than 10 % of the machine during some of these measurements."]
    for x in result["skipped"]:
        out += ["", "Not measured: " + x + "."]
    return "\n".join(out) + "\n"
