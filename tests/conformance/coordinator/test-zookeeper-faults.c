/* SPDX-License-Identifier: Apache-2.0
 *
 * What a real ensemble does to a session: servers that are killed or stop, sessions that expire, again and again.
 */
#include "ensemble.h"
#include "test-host.h"
#include "base/bytes.h"
#include "zookeeper/former.h"

#include <stoker/coordinator.h>

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern const StokerModule stoker_module_coordinator_zookeeper;

#define NO_WATCH ((StokerCoordWatch){ NULL, NULL })
#define TEXT(s) ((StokerBytes){ (uint8_t *)(uintptr_t)(s), sizeof (s) - 1 })

typedef struct Fixture
{
  Ensemble *ensemble;
  char *dir;
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
  f->dir = test_dir_new ();
  f->host = test_host_new ();
  test_host_tolerate (f->host, "coordinator.suspended");
  test_host_tolerate (f->host, "coordinator.expired");
  f->events = g_string_new (NULL);
  conf = g_strdup_printf ("connect = %s/faults\nsession.timeout = %s\ndirectory = %s\n", ensemble_connect (f->ensemble), timeout, f->dir);
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
  test_dir_free (f->dir);
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

/* Who knows a session's id and password can end it. Both requests in one packet: the client whose connection is taken away comes back at
 * once and takes the session, and then this one's. */
static void
end_session (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->dir, ZK_FORMER_FILE, NULL), *text = NULL;
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  uint8_t frames[4 + 44 + 4 + 8] = { 0 };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char answer[256];
  uint64_t id;

  test_host_drain_work (f->host);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  id = g_ascii_strtoull (text, NULL, 16);
  stk_put_be32 (frames, 44); /* version, zxid, time-out, id, length of the password, the password */
  stk_put_be32 (frames + 16, 10000);
  stk_put_be64 (frames + 20, id);
  stk_put_be32 (frames + 28, 16);
  for (int i = 0; i < 16; i++) {
    const char *hex = strchr (text, ' ') + 1 + 2 * i;
    frames[32 + i] = (uint8_t)(g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
  }
  stk_put_be32 (frames + 48, 8); /* number, kind: closeSession */
  stk_put_be32 (frames + 52, 1);
  stk_put_be32 (frames + 56, (uint32_t)-11);
  a.sin_port = htons ((uint16_t)g_ascii_strtoull (strchr (ensemble_server (f->ensemble, 0), ':') + 1, NULL, 10));
  g_assert_cmpint (connect (fd, (struct sockaddr *)&a, sizeof a), ==, 0);
  g_assert_cmpint (write (fd, frames, sizeof frames), ==, sizeof frames);
  while (read (fd, answer, sizeof answer) > 0) {
  }
  close (fd);
}

/* Until it is gone for certain. */
static void
expire (Fixture *f)
{
  int64_t old = f->session;

  for (int tries = 0; tries < 50 && f->session == old; tries++) {
    gint64 until = g_get_monotonic_time () + G_TIME_SPAN_SECOND;
    end_session (f);
    while (f->session == old && g_get_monotonic_time () < until) {
      (void)test_host_run_control (f->host);
      g_usleep (2000);
    }
  }
}

/* Again and again: the ephemerals and watches of each session go with it, everything asked for is answered once. */
static void
test_expiry (void)
{
  Fixture f = { 0 };

  set_up (&f, 1, "10s");
  g_assert_cmpint (create (&f, "/stays", 0), ==, STOKER_COORD_OK);
  for (int round = 0; round < 5; round++) {
    int64_t old = f.session;
    unsigned answered;
    g_string_truncate (f.events, 0);
    g_assert_cmpint (create (&f, "/here", STOKER_COORD_EPHEMERAL), ==, STOKER_COORD_OK);
    answered = f.answers;
    f.ops->get (f.self, "/stays", (StokerCoordWatch){ on_watch, &f }, on_answer, &f);
    AWAIT (&f, f.answers == answered + 1);
    for (int i = 0; i < 50; i++) /* more than may be in flight */
      f.ops->create (f.self, "/never", TEXT ("x"), STOKER_COORD_EPHEMERAL | STOKER_COORD_SEQUENCE, on_answer, &f);
    expire (&f);
    g_assert_cmpint (f.session, !=, old);
    AWAIT (&f, f.answers == answered + 51);
    g_assert_true (g_str_has_suffix (f.events->str, "EWC"));
    g_assert_cmpint (exists (&f, "/here"), ==, STOKER_COORD_NO_NODE);
    g_assert_cmpint (exists (&f, "/stays"), ==, STOKER_COORD_OK);
  }
  tear_down (&f);
}

/* A server that does not answer for longer than the session lives: all that waits is answered, and it goes on in either session. */
static void
test_paused (void)
{
  Fixture f = { 0 };
  int code = -1;

  set_up (&f, 1, "1s");
  ensemble_pause (f.ensemble, 0);
  for (int i = 0; i < 50; i++)
    f.ops->create (f.self, "/never", TEXT ("x"), STOKER_COORD_EPHEMERAL | STOKER_COORD_SEQUENCE, on_answer, &f);
  AWAIT (&f, strchr (f.events->str, 'S') != NULL);
  AWAIT (&f, f.answers == 50);
  g_assert_cmpint (f.code, !=, STOKER_COORD_OK);
  ensemble_continue (f.ensemble, 0);
  AWAIT (&f, g_str_has_suffix (f.events->str, "C") && f.events->len > 2);
  while (code != STOKER_COORD_OK)
    code = create (&f, "/after", STOKER_COORD_SEQUENCE);
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
  g_test_add_func ("/zookeeper/faults/paused", test_paused);
  g_test_add_func ("/zookeeper/faults/leader", test_leader);
  g_test_add_func ("/zookeeper/faults/refused", test_refused);
  return g_test_run ();
}
