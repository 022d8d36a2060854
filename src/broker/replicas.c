/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/moves.h"
#include "broker/replicas_private.h"

#include "config/broker_config.h"
#include "control/metrics.h"
#include "module/registry.h"

StkReplicas *
stk_replicas_new (StokerBroker *b)
{
  StkReplicas *r = g_new0 (StkReplicas, 1);

  r->broker = b;
  r->found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stk_found_free);
  r->futures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stk_found_free);
  r->storages = g_ptr_array_new ();
  r->moves = stk_moves_new (r);
  r->control_io = stk_io_new (b, b->control, -1);
  r->current = stk_table_new (NULL, 0);
  atomic_init (&r->version, 1);
  g_mutex_init (&r->lock);
  r->sessions = stk_sessions_new ((int)b->config->max_incremental_fetch_session_cache_slots);
  r->fetch_max_bytes = (size_t)b->config->fetch_max_bytes;
  r->auto_create = b->config->auto_create_topics_enable;
  return r;
}

void
stk_replicas_free (StkReplicas *r)
{
  if (r == NULL)
    return;
  stk_moves_free (r->moves);
  stk_sessions_free (r->sessions);
  stk_table_unref (r->current);
  stk_io_free (r->control_io);
  g_hash_table_unref (r->found);
  g_hash_table_unref (r->futures);
  g_ptr_array_unref (r->storages);
  g_free (r->dir_failed);
  g_free (r->dir_told);
  g_free (r->dir_logs);
  if (r->missing)
    g_string_free (r->missing, TRUE);
  g_mutex_clear (&r->lock);
  g_free (r);
}

/* ---- the table */

StkTable *
stk_replicas_table (StkReplicas *r)
{
  StkTable *t;

  g_mutex_lock (&r->lock);
  t = stk_table_ref (r->current);
  g_mutex_unlock (&r->lock);
  return t;
}

static void
io_refresh (void *io)
{
  (void)stk_io_table (io);
}

void
stk_replicas_publish (StkReplicas *r, StkTable *t)
{
  StkTable *old;
  int64_t partitions = 0;

  for (uint32_t i = 0; i <= t->mask; i++)
    for (int32_t k = 0; t->by_name[i] && k < t->by_name[i]->n_partitions; k++)
      partitions += t->by_name[i]->partitions[k] != NULL;
  stoker_metric_set (stk_metrics_core (r->broker->metrics, STK_METRIC_PARTITIONS), partitions);
  g_mutex_lock (&r->lock);
  old = r->current;
  r->current = t;
  g_mutex_unlock (&r->lock);
  atomic_fetch_add_explicit (&r->version, 1, memory_order_release);
  stk_table_unref (old);
  /* Threads look at the number at their next request; this is only so that idle ones let go of the old table. */
  for (int i = 0; i < r->broker->n_io; i++)
    stk_actor_call (r->broker->io_actors[i], io_refresh, r->broker->io[i]);
}

StkTable *
stk_io_table (StkIo *io)
{
  StkReplicas *r = io->broker->replicas;
  uint64_t version = atomic_load_explicit (&r->version, memory_order_acquire);

  if (G_UNLIKELY (version != io->table_version)) {
    stk_table_unref (io->table);
    io->table = stk_replicas_table (r);
    io->table_version = version;
  }
  return io->table;
}

/* ---- lookup */

static StkPartition *
find (StkReplicas *r, int io, StokerStr name, StokerUuid id, int32_t partition)
{
  StkTable *t = io >= 0 ? stk_io_table (r->broker->io[io]) : stk_replicas_table (r);
  StkHosted *h = name.data ? stk_table_find (t, name) : stk_table_find_id (t, id);
  StkPartition *p = h ? stk_hosted_partition (h, partition) : NULL;

  if (p)
    stk_partition_ref (p);
  if (io < 0)
    stk_table_unref (t);
  return p;
}

StkPartition *
stk_replicas_find (StkReplicas *r, int io, StokerStr topic, int32_t partition)
{
  return topic.data ? find (r, io, topic, (StokerUuid){ { 0 } }, partition) : NULL;
}

StkPartition *
stk_replicas_find_id (StkReplicas *r, int io, StokerUuid topic_id, int32_t partition)
{
  return find (r, io, STOKER_STR_NULL, topic_id, partition);
}

StokerStr
stk_replicas_topic_name (StkReplicas *r, int io, StokerUuid topic_id, StokerArena *arena)
{
  StkTable *t = io >= 0 ? stk_io_table (r->broker->io[io]) : stk_replicas_table (r);
  StkHosted *h = stk_table_find_id (t, topic_id);
  StokerStr name = h ? stoker_arena_str (arena, (StokerStr){ h->name, h->name_len }) : STOKER_STR_NULL;

  if (io < 0)
    stk_table_unref (t);
  return name;
}

/* ---- what the controller asks for */

static bool
add_storage (void *storages, StokerInstance *i)
{
  g_ptr_array_add (storages, i);
  return true;
}

void
stk_replicas_attach (StkReplicas *r, const StokerLogDir *dirs, int n_dirs,
                     void (*done) (void *user, const StokerError *err), void *user)
{
  StkChange *c = stk_change_new (r, STK_CHANGE_ATTACH, (StkAnyFn)done, user);

  r->dirs = dirs;
  r->n_dirs = n_dirs;
  r->dir_failed = g_new0 (_Atomic bool, n_dirs);
  r->dir_told = g_new0 (_Atomic bool, n_dirs);
  r->dir_logs = g_new0 (int, n_dirs);
  stk_registry_each (r->broker->registry, STOKER_KIND_STORAGE, add_storage, r->storages);
  c->found = g_ptr_array_new ();
  c->run = stk_attach_run;
  c->finish = stk_attach_finish;
  stk_change_queue (c);
}

/* A deep copy of what is borrowed: the change may have to wait for others. */
static StkReplicaPartition *
specs_copy (const StkReplicaPartition *from, int32_t n)
{
  StkReplicaPartition *to = g_memdup2 (from, sizeof *from * (size_t)n);

  for (int32_t i = 0; i < n; i++) {
    to[i].replicas = g_memdup2 (from[i].replicas, sizeof (int32_t) * (size_t)from[i].n_replicas);
    to[i].isr = g_memdup2 (from[i].isr, sizeof (int32_t) * (size_t)from[i].n_isr);
  }
  return to;
}

void
stk_specs_free (GPtrArray *specs, GArray *counts)
{
  for (guint t = 0; t < specs->len; t++) {
    StkReplicaPartition *s = g_ptr_array_index (specs, t);
    for (int32_t i = 0; i < g_array_index (counts, int32_t, t); i++) {
      g_free ((void *)s[i].replicas);
      g_free ((void *)s[i].isr);
    }
    g_free (s);
  }
}

static void
apply_finish (StkChange *c)
{
  stk_apply_finish (c);
  if (c->specs) /* the opening of logs at the start has taken them */
    stk_specs_free (c->specs, c->spec_counts);
}

void
stk_replicas_apply (StkReplicas *r, const StkReplicaTopic *topics, int32_t n_topics,
                    void (*done) (void *user, const StkReplicaResult *failed, int32_t n_failed), void *user)
{
  StkChange *c = stk_change_new (r, STK_CHANGE_APPLY, (StkAnyFn)done, user);

  c->topics = g_ptr_array_new_with_free_func ((GDestroyNotify)stk_hosted_unref);
  c->specs = g_ptr_array_new ();
  c->spec_counts = g_array_new (FALSE, FALSE, sizeof (int32_t));
  c->failed = g_array_new (FALSE, TRUE, sizeof (StkReplicaResult));
  for (int32_t i = 0; i < n_topics; i++) {
    int32_t size = 0;
    for (int32_t j = 0; j < topics[i].n_partitions; j++)
      size = MAX (size, topics[i].partitions[j].partition + 1);
    g_ptr_array_add (c->topics, stk_hosted_new (topics[i].name, topics[i].id, topics[i].config, size));
    g_ptr_array_add (c->specs, specs_copy (topics[i].partitions, topics[i].n_partitions));
    g_array_append_val (c->spec_counts, topics[i].n_partitions);
  }
  c->run = stk_apply_run;
  c->finish = apply_finish;
  stk_change_queue (c);
}

/* Takes topics out of the table now; returns those that were there (referenced). */
static GPtrArray *
unpublish (StkReplicas *r, const StokerStr *names, const StokerUuid *ids, int32_t n)
{
  GPtrArray *gone = g_ptr_array_new_with_free_func ((GDestroyNotify)stk_hosted_unref);
  g_autoptr (GPtrArray) stay = g_ptr_array_new ();

  for (int32_t i = 0; i < n; i++) {
    StkHosted *h = stk_table_find (r->current, names[i]);
    if (h && (ids == NULL || stoker_uuid_is_zero (ids[i]) || stoker_uuid_equal (ids[i], h->id)))
      g_ptr_array_add (gone, stk_hosted_ref (h));
  }
  if (gone->len == 0)
    return gone;
  for (uint32_t i = 0; i <= r->current->mask; i++) {
    StkHosted *h = r->current->by_name[i];
    if (h && !g_ptr_array_find (gone, h, NULL))
      g_ptr_array_add (stay, h);
  }
  stk_replicas_publish (r, stk_table_new ((StkHosted *const *)stay->pdata, stay->len));
  return gone;
}

typedef struct Removal
{
  StkChange base;
  int32_t n;
  StokerStr *names;
  StokerUuid *ids;
} Removal;

/* What an earlier change of the queue has published meanwhile goes too. */
static void
removal_run (StkChange *c)
{
  Removal *m = (Removal *)c;
  GPtrArray *more = unpublish (c->replicas, m->names, m->ids, m->n);

  g_ptr_array_extend_and_steal (c->topics, more);
  stk_remove_run (c);
  for (int32_t i = 0; i < m->n; i++)
    stk_remove_found (c, m->names[i], m->ids[i]);
}

static void
removal_finish (StkChange *c)
{
  Removal *m = (Removal *)c;

  for (int32_t i = 0; i < m->n; i++)
    g_free ((char *)m->names[i].data);
  g_free (m->names);
  g_free (m->ids);
  if (c->done)
    ((void (*) (void *))c->done) (c->user);
}

void
stk_replicas_remove (StkReplicas *r, const StokerStr *names, const StokerUuid *ids, int32_t n,
                     void (*done) (void *user), void *user)
{
  Removal *m = g_new0 (Removal, 1);
  StkChange *c = &m->base;

  c->replicas = r;
  c->kind = STK_CHANGE_REMOVE;
  c->done = (StkAnyFn)done;
  c->user = user;
  c->topics = unpublish (r, names, ids, n);
  m->n = n;
  m->names = g_new0 (StokerStr, MAX (n, 1));
  m->ids = g_new0 (StokerUuid, MAX (n, 1));
  for (int32_t i = 0; i < n; i++) {
    m->names[i] = (StokerStr){ g_strndup (names[i].data, names[i].len), names[i].len };
    if (ids)
      m->ids[i] = ids[i];
  }
  c->run = removal_run;
  c->finish = removal_finish;
  stk_change_queue (c);
}

bool
stk_replicas_dir_failed (const StkReplicas *r, int dir)
{
  return r->dir_failed && dir < r->n_dirs && r->dir_failed[dir];
}

static void
close_finish (StkChange *c)
{
  ((void (*) (void *))c->done) (c->user);
}

/* All logs are closed: now the directories. */
static void
logs_closed (StkChange *c)
{
  StkChange *next = stk_change_new (c->replicas, STK_CHANGE_CLOSE, c->done, c->user);

  next->run = stk_detach_run;
  next->finish = close_finish;
  stk_change_queue (next);
}

void
stk_replicas_close (StkReplicas *r, void (*done) (void *user), void *user)
{
  atomic_store (&r->abandon, true);
  StkChange *c = stk_change_new (r, STK_CHANGE_CLOSE, (StkAnyFn)done, user);

  r->closing = true;
  c->run = stk_close_run;
  c->finish = logs_closed;
  stk_change_queue (c);
}
