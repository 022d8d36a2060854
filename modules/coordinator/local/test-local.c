/* SPDX-License-Identifier: Apache-2.0
 *
 * What only this module does: its database, and what happens when the disk does not do its part. The contract that all
 * coordinators share is tested in tests/conformance/coordinator.
 */
#include "local/db.h"
#include "../path.h"
#include "over-disk.h"
#include "test-host.h"

#include <errno.h>
#include <glib.h>
#include <sqlite3.h>
#include <stoker/coordinator.h>

extern const StokerModule stoker_module_coordinator_local;

/* ---- a disk that fails when told to */
typedef struct FaultDisk
{
  OverDisk over;
  _Atomic int write_error, sync_error; /* errno; 0: works */
} FaultDisk;

#define DISK_OF(f) ((FaultDisk *)over_file_disk (f))

static int
fault_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos)
{
  return DISK_OF (f)->write_error ? -DISK_OF (f)->write_error : stoker_file_pwritev (over_file_under (f), iov, n, pos);
}

static int
fault_sync (StokerFile *f)
{
  return DISK_OF (f)->sync_error ? -DISK_OF (f)->sync_error : stoker_file_sync (over_file_under (f));
}

/* It takes the place of the host's own. */
static void
fault_disk_init (FaultDisk *d, TestHost *h)
{
  *d = (FaultDisk){ 0 };
  over_disk_init (&d->over, stoker_host_disk (test_host_get (h)));
  d->over.file_ops.pwritev = fault_pwritev;
  d->over.file_ops.sync = fault_sync;
  test_host_set_disk (h, &d->over.base);
}

/* ---- a session, and waiting for it */
typedef struct Session
{
  TestHost *host;
  StokerInstance *self;
  const StokerCoordinatorOps *ops;
  StokerCoordState state;
  bool answered;
  int code;
} Session;

static void
on_state (void *user, StokerCoordState state, int64_t id)
{
  ((Session *)user)->state = state;
}

static void
on_answer (void *user, const StokerCoordReply *reply)
{
  ((Session *)user)->code = reply->code;
  ((Session *)user)->answered = true;
}

static void
on_closed (void *user)
{
  ((Session *)user)->answered = true;
}

static void
settle (Session *s)
{
  do
    test_host_drain_work (s->host);
  while (test_host_run_control (s->host) > 0);
}

static void
session_open (Session *s, TestHost *h, const char *dir)
{
  g_autofree char *conf = g_strdup_printf ("directory = %s\n", dir);
  StokerCoordSession events = { on_state, s };

  memset (s, 0, sizeof *s);
  s->host = h;
  s->self = test_host_instance (h, &stoker_module_coordinator_local, conf);
  s->ops = s->self->module->ops;
  g_assert_cmpint (s->ops->open (s->self, &events, NULL), ==, 0);
  settle (s);
  g_assert_cmpint (s->state, ==, STOKER_COORD_CONNECTED);
}

static void
ask_create (Session *s, const char *path)
{
  s->answered = false;
  s->ops->create (s->self, path, STOKER_BYTES_NULL, 0, on_answer, s);
}

static int
create (Session *s, const char *path)
{
  ask_create (s, path);
  test_host_wait (s->host, &s->answered);
  return s->code;
}

static int
exists (Session *s, const char *path)
{
  s->answered = false;
  s->ops->exists (s->self, path, (StokerCoordWatch){ NULL, NULL }, on_answer, s);
  test_host_wait (s->host, &s->answered);
  return s->code;
}

static void
session_close (Session *s)
{
  s->answered = false;
  s->ops->close (s->self, on_closed, s);
  test_host_wait (s->host, &s->answered);
}

/* What start says about the directory. */
static void
expect_refused (const char *dir, int code, const char *pattern)
{
  TestHost *h = test_host_new ();
  g_autofree char *conf = g_strdup_printf ("directory = %s\n", dir);
  StokerError err = { 0 };

  g_assert_null (test_host_try_instance (h, &stoker_module_coordinator_local, conf, &err));
  if (!g_pattern_match_simple (pattern, err.text))
    g_error ("\"%s\" does not match \"%s\"", err.text, pattern);
  g_assert_cmpint (err.code, ==, code);
  test_host_free (h);
}

static void
write_text (const char *dir, const char *text, size_t len)
{
  g_autofree char *path = g_build_filename (dir, "coordinator.db", NULL);

  g_assert_true (g_file_set_contents (path, text, (gssize)len, NULL));
}

static void
sql (const char *dir, const char *text)
{
  g_autofree char *path = g_build_filename (dir, "coordinator.db", NULL);
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (db, text, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (db), ==, SQLITE_OK);
}

static void
fill (const char *dir)
{
  TestHost *h = test_host_new ();
  Session s;

  session_open (&s, h, dir);
  for (int i = 0; i < 200; i++) {
    g_autofree char *path = g_strdup_printf ("/node-with-a-rather-long-name-so-that-there-are-several-pages-%d", i);
    ask_create (&s, path);
  }
  settle (&s);
  session_close (&s);
  test_host_free (h);
}

static void
test_refusals (void)
{
  char *dir = test_dir_new ();
  g_autofree char *deep = g_build_filename (dir, "no", "such", NULL);
  g_autofree char *db = g_build_filename (dir, "coordinator.db", NULL);
  TestHost *h = test_host_new ();
  g_autofree char *content = NULL;
  size_t len;
  Session s;

  expect_refused (deep, -ENOENT, "*cannot open the coordinator's database */no/such/coordinator.db: *");
  session_open (&s, h, dir);
  expect_refused (dir, STOKER_ERROR_IN_USE, "*coordinator.db is in use by another process*");
  g_assert_cmpint (create (&s, "/a"), ==, STOKER_COORD_OK);
  expect_refused (dir, STOKER_ERROR_IN_USE, "*coordinator.db is in use by another process*");
  session_close (&s);
  test_host_free (h);

  fill (dir);
  sql (dir, "PRAGMA user_version=9");
  expect_refused (dir, STOKER_ERROR_NOT_OURS, "*has format 9, this Stoker reads format 1*");
  sql (dir, "PRAGMA user_version=1; DELETE FROM node WHERE path='/'; INSERT INTO node(path) VALUES('/x/y')");
  expect_refused (dir, STOKER_ERROR_CORRUPT, "*is damaged (node /x/y stands alone)*");
  sql (dir, "DELETE FROM node WHERE path='/x/y'");
  g_assert_true (g_file_get_contents (db, &content, &len, NULL));
  g_assert_cmpuint (len, >, 4096 * 4);
  memset (content + 4096, 0x5a, 4096 * 3);
  write_text (dir, content, len);
  expect_refused (dir, STOKER_ERROR_CORRUPT, "*is damaged*");
  sql (dir, "PRAGMA application_id=7");
  expect_refused (dir, STOKER_ERROR_NOT_OURS, "*is an SQLite database, but not a coordinator's*");
  write_text (
      dir, "this is some other file, and it is longer than a database header, which has one hundred bytes at the start",
      105);
  expect_refused (dir, STOKER_ERROR_CORRUPT, "*is damaged*");
  test_dir_free (dir);
}

static void
test_no_place (void)
{
  TestHost *h = test_host_new ();
  StokerError err = { 0 };

  g_assert_null (test_host_try_instance (h, &stoker_module_coordinator_local, "", &err));
  g_assert_nonnull (strstr (err.text, "directory"));
  test_host_free (h);
}

/* The disk is full: changes wait, and go on when there is room. */
static void
test_full (void)
{
  char *dir = test_dir_new ();
  TestHost *h = test_host_new ();
  FaultDisk disk;
  Session s;

  fault_disk_init (&disk, h);
  session_open (&s, h, dir);
  g_assert_cmpint (create (&s, "/a"), ==, STOKER_COORD_OK);
  disk.write_error = ENOSPC;
  test_host_expect (h, "coordinator.write-failed");
  ask_create (&s, "/b");
  settle (&s);
  g_assert_false (s.answered);
  g_assert_cmpint (s.state, ==, STOKER_COORD_SUSPENDED);
  disk.write_error = 0;
  g_assert_cmpint (exists (&s, "/b"), ==, STOKER_COORD_OK); /* the next request tries it again */
  g_assert_cmpint (s.state, ==, STOKER_COORD_CONNECTED);
  g_assert_cmpint (create (&s, "/c"), ==, STOKER_COORD_OK);
  session_close (&s);
  test_host_free (h);

  h = test_host_new ();
  session_open (&s, h, dir);
  g_assert_cmpint (exists (&s, "/b"), ==, STOKER_COORD_OK);
  g_assert_cmpint (exists (&s, "/c"), ==, STOKER_COORD_OK);
  session_close (&s);
  test_host_free (h);
  test_dir_free (dir);
}

/* A failed flush: nothing is believed any more, and nothing tried again. */
static void
test_broken (void)
{
  char *dir = test_dir_new ();
  TestHost *h = test_host_new ();
  FaultDisk disk;
  Session s;

  fault_disk_init (&disk, h);
  session_open (&s, h, dir);
  g_assert_cmpint (create (&s, "/a"), ==, STOKER_COORD_OK);
  disk.sync_error = EIO;
  test_host_expect (h, "coordinator.write-failed");
  g_assert_cmpint (create (&s, "/b"), ==, STOKER_COORD_CONNECTION_LOSS);
  settle (&s);
  g_assert_cmpint (s.state, ==, STOKER_COORD_SUSPENDED);
  disk.sync_error = 0;
  g_assert_cmpint (exists (&s, "/a"), ==, STOKER_COORD_CONNECTION_LOSS);
  g_assert_cmpint (create (&s, "/c"), ==, STOKER_COORD_CONNECTION_LOSS);
  session_close (&s);
  test_host_free (h);

  h = test_host_new ();
  session_open (&s, h, dir);
  g_assert_cmpint (exists (&s, "/a"), ==, STOKER_COORD_OK);
  g_assert_cmpint (exists (&s, "/c"), ==, STOKER_COORD_NO_NODE);
  session_close (&s);
  test_host_free (h);
  test_dir_free (dir);
}

static void
test_too_much (void)
{
  TestHost *h = test_host_new ();
  char *dir = test_dir_new ();
  g_autofree char *data = g_malloc0 ((4u << 20) + 1);
  Session s;

  session_open (&s, h, dir);
  s.answered = false;
  s.ops->create (s.self, "/a", (StokerBytes){ (uint8_t *)data, (4u << 20) + 1 }, 0, on_answer, &s);
  test_host_wait (h, &s.answered);
  g_assert_cmpint (s.code, ==, STOKER_COORD_BAD_ARGUMENTS);
  session_close (&s);
  test_host_free (h);
  test_dir_free (dir);
}

/* Requests of one turn share a commit, those made while it runs the next: far fewer commits than requests. */
static void
test_batching (void)
{
  TestHost *h = test_host_new ();
  char *dir = test_dir_new ();
  int64_t begun;
  Session s;

  session_open (&s, h, dir);
  begun = g_get_monotonic_time ();
  for (int i = 0; i < 5000; i++) {
    g_autofree char *path = g_strdup_printf ("/n%d", i);
    ask_create (&s, path);
  }
  settle (&s);
  g_assert_cmpint (s.code, ==, STOKER_COORD_OK);
  g_test_message ("5000 creates in %d ms", (int)((g_get_monotonic_time () - begun) / 1000));
  session_close (&s);
  test_host_free (h);
  h = test_host_new ();
  begun = g_get_monotonic_time ();
  session_open (&s, h, dir);
  g_test_message ("5000 nodes loaded in %d us", (int)(g_get_monotonic_time () - begun));
  g_assert_cmpint (exists (&s, "/n4999"), ==, STOKER_COORD_OK);
  session_close (&s);
  test_host_free (h);
  test_dir_free (dir);
}

static void
test_start_time (void)
{
  char *dir = test_dir_new ();

  for (int round = 0; round < 3; round++) {
    TestHost *h = test_host_new ();
    int64_t begun = g_get_monotonic_time (), opened, written;
    Session s;
    session_open (&s, h, dir);
    opened = g_get_monotonic_time ();
    (void)create (&s, "/a");
    written = g_get_monotonic_time ();
    g_test_message ("%s: open %d us, first commit %d us", round ? "again" : "new", (int)(opened - begun),
                    (int)(written - opened));
    begun = g_get_monotonic_time ();
    session_close (&s);
    g_test_message ("close %d us", (int)(g_get_monotonic_time () - begun));
    test_host_free (h);
  }
  test_dir_free (dir);
}

static void
test_paths (void)
{
  g_assert_true (coord_path_ok ("/", false));
  g_assert_true (coord_path_ok ("/a/<default>/b c", false));
  g_assert_false (coord_path_ok ("", false));
  g_assert_false (coord_path_ok ("a", false));
  g_assert_false (coord_path_ok (NULL, false));
  g_assert_false (coord_path_ok ("/a/", false));
  g_assert_true (coord_path_ok ("/a/", true));
  g_assert_false (coord_path_ok ("/a//", true));
  g_assert_true (coord_path_ok ("/...", false));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local/paths", test_paths);
  g_test_add_func ("/local/refusals", test_refusals);
  g_test_add_func ("/local/no-place", test_no_place);
  g_test_add_func ("/local/full", test_full);
  g_test_add_func ("/local/broken", test_broken);
  g_test_add_func ("/local/too-much", test_too_much);
  g_test_add_func ("/local/batching", test_batching);
  g_test_add_func ("/local/start-time", test_start_time);
  return g_test_run ();
}
