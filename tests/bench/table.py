# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of a result: the bars, then what was measured in the four ways."""
import bars, conditions, rows
from values import COLUMNS, DEVICE, Values

HEAD = ["what", "Stoker, flushed", "Stoker, unflushed", "Kafka, flushed", "Kafka, unflushed"]
CPU = "server/cpu_s_per_gb"


def cells(v, row, key, form, unit="", scale=1.0):
    return [v.text(row, broker, mode, key, form, unit, scale) for broker, mode in COLUMNS]


def once_cells(v, row, key, form, unit=""):
    """Of a row that knows no flushing: it stands where the broker is by itself."""
    return [v.text(row, broker, None, key, form, unit) if mode == rows.READ_MODE[broker] else "-" for broker, mode in COLUMNS]


def triples(v, row):
    return [v.triple(row, broker, mode, "end_to_end_ms") for broker, mode in COLUMNS]


def lines(v, s):
    """(row, what, the four cells)"""
    for row, text in (("produce100", "100-byte records, 6 partitions, acks=all, linger 20 ms"), ("produce100_cold", "the same without a limit of memory")):
        yield row, text, cells(v, row, "records_per_s", "%.2f", " M/s", 1e-6)
        yield row, "server CPU-s per GB", cells(v, row, CPU, "%.2f")
        yield row, "bytes to the device per byte", cells(v, row, DEVICE, "%.2f")
    for row, text in (("produce16k", "16 KiB batches of 1 KiB"), ("sustained16k", "the same for %g s" % s["long"]), ("sustained100", "100-byte records for %g s" % s["long"])):
        yield row, text, cells(v, row, "mb_per_s", "%.0f", " MB/s")
        yield row, "server CPU-s per GB", cells(v, row, CPU, "%.2f")
        yield row, "bytes to the device per byte", cells(v, row, DEVICE, "%.2f")
    for row, text in (("consume1", "consume, warm, 1 client"), ("consume3", "consume, warm, 3 clients"), ("consume_cold", "consume, from a cold cache")):
        yield row, text, once_cells(v, row, "mb_per_s", "%.0f", " MB/s")
        yield row, "server CPU-s per GB", once_cells(v, row, CPU, "%.2f")
    yield "consume_cold", "reading the same files alone", once_cells(v, "consume_cold", "floor_mb_per_s", "%.0f", " MB/s")
    yield "latency1k", "end to end, 1,000/s: p50 / p99 / p99.9", triples(v, "latency1k")
    yield "raw", "1,000/s, raw frames and one thread as the client", triples(v, "raw")
    yield "latency20k", "end to end, 20,000/s, linger 0", triples(v, "latency20k")
    n = bars.with_partitions(s, "stoker")
    yield "many", "16 KiB batches over %s partitions: server CPU-s per GB" % n, cells(v, "many", "runs/1/" + CPU, "%.2f")
    yield "many", "over 6 in the same way", cells(v, "many", "runs/0/" + CPU, "%.2f")
    yield "crash_partitions", "%s partitions: memory after the clean start" % n, once_cells(v, "crash_partitions", "after_stop_rss_mb", "%.0f", " MB")
    yield "crash_partitions", "a clean stop", once_cells(v, "crash_partitions", "stop_took_ms", "%.0f", " ms")
    yield "start", "at rest for 5 s: CPU seconds", once_cells(v, "start", "idle_cpu_s", "%.2f")


def columns(head, body):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(x) + " |" for x in body]


def about(result):
    s, m = result["settings"], result["machine"]
    out = "%s: medians of %d pair%s of %g s%s, the brokers started in turns; rows that are not of pairs once; %s, %d CPUs, %g GB, kernel %s, %s. Stoker %s, Apache Kafka %s " \
          "(ZooKeeper mode, heap 1 GiB, %s), librdkafka %s, on the same machine. Load before: %s." % \
          (m["date"], s["pairs"], "" if s["pairs"] == 1 else "s", s["seconds"], " (lowest-highest in brackets)" if s["pairs"] > 1 else "", m["cpu"], m["cpus"], m["memory_gb"],
           m["kernel"], m["filesystem"], m["commit"], result["versions"]["kafka"], result["versions"]["java"], result["versions"]["librdkafka"], m["load"])
    if result.get("took_s"):
        out += " The whole run took %.0f minutes." % (result["took_s"] / 60)
    return [out, conditions.text(result.get("conditions"))]


def floors(f):
    cold = " (%.2f without the limit)" % f["page_cache_cold_cpu_s_per_gb"] if "page_cache_cold_cpu_s_per_gb" in f else ""
    return "Floors of this machine, measured in the same run: the client alone (against a mock broker) %.2f M records/s; the client's threads and " \
           "sockets with a server that does nothing %.2f / %.2f / %.2f ms at 1,000/s; putting bytes into the page cache %.2f CPU-s per GB%s; the disk " \
           "writes %.0f MB/s and flushes 4 KiB in %.2f ms." % \
           (f["client_records_per_s"] / 1e6, f["hops_p50_ms"], f["hops_p99_ms"], f["hops_p999_ms"], f["page_cache_cpu_s_per_gb"], cold, f["disk_write_mb_per_s"], f["disk_flush_ms"])


def markdown(result):
    """The tables with what is to be known about them."""
    v, s = Values(result["measured"]), result["settings"]

    def star(row):
        return " \\*" if any(v.busy(x) for x in row.split(", ")) else ""
    out = columns(bars.HEAD, [(what + star(row), bar, ours, kafka, reached, row) for what, bar, ours, kafka, reached, row in bars.bars(v, s) if ours != "-" or kafka not in ("-", "")])
    out += ["", "A row again: `tests/bench/run --build BUILD --rows ROW`; the command line of each measurement is in result.json.", ""]
    out += columns(HEAD, [(what + star(row), *four) for row, what, four in lines(v, s) if any(x != "-" for x in four)])
    for text in about(result) + [floors(x["result"]) for x in result["measured"] if x["row"] == "floors"]:
        out += ["", text] if text else []
    if any(x.get("busy") for x in result["measured"]):
        out += ["", "\\* others used more than 10 % of the machine during some of these measurements."]
    for x in result["skipped"]:
        out += ["", "Not measured: " + x + "."]
    return "\n".join(out) + "\n"
