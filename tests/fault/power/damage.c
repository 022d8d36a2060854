/* SPDX-License-Identifier: Apache-2.0
 *
 * Damaged files: in the directory of a broker that was stopped, or whose power was cut, one file of each kind gets a
 * flipped bit, is cut short, emptied, or grows garbage; a broker is started on it. It names the file or makes it anew;
 * it never serves a batch that was not sent, and never crashes. STOKER_DAMAGE=n -p /damage/NAME shows the n-th.
 */
#include "config.h"

#include "power.h"

#include <errno.h>
#include <stdlib.h>
#include <stoker/disk.h>
#include <string.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define PER_FILE 1
#else
#define PER_FILE 2
#endif

typedef struct Damage
{
  GPtrArray *files; /* paths */
  guint32 number;   /* of the trial: which file, what is done to it */
  const char *path;
  char *what;
} Damage;

typedef struct Walk
{
  StokerDisk *disk;
  const char *dir;
  GPtrArray *out;
} Walk;

static bool
note (void *user, const char *name)
{
  Walk *w = user;
  char *path = g_build_filename (w->dir, name, NULL);
  StokerPathInfo info;

  g_assert_cmpint (stoker_disk_stat (w->disk, path, &info), ==, 0);
  if (info.is_dir) {
    Walk in = { w->disk, path, w->out };
    stoker_disk_list (w->disk, path, note, &in);
    g_free (path);
  } else if (strcmp (name, ".lock") != 0) {
    g_ptr_array_add (w->out, path);
  } else {
    g_free (path);
  }
  return true;
}

static void
flip (GRand *r, StokerFile *f, uint64_t size, Damage *d)
{
  uint64_t at = (uint64_t)g_rand_double_range (r, 0, (double)size);
  uint8_t byte = 0;

  g_assert_cmpint (stoker_file_pread (f, &byte, 1, at), ==, 1);
  byte ^= (uint8_t)(1 << g_rand_int_range (r, 0, 8));
  g_assert_cmpint (stoker_file_pwrite (f, &byte, 1, at), ==, 0);
  d->what = g_strdup_printf ("a bit of byte %" PRIu64 " of %" PRIu64 " flipped", at, size);
}

static void
spoil (Life *l, Damage *d)
{
  StokerDisk *disk = stk_world_disk (l->machine);
  g_autoptr (GRand) r = g_rand_new_with_seed (d->number);
  int kind = g_rand_int_range (r, 0, 10);
  uint8_t garbage[300];
  StokerFile *f;
  uint64_t size;

  g_assert_cmpint (stoker_file_open (disk, d->path, STOKER_OPEN_WRITE, &f), ==, 0);
  size = (uint64_t)stoker_file_size (f);
  if (size > 0 && kind < 6) {
    flip (r, f, size, d);
  } else if (size > 0 && kind < 9) {
    uint64_t to = kind == 8 ? 0 : (uint64_t)g_rand_double_range (r, 0, (double)size);
    stoker_file_truncate (f, to);
    d->what = g_strdup_printf ("cut from %" PRIu64 " to %" PRIu64 " bytes", size, to);
  } else {
    for (size_t i = 0; i < sizeof garbage; i++)
      garbage[i] = (uint8_t)g_rand_int (r);
    stoker_file_pwrite (f, garbage, sizeof garbage, size);
    d->what = g_strdup ("300 bytes of garbage behind its end");
  }
  stoker_file_sync (f);
  stoker_file_unref (f);
}

/* Everything that was said so far names the file? (In a trial standard error is a file.) */
static bool
named (Life *l, const char *path)
{
  g_autofree char *text = g_malloc0 (1 << 20), *name = g_path_get_basename (path), *dir = g_path_get_dirname (path),
                  *log = g_path_get_basename (dir);
  ssize_t n = l->tales ? 0 : pread (2, text, (1 << 20) - 1, 0);

  return l->tales
         || (n > 0 && (strstr (text, path) || (strstr (text, name) && strstr (text, log)) || strstr (text, log)))
         || strstr (l->err.text, name);
}

static void
with_damage (Life *l)
{
  Damage *d = l->meddler;

  spoil (l, d);
  l->damaged = d->path;
  if (!node_start (l)) {
    g_autofree char *dir = g_path_get_dirname (d->path);
    if (strstr (l->err.text, dir) == NULL && !named (l, d->path))
      broken (l, "%s: %s: it does not start and does not say why: %s", d->path, d->what, l->err.text);
    return;
  }
  check_lenient (l);
  /* A damaged commit, of the ring or of SQLite's log, looks like one that was never finished. */
  if (l->missing > 0 && strstr (d->path, "/stoker.journal/") == NULL && strstr (d->path, ".db-wal") == NULL
      && !named (l, d->path))
    broken (l, "%s: %s: %u batches are missing, and nobody says so", d->path, d->what, l->missing);
  load (l, 10);
  stk_sim_run (l->sim, 3000000);
  node_stop (l);
}

static void
test_damage (const void *how)
{
  Life *l = life_new (7, "");
  Damage d = { .files = g_ptr_array_new_with_free_func (g_free) };
  const char *only = g_getenv ("STOKER_DAMAGE");
  guint32 from = only ? (guint32)atoi (only) : 0, n;
  unsigned failed = 0;
  Walk w = { NULL, "/data", d.files };

  if (!node_start (l))
    g_error ("%s", l->err.text);
  load (l, 120);
  load_settle (l);
  if (strcmp (how, "stopped") == 0)
    node_stop (l);
  else
    node_cut (l);
  w.disk = stk_world_disk (l->machine);
  stoker_disk_list (w.disk, w.dir, note, &w);
  n = d.files->len * PER_FILE * (g_getenv ("LONG") ? 5 : 1);
  g_test_message ("%u files, %u trials", d.files->len, n);
  l->meddler = &d;
  l->trouble = true;
  for (guint32 i = from; i < n && failed < 3; i += only ? n : 1) {
    g_autofree char *said = NULL;
    d.number = i;
    d.path = g_ptr_array_index (d.files, i % d.files->len);
    said = trial (l, with_damage, only != NULL);
    if (said) {
      failed++;
      g_test_message ("STOKER_DAMAGE=%u -p %s shows it: %s: %s", i, g_test_get_path (), d.path, said);
      g_test_fail ();
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/damage/stopped", "stopped", test_damage);
  g_test_add_data_func ("/damage/cut", "cut", test_damage);
  return g_test_run ();
}
