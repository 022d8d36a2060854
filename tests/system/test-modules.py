# SPDX-License-Identifier: Apache-2.0
"""Modules chosen per topic, and starts that must be refused: one clear line, exit code 1, nothing touched. (What the
daemon prints and how it reads its configuration: test-config.py.)"""
import os, shutil, signal, socket, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap, free_port
from kapi import Client
from records import pack, unpack

tap = Tap()

# ---- storage/memory beside storage/segment, topic by topic
br = Broker("load = storage/memory", "storage.memory.limit = 4MiB", "log.retention.check.interval.ms = 300")
c = Client(br.port)


def create(name, **configs):
    r = c.ask("CreateTopics", 4, timeout_ms=10000, topics=[dict(name=name, num_partitions=1, replication_factor=1, configs=[dict(name=k.replace("_", "."), value=v) for k, v in configs.items()])])
    return r.topics[0].error_code, r.topics[0].error_message


tap.eq((create("disk")[0], create("ram", storage_engine="memory")[0]), (0, 0), "a topic on disk, a topic in memory")
e, m = create("bad", storage_engine="papyrus")
tap.ok(e == 40 and "papyrus" in m, "an engine that is not loaded: INVALID_CONFIG, named", m)
e, m = create("bad", partitioner="astrology")
tap.ok(e == 40 and "astrology" in m, "a partitioner that is not there too", m)
tap.eq(create("part", partitioner="crc32")[0], 0, "a partitioner that is there")
rows = c.ask("DescribeConfigs", 1, resources=[dict(resource_type=2, resource_name="ram", configuration_keys=["storage.engine"])]).results[0].configs
tap.eq([(x.name, x.value, x.config_source) for x in rows], [("storage.engine", "memory", 1)], "DescribeConfigs shows the engine")
r = c.ask("IncrementalAlterConfigs", 1, resources=[dict(resource_type=2, resource_name="ram", configs=[dict(name="storage.engine", config_operation=0, value="segment")])]).responses[0]
tap.ok(r.error_code == 40 and r.error_message, "the engine of a topic that is there cannot be changed", r)
pid = c.producer_id()
for t in ("disk", "ram"):
    tap.eq([c.produce(t, pack([(b"k", b"%d" % i)], "gzip", pid=pid, epoch=0, seq=i)).base_offset for i in range(5)], list(range(5)), t + ": takes records")
    tap.eq(c.produce(t, pack([(b"k", b"4")], "gzip", pid=pid, epoch=0, seq=4)).base_offset, 4, t + ": knows duplicates")
    tap.eq([(x.offset, x.value) for x in unpack(c.fetch(t, 2).records)], [(i, b"%d" % i) for i in (2, 3, 4)], t + ": gives them back")
    tap.eq((c.offset(t, -2)[2], c.offset(t, -1)[2], c.offset(t, 1)[2]), (0, 5, 0), t + ": offsets")
tap.eq([os.path.isdir(os.path.join(br.data, d)) for d in ("disk-0", "ram-0")], [True, False], "only one has a folder")
for i in range(40):
    if c.produce("ram", pack([(None, b"x" * 200000)])).error_code:
        break
tap.eq((i, c.offset("ram", -1)[2]), (39, 45), "8 MB into 4 MiB of memory are taken")
first = c.offset("ram", -2)[2]
tap.ok(first > 20 and c.fetch("ram", first).error_code == 0 and c.fetch("ram", 0).error_code == 1, "the oldest are given up", first)
br.stop()
br.start()
c = Client(br.port)
tap.eq((len(unpack(c.fetch("disk", 0).records)), c.offset("ram", -2)[2] == c.offset("ram", -1)[2]), (5, True), "after a restart: the disk's records are there, memory's are gone")
p = c.produce("ram", pack([(None, b"again")]))
tap.eq((p.error_code, unpack(c.fetch("ram", p.base_offset).records)[-1].value), (0, b"again"), "and its topic goes on")

# ---- starts that are refused
tmp = tempfile.mkdtemp(prefix="stoker-test.")
env = dict(os.environ)
env.setdefault("STOKER_MODULE_PATH", os.path.join(BUILD, "modules"))


def start(data, port=None, *more):
    args = ["-o", "listeners=PLAINTEXT://127.0.0.1:%d" % (port or free_port()), "-o", "log.dirs=" + data]
    for m in more:
        args += ["-o", m]
    p = subprocess.run([os.environ.get("STOKERD", os.path.join(BUILD, "stokerd"))] + args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, timeout=30, cwd=tmp)
    return p.returncode, p.stdout.decode()


def refused(name, got, *texts):
    rc, out = got
    tap.ok(rc == 1 and len(out.splitlines()) == 1 and all(t in out for t in texts), "refused in one line: " + name, "exit code %d\n%s" % (rc, out))


def folder(name, **files):
    d = os.path.join(tmp, name)
    os.mkdir(d)
    for f, text in files.items():
        with open(os.path.join(d, f.replace("_", ".")), "w") as out:
            out.write(text)
    return d


d = folder("photos", holiday_jpg="x")
refused("a folder of somebody else", start(d), d, "holiday.jpg")
tap.eq(os.listdir(d), ["holiday.jpg"], "which is left alone")
d = folder("kraft", meta_properties="version=1\nnode.id=1\ncluster.id=x\n")
refused("a directory of a KRaft cluster", start(d), d, "KRaft")
d = folder("broken", coordinator_db="no database at all\n" * 100)
refused("a coordinator's database that is damaged", start(d), d, "coordinator.db")
open(os.path.join(tmp, "file"), "w").close()
refused("a file in the place of the directory", start(os.path.join(tmp, "file")), os.path.join(tmp, "file"))
refused("a directory that is in use", start(br.data), br.data, "in use")
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    s.listen()
    refused("a port that another program has", start(os.path.join(tmp, "p"), s.getsockname()[1]), "127.0.0.1:%d" % s.getsockname()[1])
rc = br.stop()
refused("the directory of another broker id", start(br.data, None, "broker.id=7"), br.data, "broker 0")
refused("the directory of another cluster", start(os.path.join(tmp, "p") + "," + br.data), "cluster")
br.start()
c = Client(br.port)
tap.eq(len(unpack(c.fetch("disk", 0).records)), 5, "after all that the broker starts on its own directory")
tap.eq((rc, br.stop()), (0, 0), "and stops cleanly")

br.close()
shutil.rmtree(tmp, ignore_errors=True)
tap.done()
