# SPDX-License-Identifier: Apache-2.0
"""stoker tree: the tree of a stopped broker's directory and of a real ZooKeeper, shown decoded; looking at it changes nothing."""
import hashlib, json, os, subprocess, sys, tempfile
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import BUILD, Broker, Tap, until
from kapi import Client
from records import pack, unpack
import zookeeper

zookeeper.skip_when_missing()
tap = Tap()


def tree(*args):
    """(exit code, standard output, standard error)"""
    p = subprocess.run([os.path.join(BUILD, "stoker"), "tree"] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode()


def lines(*args):
    code, out, err = tree(*args, "--json")
    return [json.loads(l) for l in out.splitlines()] if code == 0 else (code, err)


def files(folder):
    return {n: hashlib.md5(open(os.path.join(folder, n), "rb").read()).hexdigest() for n in os.listdir(folder) if n.startswith("coordinator.db")}


def commit(c, group, offset):
    r = c.ask("OffsetCommit", 8, group_id=group, generation_id_or_member_epoch=-1, member_id="",
              topics=[dict(name="t", partitions=[dict(partition_index=0, committed_offset=offset, committed_metadata="m")])])
    return r.topics[0].partitions[0].error_code


def committed(c, group):
    r = c.ask("OffsetFetch", 7, group_id=group, topics=[dict(name="t", partition_indexes=[0])], require_stable=True)
    return r.topics[0].partitions[0].committed_offset


def fill(br):
    c = Client(br.port)
    ok = c.create("t", 2) == 0 and all(c.produce("t", pack([(b"k", v)])).error_code == 0 for v in (b"one", b"two"))
    return ok and until(lambda: commit(c, "g", 1) == 0)


# ---- a directory
br = Broker("group.initial.rebalance.delay.ms = 0")
tap.ok(fill(br), "a topic, records, an offset")
code, out, err = tree("ls", "-d", br.data)
tap.eq((code, err), (1, "stoker: %s is in use: stop the broker that runs on it first\n" % br.data), "a broker runs on it: one line says so")
br.kill()
before = files(br.data)
tap.ok("coordinator.db-wal" in before, "the broker is killed: it leaves a write-ahead log")
paths = {n["path"]: n for n in lines("ls", "-r", "-d", br.data)}
tap.eq(paths["/consumers/g/offsets/t/0"]["data"], 1, "ls: what stands only there is seen; numbers are numbers")
tap.eq(sorted(paths["/brokers/topics/t"]["data"]["partitions"]), ["0", "1"], "JSON is JSON")
tap.eq((paths["/brokers/ids/0"]["ephemeral_owner"], paths["/brokers/topics"]["ephemeral_owner"]), ("0x1", None), "the owner of an ephemeral")
tap.eq((paths["/controller_epoch"]["version"], paths["/brokers/topics"]["kind"], paths["/brokers/topics"]["data"]), (1, "null", None), "versions, null")
tap.ok(0 < paths["/brokers/topics"]["czxid"] < paths["/brokers/topics/t"]["czxid"], "transaction ids")
tap.eq(files(br.data), before, "nothing is changed by it")
tap.eq([n["path"] for n in lines("ls", "-d", br.data, "/brokers")], ["/brokers/ids", "/brokers/seqid", "/brokers/topics"], "the children only")
code, out, err = tree("get", "-d", br.data, "/controller_epoch", "/nix", "/brokers/topics/t")
tap.eq((code, err), (1, "stoker: %s: there is no node /nix\n" % br.data), "get: no such node: exit code 1")
tap.ok("  version   1\n" in out and "  data      number, 1 byte\n1\n" in out and '  "partitions" : {\n' in out, "the others are shown", out)
tap.eq(tree("get", "-d", br.data, "--raw", "/consumers/g/offsets/t/0")[1], "1", "--raw: the bytes")
br.start()
tap.eq(br.stop(), 0, "the broker starts and stops on it")
before = files(br.data)
tap.eq(list(before), ["coordinator.db"], "and leaves no write-ahead log")
tap.ok("/brokers/ids/0" not in [n["path"] for n in lines("ls", "-r", "-d", br.data)], "its registration is gone")
tap.eq(files(br.data), before, "nothing is changed or made")
other = tempfile.mkdtemp(prefix="stoker-test.")
code, out, err = tree("ls", "-d", other)
tap.ok(code == 1 and "has no coordinator.db" in err and os.listdir(other) == [], "a directory without a tree", err)
with open(os.path.join(other, "coordinator.db"), "wb") as f:
    f.write(b"garbage" * 1000)
code, out, err = tree("ls", "-d", other)
tap.ok(code == 1 and "is damaged" in err and len(err.splitlines()) == 1, "a damaged one", err)
os.unlink(os.path.join(other, "coordinator.db"))

# ---- ZooKeeper
zk = zookeeper.Ensemble(1)
raw = zookeeper.Tree(zk.servers[0])
code, out, err = tree("ls", "-z", zk.connect + "/not/there")
tap.eq((code, err, raw.children("/")), (1, "stoker: %s/not/there: there is no node /\n" % zk.connect, ["zookeeper"]), "a chroot that is not there is not made")
root = zk.connect + "/some/where"
live = Broker("zookeeper.connect = " + root, "group.initial.rebalance.delay.ms = 0")
tap.ok(fill(live), "a broker on ZooKeeper")
seen = {n["path"]: n for n in lines("ls", "-r", "-z", root)}
tap.eq(set(paths) - set(seen), set(), "the same tree, while the broker runs")
tap.eq(int(seen["/controller"]["ephemeral_owner"], 16), raw.owner("/some/where/controller"), "owners are those of ZooKeeper")
tap.eq([n["path"] for n in lines("ls", "-z", zk.connect, "/some")], ["/some/where"], "without the chroot everything is seen")
tap.eq(lines("get", "-z", root, "/consumers/g/offsets/t/0")[0]["data"], 1, "get")
code, out, err = tree("ls", "-z", root, "/consumers")
tap.ok(code == 0 and out.splitlines()[0].split() == ["PATH", "VERSION", "CHILDREN", "CHANGED", "OWNER", "DATA"] and out.splitlines()[1].startswith("/consumers/g "), "for people", out)

# ---- what cannot be
code, out, err = tree("ls", "-z", "127.0.0.1:1", "--timeout", "300")
tap.eq((code, err), (1, "stoker: no server of 127.0.0.1:1 gave a session within 300 ms\n"), "no server")
for args, why in ((["ls"], "which tree?"), (["ls", "-z", "h:1", "-d", "/"], "which tree?"), (["get", "-d", br.data], "which node?"), (["ls", "-d", br.data, "brokers"], "no node's path"),
                  (["ls", "-z", "h:99999"], "a port is a number"), (["ls", "-d", br.data, "-X", "nix=1"], "has no setting nix"), (["ls", "-d", br.data, "--timeout", "0"], "must be positive")):
    code, out, err = tree(*args)
    tap.ok(code == 2 and why in err, "stoker tree %s: exit code 2" % " ".join(args), err)

live.stop()
os.rmdir(other)
zk.close()
tap.done()
