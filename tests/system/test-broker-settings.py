#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Settings of brokers that clients alter: this broker's and the defaults of all, with Kafka's precedence over the file; in force at
once, for topics that inherit them too; shown with their sources; there again after a restart."""
import os, signal, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *
import kapi

TOPIC, BROKER, LOGGER = 2, 4, 8
SET, DELETE, APPEND, SUBTRACT = 0, 1, 2, 3
INVALID_CONFIG, INVALID_REQUEST = 40, 42

tap = Tap()
br = Broker("log.retention.ms = 2d", "log.segment.bytes = 20000000", "logging.level = info")
c = kapi.Client(br.port)


def describe(kind, name, keys=None, version=4):
    r = c.ask("DescribeConfigs", version, include_synonyms=True, resources=[dict(resource_type=kind, resource_name=name, configuration_keys=keys)]).results[0]
    return r.error_code, {x.name: x for x in r.configs}, r.error_message


def shown(kind, name, key):
    """Value, source, and the sources and values of the synonyms."""
    x = describe(kind, name, [key])[1][key]
    return x.value, x.config_source, [(y.source, y.value) for y in x.synonyms]


def edit(name, *ops, kind=BROKER, version=1, validate=False):
    r = c.ask("IncrementalAlterConfigs", version, validate_only=validate, resources=[dict(resource_type=kind, resource_name=name,
              configs=[dict(name=k, config_operation=op, value=v) for op, k, v in ops])]).responses[0]
    return r.error_code, r.error_message or ""


def replace(name, version=2, validate=False, kind=BROKER, **configs):
    r = c.ask("AlterConfigs", version, validate_only=validate, resources=[dict(resource_type=kind, resource_name=name,
              configs=[dict(name=k.replace("_", "."), value=v) for k, v in configs.items()])]).responses[0]
    return r.error_code, r.error_message or ""


def refused(got, code, text, name):
    tap.ok(got[0] == code and text in got[1], name, got)


WEEK, TWO_DAYS = "604800000", "172800000"
tap.eq(create_topic(Conn(br.port), "t"), 0, "a topic that inherits")
tap.eq(create_topic(Conn(br.port), "own"), 0, "and one with a setting of its own")
tap.eq(edit("own", (SET, "retention.ms", "5"), kind=TOPIC)[0], 0, "which is set")
tap.eq(shown(TOPIC, "t", "retention.ms"), (TWO_DAYS, 4, [(4, TWO_DAYS), (5, WEEK)]), "the file's value, before anything is altered")
tap.eq(describe(BROKER, "")[:2], (0, {}), "there are no defaults of all brokers yet")

# ---- precedence
tap.eq(edit("", (SET, "log.retention.ms", "3000000"))[0], 0, "a default of all brokers")
tap.eq(shown(BROKER, "0", "log.retention.ms"), ("3000000", 3, [(3, "3000000"), (4, TWO_DAYS), (5, WEEK)]), "wins over the file")
tap.eq(shown(TOPIC, "t", "retention.ms"), ("3000000", 3, [(3, "3000000"), (4, TWO_DAYS), (5, WEEK)]), "and topics inherit it")
tap.eq(edit("0", (SET, "log.retention.ms", "1h"))[0], 0, "this broker's own")
all_four = [(2, "3600000"), (3, "3000000"), (4, TWO_DAYS), (5, WEEK)]
tap.eq(shown(BROKER, "0", "log.retention.ms"), ("3600000", 2, all_four), "wins over that, and is kept in Kafka's spelling")
tap.eq(shown(TOPIC, "t", "retention.ms"), ("3600000", 2, all_four), "for topics too")
tap.eq(shown(TOPIC, "own", "retention.ms"), ("5", 1, [(1, "5")] + all_four), "but not over a topic's own")
e, rows, _ = describe(BROKER, "")
tap.eq((e, {k: (x.value, x.config_source, x.read_only, [(y.source, y.value) for y in x.synonyms]) for k, x in rows.items()}),
       (0, {"log.retention.ms": ("3000000", 3, False, [(3, "3000000")])}), "the defaults alone")
x = describe(BROKER, "0")[1]
tap.eq((x["log.retention.ms"].read_only, x["num.partitions"].read_only, x["log.retention.hours"].read_only, x["log.segment.bytes"].config_source,
        x["num.partitions"].config_source), (False, True, True, 4, 5), "what can be altered is not read-only")
for v in range(0, 4):
    e, rows, _ = describe(BROKER, "0", ["log.retention.ms"], v)
    y = rows["log.retention.ms"]
    tap.eq((e, y.value, y.is_default if v == 0 else y.config_source), (0, "3600000", False if v == 0 else 2), "DescribeConfigs v%d" % v)

# ---- in force
big = batch([(b"k", b"x" * 5000)])
p = Conn(br.port)
tap.eq(produce(p, "t", 0, big)[0], 0, "5000 bytes are taken")
tap.eq(edit("0", (SET, "message.max.bytes", "2000"))[0], 0, "message.max.bytes is lowered")
tap.eq(produce(p, "t", 0, big)[0], 10, "and holds when that is answered")
tap.eq(shown(TOPIC, "t", "max.message.bytes")[:2], ("2000", 2), "max.message.bytes of the topic")
tap.eq(edit("0", (DELETE, "message.max.bytes", None))[0], 0, "it is taken away")
tap.eq(produce(p, "t", 0, big)[0], 0, "5000 bytes are taken again")
tap.eq(edit("", (APPEND, "log.cleanup.policy", "compact"))[0], 0, "APPEND")
tap.eq(shown(BROKER, "0", "log.cleanup.policy"), ("delete,compact", 3, [(3, "delete,compact"), (5, "delete")]), "starts from what holds without")
tap.eq(edit("", (SUBTRACT, "log.cleanup.policy", "delete"))[0], 0, "SUBTRACT")
tap.eq(shown(TOPIC, "t", "cleanup.policy")[:2], ("compact", 3), "leaves the rest")
tap.eq(edit("", (DELETE, "log.cleanup.policy", None))[0], 0, "DELETE")
tap.eq(shown(TOPIC, "t", "cleanup.policy")[:2], ("delete", 5), "and the default is back")
tap.eq(edit("0", (SET, "logging.level", "debug"))[0], 0, "more log lines, without a restart")
tap.eq(edit("0", (SET, "logging.level", "info"))[0], 0, "and fewer")

# ---- the whole set
for v in (0, 1, 2):
    tap.eq((replace("0", v, log_segment_bytes="3000000%d" % v)[0], shown(BROKER, "0", "log.segment.bytes")[:2], shown(BROKER, "0", "log.retention.ms")[:2]),
           (0, ("3000000%d" % v, 2), ("3000000", 3)), "AlterConfigs v%d replaces the layer" % v)
tap.eq((edit("0", (SET, "log.retention.ms", "3600000"), version=0)[0], shown(BROKER, "0", "log.segment.bytes")[0]), (0, "30000002"), "IncrementalAlterConfigs v0 leaves the rest")

# ---- validate only
tap.eq(edit("0", (SET, "log.retention.ms", "77"), validate=True)[0], 0, "only validated")
tap.eq(replace("", validate=True)[0], 0, "the other way too")
tap.eq(shown(BROKER, "0", "log.retention.ms")[0], "3600000", "nothing has changed")
refused(edit("0", (SET, "log.retention.ms", "soon"), validate=True), INVALID_REQUEST, "soon", "what is wrong is said")

# ---- refused
refused(edit("0", (SET, "num.partitions", "3")), INVALID_REQUEST, "num.partitions cannot be updated dynamically", "a setting that needs a restart")
refused(edit("", (SET, "broker.id", "3")), INVALID_REQUEST, "broker.id", "the same as default of all")
refused(edit("0", (SET, "log.retention.hours", "3")), INVALID_REQUEST, "log.retention.hours", "a coarse name: only in the file, as in Kafka")
refused(edit("0", (SET, "log.retention.ms", "-5")), INVALID_REQUEST, "too small", "a value out of range")
refused(edit("0", (SET, "log.retention.ms", "0")), INVALID_REQUEST, "a retention of 0", "a value that the whole does not allow")
refused(edit("0", (SET, "no.such.setting", "1")), INVALID_CONFIG, "brokers have no setting no.such.setting", "a name that nobody knows")
refused(edit("0", (SET, "log.retension.ms", "1")), INVALID_CONFIG, "did you mean log.retention.ms?", "a slip of the pen")
refused(edit("0", (SET, "ssl.keystore.location", "/x")), INVALID_REQUEST, "ssl.keystore.location", "a setting that is refused in the file")
refused(edit("0", (SET, "log.retention.ms", None)), INVALID_REQUEST, "SET needs a value", "no value")
refused(edit("0", (SET, "log.retention.ms", "1"), (SET, "log.retention.ms", "2")), INVALID_REQUEST, "twice", "a setting twice")
refused(edit("0", (APPEND, "log.retention.ms", "1")), INVALID_CONFIG, "not a list", "APPEND to a number")
refused(edit("1", (SET, "log.retention.ms", "1")), INVALID_REQUEST, "this is broker 0", "another broker's")
refused(edit("x", (SET, "log.retention.ms", "1")), INVALID_REQUEST, "this is broker 0", "no broker's")
refused(replace("0", log_retention_ms="1", num_partitions="3"), INVALID_REQUEST, "num.partitions", "one of two")
tap.eq(shown(BROKER, "0", "log.retention.ms")[0], "3600000", "then none is altered")
tap.eq(describe(BROKER, "1")[0], INVALID_REQUEST, "another broker is not described")
for kind in (LOGGER, 16, 99):
    tap.eq((describe(kind, "0")[0], edit("0", (SET, "root", "DEBUG"), kind=kind)[0], replace("0", kind=kind)[0]), (INVALID_REQUEST,) * 3, "resource type %d" % kind)
r = c.ask("IncrementalAlterConfigs", 1, resources=[
    dict(resource_type=BROKER, resource_name="", configs=[dict(name="log.roll.ms", config_operation=SET, value="90000")]),
    dict(resource_type=TOPIC, resource_name="t", configs=[dict(name="segment.ms", config_operation=SET, value="80000")]),
    dict(resource_type=TOPIC, resource_name="nobody", configs=[]),
    dict(resource_type=BROKER, resource_name="0", configs=[dict(name="log.roll.ms", config_operation=SET, value="70000")])])
tap.eq([x.error_code for x in r.responses], [0, 0, 3, 0], "several resources in one request, each for itself")
tap.eq(shown(TOPIC, "t", "segment.ms"), ("80000", 1, [(1, "80000"), (2, "70000"), (3, "90000"), (5, WEEK)]), "and each holds")
tap.eq(edit("0", (DELETE, "never.there", None))[0], 0, "taking away what is not there is fine")

# ---- with a reload of the file
def reload_with(*lines):
    since = os.path.getsize(br.log)
    br.configure(*lines)
    br.proc.send_signal(signal.SIGHUP)

    def said():
        with open(br.log) as f:
            got = f.read()[since:]
        return got if "config.reloaded" in got or "config.kept" in got else ""

    return until(said)


reload_with("log.retention.ms = 4d", "log.index.interval.bytes = 8192", "num.partitions = 5")
tap.eq(shown(BROKER, "0", "log.retention.ms"), ("3600000", 2, [(2, "3600000"), (3, "3000000"), (4, "345600000"), (5, WEEK)]), "SIGHUP: the file's value changes below")
tap.eq(shown(BROKER, "0", "log.index.interval.bytes")[:2], ("8192", 4), "and what is only in the file is in force")
tap.eq(edit("0", (SET, "log.index.interval.bytes", "9000"))[0], 0, "altered after that")
tap.eq(shown(BROKER, "0", "log.index.interval.bytes")[2], [(2, "9000"), (4, "8192"), (5, "4096")], "it goes over the new file")
tap.eq(edit("0", (DELETE, "log.index.interval.bytes", None))[0], 0, "and away again")
tap.eq((shown(BROKER, "0", "log.index.interval.bytes")[:2], shown(BROKER, "0", "num.partitions")[:2]), (("8192", 4), ("1", 5)), "what needs a restart still does")


def named(kind, name, key):
    """Value, source, and the synonyms with their names."""
    x = describe(kind, name, [key])[1][key]
    return x.value, x.config_source, [(y.source, y.name, y.value) for y in x.synonyms]


# Coarser names. Kafka 3.9 shows them beside a finer one that is set, as here; where they are alone it says nothing of them, and DEFAULT.
mine = [(2, "log.retention.ms", "3600000"), (3, "log.retention.ms", "3000000")]
day = [(4, "log.retention.hours", "24"), (5, "log.retention.ms", WEEK)]
reload_with("log.retention.hours = 24", "log.roll.hours = 48", "log.index.interval.bytes = 8192")
tap.eq(named(TOPIC, "t", "retention.ms"), ("3600000", 2, mine + day), "SIGHUP: log.retention.hours below the dynamic settings")
tap.eq(named(BROKER, "0", "log.roll.ms")[2], [(2, "log.roll.ms", "70000"), (3, "log.roll.ms", "90000"), (4, "log.roll.hours", "48"), (5, "log.roll.ms", WEEK)], "log.roll.hours")
tap.eq((edit("0", (DELETE, "log.retention.ms", None))[0], edit("", (DELETE, "log.retention.ms", None))[0]), (0, 0), "those are taken away")
tap.eq(named(TOPIC, "t", "retention.ms"), ("86400000", 4, day), "the topic's value comes from log.retention.hours in the file")
tap.eq(named(BROKER, "0", "log.retention.ms"), ("86400000", 4, day), "so does the broker's")
tap.eq(named(BROKER, "0", "log.retention.hours"), ("24", 4, [(4, "log.retention.hours", "24"), (5, "log.retention.hours", "168")]), "and log.retention.hours itself")
tap.eq([named(BROKER, "0", k)[1] for k in ("log.retention.minutes", "log.roll.jitter.ms")], [5, 5], "what is set nowhere is a default")
reload_with("log.retention.ms = 4d", "log.retention.minutes = 60", "log.retention.hours = 24", "log.index.interval.bytes = 8192", "num.partitions = 5")
tap.eq(named(TOPIC, "t", "retention.ms"), ("345600000", 4, [(4, "log.retention.ms", "345600000"), (4, "log.retention.minutes", "60")] + day), "all three: the finest wins")
reload_with("log.retention.ms = 4d", "log.index.interval.bytes = 8192", "num.partitions = 5")
tap.eq((edit("", (SET, "log.retention.ms", "3000000"))[0], edit("0", (SET, "log.retention.ms", "3600000"))[0]), (0, 0), "they are set again")

# ---- restart, kill
before = [shown(BROKER, "0", k) for k in ("log.retention.ms", "log.roll.ms", "log.segment.bytes")]
tap.eq(br.stop(), 0, "clean stop")
br.start()
c = kapi.Client(br.port)
tap.eq([shown(BROKER, "0", k) for k in ("log.retention.ms", "log.roll.ms", "log.segment.bytes")], before, "after a restart all is there")
tap.eq(shown(TOPIC, "t", "retention.ms")[:2], ("3600000", 2), "for topics too")
tap.eq(edit("", (SET, "log.flush.interval.messages", "99"))[0], 0, "one more")
br.kill()
br.start()
c = kapi.Client(br.port)
tap.eq(shown(TOPIC, "t", "flush.messages")[:2], ("99", 3), "what was answered survives kill -9")
tap.eq((replace("")[0], replace("0")[0], describe(BROKER, "")[1]), (0, 0, {}), "an empty set takes everything away")
tap.eq(shown(BROKER, "0", "log.retention.ms"), ("345600000", 4, [(4, "345600000"), (5, WEEK)]), "and the file holds again")
tap.eq(br.stop(), 0, "clean stop")
br.close()
tap.done()
