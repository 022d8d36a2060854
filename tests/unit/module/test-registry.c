/* SPDX-License-Identifier: Apache-2.0 */
#include "module/registry.h"
#include "test-host.h"

#include <glib.h>
#include <stoker/codec.h>
#include <stoker/partitioner.h>

typedef struct Conf
{
  bool fail_init, fail_start;
} Conf;

static GString *trace; /* what happened, in order */

static void
note (const StokerInstance *self, const char *what)
{
  g_string_append_printf (trace, "%s:%s ", what, self->name);
}

static int
on_init (StokerInstance *self, StokerError *err)
{
  note (self, "init");
  return ((const Conf *)self->conf)->fail_init ? stoker_error_set (err, STOKER_ERROR_CONFIG, "no init") : 0;
}

static int
on_start (StokerInstance *self, StokerError *err)
{
  note (self, "start");
  return ((const Conf *)self->conf)->fail_start ? stoker_error_set (err, STOKER_ERROR_FAILED, "no start") : 0;
}

static void
on_stop (StokerInstance *self)
{
  note (self, "stop");
}

static void
on_fini (StokerInstance *self)
{
  note (self, "fini");
}

static const StokerOption rows[] = {
  { .name = "fail-init",
    .type = STOKER_OPTION_BOOL,
    .def = "false",
    .offset = offsetof (Conf, fail_init),
    .summary = "s" },
  { .name = "fail-start",
    .type = STOKER_OPTION_BOOL,
    .def = "false",
    .offset = offsetof (Conf, fail_start),
    .summary = "s" },
};

static int
pick (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  return 0;
}

static int
squeeze (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, int32_t level, uint32_t flags, StokerBuf *out,
         StokerError *err)
{
  return 0;
}

static int
expand (StokerInstance *self, void *ctx, const uint8_t *in, size_t len, size_t max_out, uint32_t flags, StokerBuf *out,
        StokerError *err)
{
  return 0;
}

static const StokerPartitionerOps partitioner_ops = { { sizeof partitioner_ops, STOKER_PARTITIONER_VERSION }, pick };
static const StokerCodecOps codec_ops
    = { .head = { sizeof codec_ops, STOKER_CODEC_VERSION }, .id = 3, .compress = squeeze, .decompress = expand };

#define DESCRIPTOR(kind_, name_, threads_, ops_)                                                                       \
  {                                                                                                                    \
    .magic = STOKER_MODULE_MAGIC, .api_level = STOKER_API_1_0, .size = sizeof (StokerModule),                          \
    .option_size = sizeof (StokerOption), .kind = STOKER_KIND_##kind_, .threads = threads_, .name = name_,             \
    .version = "1", .licence = "x", .summary = "s", .build_id = STOKER_BUILD_ID, .ops = &ops_,                         \
    .ops_size = sizeof ops_, STOKER_OPTIONS (rows), .conf_size = sizeof (Conf), .init = on_init, .start = on_start,    \
    .stop = on_stop, .fini = on_fini                                                                                   \
  }

static const StokerModule by_hand = DESCRIPTOR (PARTITIONER, "by_hand", STOKER_THREADS_PARALLEL, partitioner_ops);
static const StokerModule serial = DESCRIPTOR (PARTITIONER, "serial", STOKER_THREADS_SERIAL, partitioner_ops);
static const StokerModule codec = DESCRIPTOR (CODEC, "squeeze", STOKER_THREADS_PARALLEL, codec_ops);

typedef struct Fixture
{
  TestHost *host;
  StkRegistry *r;
} Fixture;

static void
set_up (Fixture *f, const void *data)
{
  trace = g_string_new (NULL);
  f->host = test_host_new ();
  f->r = stk_registry_new (test_host_get (f->host), NULL);
}

static void
tear_down (Fixture *f, const void *data)
{
  stk_registry_free (f->r);
  test_host_free (f->host);
  g_string_free (trace, TRUE);
}

static const StokerModule *
module (Fixture *f, const StokerModule *raw)
{
  const StokerModule *m = NULL;
  StokerError err;

  if (stk_registry_add_module (f->r, raw, &m, &err) < 0)
    g_error ("%s", err.text);
  return m;
}

static void
instance (Fixture *f, const StokerModule *m, const char *name, bool fail_init, bool fail_start)
{
  Conf *conf = stk_conf_new (m);
  StokerError err;

  *conf = (Conf){ fail_init, fail_start };
  if (stk_registry_add_instance (f->r, m, name, conf, &err) < 0)
    g_error ("%s", err.text);
}

static void
test_order (Fixture *f, const void *data)
{
  const StokerModule *p = module (f, &by_hand), *c = module (f, &codec);

  g_assert_cmpstr (p->name, ==, "by-hand");
  instance (f, p, "by-hand", false, false);
  instance (f, c, "squeeze", false, false);
  instance (f, p, "second", false, false);
  g_assert_cmpint (stk_registry_init (f->r, NULL), ==, 0);
  g_assert_cmpint (stk_registry_start (f->r, STOKER_KIND_PARTITIONER, NULL), ==, 0);
  g_assert_cmpint (stk_registry_start (f->r, 0, NULL), ==, 0);
  stk_registry_stop (f->r, STOKER_KIND_CODEC);
  stk_registry_free (g_steal_pointer (&f->r));
  g_assert_cmpstr (trace->str, ==,
                   "init:by-hand init:squeeze init:second start:by-hand start:second start:squeeze stop:squeeze "
                   "stop:second stop:by-hand fini:second fini:squeeze fini:by-hand ");
}

static void
test_failed_start (Fixture *f, const void *data)
{
  const StokerModule *p = module (f, &by_hand);
  StokerError err;

  instance (f, p, "a", false, false);
  instance (f, p, "b", false, true);
  instance (f, p, "c", false, false);
  g_assert_cmpint (stk_registry_init (f->r, NULL), ==, 0);
  g_assert_cmpint (stk_registry_start (f->r, 0, &err), ==, -1);
  g_assert_cmpstr (err.text, ==, "partitioner: instance b: no start");
  stk_registry_free (g_steal_pointer (&f->r));
  g_assert_cmpstr (trace->str, ==, "init:a init:b init:c start:a start:b stop:a fini:c fini:b fini:a ");
}

static void
test_failed_init (Fixture *f, const void *data)
{
  const StokerModule *p = module (f, &by_hand);
  StokerError err;

  instance (f, p, "a", true, false);
  instance (f, p, "b", false, false);
  g_assert_cmpint (stk_registry_init (f->r, &err), ==, -1);
  g_assert_cmpstr (err.text, ==, "partitioner: instance a: no init");
  stk_registry_free (g_steal_pointer (&f->r));
  g_assert_cmpstr (trace->str, ==, "init:a fini:a ");
}

static void
refused (Fixture *f, const StokerModule *m, const char *name, const char *why)
{
  StokerError err;

  g_assert_cmpint (stk_registry_add_instance (f->r, m, name, NULL, &err), ==, -1);
  if (strstr (err.text, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", err.text, why);
}

static void
test_names (Fixture *f, const void *data)
{
  const StokerModule *p = module (f, &by_hand), *c = module (f, &codec);
  StokerError err;

  instance (f, p, "a", false, false);
  instance (f, c, "a", false, false);
  refused (f, p, "a", "one of that name already");
  refused (f, p, "default", "the name is taken");
  refused (f, p, "A b", "lower case");
  g_assert_cmpint (stk_registry_add_module (f->r, &by_hand, NULL, &err), ==, -1);
  g_assert_cmpstr (err.text, ==, "module partitioner/by-hand is loaded already");
  g_assert_null (stk_registry_get (f->r, STOKER_KIND_PARTITIONER, NULL));
  g_assert_null (stk_registry_get (f->r, STOKER_KIND_STORAGE, "a"));
  g_assert_null (stk_registry_get (f->r, 99, NULL));
  g_assert_cmpint (stk_registry_set_default (f->r, STOKER_KIND_PARTITIONER, "b", &err), ==, -1);
  g_assert_nonnull (strstr (err.text, "there is no partitioner instance b; there are: a."));
  g_assert_cmpint (stk_registry_set_default (f->r, STOKER_KIND_PARTITIONER, "a", NULL), ==, 0);
  g_assert_cmpstr (stk_registry_get (f->r, STOKER_KIND_PARTITIONER, "default")->name, ==, "a");
  g_assert_true (stk_registry_get (f->r, STOKER_KIND_PARTITIONER, NULL)
                 == stk_registry_get (f->r, STOKER_KIND_PARTITIONER, "a"));
  g_assert_true (stk_registry_codec (f->r, 3) == stk_registry_get (f->r, STOKER_KIND_CODEC, "a"));
  g_assert_null (stk_registry_codec (f->r, 1));
  g_assert_null (stk_registry_codec (f->r, -1));
  g_assert_null (stk_registry_codec (f->r, 100));
}

typedef struct Count
{
  StokerInstance *i;
  int64_t n;
} Count;

static void *
count (void *user)
{
  Count *c = user;

  for (int i = 0; i < 20000; i++) {
    stk_instance_enter (c->i);
    c->n++;
    stk_instance_leave (c->i);
  }
  return NULL;
}

static void
test_serial (Fixture *f, const void *data)
{
  const StokerModule *m = module (f, &serial);
  Count c = { NULL, 0 };
  GThread *t[4];

  instance (f, m, "serial", false, false);
  c.i = stk_registry_get (f->r, STOKER_KIND_PARTITIONER, "serial");
  for (int i = 0; i < 4; i++)
    t[i] = g_thread_new ("count", count, &c);
  for (int i = 0; i < 4; i++)
    (void)g_thread_join (t[i]);
  g_assert_cmpint (c.n, ==, 80000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/registry/order", Fixture, NULL, set_up, test_order, tear_down);
  g_test_add ("/registry/failed-start", Fixture, NULL, set_up, test_failed_start, tear_down);
  g_test_add ("/registry/failed-init", Fixture, NULL, set_up, test_failed_init, tear_down);
  g_test_add ("/registry/names", Fixture, NULL, set_up, test_names, tear_down);
  g_test_add ("/registry/serial", Fixture, NULL, set_up, test_serial, tear_down);
  return g_test_run ();
}
