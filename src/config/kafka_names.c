/* SPDX-License-Identifier: Apache-2.0
 *
 * Kafka's broker settings that are not settings here. Together with the rows of broker_rows.c they are all names that a
 * Kafka 3.9 broker knows. A name that ends in ".*" stands for all that begin like it; the first row that fits counts.
 */
#include "config/kafka_names.h"

#include <glib.h>

typedef struct Group
{
  StkKafkaFate fate;
  const char *harmless; /* REFUSED: the value that asks for nothing; NULL: none. Empty values never do */
  const char *reason;
  const char *const *names;
} Group;

#define NAMES(...)                                                                                                     \
  (const char *const[])                                                                                                \
  {                                                                                                                    \
    __VA_ARGS__, NULL                                                                                                  \
  }

static const Group groups[] = {
  { STK_KAFKA_NOTHING, NULL, "one broker is a cluster of its own in this release: there is no other to talk to",
    NAMES ("auto.leader.rebalance.enable", "controlled.shutdown.enable", "controlled.shutdown.max.retries",
           "controlled.shutdown.retry.backoff.ms", "controller.socket.timeout.ms", "control.plane.listener.name",
           "inter.broker.listener.name", "inter.broker.protocol.version", "leader.imbalance.check.interval.seconds",
           "leader.imbalance.per.broker.percentage", "num.replica.fetchers", "replica.lag.time.max.ms",
           "replica.fetch.max.bytes", "replica.fetch.response.max.bytes", "replica.fetch.min.bytes",
           "replica.fetch.wait.max.ms", "replica.fetch.backoff.ms", "replica.socket.receive.buffer.bytes",
           "replica.socket.timeout.ms", "request.timeout.ms", "socket.connection.setup.timeout.ms",
           "socket.connection.setup.timeout.max.ms", "unclean.leader.election.interval.ms", "replica.selector.class") },
  { STK_KAFKA_NOTHING, NULL, "it chooses a class of Kafka's Java client for ZooKeeper", NAMES ("zookeeper.clientCnxnSocket") },
  { STK_KAFKA_NOTHING, NULL, "transactions come with a later release",
    NAMES ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "transaction.max.timeout.ms",
           "transaction.partition.verification.enable", "transaction.remove.expired.transaction.cleanup.interval.ms",
           "transaction.state.log.load.buffer.size", "transaction.state.log.min.isr",
           "transaction.state.log.num.partitions", "transaction.state.log.replication.factor",
           "transaction.state.log.segment.bytes", "transactional.id.expiration.ms") },
  { STK_KAFKA_NOTHING, NULL, "the consumer group protocol of KIP-848 comes with a later release",
    NAMES ("group.consumer.assignors", "group.consumer.heartbeat.interval.ms",
           "group.consumer.max.heartbeat.interval.ms", "group.consumer.max.session.timeout.ms",
           "group.consumer.max.size", "group.consumer.migration.policy", "group.consumer.min.heartbeat.interval.ms",
           "group.consumer.min.session.timeout.ms", "group.consumer.session.timeout.ms",
           "group.coordinator.append.linger.ms", "group.coordinator.new.enable",
           "group.coordinator.rebalance.protocols", "group.coordinator.threads") },
  { STK_KAFKA_NOTHING, NULL, "share groups come with a later release",
    NAMES ("group.share.delivery.count.limit", "group.share.enable", "group.share.heartbeat.interval.ms",
           "group.share.max.groups", "group.share.max.heartbeat.interval.ms", "group.share.max.record.lock.duration.ms",
           "group.share.max.session.timeout.ms", "group.share.max.size", "group.share.min.heartbeat.interval.ms",
           "group.share.min.record.lock.duration.ms", "group.share.min.session.timeout.ms",
           "group.share.partition.max.record.locks", "group.share.record.lock.duration.ms",
           "group.share.session.timeout.ms", "share.coordinator.append.linger.ms", "share.coordinator.load.buffer.size",
           "share.coordinator.snapshot.update.records.per.snapshot", "share.coordinator.state.topic.compression.codec",
           "share.coordinator.state.topic.min.isr", "share.coordinator.state.topic.num.partitions",
           "share.coordinator.state.topic.replication.factor", "share.coordinator.state.topic.segment.bytes",
           "share.coordinator.threads", "share.coordinator.write.timeout.ms", "share.fetch.max.fetch.records",
           "share.fetch.purgatory.purge.interval.requests") },
  { STK_KAFKA_NOTHING, NULL, "quotas come with a later release",
    NAMES ("alter.log.dirs.replication.quota.window.num", "alter.log.dirs.replication.quota.window.size.seconds",
           "client.quota.callback.class", "controller.quota.window.num", "controller.quota.window.size.seconds",
           "follower.replication.throttled.rate", "follower.replication.throttled.replicas",
           "leader.replication.throttled.rate", "leader.replication.throttled.replicas", "quota.window.num",
           "quota.window.size.seconds", "replication.quota.window.num", "replication.quota.window.size.seconds") },
  { STK_KAFKA_NOTHING, NULL, "only max.connections limits connections in this release",
    NAMES ("max.connection.creation.rate", "max.connections.per.ip", "max.connections.per.ip.overrides",
           "queued.max.request.bytes") },
  { STK_KAFKA_NOTHING, NULL, "waiting requests are woken, not kept in a purgatory that must be purged",
    NAMES ("delete.records.purgatory.purge.interval.requests", "fetch.purgatory.purge.interval.requests",
           "producer.purgatory.purge.interval.requests") },
  { STK_KAFKA_NOTHING, NULL, "the disk threads (num.io.threads) do this work",
    NAMES ("background.threads", "num.replica.alter.log.dirs.threads") },
  { STK_KAFKA_NOTHING, NULL,
    "checkpoints are written together, as often as replica.high.watermark.checkpoint.interval.ms says",
    NAMES ("log.flush.start.offset.checkpoint.interval.ms") },
  { STK_KAFKA_NOTHING, NULL, "each connection has a bound of its own: it is not read while many of its requests wait",
    NAMES ("queued.max.requests") },
  { STK_KAFKA_NOTHING, NULL, "flushing needs no poll: log.flush.interval.ms is exact",
    NAMES ("log.flush.scheduler.interval.ms") },
  { STK_KAFKA_NOTHING, NULL, "first checks are not delayed", NAMES ("log.initial.task.delay.ms") },
  { STK_KAFKA_NOTHING, NULL, "records are stored in the current format; older ones are converted",
    NAMES ("log.message.format.version") },
  { STK_KAFKA_NOTHING, NULL,
    "offsets are kept by the coordinator module, not in a topic, unless offsets.storage says so",
    NAMES ("offsets.load.buffer.size", "offsets.topic.compression.codec", "offsets.commit.required.acks") },
  { STK_KAFKA_NOTHING, NULL, "broker.id is given, not generated",
    NAMES ("broker.id.generation.enable", "reserved.broker.max.id") },
  { STK_KAFKA_NOTHING, NULL, "there are no Java classes to load: such extensions are modules here",
    NAMES ("alter.config.policy.class.name", "create.topic.policy.class.name", "kafka.metrics.polling.interval.secs",
           "kafka.metrics.reporters", "metric.reporters", "metrics.num.samples", "metrics.recording.level",
           "metrics.sample.window.ms", "auto.include.jmx.reporter", "telemetry.max.bytes") },
  { STK_KAFKA_NOTHING, NULL, "tiered storage is not offered",
    NAMES ("log.local.retention.bytes", "log.local.retention.ms", "remote.fetch.max.wait.ms",
           "remote.list.offsets.request.timeout.ms", "remote.log.index.file.cache.total.size.bytes",
           "remote.log.manager.copier.thread.pool.size", "remote.log.manager.copy.max.bytes.per.second",
           "remote.log.manager.copy.quota.window.num", "remote.log.manager.copy.quota.window.size.seconds",
           "remote.log.manager.expiration.thread.pool.size", "remote.log.manager.fetch.max.bytes.per.second",
           "remote.log.manager.fetch.quota.window.num", "remote.log.manager.fetch.quota.window.size.seconds",
           "remote.log.manager.task.interval.ms", "remote.log.manager.task.retry.backoff.max.ms",
           "remote.log.manager.task.retry.backoff.ms", "remote.log.manager.task.retry.jitter",
           "remote.log.manager.thread.pool.size", "remote.log.metadata.custom.metadata.max.bytes",
           "remote.log.metadata.manager.class.name", "remote.log.metadata.manager.class.path",
           "remote.log.metadata.manager.impl.prefix", "remote.log.metadata.manager.listener.name",
           "remote.log.reader.max.pending.tasks", "remote.log.reader.threads", "remote.log.storage.manager.class.name",
           "remote.log.storage.manager.class.path", "remote.log.storage.manager.impl.prefix", "rlmm.config.*",
           "rsm.config.*") },
  { STK_KAFKA_NOTHING, NULL, "it belongs to KRaft, Kafka's mode without ZooKeeper, which is not spoken here",
    NAMES ("broker.heartbeat.interval.ms", "broker.session.timeout.ms", "controller.quorum.append.linger.ms",
           "controller.quorum.bootstrap.servers", "controller.quorum.election.backoff.max.ms",
           "controller.quorum.election.timeout.ms", "controller.quorum.fetch.timeout.ms",
           "controller.quorum.request.timeout.ms", "controller.quorum.retry.backoff.ms", "early.start.listeners",
           "eligible.leader.replicas.enable", "initial.broker.registration.timeout.ms", "log.dir.failure.timeout.ms",
           "metadata.log.dir", "metadata.log.max.record.bytes.between.snapshots",
           "metadata.log.max.snapshot.interval.ms", "metadata.log.segment.bytes", "metadata.log.segment.min.bytes",
           "metadata.log.segment.ms", "metadata.max.idle.interval.ms", "metadata.max.retention.bytes",
           "metadata.max.retention.ms", "server.max.startup.time.ms", "zookeeper.metadata.migration.min.batch.size") },
  { STK_KAFKA_NOTHING, NULL, "there is nothing unstable to enable, and no such limit",
    NAMES ("unstable.api.versions.enable", "unstable.feature.versions.enable", "max.request.partition.size.limit") },
  { STK_KAFKA_NOTHING, NULL, "no passwords are kept in the cluster's state",
    NAMES ("password.encoder.cipher.algorithm", "password.encoder.iterations", "password.encoder.key.length",
           "password.encoder.keyfactory.algorithm", "password.encoder.old.secret", "password.encoder.secret") },
  { STK_KAFKA_REFUSED, NULL,
    "it makes a KRaft node, which is not offered: remove it, and set broker.id instead of node.id",
    NAMES ("process.roles", "node.id", "controller.quorum.voters", "controller.listener.names") },
  { STK_KAFKA_REFUSED, "false", "a migration to KRaft is not offered", NAMES ("zookeeper.metadata.migration.enable") },
  { STK_KAFKA_REFUSED, "false", "tiered storage is not offered", NAMES ("remote.log.storage.system.enable") },
  { STK_KAFKA_REFUSED, "PLAINTEXT",
    "connections are not encrypted in this release: set only what PLAINTEXT listeners need",
    NAMES ("security.inter.broker.protocol") },
  { STK_KAFKA_REFUSED, "none", "client certificates are not asked for in this release", NAMES ("ssl.client.auth") },
  { STK_KAFKA_REFUSED, NULL, "TLS is not offered in this release, and without it data would go in clear",
    NAMES ("ssl.*") },
  { STK_KAFKA_REFUSED, NULL, "SASL is not offered in this release, and without it anybody could connect",
    NAMES ("sasl.*", "listener.name.*", "security.providers", "principal.builder.class",
           "connection.failed.authentication.delay.ms") },
  { STK_KAFKA_REFUSED, "0", "logins do not expire in this release, for there are none",
    NAMES ("connections.max.reauth.ms") },
  { STK_KAFKA_REFUSED, NULL, "there is no authorizer in this release, and without it everything would be allowed",
    NAMES ("authorizer.class.name", "super.users") },
  { STK_KAFKA_REFUSED, "true", "there is no authorizer in this release, and without it everything is allowed",
    NAMES ("allow.everyone.if.no.acl.found") },
  { STK_KAFKA_REFUSED, NULL, "delegation tokens are not offered in this release", NAMES ("delegation.token.*") },
  { STK_KAFKA_REFUSED, "false", "the ZooKeeper library of this system has no TLS: use a private network or a tunnel",
    NAMES ("zookeeper.ssl.client.enable") },
  { STK_KAFKA_REFUSED, NULL, "the ZooKeeper library of this system has no TLS: use a private network or a tunnel", NAMES ("zookeeper.ssl.*") },
};

static bool
fits (const char *pattern, const char *name)
{
  size_t n = strlen (pattern);

  if (n > 2 && strcmp (pattern + n - 2, ".*") == 0)
    return strncmp (pattern, name, n - 1) == 0;
  return strcmp (pattern, name) == 0;
}

StkKafkaFate
stk_kafka_name_fate (const char *name, const char *value, const char **reason)
{
  for (size_t i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const char *const *p = groups[i].names; *p; p++)
      if (fits (*p, name)) {
        const Group *g = &groups[i];
        bool harmless = g->fate == STK_KAFKA_REFUSED
                        && (*value == '\0' || (g->harmless && g_ascii_strcasecmp (value, g->harmless) == 0));
        *reason = g->reason;
        return harmless ? STK_KAFKA_HARMLESS : g->fate;
      }
  return STK_KAFKA_UNKNOWN;
}

void
stk_kafka_names_each (void (*each) (void *user, const char *name), void *user)
{
  for (size_t i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const char *const *p = groups[i].names; *p; p++)
      each (user, *p);
}
