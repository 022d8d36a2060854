# SPDX-License-Identifier: Apache-2.0
"""A broker on a real ZooKeeper, alone and as an ensemble: the tree is Kafka's, servers are killed and paused, sessions expire, the broker is
killed. Produce and fetch go on all the while, and nothing needs a restart."""
import os, sys, time
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
from stoker_test import Broker, Tap
from kapi import Client
from records import pack, unpack
import json, zookeeper

zookeeper.skip_when_missing()
tap = Tap()


def one(value):
    return pack([(b"k", value)])


def until(f, limit=20):
    """f () when it is true, or its last answer."""
    end = time.time() + limit
    while True:
        got = f()
        if got or time.time() > end:
            return got
        time.sleep(0.05)


def commit(c, group, offset):
    r = c.ask("OffsetCommit", 8, group_id=group, generation_id_or_member_epoch=-1, member_id="",
              topics=[dict(name="t", partitions=[dict(partition_index=0, committed_offset=offset, committed_metadata="m")])])
    return r.topics[0].partitions[0].error_code


def committed(c, group):
    r = c.ask("OffsetFetch", 7, group_id=group, topics=[dict(name="t", partition_indexes=[0])], require_stable=True)
    return r.topics[0].partitions[0].committed_offset


def values(c):
    f = c.fetch("t", 0)
    return unpack(f.records) if f.records else []


# ---- one server
zk = zookeeper.Ensemble(1)
server = zk.servers[0]
br = Broker("zookeeper.connect = %s/some/where" % zk.connect, "zookeeper.session.timeout.ms = 2000", "group.initial.rebalance.delay.ms = 0")
c, tree = Client(br.port), zookeeper.Tree(server)
tap.eq(tree.children("/some/where/brokers/ids"), ["0"], "the broker is registered, below a chroot that it made")
tap.eq(json.loads(tree.get("/some/where/brokers/ids/0")[0])["port"], br.port, "with its address")
tap.eq(json.loads(tree.get("/some/where/controller")[0])["brokerid"], 0, "it is the controller")
tap.eq(c.create("t", 2), 0, "a topic is created")
tap.eq(sorted(json.loads(tree.get("/some/where/brokers/topics/t")[0])["partitions"]), ["0", "1"], "and stands in the tree")
tap.eq(c.produce("t", one(b"first")).error_code, 0, "produce")
tap.eq(until(lambda: commit(c, "g", 1) == 0), True, "an offset is committed")
tap.eq(tree.get("/some/where/consumers/g/offsets/t/0")[0], b"1", "and stands in the tree, as Kafka's old consumers keep it")

# ---- the only server stops answering for longer than a session lives
first = tree.owner("/some/where/brokers/ids/0")
server.pause()
end = time.time() + 4
good = True
while time.time() < end:
    good = good and c.produce("t", one(b"away")).error_code == 0 and c.fetch("t", 0).error_code == 0
    time.sleep(0.1)
tap.ok(good, "ZooKeeper does not answer: produce and fetch go on")
n = len(values(c))
late = Client(br.port, 60)
late.post("OffsetCommit", 8, group_id="g", generation_id_or_member_epoch=-1, member_id="",
       topics=[dict(name="t", partitions=[dict(partition_index=0, committed_offset=2, committed_metadata="")])])
server.go_on()
code = late.take("OffsetCommit", 8).topics[0].partitions[0].error_code
tap.ok(code in (0, 7, 14, 15, 16), "a commit meanwhile ends in success or in what clients try again", code)
# Whether the session was over depends on who is faster now, the server's clock or the client: so it is ended for certain.
tap.ok(until(lambda: tree.owner("/some/where/brokers/ids/0")), "the server answers again: the broker is registered", br.tail())
before = tree.owner("/some/where/brokers/ids/0")
tap.ok(until(lambda: os.path.exists(os.path.join(br.data, "zookeeper.session"))), "its session is written down")
zookeeper.expire(server, br)
tap.ok(until(lambda: tree.owner("/some/where/brokers/ids/0") not in (None, before)), "the session expired: the broker registered anew", br.tail())
tap.ok(until(lambda: tree.owner("/some/where/controller") == tree.owner("/some/where/brokers/ids/0")), "and is the controller")
tap.eq(until(lambda: c.create("after", 1) in (0, 36)), True, "topics can be created again")
tap.eq(until(lambda: commit(c, "g", 3) == 0 and committed(c, "g") == 3), True, "offsets can be committed again")
tap.eq(len(values(c)), n, "every record is there")
tap.eq(c.ask("IncrementalAlterConfigs", 0, resources=[dict(resource_type=2, resource_name="t", configs=[dict(name="retention.ms", config_operation=0, value="123456")])])
       .responses[0].error_code, 0, "settings can be changed again")

# ---- somebody deletes the controller's node
tree.delete("/some/where/controller")
tap.ok(until(lambda: tree.owner("/some/where/controller")), "the controller's node was deleted: there is a new election")
tap.eq(until(lambda: c.create("again", 1) in (0, 36)), True, "and a controller")

# ---- kill -9: the former session is ended by the next start
br.kill()
t0 = time.time()
br.start()
c = Client(br.port)
tap.ok(until(lambda: c.offset("t", -1)[0] == 0), "kill -9: the broker is back")
tap.ok(tree.owner("/some/where/brokers/ids/0") not in (None, first), "registered by a new session")
tap.eq((len(values(c)), until(lambda: committed(c, "g") == 3)), (n, True), "records and offsets are there")

# ---- the server is killed and comes back
server.kill()
tap.eq(c.produce("t", one(b"without")).error_code, 0, "no server: produce goes on")
server.start()
tree = zookeeper.Tree(server)
tap.eq(until(lambda: c.create("third", 1) in (0, 36), 30), True, "the server is back: so is everything")
tap.eq(br.stop(), 0, "a clean stop")
tap.eq(tree.children("/some/where/brokers/ids"), [], "takes the registration away")
tap.ok(not os.path.exists(os.path.join(br.data, "zookeeper.session")), "and the note of the session")

# ---- what cannot be

server.kill()
try:
    Broker("zookeeper.connect = %s" % zk.connect, "zookeeper.connection.timeout.ms = 1000")
    tap.ok(False, "no server at the start")
except RuntimeError as e:
    tap.ok("gave a session within 1000 ms" in str(e), "no server at the start: says so and ends", str(e))
for line, why in (("zookeeper.connect = :12", "a host has no name"), ("zookeeper.connect = h:99999", "a port is a number"),
                  ("zookeeper.connect = h:1/a//b", "not the path of a node"), ("zookeeper.set.acl = true\nzookeeper.connect = h:1", "nobody to give the rights to"),
                  ("zookeeper.ssl.client.enable = true\nzookeeper.connect = h:1", "no TLS")):
    try:
        Broker(line)
        tap.ok(False, line)
    except RuntimeError as e:
        tap.ok(why in str(e), "%s: refused" % line.replace("\n", ", "), str(e))
zk.close()

# ---- three servers
zk = zookeeper.Ensemble(3)
br = Broker("zookeeper.connect = " + zk.connect, "zookeeper.session.timeout.ms = 6000", "group.initial.rebalance.delay.ms = 0")
c = Client(br.port)
tap.eq(c.create("t", 1), 0, "three servers: a topic is created")
tap.eq(until(lambda: commit(c, "g", 1) == 0), True, "an offset is committed")
session = zookeeper.Tree(zk.leader()).owner("/brokers/ids/0")
down = zk.leader()
down.kill()
tap.eq(c.produce("t", one(b"x")).error_code, 0, "the leader is killed: produce goes on")
tap.eq(until(lambda: commit(c, "g", 5) == 0), True, "and commits, when there is a new one")
tap.eq(until(lambda: c.create("u", 1) in (0, 36)), True, "and changes of topics")
rest = [s for s in zk.servers if s is not down]
tap.eq(until(lambda: zookeeper.Tree(rest[0]).owner("/brokers/ids/0")), session, "in the same session")
down.start()
for s in zk.servers:  # one after the other, as for an upgrade
    s.kill()
    s.start()
    until(lambda: s.mode() in ("leader", "follower"))
tap.eq(until(lambda: commit(c, "g", 7) == 0), True, "each server was restarted: commits go on")
tap.eq(until(lambda: committed(c, "g") == 7), True, "and are read")
tap.eq(br.stop(), 0, "a clean stop")
tap.done()
