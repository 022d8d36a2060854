/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "broker/housekeeping.h"
#include "config/broker_config.h"
#include "config/topic_config.h"
#include "control/log.h"
#include "control/metrics.h"
#include "meta/store.h"
#include "module/host.h"
#include "module/registry.h"
#include "test-host.h"

#include <fcntl.h>
#include <stoker/host.h>
#include <unistd.h>

extern const StokerModule stoker_module_storage_segment, stoker_module_codec_lz4, stoker_module_codec_gzip,
    stoker_module_cleaner_delete;

struct Kit
{
  StkWorld *world;
  StokerBroker *b;
  char *dir, *text;
  StokerLogDir log_dir;
  GMutex lock;
  GCond changed;
  StokerContext ctx[KIT_IO];
  bool attached;
};

/* ---- the host */

static int64_t
host_now (void *b)
{
  return stk_world_now_ms (((StokerBroker *)b)->world);
}

static int64_t
host_us (void *b)
{
  return stk_world_monotonic_us (((StokerBroker *)b)->world);
}

static uint64_t
host_random (void *b)
{
  return stk_world_random (((StokerBroker *)b)->world);
}

static void
host_work (void *b, int dir, void (*fn) (void *arg), void *arg)
{
  stk_pool_call (((StokerBroker *)b)->disk_pools[0], fn, arg);
}

static void
host_control (void *b, void (*fn) (void *arg), void *arg)
{
  stk_actor_call (((StokerBroker *)b)->control, fn, arg);
}

static StokerInstance *
host_codec (void *b, int id)
{
  return stk_registry_codec (((StokerBroker *)b)->registry, id);
}

static const StkHostOps host_ops = { host_now, host_us, host_random, host_work, host_control, host_codec };

/* ---- waiting */

typedef struct On
{
  Kit *k;
  void (*fn) (void *user);
  void *user;
  bool done;
} On;

static void
wake (Kit *k, bool *flag)
{
  g_mutex_lock (&k->lock);
  *flag = true;
  g_cond_broadcast (&k->changed);
  g_mutex_unlock (&k->lock);
}

static void
wait_for (Kit *k, bool *flag)
{
  gint64 until = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  g_mutex_lock (&k->lock);
  while (!*flag)
    if (!g_cond_wait_until (&k->changed, &k->lock, until))
      g_error ("nothing happened for 60 s");
  g_mutex_unlock (&k->lock);
}

static void
run_on (void *user)
{
  On *o = user;

  o->fn (o->user);
  wake (o->k, &o->done);
}

void
kit_on (Kit *k, int io, void (*fn) (void *user), void *user)
{
  On o = { k, fn, user, false };

  stk_actor_call (io < 0 ? k->b->control : k->b->io_actors[io], run_on, &o);
  wait_for (k, &o.done);
}

typedef struct Later
{
  Kit *k;
  bool done;
  void (*go) (struct Later *l);
  const StkReplicaTopic *topic;
  int failed;
} Later;

static void
later_done (void *user)
{
  Later *l = user;
  wake (l->k, &l->done);
}

static void
later_go (void *user)
{
  Later *l = user;
  l->go (l);
}

/* Runs go on control and waits until its done came. */
static void
on_control (Kit *k, Later *l)
{
  l->k = k;
  kit_on (k, -1, later_go, l);
  wait_for (k, &l->done);
}

/* ---- life */

static void
attached (void *user, const StokerError *err)
{
  g_assert_null (err);
  stk_housekeeping_start (((Later *)user)->k->b->housekeeping);
  later_done (user);
}

static void
attach (Later *l)
{
  stk_replicas_attach (l->k->b->replicas, &l->k->log_dir, 1, attached, l);
}

static int
instance (StokerBroker *b, const StokerModule *m, StokerError *err)
{
  const StokerModule *checked;

  if (stk_registry_add_module (b->registry, m, &checked, err) < 0)
    return -1;
  return stk_registry_add_instance (b->registry, checked, m->name, NULL, err);
}

static void
load (StokerBroker *b)
{
  StokerError err = { 0 };

  b->registry = stk_registry_new (b->host, NULL);
  if (instance (b, &stoker_module_storage_segment, &err) < 0 || instance (b, &stoker_module_codec_lz4, &err) < 0
      || instance (b, &stoker_module_codec_gzip, &err) < 0 || instance (b, &stoker_module_cleaner_delete, &err) < 0
      || stk_registry_set_default (b->registry, STOKER_KIND_STORAGE, "segment", &err) < 0
      || stk_registry_init (b->registry, &err) < 0 || stk_registry_start (b->registry, 0, &err) < 0)
    g_error ("%s", err.text);
}

static void
publish_broker (Kit *k)
{
  StkMetaEndpoint e = { "PLAINTEXT", "127.0.0.1", 9092, 0 };
  StkMetaBroker me = { .id = 0, .endpoints = &e, .n_endpoints = 1 };
  StkSnapshot *base = stk_meta_store_get (k->b->meta);
  StkSnapshotBuilder *builder = stk_snapshot_builder_new (base);
  StkMetaBroker *b = stk_meta_broker_new (&me);

  stk_snapshot_builder_set_cluster_id (builder, "kit");
  stk_snapshot_builder_set_controller (builder, 0, 1);
  stk_snapshot_builder_set_broker (builder, b);
  stk_meta_broker_unref (b);
  stk_snapshot_unref (base);
  stk_meta_store_publish (k->b->meta, stk_snapshot_builder_end (builder));
}

static void
publish_on_control (void *k)
{
  publish_broker (k);
}

static void
start (Kit *k)
{
  StokerBroker *b = g_new0 (StokerBroker, 1);
  StokerError err = { 0 };
  Later l = { .go = attach };

  k->b = b;
  b->world = k->world;
  b->epoch = -1;
  b->config = stk_broker_config_for_test (k->text, k->dir);
  b->metrics = stk_metrics_new ();
  b->host = g_new0 (StokerHost, 1);
  *b->host = (StokerHost){ .ops = &host_ops, .user = b, .disk = stk_world_disk (k->world), .metrics = b->metrics };
  b->control = stk_actor_new (k->world, STK_ACTOR_CONTROL, "control");
  b->n_io = KIT_IO;
  b->io_actors = g_new0 (StkActor *, KIT_IO);
  b->io = g_new0 (StkIo *, KIT_IO);
  b->n_dirs = 1;
  b->disk_pools = g_new0 (StkPool *, 1);
  b->disk_pools[0] = stk_pool_new (k->world, "disk-0", 2);
  for (int i = 0; i < KIT_IO; i++) {
    b->io_actors[i] = stk_actor_new (k->world, STK_ACTOR_IO, "io");
    b->io[i] = stk_io_new (b, b->io_actors[i], i);
    k->ctx[i] = (StokerContext){
      .broker = b, .io = i, .listener = "PLAINTEXT", .principal = "User:ANONYMOUS", .client_host = "127.0.0.1"
    };
  }
  load (b);
  b->meta = stk_meta_store_new (KIT_IO);
  b->replicas = stk_replicas_new (b);
  b->housekeeping = stk_housekeeping_new (b->replicas);
  g_assert_cmpint (stk_actor_start (b->control, &err), ==, 0);
  for (int i = 0; i < KIT_IO; i++)
    g_assert_cmpint (stk_actor_start (b->io_actors[i], &err), ==, 0);
  k->log_dir = (StokerLogDir){ .index = 0, .path = k->dir, .clean = false };
  on_control (k, &l);
  kit_on (k, -1, publish_on_control, k);
}

static void
close_logs (Later *l)
{
  stk_replicas_close (l->k->b->replicas, later_done, l);
}

static void
quiet (void *user)
{
  close_logs (user);
}

static void
close_all (Later *l)
{
  stk_housekeeping_stop (l->k->b->housekeeping, quiet, l);
}

static void
stop (Kit *k)
{
  StokerBroker *b = k->b;
  Later l = { .go = close_all };

  on_control (k, &l);
  for (int i = 0; i < KIT_IO; i++)
    stk_actor_quit (b->io_actors[i]);
  stk_actor_quit (b->control);
  stk_pool_free (b->disk_pools[0]);
  for (int i = 0; i < KIT_IO; i++)
    stk_actor_free (b->io_actors[i]);
  stk_actor_free (b->control);
  stk_housekeeping_free (b->housekeeping);
  stk_replicas_free (b->replicas);
  for (int i = 0; i < KIT_IO; i++)
    stk_io_free (b->io[i]);
  stk_meta_store_free (b->meta);
  stk_registry_free (b->registry);
  stk_metrics_free (b->metrics);
  stk_broker_config_free ((StkBrokerConfig *)b->config);
  g_free (b->host);
  g_free (b->io);
  g_free (b->io_actors);
  g_free (b->disk_pools);
  g_free (b);
  k->b = NULL;
}

Kit *
kit_new_with (const char *config)
{
  Kit *k = g_new0 (Kit, 1);

  g_mutex_init (&k->lock);
  g_cond_init (&k->changed);
  k->world = stk_real_world_new ();
  k->dir = test_dir_new ();
  k->text = g_strdup (config);
  start (k);
  return k;
}

Kit *
kit_new (void)
{
  return kit_new_with ("");
}

void
kit_restart (Kit *k)
{
  stop (k);
  start (k);
}

void
kit_free (Kit *k)
{
  stop (k);
  stk_world_free (k->world);
  test_dir_free (k->dir);
  g_free (k->text);
  g_mutex_clear (&k->lock);
  g_cond_clear (&k->changed);
  g_free (k);
}

static void
drop_pages (const char *dir)
{
  g_autoptr (GDir) d = g_dir_open (dir, 0, NULL);
  const char *name;

  while (d && (name = g_dir_read_name (d)) != NULL) {
    g_autofree char *path = g_build_filename (dir, name, NULL);
    int fd;
    if (g_file_test (path, G_FILE_TEST_IS_DIR)) {
      drop_pages (path);
    } else if ((g_str_has_suffix (name, ".log") || g_str_has_suffix (name, "index")) && (fd = open (path, O_RDONLY | O_CLOEXEC)) >= 0) {
      fsync (fd);
      posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
      close (fd);
    }
  }
}

void
kit_make_cold (Kit *k)
{
  drop_pages (k->dir);
}

int
kit_logs (Kit *k, const char *prefix)
{
  g_autoptr (GDir) d = g_dir_open (k->dir, 0, NULL);
  const char *name;
  int n = 0;

  while ((name = g_dir_read_name (d)) != NULL)
    n += g_str_has_prefix (name, prefix) && !g_str_has_suffix (name, "-delete");
  return n;
}

StokerBroker *
kit_broker (Kit *k)
{
  return k->b;
}

/* ---- topics */

StokerUuid
kit_topic_id (const char *name)
{
  StokerUuid id = { { 1 } };

  memcpy (id.b + 1, name, MIN (strlen (name), 15));
  return id;
}

typedef struct Topic
{
  Later later; /* first */
  StkReplicaTopic topic;
  StkMetaTopic meta;
} Topic;

static void
applied (void *user, const StkReplicaResult *failed, int32_t n_failed)
{
  Topic *t = user;
  StokerBroker *b = t->later.k->b;
  StkSnapshot *base = stk_meta_store_get (b->meta);
  StkSnapshotBuilder *builder = stk_snapshot_builder_new (base);
  StkMetaTopic *m = stk_meta_topic_new (&t->meta);

  g_assert_cmpint (n_failed, ==, 0);
  stk_snapshot_builder_set_topic (builder, m);
  stk_meta_topic_unref (m);
  stk_snapshot_unref (base);
  stk_meta_store_publish (b->meta, stk_snapshot_builder_end (builder));
  later_done (user);
}

static void
apply (Later *l)
{
  Topic *t = (Topic *)l;

  stk_replicas_apply (l->k->b->replicas, &t->topic, 1, applied, t);
}

void
kit_topic_replicas (Kit *k, const char *name, int n, int replicas, const char *settings)
{
  g_autofree StkReplicaPartition *parts = g_new0 (StkReplicaPartition, n);
  g_autofree StkMetaPartition *metas = g_new0 (StkMetaPartition, n);
  g_autofree int32_t *ids = g_new0 (int32_t, replicas);
  g_auto (GStrv) lines = g_strsplit (settings ? settings : "", "\n", -1);
  g_autofree StkMetaPair *pairs = g_new0 (StkMetaPair, g_strv_length (lines) + 1);
  StokerTopicConfig config;
  Topic t = { .later = { .go = apply } };
  size_t n_pairs = 0;

  for (char **l = lines; *l; l++) {
    char *eq = strchr (*l, '=');
    if (eq == NULL)
      continue;
    *eq = '\0';
    pairs[n_pairs++] = (StkMetaPair){ *l, eq + 1 };
  }
  for (int i = 0; i < replicas; i++)
    ids[i] = i;
  for (int i = 0; i < n; i++) {
    parts[i] = (StkReplicaPartition){ i, 0, 0, 0, ids, ids, replicas, 1 };
    metas[i] = (StkMetaPartition){ 0, 0, 0, ids, ids, replicas, 1 };
  }
  stk_topic_config_make (k->b->config, pairs, n_pairs, &config);
  t.topic = (StkReplicaTopic){ stoker_str (name), kit_topic_id (name), &config, parts, n };
  t.meta = (StkMetaTopic){
    .name = name, .name_len = (uint32_t)strlen (name), .id = kit_topic_id (name), .partitions = metas, .n_partitions = n
  };
  on_control (k, &t.later);
  stk_topic_config_clear (&config);
}

void
kit_topic (Kit *k, const char *name, int n, const char *settings)
{
  kit_topic_replicas (k, name, n, 1, settings);
}

typedef struct Elsewhere
{
  Kit *k;
  const char *name;
  int32_t leader;
} Elsewhere;

static void
publish_elsewhere (void *user)
{
  const Elsewhere *e = user;
  StkMetaEndpoint end = { "PLAINTEXT", "there", 9093, 0 };
  StkMetaBroker b = { .id = e->leader, .rack = "r", .endpoints = &end, .n_endpoints = 1 };
  StkMetaPartition p = { e->leader, 4, 0, &e->leader, &e->leader, 1, 1 };
  StkMetaTopic t = { .name = e->name,
                     .name_len = (uint32_t)strlen (e->name),
                     .id = kit_topic_id (e->name),
                     .partitions = &p,
                     .n_partitions = 1 };
  StkMetaBroker *broker = stk_meta_broker_new (&b);
  StkMetaTopic *topic = stk_meta_topic_new (&t);
  StkSnapshot *base = stk_meta_store_get (e->k->b->meta);
  StkSnapshotBuilder *builder = stk_snapshot_builder_new (base);

  stk_snapshot_builder_set_broker (builder, broker);
  stk_snapshot_builder_set_topic (builder, topic);
  stk_meta_broker_unref (broker);
  stk_meta_topic_unref (topic);
  stk_snapshot_unref (base);
  stk_meta_store_publish (e->k->b->meta, stk_snapshot_builder_end (builder));
}

void
kit_topic_elsewhere (Kit *k, const char *name, int32_t leader)
{
  Elsewhere e = { k, name, leader };

  kit_on (k, -1, publish_elsewhere, &e);
}

typedef struct Drop
{
  Later later; /* first */
  StokerStr name;
} Drop;

static void
drop (Later *l)
{
  Drop *d = (Drop *)l;
  StokerBroker *b = l->k->b;
  StkSnapshot *base = stk_meta_store_get (b->meta);
  StkSnapshotBuilder *builder = stk_snapshot_builder_new (base);

  stk_snapshot_builder_remove_topic (builder, d->name);
  stk_snapshot_unref (base);
  stk_meta_store_publish (b->meta, stk_snapshot_builder_end (builder));
  stk_replicas_remove (b->replicas, &d->name, NULL, 1, later_done, l);
}

void
kit_drop_topic (Kit *k, const char *name)
{
  Drop d = { .later = { .go = drop }, .name = stoker_str (name) };

  on_control (k, &d.later);
}

/* ---- calls */

static void
call_done (StokerCall *call)
{
  Call *c = call->user;

  wake (c->kit, &c->done);
}

void
kit_call_init (Kit *k, Call *c, StokerCall *call, int io, int api_key, int version)
{
  *c = (Call){ .kit = k, .arena = stoker_arena_new (0), .call = call, .io = io };
  *call = (StokerCall){ .ctx = &k->ctx[io],
                        .client_id = STOKER_STR_LIT ("kit"),
                        .api_key = (int16_t)api_key,
                        .api_version = (int16_t)version,
                        .arena = c->arena,
                        .done = call_done,
                        .user = c };
}

typedef struct Send
{
  Call *c;
  void (*service) (void *request);
} Send;

static void
send_on_io (void *user)
{
  Send *s = user;
  const StokerContext *ctx = s->c->call->ctx;

  s->service (s->c->call);
  stoker_produce_flush (ctx);
}

void
kit_call_send (Call *c, void (*service) (void *request))
{
  Send s = { c, service };

  kit_on (c->kit, c->io, send_on_io, &s);
}

static void
post_on_io (void *user)
{
  send_on_io (user);
  g_free (user);
}

void
kit_call_post (Call *c, void (*service) (void *request))
{
  Send *s = g_new (Send, 1);

  *s = (Send){ c, service };
  stk_actor_call (c->kit->b->io_actors[c->io], post_on_io, s);
}

void
kit_call_wait (Call *c)
{
  wait_for (c->kit, &c->done);
}

bool
kit_call_is_done (Call *c)
{
  bool done;

  g_mutex_lock (&c->kit->lock);
  done = c->done;
  g_mutex_unlock (&c->kit->lock);
  return done;
}

static void
cancel (void *call)
{
  stoker_call_cancel (call);
}

void
kit_call_cancel (Call *c)
{
  kit_on (c->kit, c->io, cancel, c->call);
}

void
kit_call_clear (Call *c)
{
  g_assert_true (kit_call_is_done (c));
  stoker_arena_free (c->arena);
  c->arena = NULL;
}

/* ---- produce */

StokerBytes
kit_batch (Kit *k, StokerArena *arena, const Batch *b)
{
  StokerBuf buf = { 0 };
  StkBatchBuilder w;
  StkCodecContexts *codecs = stk_codec_contexts_new (k->b->host);
  StokerBytes out;

  stk_batch_begin (&w, &buf);
  w.head.producer_id = b->producer_id;
  w.head.producer_epoch = b->producer_id >= 0 ? 0 : -1;
  w.head.base_sequence = b->producer_id >= 0 ? b->sequence : -1;
  for (int i = 0; i < b->n; i++) {
    g_autofree char *value = g_strdup_printf ("%s%d", b->prefix, i);
    StokerBytes key = { (uint8_t *)b->key, b->key ? strlen (b->key) : 0 };
    stk_batch_add (&w, b->timestamp + i, key, (StokerBytes){ (uint8_t *)value, strlen (value) }, STOKER_BYTES_NULL, 0);
  }
  g_assert_cmpint (stk_batch_end (&w, codecs, b->codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
  out = stoker_arena_bytes (arena, buf.data, buf.len);
  stoker_buf_clear (&buf);
  stk_codec_contexts_free (codecs);
  return out;
}

void
kit_produce_init (Kit *k, Produce *p, int io, const char *topic, int partition, int acks, StokerBytes records)
{
  memset (p, 0, sizeof *p);
  kit_call_init (k, &p->c, &p->req.call, io, 0, 11);
  p->part = (StokerProducePartition){ .partition = partition };
  p->part.records = stoker_arena_bytes (p->c.arena, records.data, records.len);
  p->topic = (StokerProduceTopic){ stoker_str (topic), &p->part, 1 };
  p->req.acks = (int16_t)acks;
  p->req.timeout_ms = 5000;
  p->req.topics = &p->topic;
  p->req.n_topics = 1;
}

int64_t
kit_produce (Kit *k, const char *topic, int partition, int n, const char *prefix)
{
  StokerArena *arena = stoker_arena_new (0);
  Batch b = { .n = n, .prefix = prefix, .timestamp = 1000, .producer_id = -1 };
  Produce p;

  kit_produce_init (k, &p, 0, topic, partition, -1, kit_batch (k, arena, &b));
  kit_call (&p.c, stoker_produce);
  g_assert_cmpint (p.part.error, ==, 0);
  kit_call_clear (&p.c);
  stoker_arena_free (arena);
  return p.part.base_offset;
}

/* ---- fetch */

void
kit_fetch_init (Kit *k, Fetch *f, int io, const char *topic, int n)
{
  StokerFetch *r = &f->req;

  memset (f, 0, sizeof *f);
  kit_call_init (k, &f->c, &r->call, io, 1, 11);
  r->replica_id = -1;
  r->replica_epoch = -1;
  r->min_bytes = 1;
  r->max_bytes = 50 << 20;
  r->session_epoch = -1;
  r->magic = 2;
  f->topics = r->topics = stoker_arena_calloc (f->c.arena, 1, sizeof *r->topics);
  r->n_topics = 1;
  r->topics->name = stoker_str (topic);
  r->topics->id = kit_topic_id (topic);
  r->topics->n_partitions = n;
  r->topics->partitions = stoker_arena_calloc (f->c.arena, (size_t)n, sizeof *r->topics->partitions);
  for (int i = 0; i < n; i++)
    r->topics->partitions[i] = (StokerFetchPartition){
      .partition = i, .current_leader_epoch = -1, .last_fetched_epoch = -1, .log_start_offset = -1, .max_bytes = 1 << 20
    };
}

StokerFetchPartition *
kit_fetch_part (Fetch *f, int32_t partition)
{
  for (int32_t t = 0; t < f->req.n_results; t++)
    for (int32_t i = 0; i < f->req.results[t].n_partitions; i++)
      if (f->req.results[t].partitions[i].partition == partition)
        return &f->req.results[t].partitions[i];
  return NULL;
}

char *
kit_fetch_values (Fetch *f, int32_t partition, StokerFetchPartition **out)
{
  StokerFetchPartition *p = kit_fetch_part (f, partition);
  StkCodecContexts *codecs = stk_codec_contexts_new (f->c.kit->b->host);
  StokerOut flat = { 0 };
  StokerBuf bytes = { 0 }, scratch = { 0 };
  GString *text = g_string_new (NULL);

  g_assert_nonnull (p);
  if (out)
    *out = p;
  for (size_t i = 0; i < p->records.n_slices; i++)
    stoker_out_splice (&flat, &p->records.slices[i]);
  g_assert_cmpint (stoker_out_flatten (&flat, &bytes), ==, 0);
  stoker_out_clear (&flat);
  for (size_t at = 0; at < bytes.len;) {
    StokerBatch b;
    StokerBytes records;
    StkRecordIter it;
    StkRecord r;
    if (stoker_batch_peek (bytes.data + at, bytes.len - at, &b) != 0)
      break; /* the last one may be cut */
    g_assert_cmpint (stk_batch_records (codecs, bytes.data + at, &b, 1 << 20, &scratch, &records, NULL), ==, 0);
    stk_record_iter_init (&it, &b, records.data, records.len);
    while (stk_record_iter_next (&it, &r) == 1)
      g_string_append_printf (text, "%s%.*s", text->len ? "," : "", (int)r.value.len, r.value.data);
    at += (size_t)b.length;
  }
  stoker_buf_clear (&bytes);
  stoker_buf_clear (&scratch);
  stk_codec_contexts_free (codecs);
  return g_string_free (text, FALSE);
}

static void
release (void *req)
{
  stoker_fetch_release (req);
}

void
kit_fetch_clear (Fetch *f)
{
  kit_on (f->c.kit, f->c.io, release, &f->req);
  kit_call_clear (&f->c);
}
