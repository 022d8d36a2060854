/* SPDX-License-Identifier: Apache-2.0
 *
 * AlterReplicaLogDirs, with Kafka's answers in Kafka's order (ReplicaManager.alterReplicaLogDirs of 3.9).
 */
#include "broker/authorize.h"
#include "broker/call.h"
#include "broker/moves.h"
#include "broker/replicas_private.h"

#include <stoker/service/logdirs.h>

typedef struct Alter
{
  StokerAlterReplicaLogDirs *req;
  int pending; /* partitions that are out, and the start itself */
} Alter;

typedef struct One
{
  Alter *alter;
  StokerMoveReplica *replica;
} One;

static void
one_less (Alter *a)
{
  if (--a->pending > 0)
    return;
  stk_call_finish (&a->req->call);
  g_free (a);
}

static void
begun (void *user, int16_t error)
{
  One *o = user;

  o->replica->error = error;
  one_less (o->alter);
  g_free (o);
}

static int
find_dir (const StkReplicas *r, StokerStr path)
{
  for (int i = 0; i < r->n_dirs; i++)
    if (stoker_str_is (path, r->dirs[i].path))
      return i;
  return -1;
}

/* TOPIC-N.HASH-future must be a name that file systems take. */
static bool
name_fits (const StokerMoveReplica *m)
{
  char number[16];
  int n = g_snprintf (number, sizeof number, "%d", m->partition);

  return m->topic.len + 1 + (size_t)n + 1 + 32 + strlen ("-future") <= 255;
}

static void
alter_one (Alter *a, StokerMoveReplica *m)
{
  StkReplicas *r = a->req->call.ctx->broker->replicas;
  int to = find_dir (r, m->path);
  StkHosted *h = stk_table_find (r->current, m->topic);
  StkPartition *p = h ? stk_hosted_partition (h, m->partition) : NULL;
  One *o;

  if (!name_fits (m)) {
    m->error = STOKER_INVALID_TOPIC;
  } else if (to < 0) {
    m->error = STOKER_LOG_DIR_NOT_FOUND;
  } else if (r->start) { /* its log may be being opened: the queue of changes waits for that */
    m->error = STOKER_REPLICA_NOT_AVAILABLE;
  } else if (r->dir_failed[to] || (p && p->log == NULL)) {
    m->error = STOKER_KAFKA_STORAGE_ERROR;
  } else if (p == NULL) {
    if (m->partition >= 0)
      stk_moves_prefer (r->moves, m->topic, m->partition, to);
    m->error = STOKER_REPLICA_NOT_AVAILABLE;
  } else {
    o = g_new (One, 1);
    *o = (One){ a, m };
    a->pending++;
    stk_moves_ask (r->moves, h, p, to, begun, o);
  }
}

static void
on_control (StokerCall *call)
{
  Alter *a = g_new0 (Alter, 1);

  a->req = (StokerAlterReplicaLogDirs *)call;
  a->pending = 1;
  for (int32_t i = 0; i < a->req->n_replicas; i++)
    alter_one (a, &a->req->replicas[i]);
  one_less (a);
}

void
stoker_alter_replica_log_dirs (StokerAlterReplicaLogDirs *req)
{
  StokerBroker *b = req->call.ctx->broker;
  int16_t error
      = stk_broker_authorize (b, req->call.ctx, STK_ACL_ALTER, STK_ACL_CLUSTER, STOKER_STR_LIT ("kafka-cluster"));

  for (int32_t i = 0; i < req->n_replicas; i++)
    req->replicas[i].error = error;
  if (error)
    stk_call_finish (&req->call);
  else
    stk_call_on_control (&req->call, on_control);
}
