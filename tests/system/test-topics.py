# SPDX-License-Identifier: Apache-2.0
"""Topics and their settings: create, delete, grow, describe, alter; and that the settings do what they say (kafka-facts 3.7,
3.8, 4.4, 5.5, 5.6). Every expectation holds for Apache Kafka 3.9.1 too, except where a comment says otherwise."""
import os, sys, time, uuid
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Tap, Broker, until
from kapi import Client
from records import pack, unpack, batches, now

tap = Tap()
br = Broker("auto.create.topics.enable = false", "num.partitions = 4", "log.retention.check.interval.ms = 500", "log.segment.delete.delay.ms = 100")
c = Client(br.port)
KAFKA = not hasattr(br, "data")  # when a real Kafka is asked


def topic(name, parts=1, replicas=1, assign=(), **configs):
    return dict(name=name, num_partitions=parts, replication_factor=replicas, assignments=[dict(partition_index=i, broker_ids=b) for i, b in assign],
                configs=[dict(name=k.replace("_", "."), value=v if v is None else str(v)) for k, v in configs.items()])


def create(version, *topics, validate=False, timeout=10000):
    """[(name, error, message)]"""
    r = c.ask("CreateTopics", version, topics=list(topics), timeout_ms=timeout, validate_only=validate)
    return [(t.name, t.error_code, t.get("error_message")) for t in r.topics]


def names():
    return {t.name for t in c.ask("Metadata", 5, topics=None).topics}


def parts_of(name):
    t = c.ask("Metadata", 5, topics=[dict(name=name)], allow_auto_topic_creation=False).topics[0]
    return t.error_code, [p.partition_index for p in sorted(t.partitions, key=lambda p: p.partition_index)]


# ---- create
me = c.ask("Metadata", 5, topics=[]).brokers[0].node_id
for v in range(8):
    name = "v%d" % v
    tap.eq([x[:2] for x in create(v, topic(name, 2))], [(name, 0)], "CreateTopics v%d" % v)
    tap.eq(parts_of(name), (0, [0, 1]), "and it has two partitions")
r = c.ask("CreateTopics", 7, topics=[topic("full", -1, -1, retention_ms=1234)], timeout_ms=10000).topics[0]
tap.eq((r.num_partitions, r.replication_factor, r.topic_id), (4, 1, c.topic_id("full")), "v7: defaults for -1, and the topic id")
got = {x.name: (x.value, x.config_source, x.read_only) for x in r.configs or []}
tap.eq((got.get("retention.ms"), got.get("cleanup.policy")), (("1234", 1, False), ("delete", 5, False)), "v5+: all its settings with their source")
tap.eq([x[:2] for x in create(4, topic("valid", 3), validate=True)], [("valid", 0)], "validate-only says yes")
tap.ok("valid" not in names(), "and creates nothing")
tap.eq(create(4, topic("v0"), validate=True)[0][1], 36, "validate-only sees what is there")
tap.eq(create(4, topic("assigned", -1, -1, [(0, [me]), (1, [me])]))[0][1], 0, "with an assignment by hand")
tap.eq(parts_of("assigned"), (0, [0, 1]), "it has as many partitions as assigned")
for code, text, t in (
    (36, "exists", topic("v0")),
    (17, "", topic("")), (17, "", topic(".")), (17, "", topic("..")), (17, "", topic("a" * 250)), (17, "", topic("a b")), (17, "", topic("a/b")),
    (17, "collides", topic("v_0.x")),  # with v.0_x, made below
    (37, "", topic("bad", 0)), (37, "", topic("bad", -7)), (38, "", topic("bad", 1, 0)), (38, "", topic("bad", 1, 9)),
    (39, "", topic("bad", -1, -1, [(0, [me, me])])), (39, "", topic("bad", -1, -1, [(0, [])])),
    (42, "", topic("bad", 3, 1, [(0, [me])])),
    (39, "", topic("bad", -1, -1, [(0, [me]), (0, [me])] if KAFKA else [(1, [me])])),  # Kafka makes a topic that has no partition 0
    (40, "nope", topic("bad", nope=1)), (40, "retention.ms", topic("bad", retention_ms="many")), (40, "cleanup.policy", topic("bad", cleanup_policy="shred")),
    (40, "compression.type", topic("bad", compression_type="rar")), (40, "segment.bytes", topic("bad", segment_bytes=1)),
    (40, "min.insync.replicas", topic("bad", min_insync_replicas=0)), (40, "message.timestamp.type", topic("bad", message_timestamp_type="Never")),
    (40, "max.message.bytes", topic("bad", max_message_bytes=-1)), (40, "retention.ms", topic("bad", retention_ms=None)),
    (40, "throttled.replicas", topic("bad", leader_replication_throttled_replicas="bogus")), (40, "throttled.replicas", topic("bad", follower_replication_throttled_replicas="0:1,2")),
    (40, "compression.gzip.level", topic("bad", compression_gzip_level=0)), (40, "message.format.version", topic("bad", message_format_version="0.7")),
    (40, "compaction.lag", topic("bad", min_compaction_lag_ms=10, max_compaction_lag_ms=5)),
):
    if text == "collides":
        create(4, topic("v.0_x"))
    name = t["name"][:12]
    n, e, m = create(4, t)[0]
    tap.eq(e, code, "refused with %d: %r %s" % (code, name, {k: t[k] for k in t if k not in ("name",) and t[k] not in ([], 1)}))
    tap.ok(m and text in m, "and the text says why", m)
tap.eq(sorted(create(4, topic("twice"), topic("twice"), topic("once"))), [("once", 0, None)] + [x for x in sorted(create(4, topic("twice"), topic("twice")))], "a name twice in one request")
tap.eq(create(4, topic("twice"), topic("twice"))[0][1], 42, "is INVALID_REQUEST")
# Kafka without ZooKeeper looks at the topics that are there only, and makes both.
tap.eq([x[:2] for x in sorted(create(4, topic("w.a"), topic("w_a"), topic("w.a.b")))], [("w.a", 0), ("w.a.b", 0), ("w_a", 17)], "two of one request that differ in '.' and '_'")
tap.ok("bad" not in names() and "twice" not in names() and "once" in names(), "nothing of the refused was created")
e = create(4, topic("hasty"), timeout=0)[0][1]
tap.ok(e in (0, 7), "timeout 0: REQUEST_TIMED_OUT, created all the same (done at once is fine too)", e)
time.sleep(0.5)
tap.ok("hasty" in names(), "it is there")

# ---- grow


def grow(name, count, validate=False, assign=None, version=2):
    r = c.ask("CreatePartitions", version, topics=[dict(name=name, count=count, assignments=assign)], timeout_ms=10000, validate_only=validate).results[0]
    return r.error_code, r.error_message


for v in range(4):
    tap.eq((grow("v0", 3 + v, version=v)[0], parts_of("v0")), (0, (0, list(range(3 + v)))), "CreatePartitions v%d" % v)
c.produce("v0", pack([(None, b"x")]), part=5)
tap.eq(c.fetch("v0", 0, part=5).high_watermark, 1, "the new partition takes records")
tap.eq(grow("v0", 9, validate=True)[0], 0, "validate-only says yes")
tap.eq(len(parts_of("v0")[1]), 6, "and adds nothing")
for code, args in ((37, ("v0", 6)), (37, ("v0", 2)), (37, ("v0", -1)), (3, ("gone", 6)), (39, ("v0", 8, False, [dict(broker_ids=[me])])), (39, ("v0", 7, False, [dict(broker_ids=[77])]))):
    e, m = grow(*args)
    tap.ok(e == code and m, "refused with %d: %s to %d" % (code, args[0], args[1]), (e, m))

# ---- describe and alter


def describe(name, keys=None, kind=2, version=3, **more):
    r = c.ask("DescribeConfigs", version, resources=[dict(resource_type=kind, resource_name=name, configuration_keys=keys)], **more).results[0]
    return r.error_code, {x.name: x for x in r.configs}, r.error_message


def value(name, key):
    return describe(name, [key])[1][key].value


tap.eq([x[1] for x in create(4, topic("ok-lag", min_compaction_lag_ms=5, max_compaction_lag_ms=5), topic("ok-all", leader_replication_throttled_replicas="*", compression_gzip_level=1),
                             topic("ok-pairs", follower_replication_throttled_replicas="0:1,1:1", message_format_version="3.0"))], [0, 0, 0], "what is just allowed is taken")
tap.eq((value("ok-pairs", "message.format.version"), value("ok-all", "message.format.version")), ("3.0", "3.0-IV1"), "the old message format is shown, and means nothing")
c.create("cfg", 1, retention_ms=5000)
for v in range(5):
    e, rows, _ = describe("cfg", ["retention.ms", "segment.bytes"], version=v)
    tap.eq((e, {k: x.value for k, x in rows.items()}), (0, {"retention.ms": "5000", "segment.bytes": "1073741824"}), "DescribeConfigs v%d" % v)
    src = [(rows[k].is_default if v == 0 else rows[k].config_source) for k in ("retention.ms", "segment.bytes")]
    tap.ok(src in ([1, 5], [False, True], [False, False]), "and where they come from (Kafka's v0 says is_default of nothing)", src)
rows = describe("cfg", include_synonyms=True)[1]
tap.ok({"cleanup.policy", "compression.type", "max.message.bytes", "min.insync.replicas", "message.timestamp.type", "segment.ms", "retention.bytes"} <= set(rows), "no names: all settings", sorted(rows))
s = rows["retention.ms"].synonyms
tap.eq([(x.name, x.value, x.source) for x in s][0], ("retention.ms", "5000", 1), "synonyms begin with the topic's own value")
tap.eq((rows["retention.ms"].config_type, rows["cleanup.policy"].config_type, rows["preallocate"].config_type), (5, 7, 1), "types: long, list, boolean")
docs = describe("cfg", ["retention.ms"], include_documentation=True)[1]["retention.ms"].documentation
tap.ok(docs and len(docs) > 20, "documentation is given when asked for")
tap.eq(describe("cfg", ["no.such.key"])[:2], (0, {}), "an unknown name is left out")
tap.eq(describe("gone")[0], 3, "a topic that is not there")
tap.eq(describe("a b")[0], 17, "a name that cannot be")
e, rows, _ = describe(str(me), ["log.retention.check.interval.ms", "num.partitions"], kind=4)
tap.eq((e, rows["log.retention.check.interval.ms"].value, rows["log.retention.check.interval.ms"].config_source), (0, "500", 4), "the broker's settings")
tap.ok(describe("777", kind=4)[0] in (42,) and describe("x", kind=99)[0] in (42,), "another broker, an unknown kind: INVALID_REQUEST")

SET, DELETE, APPEND, SUBTRACT = range(4)


def edit(name, *ops, version=1, validate=False, kind=2):
    r = c.ask("IncrementalAlterConfigs", version, validate_only=validate, resources=[dict(resource_type=kind, resource_name=name,
              configs=[dict(name=k, config_operation=op, value=v) for op, k, v in ops])]).responses[0]
    return r.error_code, r.error_message


def replace(name, version=2, validate=False, **configs):
    r = c.ask("AlterConfigs", version, validate_only=validate, resources=[dict(resource_type=2, resource_name=name,
              configs=[dict(name=k.replace("_", "."), value=v) for k, v in configs.items()])]).responses[0]
    return r.error_code, r.error_message


for v in (0, 1):
    tap.eq((edit("cfg", (SET, "segment.ms", "99%d" % v), version=v)[0], value("cfg", "segment.ms"), value("cfg", "retention.ms")), (0, "99%d" % v, "5000"), "IncrementalAlterConfigs v%d: one changed, the rest stays" % v)
tap.eq((edit("cfg", (DELETE, "segment.ms", None))[0], value("cfg", "segment.ms")), (0, "604800000"), "DELETE: the default again")
tap.eq((edit("cfg", (APPEND, "cleanup.policy", "compact"))[0], value("cfg", "cleanup.policy")), (0, "delete,compact"), "APPEND to a list")
tap.eq((edit("cfg", (SUBTRACT, "cleanup.policy", "compact"))[0], value("cfg", "cleanup.policy")), (0, "delete"), "SUBTRACT from a list")
tap.eq((edit("cfg", (SET, "segment.ms", "7"), validate=True)[0], value("cfg", "segment.ms")), (0, "604800000"), "validate-only changes nothing")
for code, ops in ((40, [(SET, "nope", "1")]), (40, [(SET, "retention.ms", "x")]), (42, [(SET, "retention.ms", None)]), (40, [(APPEND, "retention.ms", "1")]),
                  (42, [(SET, "retention.ms", "1"), (SET, "retention.ms", "2")]), (40, [(SET, "segment.ms", "5"), (SET, "cleanup.policy", "shred")]), (42, [(9, "retention.ms", "1")]),
                  (40, [(SET, "min.compaction.lag.ms", "10"), (SET, "max.compaction.lag.ms", "5")])):
    e, m = edit("cfg", *ops)
    tap.ok((e == code and m) or (ops[0][0] == 9 and e == -1), "refused with %d: %s" % (code, ops), (e, m))
tap.eq((value("cfg", "segment.ms"), edit("gone", (SET, "retention.ms", "1"))[0]), ("604800000", 3), "all or nothing; a topic that is not there")
for v in range(3):
    tap.eq((replace("cfg", v, retention_bytes="100%d" % v)[0], value("cfg", "retention.bytes"), value("cfg", "retention.ms")), (0, "100%d" % v, "604800000"), "AlterConfigs v%d replaces all" % v)
tap.eq((replace("cfg", retention_ms="1", validate=True)[0], value("cfg", "retention.ms")), (0, "604800000"), "validate-only changes nothing")
tap.eq((replace("cfg", nope="1")[0], replace("gone", retention_ms="1")[0], value("cfg", "retention.bytes")), (40, 3, "1002"), "an unknown name, an unknown topic")

tap.eq((replace("cfg", retention_ms=None)[0], replace("gone", nope=None)[0], edit("gone", (SET, "nope", None))[0], edit("gone", (DELETE, "retention.ms", None))[0]), (42, 42, 42, 3),
       "a null value is INVALID_REQUEST, before anything else is looked at")
for api, v, op in (("AlterConfigs", 2, {}), ("IncrementalAlterConfigs", 1, dict(config_operation=SET))):
    one = lambda name, kind=2: dict(resource_type=kind, resource_name=name, configs=[dict(name="retention.bytes", value="77", **op)])
    r = c.ask(api, v, resources=[one("cfg"), one("gone"), one("cfg"), one("v0"), one("cfg"), one("gone", 4)], validate_only=False).responses
    tap.eq([x.error_code for x in r], [42, 3, 42, 0, 42, 42], "%s: a resource that is named again is refused each time, and no other" % api)
    tap.ok("once" in r[0].error_message or KAFKA, "and the text says why", r[0].error_message)
    tap.eq(value("cfg", "retention.bytes"), "1002", "nothing of it is altered")

# ---- what the settings do
put = lambda t, data, **k: c.produce(t, data, **k)
c.create("small", max_message_bytes=1000)
tap.eq((put("small", pack([(None, b"x" * 800)])).error_code, put("small", pack([(None, b"x" * 1000)])).error_code), (0, 10), "max.message.bytes")
edit("small", (SET, "max.message.bytes", "5000"))
time.sleep(KAFKA)
tap.eq(put("small", pack([(None, b"x" * 1000)])).error_code, 0, "altered, it holds at once (Kafka: soon)")

c.create("stamp", message_timestamp_type="LogAppendTime")
t0 = now()
p = put("stamp", pack([(None, b"a", 1000), (None, b"b", 2000)]))
tap.ok(p.error_code == 0 and t0 - 1000 <= p.log_append_time_ms <= now() + 1000, "LogAppendTime: the answer says when", p)
rows = unpack(c.fetch("stamp", 0).records)
tap.eq([(r.timestamp, r.ts_type) for r in rows], [(p.log_append_time_ms, 1)] * 2, "and the records carry it (CRC right)")
tap.eq(c.offset("stamp", p.log_append_time_ms), (0, p.log_append_time_ms, 0), "offset by that time")
p = put("stamp", pack([(None, b"a", 1000)], "gzip"))
rows = unpack(c.fetch("stamp", 2).records)
tap.eq([(r.timestamp, r.codec) for r in rows][-1:], [(p.log_append_time_ms, 1)], "a compressed batch too, still compressed")
c.create("bounds", message_timestamp_before_max_ms=60000, message_timestamp_after_max_ms=60000)
for d, want in ((0, 0), (-50000, 0), (-120000, 32), (50000, 0), (120000, 32)):
    p = put("bounds", pack([(None, b"v", now()), (None, b"v", now() + d)]))
    tap.eq(p.error_code, want, "timestamp bounds: %+d s" % (d // 1000))
    if want:
        tap.ok([e.batch_index for e in p.record_errors] == [1] and p.error_message, "record_errors names the record", p)

text = b"to be compressed " * 100
for codec in ("gzip", "snappy", "lz4", "zstd", "uncompressed"):
    t = "as-" + codec
    c.create(t, compression_type=codec)
    base = now()
    put(t, pack([(b"k%d" % i, text, base + i) for i in range(20)]), version=8)
    put(t, pack([(b"k", text)], "lz4" if codec == "gzip" else "gzip"), version=8)
    data = c.fetch(t, 0).records
    got = list(batches(data))
    want = {"uncompressed": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}[codec]
    tap.eq([(b.attributes & 7, b.ok) for b in got], [(want, True)] * 2, "compression.type=%s: kept in that codec, whatever came" % codec)
    if want < 2:
        tap.eq([(r.offset, r.key, r.timestamp) for r in unpack(data)][:20], [(i, b"k%d" % i, base + i) for i in range(20)], "all records as they were")
    if want:
        tap.ok(got[0].size < len(text) * 10, "and it is smaller", got[0].size)
for codec in ("gzip", "snappy", "lz4", "zstd"):
    c.create("in-" + codec)
    one = pack([(b"k", text), (b"l", text)], codec)
    tap.eq((put("in-" + codec, one).error_code, [b.attributes & 7 for b in batches(c.fetch("in-" + codec, 0).records)]), (0, [dict(gzip=1, snappy=2, lz4=3, zstd=4)[codec]]), "compression.type=producer: %s stays" % codec)

c.create("comp", cleanup_policy="compact")
p = put("comp", pack([(b"k", b"v"), (None, b"v"), (b"k", b"v"), (None, b"w")]))
tap.eq((p.error_code, [e.batch_index for e in p.record_errors]), (87, [1, 3]), "cleanup.policy=compact: null keys are refused, and which")
tap.ok(p.error_message, "with a message")
tap.eq(put("comp", pack([(b"k", b"v"), (b"k", None)])).error_code, 0, "keys and tombstones are taken")

c.create("isr", min_insync_replicas=2)
tap.eq([put("isr", pack([(None, b"v")]), acks=a).error_code for a in (-1, 1)], [0, 0], "min.insync.replicas above the number of replicas counts as that number")

blob = pack([(None, b"x" * 200000)])
c.create("roll", segment_bytes=1048576, retention_bytes=-1)
for _ in range(20):
    put("roll", blob)
r = c.ask("ListOffsets", 0, replica_id=-1, topics=[dict(name="roll", partitions=[dict(partition_index=0, timestamp=-1, max_num_offsets=100)])])
tap.eq(r.topics[0].partitions[0].old_style_offsets, [20, 15, 10, 5, 0], "segment.bytes: a new segment every five batches")
tap.eq(put("roll", pack([(None, b"x" * 1048512)])).error_code, 18, "a batch larger than a segment is RECORD_LIST_TOO_LARGE")


def start_of(name):
    return c.offset(name, -2)[2]


def wait_start(name, want):
    until(lambda: start_of(name) == want)
    return start_of(name)


edit("roll", (SET, "retention.bytes", "1500000"))
tap.eq(wait_start("roll", 10), 10, "retention.bytes: whole old segments go as long as enough is left")
p = c.fetch("roll", 9)
tap.eq((p.error_code, c.fetch("roll", 10).error_code), (1, 0), "what is gone is out of range")
c.create("old", segment_bytes=1048576, retention_ms=-1)
for i in range(12):
    put("old", pack([(None, b"x" * 200000, now() - (7200000 if i < 10 else 0))]))
edit("old", (SET, "retention.ms", "3600000"))
tap.eq(wait_start("old", 10), 10, "retention.ms: segments whose newest record is too old go")
c.create("tick", segment_ms=200)
put("tick", pack([(None, b"a", now() - 5000)]))
put("tick", pack([(None, b"b", now())]))
r = c.ask("ListOffsets", 0, replica_id=-1, topics=[dict(name="tick", partitions=[dict(partition_index=0, timestamp=-1, max_num_offsets=100)])])
tap.eq(r.topics[0].partitions[0].old_style_offsets, [2, 1, 0], "segment.ms: a batch much newer than the segment's first starts a new one")
edit("tick", (SET, "retention.ms", "1"))
tap.eq(wait_start("tick", 2), 2, "retention.ms=1 empties the log, the active segment too")
tap.eq(put("tick", pack([(None, b"c")])).base_offset, 2, "and it goes on at the next offset")

# ---- delete


def delete(version, **topics):
    r = c.ask("DeleteTopics", version, timeout_ms=10000, **topics)
    return [(t.name, t.error_code) for t in r.responses]


for v in range(6):
    tap.eq(delete(v, topic_names=["v%d" % v]), [("v%d" % v, 0)], "DeleteTopics v%d" % v)
tid = c.topic_id("v6")
tap.eq(delete(6, topics=[dict(name=None, topic_id=tid), dict(name="v7")]), [("v6", 0), ("v7", 0)], "DeleteTopics v6 by id and by name")
tap.eq([e for _, e in delete(6, topics=[dict(name=None, topic_id=uuid.uuid4())])], [100], "an unknown id")
tap.eq([e for _, e in delete(6, topics=[dict(name="cfg", topic_id=c.topic_id("cfg"))])], [42], "id and name both")
for name, v in ((None, 12), ("", 12), ("", 13)):
    t = c.ask("Metadata", v, topics=[dict(name=name, topic_id=c.topic_id("cfg"))]).topics[0]
    tap.eq((t.error_code, t.name), (0, "cfg"), "Metadata v%d by id, with the name %r" % (v, name))
t = c.ask("Metadata", 12, topics=[dict(name="", topic_id=tid)]).topics[0]
tap.eq((t.error_code, t.name, t.topic_id), (100, None, tid), "Metadata by the id of a deleted topic")
tap.eq(delete(3, topic_names=["gone"]), [("gone", 3)], "a topic that is not there")
tap.ok(not names() & {"v%d" % v for v in range(8)}, "they are gone", names())
tap.eq((put("v1", pack([(None, b"v")])).error_code, c.fetch("v1", 0).error_code, parts_of("v1")[0]), (3, 3, 3), "for everybody")
until(lambda: create(4, topic("v1"))[0][1] != 36)
tap.eq(put("v1", pack([(None, b"v")])).base_offset, 0, "made anew it is empty")
old = c.topic_id("full")
delete(3, topic_names=["full"])

# ---- restart
before = c.ask("Metadata", 10, topics=None)
for how in ("stop", "kill"):
    getattr(br, how)()
    br.start()
    c = Client(br.port)
    key = lambda m: sorted((t.name, str(t.topic_id), len(t.partitions)) for t in m.topics)
    tap.eq(key(c.ask("Metadata", 10, topics=None)), key(before), how + ": topics, ids and partitions are as before")
    tap.eq((value("cfg", "retention.bytes"), value("small", "max.message.bytes"), value("tick", "segment.ms"), value("as-zstd", "compression.type")), ("1002", "5000", "200", "zstd"), how + ": settings too")
    tap.eq((put("small", pack([(None, b"x" * 6000)])).error_code, put("comp", pack([(None, b"v")])).error_code), (10, 87), how + ": and they hold")
    tap.eq((start_of("roll"), c.offset("roll", -1)[2], start_of("old")), (10, 20, 10), how + ": retention's work is not undone")

if not KAFKA:
    doomed = lambda: [d for d in os.listdir(br.data) if d.startswith("v6-") or "-delete" in d]
    until(lambda: not doomed())
    tap.eq(doomed(), [], "the folders of deleted topics go after log.segment.delete.delay.ms")
tap.ok(br.alive(), "the broker is alive")
tap.eq(br.stop(), 0, "and stops cleanly")
br.close()
tap.done()
