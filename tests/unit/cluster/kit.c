/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "cluster/topics.h"
#include "module/instance.h"
#include "module/option.h"

extern const StokerModule stoker_module_coordinator_local;

static int64_t
now_ms (void *user)
{
  return stk_world_now_ms (((Kit *)user)->world);
}

static int64_t
monotonic_us (void *user)
{
  return stk_world_monotonic_us (((Kit *)user)->world);
}

static uint64_t
random_bits (void *user)
{
  return stk_world_random (((Kit *)user)->world);
}

static void
work (void *user, int dir, void (*fn) (void *arg), void *arg)
{
  stk_pool_call (((Kit *)user)->pool, fn, arg);
}

static void
post_control (void *user, void (*fn) (void *arg), void *arg)
{
  stk_actor_call (((Kit *)user)->b.control, fn, arg);
}

static const StkHostOps host_ops = { now_ms, monotonic_us, random_bits, work, post_control, NULL, NULL, NULL, NULL };

static void
grab (void *user, StokerLogLevel level, const char *event, const char *line, size_t len)
{
  g_string_append_len (((Kit *)user)->log, line, (gssize)len);
}

Kit *
kit_new (const char *config)
{
  Kit *k = g_new0 (Kit, 1);

  k->sim = stk_sim_new (42);
  k->world = stk_sim_machine (k->sim);
  k->config = stk_broker_config_for_test (config, "/data");
  k->log = g_string_new (NULL);
  k->arena = stoker_arena_new (0);
  k->children = g_ptr_array_new_with_free_func (g_free);
  return k;
}

static bool
is_set (void *user)
{
  return *(const bool *)user;
}

void
kit_until (Kit *k, const bool *flag)
{
  if (!stk_sim_until (k->sim, is_set, (void *)(uintptr_t)flag, 10000000))
    g_error ("waited 10 s in vain; the log:\n%s", k->log->str);
}

void
kit_settle (Kit *k)
{
  stk_sim_run (k->sim, 100000);
}

static void
on_done (void *user, const StokerError *err)
{
  Kit *k = user;

  k->err = err ? *err : (StokerError){ 0 };
  k->answered = true;
}

static void
on_stopped (void *user)
{
  ((Kit *)user)->answered = true;
}

static void
do_join (void *user)
{
  Kit *k = user;

  stk_controller_join (k->b.controller, NULL, on_done, k);
}

static void
do_start (void *user)
{
  Kit *k = user;
  StkMetaEndpoint e = { "PLAINTEXT", "127.0.0.1", 9092, 0 };

  stk_controller_start (k->b.controller, &e, 1, on_done, k);
}

static void
do_stop (void *user)
{
  Kit *k = user;

  stk_topics_stop (k->b.topics);
  stk_controller_stop (k->b.controller, on_stopped, k);
}

static void
run (Kit *k, void (*fn) (void *user))
{
  k->answered = false;
  stk_actor_call (k->b.control, fn, k);
  kit_until (k, &k->answered);
}

static void
make_coordinator (Kit *k)
{
  const StokerModule *m = &stoker_module_coordinator_local;
  void *conf = stk_conf_new (m);
  StokerError err = { 0 };

  (void)stoker_disk_mkdir (stk_world_disk (k->world), "/data");
  g_assert_cmpint (stk_option_parse (stk_option_find (m->options, m->n_options, "directory"), "/data", NULL, conf,
                                     &err),
                   ==, 0);
  k->coordinator = stk_instance_new (m, "local", &k->host, conf);
  k->ops = m->ops;
  if (stk_instance_init (k->coordinator, &err) < 0 || stk_instance_start (k->coordinator, &err) < 0)
    g_error ("%s", err.text);
}

bool
kit_try_start (Kit *k)
{
  k->b = (StokerBroker){ .world = k->world, .config = k->config, .id = 0, .epoch = -1, .n_io = 1 };
  k->b.log = stk_log_new (now_ms, k, STK_LOG_TEXT, grab, k);
  k->b.meta = stk_meta_store_new (1);
  k->b.control = stk_actor_new (k->world, STK_ACTOR_CONTROL, "control");
  k->b.io_actors = g_new0 (StkActor *, 1);
  k->b.io_actors[0] = k->b.control;
  k->pool = stk_pool_new (k->world, "disk", 1);
  k->host = (StokerHost){ &host_ops, k, stk_world_disk (k->world), k->b.log, NULL };
  g_assert_cmpint (stk_actor_start (k->b.control, NULL), ==, 0);
  make_coordinator (k);
  k->b.controller = stk_controller_new (&k->b, k->coordinator);
  if (k->tree_ops)
    k->b.controller->tree.ops = k->tree_ops;
  k->b.topics = stk_topics_new (&k->b);
  run (k, do_join);
  if (k->err.code == 0)
    run (k, do_start);
  return k->err.code == 0;
}

void
kit_start (Kit *k)
{
  if (!kit_try_start (k))
    g_error ("%s; the log:\n%s", k->err.text, k->log->str);
}

void
kit_stop (Kit *k)
{
  run (k, do_stop);
  stk_topics_free (k->b.topics);
  stk_controller_free (k->b.controller);
  stk_instance_free (k->coordinator);
  stk_actor_quit (k->b.control);
  stk_actor_free (k->b.control);
  stk_pool_free (k->pool);
  stk_meta_store_free (k->b.meta);
  stk_log_free (k->b.log);
  g_free (k->b.io_actors);
  k->b = (StokerBroker){ 0 };
}

void
kit_free (Kit *k)
{
  if (k->b.control)
    kit_stop (k);
  stk_broker_config_free (k->config);
  stk_sim_free (k->sim);
  stoker_arena_free (k->arena);
  g_ptr_array_unref (k->children);
  g_string_free (k->log, TRUE);
  g_free (k->data);
  g_free (k);
}

/* ---- services */
typedef struct Service
{
  void (*fn) (void *request);
  void *request;
} Service;

static void
on_call (StokerCall *call)
{
  ((Kit *)call->user)->answered = true;
}

static void
do_call (void *user)
{
  Service *s = user;

  s->fn (s->request);
  g_free (s);
}

void
kit_call_begin (Kit *k, void (*service) (void *request), void *request)
{
  Service *s = g_new (Service, 1);
  StokerCall *call = request; /* every request begins with it */

  *s = (Service){ service, request };
  k->ctx = (StokerContext){ .broker = &k->b };
  *call
      = (StokerCall){ .ctx = &k->ctx, .api_key = -1, .api_version = -1, .arena = k->arena, .done = on_call, .user = k };
  k->answered = false;
  stk_actor_call (k->b.control, do_call, s);
}

void
kit_call (Kit *k, void (*service) (void *request), void *request)
{
  kit_call_begin (k, service, request);
  kit_until (k, &k->answered);
}

/* ---- the tree */
typedef struct Ask
{
  Kit *k;
  const char *path, *data;
  StokerCoordOpKind kind; /* 0: get; -1: children */
} Ask;

static void
on_reply (void *user, const StokerCoordReply *r)
{
  Kit *k = user;

  k->code = r->code;
  k->stat = r->stat;
  g_free (k->data);
  k->data = r->data.data ? g_strndup ((char *)r->data.data, r->data.len) : NULL;
  g_ptr_array_set_size (k->children, 0);
  for (size_t i = 0; i < r->n_children; i++)
    g_ptr_array_add (k->children, g_strndup (r->children[i].data, r->children[i].len));
  k->answered = true;
}

static void
do_ask (void *user)
{
  Ask *a = user;
  Kit *k = a->k;
  StkTree t = stk_tree_of (k->coordinator);

  switch ((int)a->kind) {
  case STOKER_COORD_OP_CREATE:
    stk_tree_create (&t, a->path, a->data, 0, on_reply, k);
    break;
  case STOKER_COORD_OP_SET:
    stk_tree_set (&t, a->path, a->data, -1, on_reply, k);
    break;
  case STOKER_COORD_OP_DELETE:
    stk_tree_remove (&t, a->path, -1, on_reply, k);
    break;
  case 0:
    stk_tree_get (&t, a->path, STK_NO_WATCH, on_reply, k);
    break;
  default:
    stk_tree_children (&t, a->path, STK_NO_WATCH, on_reply, k);
  }
}

static int
ask (Kit *k, int kind, const char *path, const char *data)
{
  Ask a = { k, path, data, (StokerCoordOpKind)kind };

  k->answered = false;
  stk_actor_call (k->b.control, do_ask, &a);
  kit_until (k, &k->answered);
  return k->code;
}

int
kit_create (Kit *k, const char *path, const char *data)
{
  return ask (k, STOKER_COORD_OP_CREATE, path, data);
}

int
kit_set (Kit *k, const char *path, const char *data)
{
  return ask (k, STOKER_COORD_OP_SET, path, data);
}

int
kit_remove (Kit *k, const char *path)
{
  return ask (k, STOKER_COORD_OP_DELETE, path, NULL);
}

int
kit_get (Kit *k, const char *path)
{
  return ask (k, 0, path, NULL);
}

int
kit_children (Kit *k, const char *path)
{
  return ask (k, -1, path, NULL);
}

const StkSnapshot *
kit_snapshot (Kit *k)
{
  return stk_meta_store_peek (k->b.meta, -1);
}

const StkMetaTopic *
kit_topic (Kit *k, const char *name)
{
  return stk_snapshot_topic (kit_snapshot (k), stoker_str (name));
}
