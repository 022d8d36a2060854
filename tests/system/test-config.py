#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The daemon and its configuration: what it prints, what it refuses and how, what a running one takes over (SIGHUP, SIGUSR1)."""
import os, shutil, subprocess, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import *

tap = Tap()
tmp = tempfile.mkdtemp(prefix="stoker-test.")
exe = os.environ.get("STOKERD", os.path.join(BUILD, "stokerd"))
env = dict(os.environ)
env.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))


def run(*args):
    p = subprocess.run([exe] + list(args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=60, cwd=tmp)
    return p.returncode, p.stdout.decode()


def in_order(got, *texts):
    at = [got.find(t) for t in texts]
    return tap.ok(-1 not in at and at == sorted(at), "all at once, in the order of the file", "%r in:\n%s" % (at, got))


def conf(*lines):
    path = os.path.join(tmp, "stoker.conf")
    with open(path, "w") as f:
        f.write("".join(l + "\n" for l in lines))
    return path


def says(got, rc, *texts):
    missing = [t for t in texts if t not in got[1]]
    return tap.ok(got[0] == rc and not missing, texts[0] if texts else "exit %d" % rc,
                  "exit code %d; lacks %r in:\n%s" % (got[0], missing, got[1]))


# ---- what only prints
says(run("--version"), 0, "stokerd 0.", "module API 1.0")
rc, table = run("--list-modules")
tap.eq(rc, 0, "--list-modules: no module is refused")
modules = ["/".join(l.split()[:2]) for l in table.splitlines()[1:]]
for m in ("protocol/kafka", "storage/segment", "storage/memory", "coordinator/local", "coordinator/zookeeper", "cleaner/delete", "codec/gzip", "codec/snappy",
          "codec/lz4", "codec/zstd", "partitioner/round-robin", "partitioner/murmur2", "partitioner/crc32", "partitioner/fnv1a",
          "partitioner/sticky", "partitioner/random"):
    tap.ok(m in modules, "--list-modules: " + m, table)
for m in modules:
    says(run("--describe", m), 0, m)
says(run("--describe", "log.retention.ms"), 0, "log.retention.ms = 7d")
rc, sample = run("--print-sample-conf")
with open(os.path.join(SRC, "conf", "stoker.conf")) as f:
    tap.eq(sample, f.read(), "--print-sample-conf is conf/stoker.conf")

# ---- --check-config
kafka = os.path.join(SRC, "tests", "unit", "config", "kafka-3.9-server.properties")
says(run("--check-config"), 0, "the configuration is valid")
got = run("--check-config", kafka)
says(got, 0, "the configuration is valid")
tap.ok("zookeeper.connect" not in got[1], "Kafka's own file: its zookeeper.connect is understood", got[1])
says(run("--check-config", os.path.join(SRC, "conf", "stoker.conf")), 0, "the configuration is valid")
bad = conf("num.partitions = many", "listners = PLAINTEXT://:1", "ssl.keystore.location = /x", "load = codec/nope", "broker.id = 1", "broker.id = 2")
says(run("--check-config", bad), 1, "stoker.conf:1: num.partitions: \"many\" is not a whole number",
     "stoker.conf:2: listners: no such setting; did you mean listeners?", "stoker.conf:3: ssl.keystore.location is refused",
     "stoker.conf:6: broker.id is set again: it is set at", "stoker.conf:4: load: module codec/nope: there is no file")
in_order(run("--check-config", bad)[1], *("stoker.conf:%d: " % i for i in (1, 2, 3, 4, 6)))
says(run("--check-config", conf("load = codec/nope", "storage.segment.files.maxx = 3")), 1, "stoker.conf:1: load: module codec/nope: there is no file",
     "stoker.conf:2: storage.segment.files.maxx: module segment has no such option; did you mean files.max?")
says(run("--check-config", conf("storage.default.use = memory")), 1, "there is no storage instance memory; there are: segment")
says(run("--check-config", conf("storage.default.use = memory", "load = storage/memory")), 0, "the configuration is valid")
says(run("--check-config", "/nonexistent.conf"), 1, "cannot read the configuration file /nonexistent.conf")

# ---- starting what cannot be
says(run(conf("zookeeper.connect = 127.0.0.1:%d" % free_port(), "zookeeper.connection.timeout.ms = 300", "log.dirs = " + os.path.join(tmp, "never"))), 1,
     "gave a session within 300 ms")
shutil.rmtree(os.path.join(tmp, "never"))
bad = conf("num.partitions = many", "listners = PLAINTEXT://:1", "broker.id = 1", "broker.id = 2")
says(run(bad), 1, "num.partitions", "listners", "broker.id is set again")
mixed = conf("storage.memory.limit = lots", "num.partitions = many", "load = storage/memory", "load = codec/nope", "codec.nope.level = 3")
got = run(mixed)
says(got, 1, "stoker.conf:1: storage.memory.limit: \"lots\" is not a size", "stoker.conf:4: load: module codec/nope: there is no file")
in_order(got[1], *("stoker.conf:%d: " % i for i in (1, 2, 4)))
tap.ok("stoker.conf:5" not in got[1], "what only follows from another error is not said", got[1])
got = run(conf("storage.memory.limit = lots", "load = storage/memory", "load = codec/nope"))
says(got, 1, "stoker.conf:1: storage.memory.limit: \"lots\" is not a size", "the configuration has 2 errors")
in_order(got[1], "stoker.conf:1: ", "stoker.conf:3: ")
tap.eq(sorted(os.listdir(tmp)), ["stoker.conf"], "a refused start leaves nothing behind")


# ---- a running one
def logged(br, since):
    with open(br.log) as f:
        return f.read()[since:]


def wait_log(br, text, since=0):
    if not until(lambda: text in logged(br, since)):
        tap.ok(False, "the log says " + text, logged(br, since))
    return logged(br, since)


def reload_with(br, *lines):
    since = os.path.getsize(br.log)
    br.configure(*lines)
    br.proc.send_signal(signal.SIGHUP)
    return since


def broker_value(c, name):
    r = c.call(32, 0, arr([i8(4) + s("0") + arr([s(name)])]))
    r.i32()
    rows = r.arr(lambda: (r.i16(), r.s(), r.i8(), r.s(), r.arr(lambda: (r.s(), r.s(), r.i8(), r.i8(), r.i8()))))
    return dict((row[0], row[1]) for row in rows[0][4])[name]


br = Broker()
c = Conn(br.port)
tap.eq(create_topic(c, "t"), 0, "a topic")
big = batch([(b"k", b"x" * 5000)])
tap.eq(produce(c, "t", 0, big)[0], 0, "5000 bytes are taken")
since = reload_with(br, "message.max.bytes = 2000", "num.partitions = 7", "logging.areas = net=debug")
got = wait_log(br, "config.restart", since)
tap.ok("config.reloaded" in got and "message.max.bytes" in got and "settings=num.partitions" in got, "SIGHUP says what changed and what needs a restart", got)
tap.eq(broker_value(c, "message.max.bytes"), "2000", "DescribeConfigs shows the new value")
tap.eq(broker_value(c, "num.partitions"), "1", "and the old one of what needs a restart")
until(lambda: produce(c, "t", 0, big)[0] != 0)
tap.eq(produce(c, "t", 0, big)[0], 10, "topics that are there follow: 5000 bytes are too large now")
since = reload_with(br, "message.max.bytes = 3000", "log.retention.ms = often", "no.such.setting = 1", "load = codec/nope",
                    "storage.segment.files.maxx = 3")
got = wait_log(br, "config.kept", since)
tap.ok("stoker.conf:4: log.retention.ms" in got and "stoker.conf:5: no.such.setting" in got, "a wrong file is refused, with all that is wrong", got)
in_order(got, *("stoker.conf:%d: " % i for i in (4, 5, 6, 7)))
tap.eq(broker_value(c, "message.max.bytes"), "2000", "and nothing of it is taken over")
since = reload_with(br)
wait_log(br, "config.reloaded", since)
tap.eq(broker_value(c, "message.max.bytes"), "1048588", "without the line the default is back")
since = os.path.getsize(br.log)
br.proc.send_signal(signal.SIGUSR1)
wait_log(br, "metric.connections: ", since)
got = wait_log(br, "metric.topics: ", since)
tap.ok("metric.produce.records: " in got and "metric.requests: " in got and "metric.topics: " in got and "unit=records" in got, "SIGUSR1 writes the metrics to the log", got)
tap.eq(br.stop(), 0, "clean stop")
br.close()

br = Broker("load = storage/memory", "storage.default.use = memory", "logging.format = json")
c = Conn(br.port)
tap.eq(create_topic(c, "m"), 0, "a topic in memory")
tap.eq(produce(c, "m", 0, batch([(b"k", b"v")])), (0, 0), "takes records")
tap.ok(not os.path.exists(os.path.join(br.data, "m-0")), "and leaves no folder")
tap.eq(br.stop(), 0, "clean stop of it")
with open(br.log) as f:
    tap.ok(all(l.startswith('{"time":"') and l.endswith("}\n") for l in f), "log lines as JSON")
br.close()
shutil.rmtree(tmp, ignore_errors=True)
tap.done()
