/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated disk behaves like the real one, and forgets in a power cut exactly what was not synced.
 */
#include "config.h"

#include "sim/sim.h"
#include "world/disk.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>

static void
put (StokerDisk *d, const char *path, const char *text, bool sync)
{
  StokerFile *f;

  g_assert_cmpint (stoker_file_open (d, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE, &f), ==,
                   0);
  g_assert_cmpint (stoker_file_pwrite (f, text, strlen (text), 0), ==, 0);
  if (sync)
    g_assert_cmpint (stoker_file_sync (f), ==, 0);
  stoker_file_unref (f);
}

static char *
get (StokerDisk *d, const char *path)
{
  StokerBuf b = { 0 };
  int rc = stoker_disk_read_all (d, path, 1 << 20, &b);

  if (rc < 0)
    return g_strdup_printf ("(%s)", rc == -ENOENT ? "none" : g_strerror (-rc));
  *stoker_buf_reserve (&b, 1) = 0;
  return (char *)b.data;
}

#define EXPECT(disk, path, text)                                                                                       \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *got = get (disk, path);                                                                           \
    g_assert_cmpstr (got, ==, text);                                                                                   \
  }                                                                                                                    \
  G_STMT_END

static bool
note (void *user, const char *name)
{
  g_ptr_array_add (user, g_strdup (name));
  return true;
}

static gint
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static char *
names (StokerDisk *d, const char *dir)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);

  g_assert_cmpint (stoker_disk_list (d, dir, note, list), ==, 0);
  g_ptr_array_sort (list, by_text);
  g_ptr_array_add (list, NULL);
  return g_strjoinv (" ", (char **)list->pdata);
}

static char *
in (const char *top, const char *name)
{
  return g_build_filename (top, name, NULL);
}

/* The same calls, the same answers, on both kinds of disk. */
static void
calls (StokerDisk *d, const char *top)
{
  g_autofree char *dir = in (top, "d"), *a = in (top, "d/a"), *b = in (top, "d/b"), *e = in (top, "e"),
                  *ea = in (top, "e/b");
  g_autofree char *deep = in (top, "no/such"), *listed = NULL, *lock = NULL, *whole = NULL;
  StokerPathInfo info;
  StokerFile *f, *g;
  uint64_t space, total;
  char buf[8];

  g_assert_cmpint (stoker_disk_mkdir (d, dir), ==, 0);
  g_assert_cmpint (stoker_disk_mkdir (d, dir), ==, -EEXIST);
  g_assert_cmpint (stoker_disk_mkdir (d, deep), ==, -ENOENT);
  g_assert_cmpint (stoker_file_open (d, a, STOKER_OPEN_READ, &f), ==, -ENOENT);
  g_assert_cmpint (stoker_file_open (d, deep, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f), ==, -ENOENT);
  put (d, a, "hello", false);
  g_assert_cmpint (stoker_file_open (d, a, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_EXCLUSIVE, &f), ==,
                   -EEXIST);
  EXPECT (d, a, "hello");
  g_assert_cmpint (stoker_file_open (d, a, STOKER_OPEN_WRITE, &f), ==, 0);
  g_assert_cmpint (stoker_file_pwrite (f, "J", 1, 0), ==, 0);
  g_assert_cmpint (stoker_file_pwrite (f, "!", 1, 7), ==, 0); /* a hole of zeros */
  g_assert_cmpint (stoker_file_size (f), ==, 8);
  g_assert_cmpint (stoker_file_pread (f, buf, 8, 0), ==, 8);
  g_assert_cmpmem (buf, 8, "Jello\0\0!", 8);
  g_assert_cmpint (stoker_file_pread (f, buf, 8, 6), ==, 2);
  g_assert_cmpint (stoker_file_pread (f, buf, 8, 100), ==, 0);
  g_assert_cmpint (stoker_file_truncate (f, 3), ==, 0);
  stoker_file_unref (f);
  EXPECT (d, a, "Jel");
  g_assert_cmpint (stoker_disk_rename (d, a, b), ==, 0);
  g_assert_cmpint (stoker_disk_rename (d, a, b), ==, -ENOENT);
  g_assert_cmpint (stoker_disk_rename (d, dir, e), ==, 0);
  EXPECT (d, ea, "Jel");
  EXPECT (d, b, "(none)");
  listed = names (d, e);
  g_assert_cmpstr (listed, ==, "b");
  g_assert_cmpint (stoker_disk_stat (d, ea, &info), ==, 0);
  g_assert_false (info.is_dir);
  g_assert_cmpuint (info.size, ==, 3);
  g_assert_cmpint (stoker_disk_set_mtime (d, ea, 1234567), ==, 0);
  g_assert_cmpint (stoker_disk_stat (d, ea, &info), ==, 0);
  g_assert_cmpint (info.mtime_ms, ==, 1234567);
  g_assert_cmpint (stoker_disk_rmdir (d, e), ==, -ENOTEMPTY);
  g_assert_cmpint (stoker_disk_lock (d, lock = in (top, "lock"), &f), ==, 0);
  g_assert_cmpint (stoker_disk_lock (d, lock, &g), ==, -EAGAIN);
  stoker_file_unref (f);
  g_assert_cmpint (stoker_disk_lock (d, lock, &f), ==, 0);
  stoker_file_unref (f);
  g_assert_cmpint (stoker_disk_unlink (d, ea), ==, 0);
  g_assert_cmpint (stoker_disk_unlink (d, ea), ==, -ENOENT);
  g_assert_cmpint (stoker_disk_rmdir (d, e), ==, 0);
  g_assert_cmpint (stoker_disk_stat (d, e, &info), ==, -ENOENT);
  g_assert_cmpint (stoker_disk_sync_dir (d, top), ==, 0);
  g_assert_cmpint (stoker_disk_space (d, top, &space, &total), ==, 0);
  g_assert_cmpuint (space, <=, total);
  g_assert_cmpint (stoker_disk_write_atomic (d, whole = in (top, "w"), "whole", 5), ==, 0);
  EXPECT (d, whole, "whole");
  g_assert_cmpint (stoker_disk_unlink (d, whole), ==, 0);
  g_assert_cmpint (stoker_disk_unlink (d, lock), ==, 0);
}

static void
test_calls (void)
{
  StkSim *s = stk_sim_new (1);
  StokerDisk *real = stk_posix_disk_new ();
  g_autofree char *top = g_dir_make_tmp ("stoker-disk-XXXXXX", NULL);

  calls (stk_world_disk (stk_sim_machine (s)), "/");
  calls (real, top);
  g_rmdir (top);
  stk_posix_disk_free (real);
  stk_sim_free (s);
}

static void
test_cut (void)
{
  bool kept = false, lost = false, torn = false;

  for (uint64_t seed = 0; seed < 40; seed++) {
    StkSim *s = stk_sim_new (seed);
    StkWorld *w = stk_sim_machine (s);
    StokerDisk *d = stk_world_disk (w);
    g_autofree char *big = g_strnfill (64 * 4096, 'n'), *old = g_strnfill (64 * 4096, 'o');
    StokerFile *f;

    g_assert_cmpint (stoker_disk_mkdir (d, "/d"), ==, 0);
    put (d, "/d/safe", old, true);
    g_assert_cmpint (stoker_disk_sync_dir (d, "/"), ==, 0);
    g_assert_cmpint (stoker_disk_sync_dir (d, "/d"), ==, 0);
    put (d, "/d/unnamed", "content is safe, its name is not", true);
    g_assert_cmpint (stoker_file_open (d, "/d/safe", STOKER_OPEN_WRITE, &f), ==, 0);
    g_assert_cmpint (stoker_file_pwrite (f, big, strlen (big), 0), ==, 0);
    stk_sim_cut_power (w);
    g_assert_cmpint (stoker_file_pwrite (f, "x", 1, 0), ==, -EIO);
    stoker_file_unref (f);
    {
      g_autofree char *safe = get (d, "/d/safe"), *unnamed = get (d, "/d/unnamed");
      g_assert_cmpuint (strlen (safe), ==, 64 * 4096);
      torn = torn || (strchr (safe, 'n') && strchr (safe, 'o'));
      if (strcmp (unnamed, "(none)") == 0)
        lost = true;
      else
        kept = true;
      g_assert_true (strcmp (unnamed, "(none)") == 0 || strcmp (unnamed, "content is safe, its name is not") == 0);
    }
    g_assert_cmpint (stoker_disk_write_atomic (d, "/d/after", "1", 1), ==, 0);
    stk_sim_cut_power (w);
    EXPECT (d, "/d/after", "1");
    stk_sim_free (s);
  }
  g_assert_true (kept && lost && torn);
}

static void
test_full (void)
{
  StkSim *s = stk_sim_new (1);
  StkWorld *w = stk_sim_machine (s);
  StokerDisk *d = stk_world_disk (w);
  StokerFile *f;

  stk_sim_limit_disk (w, 100);
  g_assert_cmpint (stoker_file_open (d, "/f", STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f), ==, 0);
  g_assert_cmpint (stoker_file_pwrite (f, "12345", 5, 90), ==, 0);
  g_assert_cmpint (stoker_file_pwrite (f, "123456", 6, 95), ==, -ENOSPC);
  g_assert_cmpint (stoker_file_truncate (f, 0), ==, 0);
  g_assert_cmpint (stoker_file_pwrite (f, "123456", 6, 90), ==, 0);
  stoker_file_unref (f);
  stk_sim_free (s);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sim-disk/calls", test_calls);
  g_test_add_func ("/sim-disk/cut", test_cut);
  g_test_add_func ("/sim-disk/full", test_full);
  return g_test_run ();
}
