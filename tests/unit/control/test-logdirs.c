/* SPDX-License-Identifier: Apache-2.0 */
#include "control/logdirs.h"
#include "world/disk.h"

#include <glib.h>
#include <glib/gstdio.h>

typedef struct Fixture
{
  StokerDisk *disk;
  char *dir, *path;
} Fixture;

static void
setup (Fixture *f, const void *unused)
{
  f->disk = stk_posix_disk_new ();
  f->dir = g_dir_make_tmp ("stoker-test.XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "a", "b", NULL);
}

static void
teardown (Fixture *f, const void *unused)
{
  const char *argv[] = { "rm", "-rf", f->dir, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  stk_posix_disk_free (f->disk);
  g_free (f->dir);
  g_free (f->path);
}

static StkLogDirs *
open_as (Fixture *f, int32_t id, StokerError *err)
{
  const char *paths[] = { f->path };
  return stk_logdirs_open (f->disk, paths, 1, id, err);
}

static void
put (Fixture *f, const char *name, const char *text)
{
  g_autofree char *file = g_build_filename (f->path, name, NULL);

  g_mkdir_with_parents (f->path, 0750);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
}

static void
life (Fixture *f, const void *unused)
{
  StokerError err = { 0 };
  StkLogDirs *d = open_as (f, 3, &err);
  g_autofree char *meta = g_build_filename (f->path, "meta.properties", NULL), *text = NULL;
  int n;

  g_assert_nonnull (d);
  g_assert_null (stk_logdirs_cluster_id (d));
  g_assert_false (stk_logdirs_list (d, &n)[0].clean);
  g_assert_cmpint (n, ==, 1);
  g_assert_cmpint (stk_logdirs_bind (d, "AAAAAAAAAAAAAAAAAAAAAA", &err), ==, 0);
  g_assert_true (g_file_get_contents (meta, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "broker.id=3\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\nversion=0\n"));
  /* A second broker, also one in this process, is kept out while the first runs. */
  g_assert_null (open_as (f, 3, &err));
  g_assert_cmpint (err.code, ==, STOKER_ERROR_IN_USE);
  stk_logdirs_free (d);

  d = open_as (f, 3, &err);
  g_assert_false (stk_logdirs_list (d, &n)[0].clean);
  g_assert_cmpstr (stk_logdirs_cluster_id (d), ==, "AAAAAAAAAAAAAAAAAAAAAA");
  g_assert_cmpint (stk_logdirs_mark_clean (d, 7, &err), ==, 0);
  stk_logdirs_free (d);
  d = open_as (f, 3, &err);
  g_assert_true (stk_logdirs_list (d, &n)[0].clean);
  g_assert_cmpint (stk_logdirs_bind (d, "BBBBBBBBBBBBBBBBBBBBBB", &err), ==, -1);
  g_assert_cmpint (err.code, ==, STOKER_ERROR_NOT_OURS);
  stk_logdirs_free (d);
  d = open_as (f, 3, &err); /* a start that was refused changed nothing */
  g_assert_true (stk_logdirs_list (d, &n)[0].clean);
  g_assert_cmpint (stk_logdirs_bind (d, "AAAAAAAAAAAAAAAAAAAAAA", &err), ==, 0);
  stk_logdirs_free (d);
  d = open_as (f, 3, &err); /* the marker holds for one start */
  g_assert_false (stk_logdirs_list (d, &n)[0].clean);
  stk_logdirs_free (d);
  g_assert_null (open_as (f, 4, &err));
  g_assert_nonnull (strstr (err.text, "belongs to broker 3"));
}

static void
new_tree (Fixture *f, const void *unused)
{
  StokerError err = { 0 };
  g_autofree char *log = g_build_filename (f->path, "a-topic-0", NULL);
  StkLogDirs *d;

  put (f, "meta.properties", "#x\nbroker.id=3\nversion=0\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n");
  put (f, "b-0", "a file is no log");
  d = open_as (f, 3, &err);
  g_assert_nonnull (d);
  g_assert_cmpint (stk_logdirs_new_tree (d, &err), ==, 0);
  g_assert_cmpint (g_mkdir (log, 0750), ==, 0);
  g_assert_cmpint (stk_logdirs_new_tree (d, &err), ==, -1);
  g_assert_cmpint (err.code, ==, STOKER_ERROR_NOT_OURS);
  g_assert_nonnull (strstr (err.text, "a-topic-0"));
  g_assert_nonnull (strstr (err.text, "coordinator.db"));
  stk_logdirs_free (d);
}

static void
strangers (Fixture *f, const void *unused)
{
  StokerError err = { 0 };
  g_autofree char *lock = g_build_filename (f->path, ".lock", NULL);

  put (f, "holiday.jpg", "x");
  g_assert_null (open_as (f, 0, &err));
  g_assert_cmpint (err.code, ==, STOKER_ERROR_NOT_OURS);
  g_assert_nonnull (strstr (err.text, "holiday.jpg"));
  g_assert_false (g_file_test (lock, G_FILE_TEST_EXISTS)); /* left as it was */
}

static void
kraft (Fixture *f, const void *unused)
{
  StokerError err = { 0 };

  put (f, "meta.properties", "#x\nnode.id=1\nversion=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n");
  g_assert_null (open_as (f, 1, &err));
  g_assert_nonnull (strstr (err.text, "KRaft"));
}

static void
interrupted (Fixture *f, const void *unused)
{
  StokerError err = { 0 };
  StkLogDirs *d;

  put (f, "coordinator.db", "x");
  put (f, "coordinator.db-wal", "x");
  d = open_as (f, 0, &err);
  g_assert_nonnull (d);
  stk_logdirs_free (d);
}

/* One that cannot be used does not keep the others from going on; one of somebody else does. */
static void
one_is_broken (Fixture *f, const void *unused)
{
  StokerError err = { 0 };
  g_autofree char *file = g_build_filename (f->dir, "file", NULL), *below = g_build_filename (file, "x", NULL);
  const char *paths[] = { below, f->path };
  const StokerLogDir *list;
  StkLogDirs *d;
  int n;

  g_assert_true (g_file_set_contents (file, "x", -1, NULL));
  d = stk_logdirs_open (f->disk, paths, 2, 0, &err);
  g_assert_nonnull (d);
  list = stk_logdirs_list (d, &n);
  g_assert_cmpint (n, ==, 2);
  g_assert_nonnull (list[0].unusable);
  g_assert_null (list[1].unusable);
  g_assert_cmpint (stk_logdirs_bind (d, "cluster", &err), ==, 0);
  stk_logdirs_give_up (d, 1, "it failed");
  g_assert_cmpint (stk_logdirs_mark_clean (d, 1, &err), ==, 0);
  stk_logdirs_free (d);
  d = stk_logdirs_open (f->disk, paths, 2, 0, &err);
  g_assert_false (stk_logdirs_list (d, &n)[1].clean); /* what failed was not left cleanly */
  stk_logdirs_free (d);
  g_assert_null (stk_logdirs_open (f->disk, paths, 1, 0, &err)); /* none is left */
  g_assert_null (stk_logdirs_open (f->disk, paths, 2, 7, &err));
  g_assert_cmpint (err.code, ==, STOKER_ERROR_NOT_OURS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/logdirs/life", Fixture, NULL, setup, life, teardown);
  g_test_add ("/logdirs/new-tree", Fixture, NULL, setup, new_tree, teardown);
  g_test_add ("/logdirs/strangers", Fixture, NULL, setup, strangers, teardown);
  g_test_add ("/logdirs/kraft", Fixture, NULL, setup, kraft, teardown);
  g_test_add ("/logdirs/interrupted", Fixture, NULL, setup, interrupted, teardown);
  g_test_add ("/logdirs/one-is-broken", Fixture, NULL, setup, one_is_broken, teardown);
  return g_test_run ();
}
