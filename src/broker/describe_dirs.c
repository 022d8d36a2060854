/* SPDX-License-Identifier: Apache-2.0
 *
 * DescribeLogDirs: each directory is looked at on its own disk pool, one that does not answer holds up nothing but the
 * answer.
 */
#include "broker/authorize.h"
#include "broker/call.h"
#include "broker/engine.h"
#include "broker/replicas_private.h"

#include <stoker/service/logdirs.h>

/* One log as it was seen. */
typedef struct Row
{
  StkHosted *topic; /* borrowed from the table */
  StokerLogDirPartition p;
} Row;

typedef struct Describe Describe;

typedef struct DirJob
{
  StkTask task;
  Describe *describe;
  int dir;
  int rc; /* of statvfs */
  uint64_t free, total;
  GArray *rows; /* of Row, a topic's together */
} DirJob;

struct Describe
{
  StkCallWait wait; /* first: call->core */
  StokerDescribeLogDirs *req;
  StkReplicas *replicas;
  StkTable *table;
  GHashTable *wanted; /* of Wanted; NULL: all */
  StkActor *io;
  int pending;
};

/* ---- the filter */

typedef struct Wanted
{
  StokerStr topic;
  int32_t partition;
} Wanted;

static guint
wanted_hash (const void *key)
{
  const Wanted *w = key;
  guint h = (guint)w->partition;

  for (size_t i = 0; i < w->topic.len; i++)
    h = h * 33 + (uint8_t)w->topic.data[i];
  return h;
}

static gboolean
wanted_equal (const void *a, const void *b)
{
  const Wanted *x = a, *y = b;
  return x->partition == y->partition && stoker_str_equal (x->topic, y->topic);
}

static GHashTable *
filter_of (const StokerDescribeLogDirs *req)
{
  GHashTable *set;

  if (req->n_topics < 0)
    return NULL;
  set = g_hash_table_new_full (wanted_hash, wanted_equal, g_free, NULL);
  for (int32_t t = 0; t < req->n_topics; t++)
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++) {
      Wanted w = { req->topics[t].topic, req->topics[t].partitions[i] };
      g_hash_table_add (set, g_memdup2 (&w, sizeof w));
    }
  return set;
}

static bool
is_wanted (const Describe *d, const StkHosted *h, int32_t partition)
{
  Wanted w = { { h->name, h->name_len }, partition };

  return d->wanted == NULL || g_hash_table_contains (d->wanted, &w);
}

/* ---- on the directory's pool */

static void
add_row (DirJob *j, StkHosted *h, const StokerLogDirPartition *p)
{
  Row row = { h, *p };

  g_array_append_val (j->rows, row);
}

/* Between enter and leave. */
static void
look_at (DirJob *j, StkHosted *h, StkPartition *p)
{
  StokerLogDirPartition row = { .partition = p->index };
  StokerLogEnds ends, next;

  stk_engine_ends (p, &ends);
  /* Under the lock, so that the end of a move does not take the future log away meanwhile. */
  g_mutex_lock (&p->lock);
  if (p->dir == j->dir) {
    STK_ENGINE_CALL (p, row.bytes = (int64_t)p->ops->bytes (p->storage, p->log));
    row.lag = MAX (atomic_load (&p->hw) - ends.end, 0);
    add_row (j, h, &row);
  } else if (p->future && p->future_dir == j->dir) {
    STK_ENGINE_CALL (p, p->ops->ends (p->storage, p->future, &next));
    STK_ENGINE_CALL (p, row.bytes = (int64_t)p->ops->bytes (p->storage, p->future));
    row.lag = MAX (ends.end - next.end, 0);
    row.future = true;
    add_row (j, h, &row);
  }
  g_mutex_unlock (&p->lock);
}

static void dir_back (StkTask *t);

static void
dir_run (StkTask *t)
{
  DirJob *j = (DirJob *)t;
  Describe *d = j->describe;

  j->rc = stoker_disk_space (stk_world_disk (d->replicas->broker->world), d->replicas->dirs[j->dir].path, &j->free,
                             &j->total);
  for (uint32_t i = 0; i <= d->table->mask; i++) {
    StkHosted *h = d->table->by_name[i];
    for (int32_t k = 0; h && k < h->n_partitions; k++) {
      StkPartition *p = h->partitions[k];
      if (p == NULL || !is_wanted (d, h, k) || !stk_partition_enter (p))
        continue;
      if (p->ops->dir_abandon) /* else it keeps nothing there */
        look_at (j, h, p);
      stk_partition_leave (p);
    }
  }
  t->run = dir_back;
  stk_actor_post (d->io, t);
}

/* ---- the answer */

static void
fill_topics (StokerLogDirInfo *out, const GArray *rows, StokerArena *arena)
{
  StokerLogDirPartition *parts = stoker_arena_calloc (arena, MAX (rows->len, 1), sizeof *parts);
  int32_t n = 0;

  for (guint i = 0; i < rows->len; i++)
    n += i == 0 || g_array_index (rows, Row, i).topic != g_array_index (rows, Row, i - 1).topic;
  out->topics = stoker_arena_calloc (arena, (size_t)MAX (n, 1), sizeof *out->topics);
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = &g_array_index (rows, Row, i);
    if (i == 0 || row->topic != g_array_index (rows, Row, i - 1).topic) {
      StokerLogDirTopic *t = &out->topics[out->n_topics++];
      t->topic = stoker_arena_str (arena, (StokerStr){ row->topic->name, row->topic->name_len });
      t->partitions = &parts[i];
    }
    parts[i] = row->p;
    out->topics[out->n_topics - 1].n_partitions++;
  }
}

static void
finish (Describe *d)
{
  StokerCall *call = &d->req->call;

  stk_table_unref (d->table);
  if (d->wanted)
    g_hash_table_unref (d->wanted);
  g_free (d);
  call->core = NULL;
  stk_call_finish (call);
}

static void
dir_back (StkTask *t)
{
  DirJob *j = (DirJob *)t;
  Describe *d = j->describe;
  StokerLogDirInfo *out = &d->req->dirs[j->dir];

  if (j->rc < 0) {
    out->error = STOKER_KAFKA_STORAGE_ERROR;
  } else {
    out->total_bytes = (int64_t)MIN (j->total, INT64_MAX);
    out->usable_bytes = (int64_t)MIN (j->free, INT64_MAX);
    fill_topics (out, j->rows, d->req->call.arena);
  }
  g_array_unref (j->rows);
  g_free (j);
  if (--d->pending == 0)
    finish (d);
}

static void
run_to_the_end (StokerCall *call)
{
}

static void
describe (StokerCall *call)
{
  StokerDescribeLogDirs *req = (StokerDescribeLogDirs *)call;
  StkReplicas *r = call->ctx->broker->replicas;
  Describe *d = g_new0 (Describe, 1);

  d->wait.cancel = run_to_the_end;
  d->req = req;
  d->replicas = r;
  d->table = stk_replicas_table (r);
  d->wanted = filter_of (req);
  d->io = call->ctx->broker->io_actors[call->ctx->io];
  d->pending = 1;
  call->core = d;
  req->n_dirs = r->n_dirs;
  req->dirs = stoker_arena_calloc (call->arena, (size_t)r->n_dirs, sizeof *req->dirs);
  for (int i = 0; i < r->n_dirs; i++) {
    StokerLogDirInfo *out = &req->dirs[i];
    DirJob *j;
    out->path = stoker_arena_str (call->arena, stoker_str (r->dirs[i].path));
    out->total_bytes = out->usable_bytes = -1;
    if (r->dir_failed[i]) {
      out->error = STOKER_KAFKA_STORAGE_ERROR;
      continue;
    }
    j = g_new0 (DirJob, 1);
    j->describe = d;
    j->dir = i;
    j->rows = g_array_new (FALSE, FALSE, sizeof (Row));
    j->task.run = dir_run;
    d->pending++;
    stk_pool_post (r->broker->disk_pools[i], &j->task);
  }
  if (--d->pending == 0)
    finish (d);
}

void
stoker_describe_log_dirs (StokerDescribeLogDirs *req)
{
  StokerBroker *b = req->call.ctx->broker;

  req->dirs = NULL;
  req->n_dirs = 0;
  req->error
      = stk_broker_authorize (b, req->call.ctx, STK_ACL_DESCRIBE, STK_ACL_CLUSTER, STOKER_STR_LIT ("kafka-cluster"));
  if (req->error) {
    stk_call_finish (&req->call);
    return;
  }
  describe (&req->call);
}
