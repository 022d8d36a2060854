/* SPDX-License-Identifier: Apache-2.0 */
#include "group/tree_batch.h"

#include <string.h>

#define MAX_OPS 500u
#define MAX_BYTES (800u << 10) /* of one multi, paths and headers included: ZooKeeper takes 1 MiB */
#define OP_OVERHEAD 64u
#define MAX_WAITING (64u << 20) /* bytes; beyond, clients are told to come again */
#define RETRY_FIRST_US (50 * 1000)
#define RETRY_MOST_US (2 * 1000 * 1000)

typedef struct Op
{
  StokerCoordOpKind kind;
  char *path;
  StokerBytes data; /* owned */
  GSList *writes;   /* StkWrite: who waits for this node */
} Op;

typedef struct Batch
{
  struct Batch *next;
  GPtrArray *ops;      /* Op */
  GHashTable *by_path; /* path -> Op */
  GPtrArray *writes;   /* StkWrite, each once */
  size_t bytes;
  int64_t since_us;
  unsigned fixes;
} Batch;

/* A multi that is on its way. It outlives the queue when that is freed first. */
typedef struct Flight
{
  StkTreeQueue *queue; /* NULL: nobody is interested any more */
} Flight;

struct StkTreeQueue
{
  const StkGroupsHost *host;
  const StkGroupsConfig *config;
  Batch *first, *last;
  Flight *flight; /* of the first batch; NULL: none is on its way */
  bool stopping;
  size_t bytes;
  int64_t retry_us;
  StkTimer retry, late;
  void (*stopped) (void *user);
  void *stopped_user;
};

static void send_first (StkTreeQueue *q);

/* ---- batches */

static void
op_free (void *p)
{
  Op *op = p;

  g_slist_free (op->writes);
  g_free (op->path);
  g_free (op->data.data);
  g_free (op);
}

static Batch *
batch_new (StkTreeQueue *q)
{
  Batch *b = g_new0 (Batch, 1);

  b->ops = g_ptr_array_new_with_free_func (op_free);
  b->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  b->writes = g_ptr_array_new ();
  b->since_us = q->host->now_us (q->host->user);
  if (q->last)
    q->last->next = b;
  else
    q->first = b;
  q->last = b;
  if (q->late.slot == 0)
    q->host->timer_set (q->host->user, &q->late, b->since_us + (int64_t)q->config->commit_timeout_ms * 1000);
  return b;
}

static void
batch_free (Batch *b)
{
  g_hash_table_destroy (b->by_path);
  g_ptr_array_free (b->ops, TRUE);
  g_ptr_array_free (b->writes, TRUE);
  g_free (b);
}

static size_t
op_size (const Op *op)
{
  return strlen (op->path) + op->data.len + OP_OVERHEAD;
}

static bool
is_late (const StkTreeQueue *q, const Batch *b)
{
  return q->host->now_us (q->host->user) - b->since_us >= (int64_t)q->config->commit_timeout_ms * 1000;
}

/* The batch that is being filled: the last one, unless it is on its way, full, or so old that those in it have been
 * told. */
static Batch *
filling (StkTreeQueue *q, size_t bytes)
{
  Batch *b = q->last;

  if (b == NULL || is_late (q, b) || (b == q->first && (q->flight || b->fixes)) || b->ops->len >= MAX_OPS
      || (b->bytes + bytes > MAX_BYTES && b->ops->len > 0))
    return batch_new (q);
  return b;
}

static void
wait_for (Batch *b, Op *op, StkWrite *w)
{
  if (w == NULL)
    return;
  if (op)
    op->writes = g_slist_prepend (op->writes, w);
  if (b->writes->len && b->writes->pdata[b->writes->len - 1] == w)
    return;
  g_ptr_array_add (b->writes, w);
  w->parts++;
}

int16_t
stk_tree_queue_room (const StkTreeQueue *q, size_t bytes, size_t largest)
{
  if (q->stopping || q->bytes + bytes > MAX_WAITING)
    return STOKER_COORDINATOR_NOT_AVAILABLE;
  if (largest > MAX_BYTES)
    return STOKER_INVALID_COMMIT_OFFSET_SIZE;
  return STOKER_OK;
}

void
stk_tree_queue_add (StkTreeQueue *q, StkWrite *w, StokerCoordOpKind kind, char *path, StokerBytes data)
{
  Batch *b = filling (q, strlen (path) + data.len + OP_OVERHEAD);
  Op *op = g_hash_table_lookup (b->by_path, path);

  if (op && (op->kind == STOKER_COORD_OP_DELETE || kind == STOKER_COORD_OP_DELETE)) {
    b = batch_new (q); /* a node that goes and comes: one after the other */
    op = NULL;
  }
  if (op) {
    b->bytes -= op->data.len;
    q->bytes -= op->data.len;
    g_free (op->data.data);
    g_free (path);
  } else {
    op = g_new0 (Op, 1);
    op->kind = kind;
    op->path = path;
    g_ptr_array_add (b->ops, op);
    g_hash_table_insert (b->by_path, op->path, op);
    b->bytes += op_size (op);
    q->bytes += op_size (op);
  }
  op->data = (StokerBytes){ data.data ? g_memdup2 (data.data, data.len) : NULL, data.len };
  if (data.data && data.len == 0)
    op->data.data = g_malloc0 (1);
  b->bytes += data.len;
  q->bytes += data.len;
  wait_for (b, op, w);
}

void
stk_tree_queue_send (StkTreeQueue *q, StkWrite *w)
{
  if (w && w->parts == 0)
    wait_for (filling (q, 0), NULL, w);
  if (q->flight || q->retry.slot || q->first == NULL)
    return;
  if (q->first->ops->len)
    send_first (q);
  else /* nothing to do; not inside this call */
    q->host->timer_set (q->host->user, &q->retry, q->host->now_us (q->host->user));
}

/* ---- ends */

static void
write_part_done (StkWrite *w, int16_t error)
{
  if (error && w->error == 0)
    w->error = error;
  if (--w->parts == 0)
    w->done (w, w->error);
}

/* The first batch is over. */
static void
finish_first (StkTreeQueue *q, int16_t error)
{
  Batch *b = q->first;

  q->first = b->next;
  if (q->first == NULL)
    q->last = NULL;
  q->bytes -= b->bytes;
  for (guint i = 0; i < b->writes->len; i++)
    write_part_done (b->writes->pdata[i], error);
  batch_free (b);
}

static void
maybe_stopped (StkTreeQueue *q)
{
  void (*stopped) (void *user) = q->stopped;

  if (!q->stopping || q->first || stopped == NULL)
    return;
  q->host->timer_cancel (q->host->user, &q->late);
  q->host->timer_cancel (q->host->user, &q->retry);
  q->stopped = NULL;
  stopped (q->stopped_user);
}

static void
give_up (StkTreeQueue *q)
{
  q->stopping = true;
  if (q->flight)
    q->flight->queue = NULL;
  q->flight = NULL;
  while (q->first)
    finish_first (q, STOKER_COORDINATOR_NOT_AVAILABLE);
}

/* Tells those who wait too long. The timer belongs to the oldest batch that may have such. */
static void
too_late (StkTimer *t)
{
  StkTreeQueue *q = (StkTreeQueue *)((char *)t - offsetof (StkTreeQueue, late));
  int64_t timeout = (int64_t)q->config->commit_timeout_ms * 1000, now = q->host->now_us (q->host->user), next = 0;

  if (q->stopping) { /* long enough */
    give_up (q);
    maybe_stopped (q);
    return;
  }
  for (Batch *b = q->first; b && next == 0; b = b->next) {
    if (b->since_us + timeout > now) {
      next = b->since_us + timeout;
      continue;
    }
    for (guint i = 0; i < b->writes->len; i++) {
      StkWrite *w = b->writes->pdata[i];
      if (!w->was_late && w->late) {
        w->was_late = true;
        w->late (w);
      }
    }
  }
  if (next)
    q->host->timer_set (q->host->user, &q->late, next);
}

/* ---- corrections */

static void
insert_parent (StkTreeQueue *q, Batch *b, guint at)
{
  Op *child = b->ops->pdata[at], *op = g_new0 (Op, 1);

  op->kind = STOKER_COORD_OP_CREATE;
  op->path = g_path_get_dirname (child->path);
  g_ptr_array_insert (b->ops, (gint)at, op);
  b->bytes += op_size (op);
  q->bytes += op_size (op);
  if (!g_hash_table_contains (b->by_path, op->path))
    g_hash_table_insert (b->by_path, op->path, op);
}

static void
remove_op (Batch *b, guint at)
{
  Op *op = b->ops->pdata[at];

  if (g_hash_table_lookup (b->by_path, op->path) == op)
    g_hash_table_remove (b->by_path, op->path);
  g_ptr_array_remove_index (b->ops, at);
}

/* This one can never be written: whoever waits for it is told, the others' go on without. */
static void
fail_op (StkTreeQueue *q, Batch *b, guint at, int code)
{
  Op *op = b->ops->pdata[at];

  if (q->host->log) {
    g_autofree char *text
        = g_strdup_printf ("the coordinator refuses a node of a group | path=%s code=%d", op->path, code);
    q->host->log (q->host->user, STOKER_LOG_ERROR, "group.store-refused", text);
  }
  for (GSList *l = op->writes; l; l = l->next) {
    StkWrite *w = l->data;
    if (w->error == 0)
      w->error = STOKER_UNKNOWN_SERVER_ERROR;
  }
  remove_op (b, at);
}

static void
correct (StkTreeQueue *q, Batch *b, guint at, int code)
{
  Op *op = b->ops->pdata[at];

  b->fixes++;
  if (b->fixes > MAX_OPS * 8)
    fail_op (q, b, at, code);
  else if (op->kind == STOKER_COORD_OP_CREATE && code == STOKER_COORD_NODE_EXISTS && op->data.data == NULL)
    remove_op (b, at); /* a parent, as wanted */
  else if (op->kind == STOKER_COORD_OP_CREATE && code == STOKER_COORD_NODE_EXISTS)
    op->kind = STOKER_COORD_OP_SET;
  else if (op->kind == STOKER_COORD_OP_CREATE && code == STOKER_COORD_NO_NODE && strrchr (op->path, '/') != op->path)
    insert_parent (q, b, at);
  else if (op->kind == STOKER_COORD_OP_SET && code == STOKER_COORD_NO_NODE)
    op->kind = STOKER_COORD_OP_CREATE;
  else if (op->kind == STOKER_COORD_OP_DELETE && (code == STOKER_COORD_NO_NODE || code == STOKER_COORD_NOT_EMPTY))
    remove_op (b, at); /* gone already, or somebody else's nodes are in it */
  else
    fail_op (q, b, at, code);
}

/* ---- sending */

static void
retry_now (StkTimer *t)
{
  send_first ((StkTreeQueue *)((char *)t - offsetof (StkTreeQueue, retry)));
}

static void
retry_later (StkTreeQueue *q)
{
  q->retry_us = CLAMP (q->retry_us * 2, RETRY_FIRST_US, RETRY_MOST_US);
  q->host->timer_set (q->host->user, &q->retry, q->host->now_us (q->host->user) + q->retry_us);
}

static bool
outcome_unknown (int code)
{
  return code == STOKER_COORD_CONNECTION_LOSS || code == STOKER_COORD_SESSION_EXPIRED;
}

static void
answered (void *user, const StokerCoordReply *reply)
{
  Flight *flight = user;
  StkTreeQueue *q = flight->queue;
  guint bad = 0;
  Batch *b;

  g_free (flight);
  if (q == NULL)
    return;
  q->flight = NULL;
  b = q->first;
  while (bad < reply->n_codes && bad < b->ops->len
         && (reply->codes[bad] == STOKER_COORD_OK || reply->codes[bad] == STOKER_COORD_RUNTIME_INCONSISTENCY))
    bad++;
  if (reply->code == STOKER_COORD_OK) {
    q->retry_us = 0;
    finish_first (q, STOKER_OK);
  } else if (reply->code == STOKER_COORD_CLOSED) {
    give_up (q);
  } else if (outcome_unknown (reply->code)) {
    b->fixes++; /* from now on nothing is merged into it */
    retry_later (q);
    return;
  } else if (bad < reply->n_codes && bad < b->ops->len) {
    correct (q, b, bad, reply->codes[bad]);
  } else {
    finish_first (q, STOKER_UNKNOWN_SERVER_ERROR);
  }
  send_first (q);
}

static void
send_first (StkTreeQueue *q)
{
  const StokerCoordinatorOps *coord;
  g_autofree StokerCoordOp *ops = NULL;
  Batch *b;

  if (q->flight)
    return;
  while (q->first && q->first->ops->len == 0) /* corrected away: the tree is as it should be */
    finish_first (q, STOKER_OK);
  if (q->flight) /* a callback of the above sent already */
    return;
  b = q->first;
  if (b == NULL) {
    maybe_stopped (q);
    return;
  }
  ops = g_new0 (StokerCoordOp, b->ops->len);
  for (guint i = 0; i < b->ops->len; i++) {
    const Op *op = b->ops->pdata[i];
    ops[i] = (StokerCoordOp){ .kind = op->kind, .path = op->path, .data = op->data, .version = -1 };
  }
  q->flight = g_new (Flight, 1);
  q->flight->queue = q;
  coord = q->host->coordinator->module->ops;
  coord->multi (q->host->coordinator, ops, b->ops->len, answered, q->flight);
}

StkTreeQueue *
stk_tree_queue_new (const StkGroupsHost *host, const StkGroupsConfig *config)
{
  StkTreeQueue *q = g_new0 (StkTreeQueue, 1);

  q->host = host;
  q->config = config;
  q->retry.fire = retry_now;
  q->late.fire = too_late;
  return q;
}

void
stk_tree_queue_stop (StkTreeQueue *q, void (*stopped) (void *user), void *user)
{
  q->stopping = true;
  q->stopped = stopped;
  q->stopped_user = user;
  /* At once when nothing is on its way, but never inside this call. */
  q->host->timer_set (q->host->user, &q->late,
                      q->host->now_us (q->host->user) + (q->first ? (int64_t)q->config->commit_timeout_ms * 1000 : 0));
}

void
stk_tree_queue_free (StkTreeQueue *q)
{
  give_up (q);
  q->host->timer_cancel (q->host->user, &q->retry);
  q->host->timer_cancel (q->host->user, &q->late);
  g_free (q);
}
