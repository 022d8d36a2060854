# SPDX-License-Identifier: Apache-2.0
"""The workflow as a story, told once on the coordinator `local` and once on an ensemble of three ZooKeepers (test-workflow-local.py,
test-workflow-ensemble.py). Read story() at the end: each chapter does one thing that users do, and meanwhile everything that may fail is killed.

Producers are `stoker produce`; consumers are confluent-kafka, each in a thread of its own, that polls, then acknowledges what it read."""
import os, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "lib"))
CLIENTS = os.environ.get("STOKER_CLIENTS") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "stoker-clients")
VENV = os.path.join(CLIENTS, "python", "bin", "python")
if not os.path.exists(os.path.join(CLIENTS, "python.stamp")):
    print("1..0 # SKIP no python clients: run tests/interop/clients/setup")
    sys.exit(0)
if not sys.prefix.startswith(os.path.join(CLIENTS, "python")):
    os.execv(VENV, [VENV] + sys.argv)

import confluent_kafka as ck
import zookeeper
from kapi import Client
from stoker_test import BUILD, Broker, Tap, until

TOPIC, PARTS = "orders", 4
SESSION_MS = 6000


class World:
    """The broker, what it keeps its tree in, and everything that can happen to them."""

    def __init__(self, servers):
        self.zk = zookeeper.Ensemble(servers) if servers else None
        lines = ["group.initial.rebalance.delay.ms = 0", "num.partitions = %d" % PARTS]
        if self.zk:
            lines += ["zookeeper.connect = " + self.zk.connect, "zookeeper.session.timeout.ms = %d" % SESSION_MS]
        self.broker = Broker(*lines)
        self.sent = 0  # records are numbered; so each is known by its value

    def outages(self):
        """What is done to this world in each chapter, one after the other; each ends with everything alive."""
        yield "the broker is killed", self.kill_broker
        if self.zk:
            yield "ZooKeeper's leader is killed", lambda: self.kill_servers(lambda: [self.zk.leader()])
            yield "one of its followers is killed", lambda: self.kill_servers(lambda: [s for s in self.zk.servers if s.mode() == "follower"][:1])

    def kill_broker(self):
        starts = self.ready()
        self.broker.kill()
        self.broker.start()
        until(lambda: self.ready() > starts)  # one outage at a time: it is in the cluster before a server is killed

    def ready(self):
        with open(self.broker.log) as f:
            return f.read().count("control ready: ready")

    def kill_servers(self, which, away=1.0):
        down = until(which)
        for s in down:
            s.kill()
        time.sleep(away)
        for s in down:
            s.spawn()
        for s in down:
            s.wait()

    def ask(self):
        return Client(self.broker.port)

    def ends(self):
        c = self.ask()
        got = {p: c.offset(TOPIC, -1, p)[2] for p in range(PARTS)}
        c.close()
        return got

    def offsets(self, group):
        """What the group has acknowledged, as the broker tells; None while it does not."""
        c = self.ask()
        r = c.ask("OffsetFetch", 5, group_id=group, topics=[dict(name=TOPIC, partition_indexes=list(range(PARTS)))])
        c.close()
        return None if r.error_code else {p.partition_index: p.committed_offset for p in r.topics[0].partitions}

    def offsets_in_zookeeper(self, group):
        for s in self.zk.servers:
            try:
                t = zookeeper.Tree(s)
                return {int(p): int(t.get("/consumers/%s/offsets/%s/%s" % (group, TOPIC, p))[0]) for p in t.children("/consumers/%s/offsets/%s" % (group, TOPIC))}
            except (OSError, zookeeper.ZkError):
                pass
        return None

    def close(self):
        rc = self.broker.stop()
        if self.zk:
            self.zk.close()
        return rc


class Producer:
    """`stoker produce`, which gets its lines as they come."""

    def __init__(self, world):
        self.world = world
        self.proc = subprocess.Popen([os.path.join(BUILD, "stoker"), "produce", TOPIC, "-b", world.broker.boot, "-X", "enable.idempotence=true", "-X", "linger.ms=20",
                                      "-X", "reconnect.backoff.max.ms=500"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.send(PARTS)
        until(lambda: sum(world.ends().values()) == world.sent)  # it is connected: it does not begin without a broker

    def send(self, n):
        self.proc.stdin.write(b"".join(b"%d\n" % v for v in range(self.world.sent, self.world.sent + n)))
        self.proc.stdin.flush()
        self.world.sent += n

    def close(self):
        """Its exit code: 0 when every record was acknowledged."""
        self.proc.stdin.close()
        return self.proc.wait(60)


class Group:
    """What its members read and acknowledged. Members report here, each from its thread."""

    def __init__(self, world, name):
        self.world, self.name, self.lock = world, name, threading.Lock()
        self.values, self.acknowledged, self.repeated, self.twice = set(), {}, [], 0

    def read(self, messages):
        with self.lock:
            for m in messages:
                if m.offset() < self.acknowledged.get(m.partition(), 0):
                    self.repeated.append((m.partition(), m.offset(), self.acknowledged[m.partition()]))  # at least once allows everything but this
                self.twice += int(m.value()) in self.values
                self.values.add(int(m.value()))

    def ack(self, offsets):
        with self.lock:
            self.acknowledged.update(offsets)

    def has_all(self):
        return len(self.values) == self.world.sent

    def done(self):
        """Everything is read, and everything is acknowledged."""
        return until(lambda: self.has_all() and self.acknowledged == self.world.ends(), 60)


class Member(threading.Thread):
    """Subscribes, is told its offsets, polls, acknowledges."""

    def __init__(self, group):
        super().__init__(daemon=True)
        self.group, self.ending, self.moves = group, False, []
        self.parts, self.told, self.count, self.open, self.troubles = [], {}, 0, {}, []
        self.c = ck.Consumer({"bootstrap.servers": group.world.broker.boot, "group.id": group.name, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                              "session.timeout.ms": SESSION_MS, "heartbeat.interval.ms": 300, "reconnect.backoff.max.ms": 500, "socket.timeout.ms": 5000,
                              "topic.metadata.refresh.interval.ms": 1000, "log_level": 0, "partition.assignment.strategy": "roundrobin"})
        self.start()

    def assigned(self, c, parts):
        self.told = {p.partition: p.offset for p in c.committed(parts, 30)} if parts else {}
        self.open = {}
        self.parts = sorted(p.partition for p in parts)

    def revoked(self, c, parts):
        self.acknowledge()
        self.parts, self.open = [], {}

    def acknowledge(self):
        if not self.open:
            return
        try:
            done = self.c.commit(offsets=[ck.TopicPartition(TOPIC, p, o) for p, o in self.open.items()], asynchronous=False)
        except ck.KafkaException as e:  # nobody answered, or it was refused: try again with what is read next
            self.troubles.append(str(e))
            return
        good = {p.partition: p.offset for p in done if p.error is None}
        self.group.ack(good)
        for p in good:
            del self.open[p]

    def run(self):
        self.c.subscribe([TOPIC], on_assign=self.assigned, on_revoke=self.revoked, on_lost=self.revoked)
        while not self.ending:
            ms = self.c.consume(50, 0.1)
            good = [m for m in ms if not m.error()]
            self.troubles += [str(m.error()) for m in ms if m.error()]
            self.group.read(good)
            self.count += len(good)
            self.open.update({m.partition(): m.offset() + 1 for m in good})
            self.acknowledge()
            while self.moves:
                self.moves.pop(0)()
        self.c.close()

    def move(self, to):
        """Rewinds or skips: goes on reading partition p at to[p]. What was acknowledged beyond is taken back."""
        done = threading.Event()

        def go():
            self.group.ack(to)
            self.open = dict(to)
            self.acknowledge()
            for p, o in to.items():
                self.c.seek(ck.TopicPartition(TOPIC, p, o))
            done.set()
        self.moves.append(go)
        done.wait(30)

    def leave(self):
        self.ending = True
        self.join(60)


def shares(members):
    return sorted(len(m.parts) for m in members)


def settled(members, want):
    """Every member knows its part, and the group does not move any more."""
    return until(lambda: shares(members) == want and (time.sleep(0.8) or shares(members) == want), 60)


def send_during(world, what, producers):
    """Producers send at intervals while something happens; each a multiple of the partitions."""
    over = threading.Event()

    def send():
        while True:
            for p in producers:
                p.send(PARTS * 10)
            if over.wait(0.1):
                break
    sender = threading.Thread(target=send)
    sender.start()
    what()  # here: servers die with the thread that started them
    over.set()
    sender.join()


def counted(tap, world, name):
    """The same number in each partition, and all that was sent."""
    want = {p: world.sent // PARTS for p in range(PARTS)}
    until(lambda: world.ends() == want)
    tap.eq(world.ends(), want, name)


def story(servers):
    if servers:
        zookeeper.skip_when_missing()
    tap, w = Tap(), World(servers)
    tap.eq(w.ask().create(TOPIC, PARTS), 0, "a topic of %d partitions" % PARTS)

    # ---- 1. Producers send at intervals; the records are shared equally over the partitions.
    producers = [Producer(w), Producer(w)]
    for name, outage in w.outages():
        send_during(w, outage, producers)
        counted(tap, w, "two producers send, %s: equal shares, each record once" % name)

    # ---- 2. A consumer subscribes and is told its offset, polls, acknowledges.
    desk = Group(w, "desk")
    first = Member(desk)
    tap.ok(until(lambda: first.parts == list(range(PARTS))), "a consumer subscribes: it has all partitions", first.troubles)
    tap.eq(first.told, {p: ck.OFFSET_INVALID for p in range(PARTS)}, "and is told that it has no offsets yet")
    tap.ok(desk.done(), "it reads everything from the beginning and acknowledges", (len(desk.values), w.sent, first.troubles))
    for name, outage in w.outages():
        send_during(w, outage, producers)
        tap.ok(desk.done(), "it goes on: " + name, (len(desk.values), w.sent, desk.acknowledged, w.ends(), first.troubles[-3:]))
    first.leave()
    tap.eq(w.offsets("desk"), w.ends(), "its offsets are kept")
    if w.zk:
        tap.eq(w.offsets_in_zookeeper("desk"), w.ends(), "in ZooKeeper")
    for name, outage in w.outages():  # nobody is there
        send_during(w, outage, producers)
    before = w.offsets("desk")
    first = Member(desk)
    tap.ok(until(lambda: first.parts), "it subscribes again after all that")
    tap.eq(first.told, before, "and is told where it was")
    tap.ok(desk.done(), "it reads what came since", first.troubles)

    # ---- 3. Consumers with one group id share the topic as a queue; those beyond the number of partitions wait.
    team = [first] + [Member(desk) for _ in range(5)]
    tap.ok(settled(team, [0, 0, 1, 1, 1, 1]), "six consumers, four partitions: one each, two wait", [m.parts for m in team])
    tap.eq(sorted(p for m in team for p in m.parts), list(range(PARTS)), "no partition belongs to two")
    at = {m: m.count for m in team}
    producers[0].send(PARTS * 25)
    tap.ok(desk.done(), "they read")
    tap.eq(sorted(m.count - at[m] for m in team), [0, 0, 25, 25, 25, 25], "the same number each, and nothing those who wait")
    for name, outage in w.outages():
        send_during(w, outage, producers)
        tap.ok(desk.done(), "they go on: " + name, (len(desk.values), w.sent, desk.acknowledged, w.ends(), [m.troubles[-2:] for m in team]))
    gone = next(m for m in team if m.parts)
    gone.leave()
    team.remove(gone)
    tap.ok(settled(team, [0, 1, 1, 1, 1]), "one leaves: one of those who wait takes its place", [m.parts for m in team])
    producers[1].send(PARTS * 5)
    tap.ok(desk.done(), "and nothing stays behind", (len(desk.values), w.sent))

    # ---- 4. Publish and subscribe: another group has all of it for itself.
    audit = Group(w, "audit")
    reader = Member(audit)
    tap.ok(audit.done(), "another group reads everything from the beginning", (len(audit.values), w.sent, reader.troubles))
    tap.eq(audit.twice, 0, "once")
    for name, outage in w.outages():
        send_during(w, outage, producers)
        tap.ok(audit.done() and desk.done(), "both groups get each record: " + name, (len(audit.values), len(desk.values), w.sent, reader.troubles[-3:]))

    # ---- 5. Anyone may rewind or skip.
    twice = audit.twice
    reader.move({0: 0})
    n = w.ends()[0]
    tap.ok(until(lambda: audit.twice == twice + n) and audit.done(), "the other group rewinds a partition: it is read once more", (audit.twice - twice, n))
    reader.leave()
    for p in producers:
        tap.eq(p.close(), 0, "a producer ends; every record was acknowledged to it")
    w.ask().ask("OffsetCommit", 2, group_id="audit", generation_id_or_member_epoch=-1, member_id="", retention_time_ms=-1,
                topics=[dict(name=TOPIC, partitions=[dict(partition_index=p, committed_offset=n - 10 if p == 1 else n, committed_metadata="") for p in range(PARTS)])])
    for name, outage in w.outages():
        outage()
    audit.acknowledged[1], twice = n - 10, audit.twice
    reader = Member(audit)
    tap.ok(until(lambda: reader.parts), "its offset was set back from outside; it subscribes")
    tap.eq(reader.told, {p: n - 10 if p == 1 else n for p in range(PARTS)}, "is told the offset that was set")
    tap.ok(until(lambda: audit.twice == twice + 10) and audit.done(), "and reads those ten again")
    last = Producer(w)
    reader.leave()
    last.send(PARTS * 5)
    last.close()
    desk.done()
    skip = w.ends()
    w.ask().ask("OffsetCommit", 2, group_id="audit", generation_id_or_member_epoch=-1, member_id="", retention_time_ms=-1,
                topics=[dict(name=TOPIC, partitions=[dict(partition_index=p, committed_offset=o, committed_metadata="") for p, o in skip.items()])])
    audit.acknowledged = dict(skip)
    seen, reader = len(audit.values), Member(audit)
    tap.ok(until(lambda: reader.parts) and reader.told == skip, "it skips to the end", reader.told)
    last = Producer(w)
    last.send(PARTS)
    last.close()
    tap.ok(until(lambda: len(audit.values) == seen + 2 * PARTS) and desk.done(), "and reads only what comes then", len(audit.values) - seen)

    # ---- 6. Without ZooKeeper records flow; what is acknowledged meanwhile is when it is back.
    if w.zk:
        last = Producer(w)

        def majority_away():
            w.kill_servers(lambda: w.zk.servers[:2], 3.0)
        send_during(w, majority_away, [last])
        tap.eq(last.close(), 0, "two of three ZooKeepers are away: records are taken all the while")
        tap.ok(desk.done(), "and acknowledged, at the latest when they are back", (len(desk.values), w.sent, desk.acknowledged, w.ends()))

    for m in team + [reader]:
        m.leave()
    tap.eq((w.offsets("desk"), len(desk.values)), (w.ends(), w.sent), "nothing was lost")
    tap.eq((desk.repeated, audit.repeated), ([], []), "nothing that was acknowledged came again (%d records, %d of them read twice)" % (w.sent, desk.twice))
    counted(tap, w, "equal shares to the last: %d in each partition" % (w.sent // PARTS))
    if w.zk:
        tap.eq(w.offsets_in_zookeeper("desk"), w.ends(), "the offsets stand in ZooKeeper")
    tap.eq(w.close(), 0, "a clean stop")
    tap.done()
