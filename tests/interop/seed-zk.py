# SPDX-License-Identifier: Apache-2.0
"""Seeds a ZooKeeper with what a data directory was part of: cluster id, topics with their ids and partitions, all led by the
directory's broker. So that Apache Kafka can be started on a directory that another broker wrote.

  seed-zk.py 127.0.0.1:2181 DATA-DIR
"""
import json, os, re, sys
from kazoo.client import KazooClient


def properties(path):
    with open(path) as f:
        return dict(l.strip().split("=", 1) for l in f if "=" in l and not l.startswith("#"))


def main(zk_hosts, data):
    meta = properties(os.path.join(data, "meta.properties"))
    broker = int(meta["broker.id"])
    topics = {}
    for name in os.listdir(data):
        m = re.match(r"^(.+)-(\d+)$", name)
        pm = os.path.join(data, name, "partition.metadata")
        if m and os.path.exists(pm):
            with open(pm) as f:
                tid = dict(l.strip().split(": ", 1) for l in f if ": " in l)["topic_id"]
            topics.setdefault(m.group(1), (tid, []))[1].append(int(m.group(2)))
    zk = KazooClient(zk_hosts)
    zk.start(15)
    put = lambda path, v: zk.create(path, json.dumps(v).encode(), makepath=True)
    put("/cluster/id", {"version": "1", "id": meta["cluster.id"]})
    for t, (tid, parts) in topics.items():
        put("/config/topics/" + t, {"version": 1, "config": {}})
        put("/brokers/topics/" + t, {"version": 3, "topic_id": tid, "partitions": {str(p): [broker] for p in sorted(parts)},
                                     "adding_replicas": {}, "removing_replicas": {}})
        epoch = 0
        for p in parts:
            lec = os.path.join(data, "%s-%d" % (t, p), "leader-epoch-checkpoint")
            if os.path.exists(lec):
                with open(lec) as f:
                    epoch = max([epoch] + [int(l.split()[0]) for l in f.read().splitlines()[2:]])
            put("/brokers/topics/%s/partitions/%d/state" % (t, p),
                {"version": 1, "leader": broker, "leader_epoch": epoch, "controller_epoch": 1, "isr": [broker]})
    zk.stop()
    print(broker)


main(*sys.argv[1:])
