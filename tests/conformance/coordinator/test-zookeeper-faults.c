/* SPDX-License-Identifier: Apache-2.0
 *
 * What a real ensemble does to a session: servers that are killed or stop, sessions that expire, again and again.
 */
#include "ensemble.h"
#include "test-host.h"

#include <stoker/coordinator.h>

#include <glib.h>
#include <string.h>

extern const StokerModule stoker_module_coordinator_zookeeper;

#define NO_WATCH ((StokerCoordWatch){ NULL, NULL })
#define TEXT(s) ((StokerBytes){ (uint8_t *)(uintptr_t)(s), sizeof (s) - 1 })

typedef struct Fixture
{
  Ensemble *ensemble;
  TestHost *host;
  StokerInstance *self;
  const StokerCoordinatorOps *ops;
  GString *events; /* C connected, S suspended, E expired, W a watch that was lost, w one that fired */
  int64_t session;
  unsigned answers;
  int code;
} Fixture;

static void
on_session (void *user, StokerCoordState state, int64_t id)
{
  Fixture *f = user;

  g_string_append_c (f->events, state == STOKER_COORD_CONNECTED ? 'C' : state == STOKER_COORD_SUSPENDED ? 'S' : 'E');
  if (state == STOKER_COORD_CONNECTED)
    f->session = id;
}

static void
on_watch (void *user, StokerCoordEvent event, const char *path)
{
  g_string_append_c (((Fixture *)user)->events, event == STOKER_COORD_SESSION ? 'W' : 'w');
}

static void
on_answer (void *user, const StokerCoordReply *reply)
{
  Fixture *f = user;

  f->answers++;
  f->code = reply->code;
}

/* Runs control until the condition holds; a minute is an error. */
#define AWAIT(f, condition)                                                                                                                          \
  do {                                                                                                                                               \
    gint64 until = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;                                                                                \
    while (!(condition)) {                                                                                                                           \
      (void)test_host_run_control ((f)->host);                                                                                                       \
      g_usleep (2000);                                                                                                                               \
      if (g_get_monotonic_time () > until)                                                                                                           \
        g_error ("%s does not come; events: %s", #condition, (f)->events->str);                                                                      \
    }                                                                                                                                                \
  } while (0)

static void
set_up (Fixture *f, int servers, const char *timeout)
{
  g_autofree char *conf = NULL;
  StokerCoordSession session = { on_session, f };
  StokerError err = { 0 };

  f->ensemble = ensemble_new (servers);
  f->host = test_host_new ();
  test_host_tolerate (f->host, "coordinator.suspended");
  test_host_tolerate (f->host, "coordinator.expired");
  f->events = g_string_new (NULL);
  conf = g_strdup_printf ("connect = %s/faults\nsession.timeout = %s\n", ensemble_connect (f->ensemble), timeout);
  f->self = test_host_instance (f->host, &stoker_module_coordinator_zookeeper, conf);
  f->ops = f->self->module->ops;
  g_assert_cmpint (f->ops->open (f->self, &session, &err), ==, 0);
  AWAIT (f, f->session != 0);
}

static void
on_closed (void *user)
{
  *(bool *)user = true;
}

static void
tear_down (Fixture *f)
{
  bool closed = false;

  f->ops->close (f->self, on_closed, &closed);
  AWAIT (f, closed);
  test_host_free (f->host);
  ensemble_free (f->ensemble);
  g_string_free (f->events, TRUE);
}

static int
create (Fixture *f, const char *path, uint32_t flags)
{
  unsigned n = f->answers;

  f->ops->create (f->self, path, TEXT ("x"), flags, on_answer, f);
  AWAIT (f, f->answers > n);
  return f->code;
}

static int
exists (Fixture *f, const char *path)
{
  unsigned n = f->answers;

  f->ops->exists (f->self, path, NO_WATCH, on_answer, f);
  AWAIT (f, f->answers > n);
  return f->code;
}

/* Again and again: the ephemerals and watches of each session go with it, everything asked for is answered once. */
static void
test_expiry (void)
{
  Fixture f = { 0 };

  set_up (&f, 1, "1s");
  for (int round = 0; round < 3; round++) {
    int64_t old = f.session;
    unsigned asked = 0, answered;
    g_string_truncate (f.events, 0);
    g_assert_cmpint (create (&f, "/here", STOKER_COORD_EPHEMERAL), ==, STOKER_COORD_OK);
    answered = f.answers + 1;
    f.ops->get (f.self, "/here", (StokerCoordWatch){ on_watch, &f }, on_answer, &f);
    AWAIT (&f, f.answers == answered);
    ensemble_pause (f.ensemble, 0);
    for (; asked < 50; asked++) /* more than may be in flight */
      f.ops->create (f.self, "/never", TEXT ("x"), STOKER_COORD_EPHEMERAL | STOKER_COORD_SEQUENCE, on_answer, &f);
    AWAIT (&f, strchr (f.events->str, 'S') != NULL);
    g_usleep (1500000); /* the server sees that nothing came for longer than the session lives */
    for (; asked < 100; asked++)
      f.ops->exists (f.self, "/here", NO_WATCH, on_answer, &f);
    ensemble_continue (f.ensemble, 0);
    AWAIT (&f, f.session != old);
    AWAIT (&f, f.answers == answered + asked);
    g_assert_cmpstr (f.events->str, ==, "SEWC");
    g_assert_cmpint (exists (&f, "/here"), ==, STOKER_COORD_NO_NODE);
  }
  tear_down (&f);
}

/* A leader that is killed, and a follower: the session goes on, and the watch sees what happened meanwhile. */
static void
test_leader (void)
{
  Fixture f = { 0 };
  int64_t session;
  int leader;

  set_up (&f, 3, "10s");
  session = f.session;
  g_assert_cmpint (create (&f, "/kept", STOKER_COORD_EPHEMERAL), ==, STOKER_COORD_OK);
  f.ops->exists (f.self, "/later", (StokerCoordWatch){ on_watch, &f }, on_answer, &f);
  AWAIT (&f, f.answers == 2);
  leader = ensemble_leader (f.ensemble);
  ensemble_kill (f.ensemble, leader);
  for (int code = -1; code != STOKER_COORD_OK && code != STOKER_COORD_NODE_EXISTS;)
    code = create (&f, "/later", 0);
  AWAIT (&f, strchr (f.events->str, 'w') != NULL);
  g_assert_cmpint (f.session, ==, session);
  g_assert_null (strchr (f.events->str, 'E'));
  g_assert_cmpint (exists (&f, "/kept"), ==, STOKER_COORD_OK);
  ensemble_start (f.ensemble, leader);
  tear_down (&f);
}

/* Requests that are too large or malformed are refused before they could cost the connection. */
static void
test_refused (void)
{
  Fixture f = { 0 };
  g_autofree uint8_t *large = g_malloc0 (2 << 20);

  set_up (&f, 1, "5s");
  f.ops->create (f.self, "/large", (StokerBytes){ large, 2 << 20 }, 0, on_answer, &f);
  AWAIT (&f, f.answers == 1);
  g_assert_cmpint (f.code, ==, STOKER_COORD_BAD_ARGUMENTS);
  g_assert_cmpint (create (&f, "/fits", 0), ==, STOKER_COORD_OK);
  g_assert_cmpstr (f.events->str, ==, "C");
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (ensemble_missing ()) {
    g_print ("1..0 # SKIP %s\n", ensemble_missing ());
    return 0;
  }
  g_test_add_func ("/zookeeper/faults/expiry", test_expiry);
  g_test_add_func ("/zookeeper/faults/leader", test_leader);
  g_test_add_func ("/zookeeper/faults/refused", test_refused);
  return g_test_run ();
}
