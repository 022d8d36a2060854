# SPDX-License-Identifier: Apache-2.0
"""Small requests that ask for very much: the answer stays in proportion, memory too, and other clients do not wait."""
import os, sys, threading, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
from kapi import APIS, Client, FlexReader, struct_get, struct_put

tap = Tap()
br = Broker("num.network.threads = 2", "offsets.topic.num.partitions = 50", "auto.create.topics.enable = false")


def peak_mib():
    with open("/proc/%d/status" % br.proc.pid) as f:
        return int([l for l in f if l.startswith("VmHWM")][0].split()[1]) / 1024


def reset_peak():
    with open("/proc/%d/clear_refs" % br.proc.pid, "w") as f:
        f.write("5")


def beside(most_mib, name, version, **fields):
    """The answer to a request; meanwhile another client's heartbeats are timed. Encoding and decoding are left out of that."""
    api = APIS[name]
    flex = version >= api.flexible
    body = (b"\0" if flex else b"") + struct_put(api.request, fields, version, flex)
    worst, stop, got = [0.0], threading.Event(), bytearray()

    def beat():
        c = Client(br.port, 60)
        while not stop.is_set():
            t = time.time()
            c.ask("Heartbeat", 3, group_id="x", generation_id=1, member_id="y")
            worst[0] = max(worst[0], time.time() - t)
            time.sleep(0.002)

    reset_peak()
    before = br.rss_kib() / 1024
    t = threading.Thread(target=beat)
    t.start()
    time.sleep(0.05)
    c = Client(br.port, 60)
    try:
        c.send(api.key, version, body)
        size = struct.unpack(">i", c.exactly(4))[0]
        while len(got) < size:
            x = c.sock.recv(1 << 20)
            if not x:
                break
            got += x
    finally:
        stop.set()
        t.join()
    peak = peak_mib() - before
    print("# %s: %.2f MB asked, %.2f MB answered, another client waited %.0f ms at most, peak +%.0f MiB" % (name, len(body) / 1e6, len(got) / 1e6, worst[0] * 1e3, peak))
    tap.ok(br.alive() and peak < most_mib, "%s: memory is bounded" % name, "peak +%.0f MiB" % peak)
    # Below 0.1 s on a machine that has nothing else to do; it was 6 to 10 s.
    tap.ok(worst[0] < 3, "%s: other clients are answered meanwhile" % name, "%.0f ms" % (worst[0] * 1e3))
    r = FlexReader(bytes(got))
    r.at = 5 if flex else 4
    return struct_get(api.response, r, version, flex), len(got)


c = Client(br.port, 60)
# ---- CreateTopics: so many partitions in all of a request
r, _ = beside(60, "CreateTopics", 5, timeout_ms=20000, validate_only=True, topics=[dict(name="v%d" % i, num_partitions=200000, replication_factor=1) for i in range(100)])
tap.eq([t.error_code for t in r.topics], [0] + [37] * 99, "the second topic of 200,000 partitions is one too many")
tap.ok("one request" in (r.topics[1].error_message or ""), "and the message says so", r.topics[1].error_message)
r = c.ask("CreateTopics", 5, timeout_ms=20000, validate_only=True, topics=[dict(name="w%d" % i, num_partitions=2000, replication_factor=1) for i in range(101)])
tap.eq([t.error_code for t in r.topics], [0] * 100 + [37], "100 topics of 2,000 are not")
many = [dict(name="m%d" % i, num_partitions=1, replication_factor=1) for i in range(20000)]
r, _ = beside(90, "CreateTopics", 5, timeout_ms=20000, validate_only=True, topics=many)
tap.eq((r.topics[0].topic_config_error_code, len(r.topics[0].configs) > 20), (0, True), "the first topics come with their settings")
tap.eq((r.topics[-1].error_code, r.topics[-1].topic_config_error_code, r.topics[-1].configs), (0, 29, None), "the last of very many without, and say so")
tap.eq(c.create("p"), 0, "a topic")
tap.eq(c.create("q"), 0, "another")
r = c.ask("CreatePartitions", 1, timeout_ms=5000, validate_only=True, topics=[dict(name=n, count=150000, assignments=None) for n in "pq"])
tap.eq([t.error_code for t in r.results], [0, 37], "CreatePartitions: the same for all topics of a request")

# ---- Metadata: each topic once
tap.eq(c.create("wide", 500), 0, "a topic of 500 partitions")
_, size = beside(60, "Metadata", 1, topics=[dict(name="wide")] * 350000)
tap.ok(size < 20000, "350,000 times the same topic is answered once", "%d bytes" % size)
tid = c.topic_id("wide")
r = c.ask("Metadata", 12, topics=[dict(name="p"), dict(name="wide"), dict(name="p"), dict(name="none"), dict(name="none")], allow_auto_topic_creation=False)
tap.eq([(t.name, t.error_code) for t in r.topics], [("p", 0), ("wide", 0), ("none", 3)], "in the order of the request")
r = c.ask("Metadata", 12, topics=[dict(name=None, topic_id=tid), dict(name=None, topic_id=c.topic_id("p")), dict(name=None, topic_id=tid)], allow_auto_topic_creation=False)
tap.eq([t.name for t in r.topics], ["wide", "p"], "by id as well")

# ---- DescribeConfigs
r, _ = beside(90, "DescribeConfigs", 4, include_synonyms=True, include_documentation=True, resources=[dict(resource_type=4, resource_name="0", configuration_keys=None)] * 20000)
codes = [x.error_code for x in r.results]
good = codes.index(42) if 42 in codes else len(codes)
tap.ok(100 < good < 20000 and set(codes[good:]) == {42}, "the broker 20,000 times: refused from some point on", "%d" % good)
tap.ok("fewer" in (r.results[good].error_message or ""), "and the message says so", r.results[good].error_message)
r = c.ask("DescribeConfigs", 4, include_synonyms=True, include_documentation=True, resources=[dict(resource_type=2, resource_name="p", configuration_keys=None)] * 500)
tap.eq({x.error_code for x in r.results}, {0}, "500 topics in one request are answered")
r, _ = beside(90, "DescribeConfigs", 4, resources=[dict(resource_type=4, resource_name="0", configuration_keys=["log.retention.ms"])] * 20000)
tap.eq({(x.error_code, len(x.configs)) for x in r.results}, {(0, 1)}, "one setting 20,000 times is answered")
tap.eq(br.stop(), 0, "clean stop")
br.close()

# ---- topics on demand
br = Broker("auto.create.topics.enable = true")
c = Client(br.port, 60)
t0 = time.time()
r = c.ask("Metadata", 4, topics=[dict(name="auto-%d" % i) for i in range(1500)], allow_auto_topic_creation=True)
codes = [t.error_code for t in r.topics]
tap.ok(codes[-500:] == [3] * 500 and set(codes[:1000]) <= {0, 5}, "one request makes 1,000 topics, the others are unknown yet", "%s" % {x: codes.count(x) for x in codes})
tap.eq(br.stop(), 0, "clean stop")
tap.done()
