# SPDX-License-Identifier: Apache-2.0
"""What is to be reached, and whether it is: (what, bar, ours, Kafka's, met, row) of each bar."""
from values import DEVICE, at_least, at_most, met, over, times

HEAD = ["what", "bar", "Stoker", "Kafka", "met", "row"]
P = "end_to_end_ms/"
CPU = "server/cpu_s_per_gb"


def both_of_kafka(v, row, key, form, unit="", scale=1.0):
    """Its answer when it flushes, and when it does not."""
    a, b = (v.text(row, "kafka", mode, key, form, unit, scale) for mode in ("flushed", "unflushed"))
    return "-" if a == b == "-" else "%s; unflushed %s" % (a, b)


def produce(v):
    rate, own = v("produce100", "stoker", "flushed", "records_per_s"), v("produce100", "stoker", "unflushed", "records_per_s")
    kafka = both_of_kafka(v, "produce100", "records_per_s", "%.2f", " M/s", 1e-6)
    yield ("100-byte records, 6 partitions, acks=all, flushed", ">= 2.02 M/s", v.text("produce100", "stoker", "flushed", "records_per_s", "%.2f", " M/s", 1e-6), kafka,
           met(at_least(rate, 2024032)), "produce100")
    share = over(rate, own)
    yield ("the same against our own unflushed rate", ">= 90 %", "-" if share is None else "%.0f %%" % (100 * share), "", met(at_least(share, 0.9)), "produce100")
    ceiling = v("floors", "stoker", None, "client_records_per_s")
    share = over(own, ceiling)
    yield ("the same unflushed", ">= 2.0 M/s and >= 60 % of the client's ceiling",
           v.text("produce100", "stoker", "unflushed", "records_per_s", "%.2f", " M/s", 1e-6) + (", %.0f %%" % (100 * share) if share else ""), kafka,
           met(at_least(own, 2e6), at_least(share, 0.6)), "produce100, floors")
    yield ("the same unflushed: server CPU", "<= 0.9 CPU-s/GB", v.text("produce100", "stoker", "unflushed", CPU, "%.2f"), v.text("produce100", "kafka", "unflushed", CPU, "%.2f"),
           met(at_most(v("produce100", "stoker", "unflushed", CPU), 0.9)), "produce100")
    mb, kafka = v("produce16k", "stoker", "flushed", "mb_per_s"), v("produce16k", "kafka", "unflushed", "mb_per_s")
    share = over(mb, kafka)
    yield ("16 KiB batches of 1 KiB, flushed", ">= 3x Kafka unflushed", v.text("produce16k", "stoker", "flushed", "mb_per_s", "%.0f", " MB/s") + (", %.1fx" % share if share else ""),
           v.text("produce16k", "kafka", "unflushed", "mb_per_s", "%.0f", " MB/s"), met(at_least(share, 3)), "produce16k")
    for mode, most in (("flushed", 1.1), ("unflushed", 1.0)):
        yield ("the same, %s: server CPU" % mode, "<= %.1f CPU-s/GB" % most, v.text("produce16k", "stoker", mode, CPU, "%.2f"), v.text("produce16k", "kafka", mode, CPU, "%.2f"),
               met(at_most(v("produce16k", "stoker", mode, CPU), most)), "produce16k")


def sustained(v, s):
    for row, what, most in (("sustained100", "large commits (100-byte records, linger 20 ms)", 1.2), ("sustained16k", "small commits (16 KiB batches)", 2.2)):
        yield ("bytes to the device per byte for %g s, %s" % (s["long"], what), "<= %g" % most, v.text(row, "stoker", "flushed", DEVICE, "%.2f"),
               v.text(row, "kafka", "flushed", DEVICE, "%.2f"), met(at_most(v(row, "stoker", "flushed", DEVICE), most)), row)


def consume(v):
    for row, n in (("consume1", "1 client"), ("consume3", "3 clients")):
        a, k = v(row, "stoker", None, CPU), v(row, "kafka", None, CPU)
        share = over(a, k)
        yield ("consume, warm, %s: server CPU" % n, "<= 0.30 CPU-s/GB and <= 0.6 of Kafka's", v.text(row, "stoker", None, CPU, "%.2f") + (", %.2f of Kafka's" % share if share else ""),
               v.text(row, "kafka", None, CPU, "%.2f"), met(at_most(a, 0.30), at_most(share, 0.6)), row)
    a, floor, warm = v("consume_cold", "stoker", None, "mb_per_s"), v("consume_cold", "stoker", None, "floor_mb_per_s"), v("consume1", "stoker", None, "mb_per_s")
    least = min(x for x in (times(0.9, floor), times(0.9, warm)) if x is not None) if floor or warm else None
    yield ("consume, from a cold cache", "disk-bound (90 % of reading the files alone, or of the warm rate)",
           v.text("consume_cold", "stoker", None, "mb_per_s", "%.0f", " MB/s") + (" (files alone %.0f)" % floor if floor else ""),
           v.text("consume_cold", "kafka", None, "mb_per_s", "%.0f", " MB/s"), met(at_least(a, least)), "consume_cold")


def latency(v):
    for row, mode, what, limits in (("latency1k", "flushed", "end to end, 1,000/s, flushed", (0.35, 1, 3)), ("latency1k", "unflushed", "end to end, 1,000/s, unflushed", (0.15, 0.5, None)),
                                    ("latency20k", "flushed", "end to end, 20,000/s, linger 0, flushed", (None, 5, None))):
        bar = ", ".join("%s <= %g" % (q, x) for q, x in zip(("p50", "p99", "p99.9"), limits) if x) + " ms"
        yield (what + ": p50 / p99 / p99.9", bar, v.triple(row, "stoker", mode, "end_to_end_ms"), v.triple(row, "kafka", mode, "end_to_end_ms"),
               met(*[at_most(v(row, "stoker", mode, P + q), x) for q, x in zip(("p50", "p99", "p99.9"), limits) if x]), row)


def with_partitions(settings, broker):
    return "{:,}".format(settings["partitions" if broker == "stoker" else "kafka_partitions"])


def partitions(v, s):
    n, fewer = with_partitions(s, "stoker"), "" if s["partitions"] == s["kafka_partitions"] else " (%s)" % with_partitions(s, "kafka")
    full = None if s["partitions"] < 10000 else True  # with fewer nothing is shown

    def of_kafka(*args):
        text = v.text(*args)
        return text if text == "-" else text + fewer
    yield ("spread over %s partitions in 16 KiB batches, flushed: server CPU per GB" % n, "<= 2x that of 6", v.text("many", "stoker", None, "cpu_per_gb_ratio", "%.2f", "x"),
           of_kafka("many", "kafka", None, "cpu_per_gb_ratio", "%.2f", "x, unflushed"), met(full, at_most(v("many", "stoker", None, "cpu_per_gb_ratio"), 2)), "many")
    for key, what, bar, most, form, unit in (("rss_mb", "memory", "<= 130 MB", 130, "%.0f", " MB"),
                                             ("after_stop_all_ms", "clean start, until all answer", "<= 1 s", 1000, "%.0f", " ms"),
                                             ("after_kill_all_ms", "start after kill -9, until all answer", "<= 2 s", 2000, "%.0f", " ms")):
        yield ("%s partitions: %s" % (n, what), bar, v.text("crash_partitions", "stoker", None, key, form, unit), of_kafka("crash_partitions", "kafka", None, key, form, unit),
               met(full, at_most(v("crash_partitions", "stoker", None, key), most)), "crash_partitions")
    gb, k = s["stored_gb"], s["kafka_stored_gb"]
    text = v.text("crash_stored", "kafka", None, "after_kill_all_ms", "%.0f", " ms")
    yield ("%g GB stored: start after kill -9" % gb, "<= 2 s with 20 GB", v.text("crash_stored", "stoker", None, "after_kill_all_ms", "%.0f", " ms"),
           text if text == "-" or k == gb else text + " (%g GB)" % k, met(True if gb >= 20 else None, at_most(v("crash_stored", "stoker", None, "after_kill_all_ms"), 2000)), "crash_stored")
    yield ("an idle partition of %s" % n, "<= 12 KiB", v.text("idle", "stoker", None, "kib_partition", "%.2f", " KiB"), "", met(at_most(v("idle", "stoker", None, "kib_partition"), 12)), "idle")
    yield ("descriptors with %s idle partitions" % n, "<= 200", v.text("idle", "stoker", None, "descriptors", "%d"), of_kafka("crash_partitions", "kafka", None, "descriptors", "%d"),
           met(full, at_most(v("idle", "stoker", None, "descriptors"), 200)), "idle")
    yield ("an idle connection, over the kernel's", "<= 1 KiB", v.text("idle", "stoker", None, "kib_each", "%.2f", " KiB"), "", met(at_most(v("idle", "stoker", None, "kib_each"), 1)), "idle")


def at_rest(v):
    for key, what, bar, most, form, unit in (("start_ms", "exec to the first ApiVersions answer, no data", "<= 10 ms", 10, "%.1f", " ms"),
                                             ("rss_mb", "memory at rest, no data", "<= 8 MB", 8, "%.1f", " MB"), ("anonymous_mb", "anonymous part of it", "<= 3 MB", 3, "%.1f", " MB"),
                                             ("wake_ups_per_s", "wake-ups at rest, of the thread with the most", "<= 1 a second", 1.2, "%.1f", "/s")):
        yield (what, bar, v.text("start", "stoker", None, key, form, unit), v.text("start", "kafka", None, key, form, unit), met(at_most(v("start", "stoker", None, key), most)), "start")


def compaction(v):
    yield ("compaction, 100-byte values, 1 M keys: input per core", ">= 200 MB/s", v.text("compaction", "stoker", None, "mb_per_s_core", "%.0f", " MB/s"), "",
           met(at_least(v("compaction", "stoker", None, "mb_per_s_core"), 200)), "compaction")
    a, b, x = (v("compaction", "stoker", None, key) for key in ("p99_alone_ms", "p99_beside_ms", "times"))
    share = v("compaction", "stoker", None, "busy_share")
    yield ("a producer's p99 while it runs", "<= 2x", "-" if x is None else "%.2fx (%.2f, %.2f ms; compacting %.0f %% of the time)" % (x, a, b, 100 * share), "",
           met(at_most(x, 2)), "compaction")


def bars(v, settings):
    for part in (produce(v), sustained(v, settings), consume(v), latency(v), partitions(v, settings), at_rest(v), compaction(v)):
        yield from part
