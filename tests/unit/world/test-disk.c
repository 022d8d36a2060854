/* SPDX-License-Identifier: Apache-2.0
 *
 * The real disk writes every byte of a vector where it belongs, however the vectors lie to the pieces that it writes in.
 */
#include "world/disk.h"

#include <glib.h>
#include <glib/gstdio.h>

#define SIZE ((size_t)400 << 10)

typedef struct Fixture
{
  StokerDisk *disk;
  char *dir, *path;
  StokerFile *file;
} Fixture;

static void
setup (Fixture *f, gconstpointer user)
{
  f->disk = stk_posix_disk_new ();
  f->dir = g_dir_make_tmp ("stoker-disk-XXXXXX", NULL);
  f->path = g_build_filename (f->dir, "file", NULL);
  g_assert_cmpint (stoker_file_open (f->disk, f->path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &f->file), ==, 0);
}

static void
teardown (Fixture *f, gconstpointer user)
{
  stoker_file_unref (f->file);
  g_unlink (f->path);
  g_rmdir (f->dir);
  g_free (f->path);
  g_free (f->dir);
  stk_posix_disk_free (f->disk);
}

/* Writes data at pos, cut into vectors of the given lengths (repeated until all is covered); reads it back. */
static void
write_cut (Fixture *f, const uint8_t *data, size_t len, uint64_t pos, const size_t *cuts, int n_cuts)
{
  g_autoptr (GArray) iov = g_array_new (FALSE, FALSE, sizeof (struct iovec));
  g_autofree uint8_t *back = g_malloc (len + 1);
  size_t at = 0;

  for (int i = 0; at < len; i++) {
    struct iovec v = { (void *)(data + at), MIN (cuts[i % n_cuts], len - at) };
    g_array_append_val (iov, v);
    at += v.iov_len;
  }
  g_assert_cmpint (stoker_file_truncate (f->file, 0), ==, 0);
  g_assert_cmpint (stoker_file_pwritev (f->file, (struct iovec *)(void *)iov->data, (int)iov->len, pos), ==, 0);
  g_assert_cmpint (stoker_file_size (f->file), ==, (int64_t)(pos + len));
  g_assert_cmpint (stoker_file_pread (f->file, back, len + 1, pos), ==, (ssize_t)len);
  g_assert_cmpmem (back, len, data, len);
}

static void
test_vectors (Fixture *f, gconstpointer user)
{
  static const size_t all[] = { SIZE }, pieces[] = { 65536 }, small[] = { 100 }, mixed[] = { 16500, 0, 1, 70000, 0, 0, 333 },
                      empty_last[] = { 65530, 6, 0 };
  g_autofree uint8_t *data = g_malloc (SIZE);

  for (size_t i = 0; i < SIZE; i++)
    data[i] = (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
  for (uint64_t pos = 0; pos <= 200000; pos += pos < 3 ? 1 : 65533) {
    write_cut (f, data, SIZE, pos, all, G_N_ELEMENTS (all));
    write_cut (f, data, SIZE, pos, pieces, G_N_ELEMENTS (pieces));
    write_cut (f, data, SIZE, pos, small, G_N_ELEMENTS (small));
    write_cut (f, data, SIZE, pos, mixed, G_N_ELEMENTS (mixed));
    write_cut (f, data, 131072, pos, empty_last, G_N_ELEMENTS (empty_last));
  }
  g_assert_cmpint (stoker_file_pwritev (f->file, NULL, 0, 0), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/world/disk/vectors", Fixture, NULL, setup, test_vectors, teardown);
  return g_test_run ();
}
