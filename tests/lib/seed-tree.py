# SPDX-License-Identifier: Apache-2.0
"""What a data directory was part of, as nodes of a coordinator's tree: cluster id, topics with their ids and partitions, all led by
the directory's broker. So that a broker of the other kind can be started on it.

  seed-tree.py 127.0.0.1:2181 DATA-DIR     writes the nodes into a ZooKeeper
  seed-tree.py --print DATA-DIR            prints them, "path<TAB>data" a line, parents first (for the program seed-tree)
"""
import json, os, re, sys


def properties(path):
    with open(path) as f:
        return dict(l.strip().split("=", 1) for l in f if "=" in l and not l.startswith("#"))


def last_epoch(path):
    if not os.path.exists(path):
        return 0
    with open(path) as f:
        return max([0] + [int(l.split()[0]) for l in f.read().splitlines()[2:]])


def topics_of(data):
    topics = {}
    for name in sorted(os.listdir(data)):
        m = re.match(r"^(.+)-(\d+)$", name)
        pm = os.path.join(data, name, "partition.metadata")
        if m and os.path.exists(pm):
            with open(pm) as f:
                tid = dict(l.strip().split(": ", 1) for l in f if ": " in l)["topic_id"]
            topics.setdefault(m.group(1), (tid, []))[1].append(int(m.group(2)))
    return topics


def nodes(data):
    meta = properties(os.path.join(data, "meta.properties"))
    broker = int(meta["broker.id"])
    yield "/cluster/id", {"version": "1", "id": meta["cluster.id"]}
    # Ids below were given to producers whose state is in the logs.
    yield "/latest_producer_id_block", {"version": 1, "broker": broker, "block_start": "99000", "block_end": "99999"}
    for t, (tid, parts) in topics_of(data).items():
        yield "/config/topics/" + t, {"version": 1, "config": {}}
        yield "/brokers/topics/" + t, {"version": 3, "topic_id": tid, "partitions": {str(p): [broker] for p in sorted(parts)},
                                       "adding_replicas": {}, "removing_replicas": {}}
        for p in sorted(parts):
            epoch = last_epoch(os.path.join(data, "%s-%d" % (t, p), "leader-epoch-checkpoint"))
            yield "/brokers/topics/%s/partitions/%d/state" % (t, p), {"version": 1, "leader": broker, "leader_epoch": epoch,
                                                                       "controller_epoch": 1, "isr": [broker]}


def main(where, data):
    if where == "--print":
        for path, v in nodes(data):
            print(path + "\t" + json.dumps(v))
        return
    from kazoo.client import KazooClient
    zk = KazooClient(where)
    zk.start(15)
    for path, v in nodes(data):
        zk.create(path, json.dumps(v).encode(), makepath=True)
    zk.stop()


main(*sys.argv[1:])
