/* SPDX-License-Identifier: Apache-2.0
 *
 * The lifecycle of an instance, and the test host that all module tests stand on. */
#include "module/instance.h"
#include "test-host.h"

#include <glib.h>

typedef struct Conf
{
  int64_t level;
  const char *name;
} Conf;

typedef struct State
{
  int inits, starts, stops, finis, reconfigures;
  int64_t seen;
} State;

static State last; /* what fini saw: the state is gone by then */

static int
on_init (StokerInstance *self, StokerError *err)
{
  const Conf *conf = self->conf;
  State *s = self->state;

  s->inits++;
  if (conf->level == 13)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "level 13 does not go with anything");
  return 0;
}

static int
on_start (StokerInstance *self, StokerError *err)
{
  State *s = self->state;
  const Conf *conf = self->conf;

  s->starts++;
  if (conf->level == 14)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "level 14 does not start");
  stoker_log (self, STOKER_LOG_INFO, "fake.started", "started | level=%d", (int)conf->level);
  return 0;
}

static int
on_reconfigure (StokerInstance *self, const void *conf, StokerError *err)
{
  State *s = self->state;

  s->reconfigures++;
  if (((const Conf *)conf)->level == 15)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "not 15");
  s->seen = ((const Conf *)conf)->level;
  return 0;
}

static void
on_stop (StokerInstance *self)
{
  ((State *)self->state)->stops++;
}

static void
on_fini (StokerInstance *self)
{
  ((State *)self->state)->finis++;
  last = *(State *)self->state;
}

static const StokerOption options[] = {
  { .name = "level", .type = STOKER_OPTION_INT, .def = "3", .offset = offsetof (Conf, level), .summary = "a level" },
  { .name = "name", .type = STOKER_OPTION_STRING, .offset = offsetof (Conf, name), .summary = "a name" },
};

static const StokerModule fake = { .magic = STOKER_MODULE_MAGIC,
                                   .api_level = STOKER_API_1_0,
                                   .size = sizeof (StokerModule),
                                   .option_size = sizeof (StokerOption),
                                   .kind = STOKER_KIND_PARTITIONER,
                                   .name = "fake",
                                   STOKER_OPTIONS (options),
                                   .conf_size = sizeof (Conf),
                                   .state_size = sizeof (State),
                                   .init = on_init,
                                   .start = on_start,
                                   .reconfigure = on_reconfigure,
                                   .stop = on_stop,
                                   .fini = on_fini };

static void
test_life (void)
{
  TestHost *h = test_host_new ();
  StokerInstance *i = test_host_instance (h, &fake, "name = x y \n\n level=7");
  State *s = i->state;
  Conf *conf = stk_conf_new (&fake);

  g_assert_cmpint (((const Conf *)i->conf)->level, ==, 7);
  g_assert_cmpstr (((const Conf *)i->conf)->name, ==, "x y");
  g_assert_cmpuint (test_host_logged (h, "fake.started"), ==, 1);
  conf->level = 8;
  g_assert_cmpint (stk_instance_reconfigure (i, conf, NULL), ==, 0);
  g_assert_cmpint (s->seen, ==, 8);
  g_assert_true (i->conf == conf);
  test_host_free (h);
  g_assert_cmpint (last.inits, ==, 1);
  g_assert_cmpint (last.starts, ==, 1);
  g_assert_cmpint (last.stops, ==, 1);
  g_assert_cmpint (last.finis, ==, 1);
}

static void
test_refused (void)
{
  TestHost *h = test_host_new ();
  StokerInstance *i = test_host_instance (h, &fake, NULL);
  Conf *conf = stk_conf_new (&fake);
  StokerError err = { 0 };

  g_assert_null (test_host_try_instance (h, &fake, "level = 13", &err));
  g_assert_cmpstr (err.text, ==, "instance fake: level 13 does not go with anything");
  g_assert_cmpint (last.starts, ==, 0);
  g_assert_cmpint (last.stops, ==, 0);
  g_assert_cmpint (last.finis, ==, 1);
  g_assert_null (test_host_try_instance (h, &fake, "level = 14", &err));
  g_assert_cmpint (last.starts, ==, 1);
  g_assert_cmpint (last.stops, ==, 0);
  g_assert_cmpint (last.finis, ==, 1);
  g_assert_null (test_host_try_instance (h, &fake, "levl = 1", &err));
  conf->level = 15;
  g_assert_cmpint (stk_instance_reconfigure (i, conf, &err), ==, -1);
  g_assert_cmpint (((const Conf *)i->conf)->level, ==, 3);
  test_host_free (h);
}

static void
set_flag (void *user)
{
  __atomic_store_n ((bool *)user, true, __ATOMIC_RELEASE);
}

typedef struct Hop
{
  StokerHost *host;
  bool done;
} Hop;

static void
hop (void *user)
{
  Hop *h = user;

  stoker_host_post_control (h->host, set_flag, &h->done);
}

static void
test_threads (void)
{
  TestHost *h = test_host_new ();
  Hop one = { test_host_get (h), false }, two = { test_host_get (h), false };

  stoker_host_work (one.host, 0, hop, &one);
  test_host_wait (h, &one.done);
  test_host_inline_work (h);
  stoker_host_work (two.host, -1, hop, &two);
  g_assert_false (two.done);
  g_assert_cmpuint (test_host_run_control (h), ==, 1);
  g_assert_true (two.done);
  test_host_free (h);
}

static void
test_clock (void)
{
  TestHost *h = test_host_new ();
  StokerHost *host = test_host_get (h);
  uint64_t a = stoker_host_random (host), b = stoker_host_random (host);

  g_assert_cmpint (stoker_host_now_ms (host), >, INT64_C (1600000000000));
  g_assert_true (a != b);
  test_host_fake_clock (h, 5000);
  test_host_advance (h, 250);
  g_assert_cmpint (stoker_host_now_ms (host), ==, 5250);
  g_assert_cmpint (stoker_host_monotonic_us (host), ==, 5250000);
  test_host_free (h);
}

static void
test_unexpected (void)
{
  TestHost *h;
  StokerInstance *i;

  if (g_test_subprocess ()) {
    i = test_instance_new (&fake, NULL);
    stoker_log (i, STOKER_LOG_WARN, "fake.odd", "odd");
    test_instance_free (i);
    return;
  }
  g_test_trap_subprocess (NULL, 10 * G_USEC_PER_SEC, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*did not expect*fake.odd*");

  h = test_host_new ();
  i = test_host_instance (h, &fake, NULL);
  test_host_expect (h, "fake.odd");
  stoker_log (i, STOKER_LOG_WARN, "fake.odd", "odd");
  test_host_free (h);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/instance/life", test_life);
  g_test_add_func ("/instance/refused", test_refused);
  g_test_add_func ("/instance/threads", test_threads);
  g_test_add_func ("/instance/clock", test_clock);
  g_test_add_func ("/instance/unexpected-warning", test_unexpected);
  return g_test_run ();
}
