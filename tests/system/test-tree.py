# SPDX-License-Identifier: Apache-2.0
"""stoker tree: the tree of a stopped broker's directory and of a real ZooKeeper, shown decoded, without a change; a broker's tree moves from one
to the other and back, with all that it has."""
import hashlib, json, os, shutil, signal, subprocess, sys, tempfile, time
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

# ---- a broker moves to ZooKeeper, and back
def check(br, offset, what):
    c = Client(br.port)
    tap.ok(until(lambda: c.offset("t", -1)[0] == 0 and c.offset("t", -1, part=1)[0] == 0), what + ": the topic is there", br.tail())
    got = [v for p in (0, 1) for v in unpack(c.fetch("t", 0, part=p).records or b"")]
    tap.eq(len(got), 2, what + ": its records")
    tap.eq(until(lambda: committed(c, "g") == offset), True, what + ": the offset")
    tap.eq(c.ask("DescribeConfigs", 1, resources=[dict(resource_type=2, resource_name="t", configuration_keys=["retention.ms"])]).results[0].configs[0].value,
           "123456", what + ": its settings")


folder = tempfile.mkdtemp(prefix="stoker-test.")
file, second, third = (os.path.join(folder, n) for n in ("one.jsonl", "two.jsonl", "three.jsonl"))
new = zk.connect + "/new"
br.start()
c = Client(br.port)
r = c.ask("IncrementalAlterConfigs", 0, resources=[dict(resource_type=2, resource_name="t", configs=[dict(name="retention.ms", config_operation=0, value="123456")])])
tap.eq(r.responses[0].error_code, 0, "a setting of the topic")
check(br, 1, "embedded")
tap.eq(br.stop(), 0, "stopped")
before = files(br.data)
code, out, err = tree("export", "-d", br.data, file)
tap.ok(code == 0 and "written to" in out, "exported", err)
tap.eq((files(br.data), oct(os.stat(file).st_mode & 0o777)), (before, "0o600"), "without a change, for the owner only")
exported = [json.loads(l) for l in open(file)]
tap.eq([n["path"] for n in exported[1:-1] if n["path"].startswith(("/brokers/ids/", "/controller/", "/config/changes/"))], [], "nothing ephemeral, no messages")
tap.eq(next(n for n in exported if n.get("path") == "/consumers/g/offsets/t/0"), {"path": "/consumers/g/offsets/t/0", "text": "1"}, "data are text")
code, out, err = tree("export", "-d", br.data, file)
tap.ok(code == 1 and "--force" in err, "a file that is there is not written over", err)
code, out, err = tree("import", "-z", new, file)
tap.ok(code == 0 and "%d created, 0 changed, 0 the same" % exported[-1]["nodes"] in out, "imported into ZooKeeper", out + err)
code, out, err = tree("import", "-z", new, file)
tap.ok(code == 1 and "is not empty" in err, "a second time: refused", err)
tap.eq(lines("import", "-z", new, file, "--force")[0], dict(nodes=exported[-1]["nodes"], created=0, changed=0, same=exported[-1]["nodes"], deleted=0), "unless --force")

br.configure("zookeeper.connect = " + new, "group.initial.rebalance.delay.ms = 0")
br.start()
check(br, 1, "on ZooKeeper")
code, out, err = tree("import", "-z", new, file, "--force")
tap.ok(code == 1 and "a broker is registered (/brokers/ids/0)" in err, "a broker runs there: refused", err)
c = Client(br.port)
tap.eq(until(lambda: commit(c, "g", 2) == 0), True, "another offset is committed")
tap.eq(until(lambda: commit(c, "h", 1) == 0), True, "for another group too")
code, out, err = tree("export", "-z", new, second)
tap.ok(code == 0 and "1 broker is registered" in err, "an export meanwhile says so", err)
tap.eq(br.stop(), 0, "stopped")
code, out, err = tree("export", "-z", new, second, "--force")
tap.eq((code, err), (0, ""), "exported from ZooKeeper")
code, out, err = tree("import", "-d", br.data, second)
tap.ok(code == 1 and "is not empty" in err, "the directory has its former tree: refused", err)
got = lines("import", "-d", br.data, second, "--replace")
tap.ok(got[0]["created"] > 0 and got[0]["changed"] > 0 and got[0]["same"] > 0 and got[0]["deleted"] == 1, "unless --replace (the message about the changed setting goes)", got)
tree("export", "-d", br.data, third)
tap.eq(open(third).read(), open(second).read(), "both trees are the same now")
br.configure("group.initial.rebalance.delay.ms = 0")
br.start()
check(br, 2, "embedded again")
tap.eq(committed(Client(br.port), "h"), 1, "the other group too")
br.stop()
got = lines("import", "-d", br.data, file, "--replace")
tap.ok(got[0]["deleted"] >= 4, "--replace deletes what the file does not have", got)
tree("export", "-d", br.data, third, "--force")
tap.eq(open(third).read(), open(file).read(), "the tree is what it was at first")

# ---- many nodes and any bytes
many = os.path.join(folder, "many.jsonl")
with open(many, "w") as f:
    rows = [dict(path="/m"), dict(path="/m/bin", base64="AP8="), dict(path="/m/empty", text=""), dict(path="/m/big", text="x" * 500000), dict(path="/m/big2", text="y" * 500000),
            dict(path="/m/odd", text='\u0001"\\ \u20ac\n')] + [dict(path="/m/%d" % i, text=str(i)) for i in range(3000)]
    f.write("".join(json.dumps(r) + "\n" for r in [dict(format="stoker-tree", version=1)] + rows + [dict(end=True, nodes=len(rows))]))
for target in (["-z", zk.connect + "/many"], ["-d", other]):
    tap.eq(lines("import", many, *target)[0]["created"], len(rows), "3006 nodes, a megabyte: imported %s" % target[0])
    code, out, err = tree("export", "-", *target)
    key = lambda r: r.get("path", "")
    tap.ok(sorted((json.loads(l) for l in out.splitlines()), key=key) == sorted((json.loads(l) for l in open(many)), key=key), "and exported, byte for byte", err)
with open(many, "w") as f:
    f.write('{"format":"stoker-tree","version":1}\n{"path":"/big","text":"%s"}\n{"end":true,"nodes":1}\n' % ("x" * 1000000))
code, out, err = tree("import", "-z", zk.connect + "/large", many)
tap.ok(code == 1 and "1000000 bytes, more than" in err and zookeeper.Tree(zk.servers[0]).children("/large") == [], "a node that ZooKeeper does not take: nothing was written", err)

# ---- nodes that not everybody may read
auth, secret = os.path.join(folder, "auth"), os.path.join(folder, "secret.jsonl")
with open(auth, "w") as f:
    f.write("somebody:password\n")
with open(secret, "w") as f:
    f.write("".join(json.dumps(r) + "\n" for r in (dict(format="stoker-tree", version=1), dict(path="/config"), dict(path="/config/users"), dict(path="/config/users/a", text="s"),
                                                   dict(end=True, nodes=3))))
private = zk.connect + "/private"
tap.eq(lines("import", "-z", private, secret, "--auth", auth, "-X", "set.acl=true")[0]["created"], 3, "imported with set.acl")
code, out, err = tree("ls", "-r", "-z", private)
tap.ok(code == 0 and "(no right to read it)" in out and "/config/users/a" not in out, "ls without the password", out)
code, out, err = tree("get", "-z", private, "/config/users/a")
tap.ok(code == 1 and "no right to read it" in err, "get: exit code 1", err)
code, out, err = tree("export", "-z", private, "-")
tap.ok(code == 1 and "no right to read it" in err and out == "", "export: nothing is written", err)
tap.eq(lines("get", "-z", private, "/config/users/a", "--auth", auth)[0]["data"], "s", "with the password")

# ---- files that are broken
head, end = '{"format":"stoker-tree","version":1}\n', '{"end":true,"nodes":%d}\n'
for text, line, why in (("", 0, "it is empty"), ("x\n", 1, "no JSON object"), ('{"a":1}\n', 1, "no file of"), ('{"format":"stoker-tree","version":2}\n', 1, "another version"),
                        (head + '{"path":"/a"}\n', 2, "it was cut"), (head + '{"path":"/a"}\n{"pa', 3, "no JSON object"), (head + '{"path":"/a"}\n' + end % 2, 3, "not as many"),
                        (head + '{"path":"/a/b"}\n' + end % 1, 2, "before its parent"), (head + '{"path":"/a"}\n{"path":"/a"}\n' + end % 2, 3, "a second time"),
                        (head + '{"path":"a"}\n' + end % 1, 2, "no node's path"), (head + '{"path":"/a/../b"}\n' + end % 1, 2, "no node's path"), (head + '{"text":"x"}\n', 2, "no \"path\""),
                        (head + '{"path":"/a","base64":"?"}\n', 2, "no base64"), (head + '{"path":"/a","text":"","base64":""}\n', 2, "both"), (head + '{"path":"/a","text":5}\n', 2, "no text"),
                        (head + '{"path":"/a","txet":"x"}\n', 2, "nothing else"), (head + '{"path":"/zookeeper"}\n', 2, "not imported"), (head + end % 0 + '{"path":"/a"}\n', 3, "behind the last")):
    with open(many, "w") as f:
        f.write(text)
    code, out, err = tree("import", "-z", zk.connect + "/broken", many)
    tap.ok(code == 1 and err.startswith("stoker: %s:%d: " % (many, line)) and why in err, "%r: %s" % (text[len(head):60] or text, why), err)
tap.ok("broken" not in zookeeper.Tree(zk.servers[0]).children("/"), "nothing of it was written")
code, out, err = tree("import", "-d", br.data, os.path.join(folder, "nix"))
tap.ok(code == 1 and "nix" in err, "no such file", err)


# ---- watch
class Watch:
    def __init__(self, *args):
        self.proc = subprocess.Popen([os.path.join(BUILD, "stoker"), "tree", "watch"] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     preexec_fn=zookeeper.die_with_parent)
        os.set_blocking(self.proc.stdout.fileno(), False)
        self.text = b""

    def read(self):
        self.text += self.proc.stdout.read() or b""
        return self.text.decode()

    def events(self):
        self.read()
        return [json.loads(l) for l in self.text[:self.text.rfind(b"\n") + 1].splitlines()]

    def saw(self, event, path=None, **more):
        """Waits for an event with these members."""
        want = dict(more, event=event, **({"path": path} if path else {}))
        return until(lambda: any(want.items() <= e.items() for e in self.events()), 30)

    def end(self):
        self.proc.send_signal(signal.SIGINT)
        out, err = self.proc.communicate(timeout=30)
        return self.proc.returncode, self.text.decode() + (out or b"").decode(), err.decode()


w = Watch("-z", new, "--json", "-X", "session.timeout=2s", "/brokers")
late = Watch("-z", new, "/consumers/late")
tap.ok(w.saw("watching"), "watch: everything is read")
br.configure("zookeeper.connect = " + new, "group.initial.rebalance.delay.ms = 0")
br.start()
c = Client(br.port)
tap.ok(w.saw("created", "/brokers/ids/0"), "a broker registers", w.read())
tap.ok(int(w.events()[-1]["ephemeral_owner"], 16) != 0, "with its session")
tap.eq(until(lambda: c.create("u", 1) in (0, 36)), True, "a topic is created")
tap.ok(w.saw("created", "/brokers/topics/u") and w.saw("created", "/brokers/topics/u/partitions/0/state"), "and seen, with all that is below it", w.read())
c.ask("CreatePartitions", 1, topics=[dict(name="u", count=2, assignments=None)], timeout_ms=5000, validate_only=False)
tap.ok(w.saw("changed", "/brokers/topics/u", version=1) and w.saw("created", "/brokers/topics/u/partitions/1/state"), "it gets another partition", w.read())
tap.eq(until(lambda: commit(c, "late", 1) == 0), True, "a group's first offset")
tap.ok(until(lambda: "created  /consumers/late/offsets/t/0/detail" in late.read()), "a node that was waited for comes, with what is below it", late.read())
tap.eq(until(lambda: commit(c, "late", 2) == 0), True, "and its next")
tap.ok(until(lambda: "changed  /consumers/late/offsets/t/0  version 1  2\n" in late.read()), "a change, for people", late.read())
tap.ok("created  /consumers/late  version 0" in late.read(), "it was created first", late.read())
code, out, err = late.end()
tap.eq((code, err), (0, "stoker: there is no node /consumers/late yet; waiting for it; Ctrl-C ends it\n"), "Ctrl-C: exit code 0")
zk.servers[0].kill()
tap.ok(w.saw("disconnected"), "the server is killed")
zk.servers[0].start()
tap.ok(w.saw("connected"), "and comes back")
raw = zookeeper.Tree(zk.servers[0])
raw.delete("/new/brokers/seqid")
tap.ok(w.saw("deleted", "/brokers/seqid"), "a node is deleted", w.read())
zk.servers[0].kill()
tap.ok(until(lambda: [e["event"] for e in w.events()].count("disconnected") == 2), "the server is killed again")
time.sleep(3)
zk.servers[0].start()
tap.ok(until(lambda: [e["event"] for e in w.events()].count("connected") == 2), "longer than a session lives", w.read())



def create(topic):
    """What was asked of a server that died may be answered late."""
    try:
        return Client(br.port).create(topic, 1) in (0, 36)
    except TimeoutError:
        return False


tap.eq(until(lambda: create("v")), True, "another topic")
tap.ok(w.saw("created", "/brokers/topics/v/partitions/0/state"), "is seen by the new session", w.read())
tap.eq(br.stop(), 0, "the broker stops")
tap.ok(w.saw("deleted", "/brokers/ids/0"), "and its registration goes", w.read())
creations = [e["path"] for e in w.events() if e["event"] == "created" and "ids" not in e["path"]]
tap.eq(len(creations), len(set(creations)), "nothing is told twice")
tap.eq(w.end()[0], 0, "Ctrl-C")
code, out, err = tree("watch", "-d", br.data)
tap.ok(code == 2 and "stopped broker" in err, "a directory cannot be watched", err)

for d in (folder, other):
    shutil.rmtree(d)
zk.close()
tap.done()
