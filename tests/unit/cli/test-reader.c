/* SPDX-License-Identifier: Apache-2.0
 *
 * A window over a .log that may be damaged, torn, or shrink while it is read.
 */
#include "cli/reader.h"
#include "record/record.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  N = 40
};

typedef struct Fixture
{
  char *path;
  StokerBuf log;
  size_t at[N + 1];
} Fixture;

/* Batches of growing size, some larger than the window. */
static void
setup (Fixture *f, const void *unused)
{
  int fd = g_file_open_tmp ("stoker-reader.XXXXXX", &f->path, NULL);
  g_autofree uint8_t *value = g_malloc0 (3 << 20);

  close (fd);
  for (int i = 0; i < N; i++) {
    StkBatchBuilder w;
    StokerError err;
    f->at[i] = f->log.len;
    stk_batch_begin (&w, &f->log);
    stk_batch_add (&w, 1000 + i, (StokerBytes){ 0 }, (StokerBytes){ value, i == 20 ? 3u << 20 : (size_t)i * 37 }, (StokerBytes){ 0 }, 0);
    w.head.base_offset = 500 + i;
    g_assert_cmpint (stk_batch_end (&w, NULL, 0, STK_CODEC_LEVEL_DEFAULT, &err), ==, 0);
  }
  f->at[N] = f->log.len;
}

static void
teardown (Fixture *f, const void *unused)
{
  g_unlink (f->path);
  g_free (f->path);
  stoker_buf_clear (&f->log);
}

static void
store (Fixture *f, size_t len)
{
  g_assert_true (g_file_set_contents (f->path, (char *)f->log.data, (gssize)len, NULL));
}

static void
walks (Fixture *f, const void *unused)
{
  CliReader r;
  StokerBatch b;
  const char *why;

  store (f, f->log.len);
  g_assert_cmpint (cli_reader_open (&r, f->path, NULL, 0), ==, 0);
  for (int i = 0; i < N; i++) {
    g_assert_nonnull (cli_reader_batch (&r, f->at[i], 500 + i, 600, &b, &why));
    g_assert_cmpint (b.base_offset, ==, 500 + i);
    g_assert_cmpuint (f->at[i] + (size_t)b.length, ==, f->at[i + 1]);
    g_assert_null (cli_reader_batch (&r, f->at[i], 501 + i, 600, &b, &why)); /* the offsets do not follow */
    g_assert_null (cli_reader_batch (&r, f->at[i], 500, 499 + i, &b, &why));
    g_assert_cmpint (b.length, ==, 0);
  }
  g_assert_null (cli_reader_view (&r, r.size, 1));
  g_assert_null (cli_reader_view (&r, UINT64_MAX, 2));
  g_assert_cmpuint (cli_reader_resync (&r, f->at[N - 1], 0, 1000), ==, r.size);
  cli_reader_close (&r);
}

static void
finds_back (Fixture *f, const void *unused)
{
  for (int i = 0; i + 1 < N; i++) {
    CliReader r;
    StokerBatch b;
    const char *why;
    uint8_t was = f->log.data[f->at[i] + 9];
    f->log.data[f->at[i] + 9] ^= 0x40; /* its length */
    store (f, f->log.len);
    g_assert_cmpint (cli_reader_open (&r, f->path, NULL, 0), ==, 0);
    g_assert_null (cli_reader_batch (&r, f->at[i], 500 + i, 600, &b, &why));
    g_assert_cmpuint (cli_reader_resync (&r, f->at[i], 500 + i, 600), ==, f->at[i + 1]);
    cli_reader_close (&r);
    f->log.data[f->at[i] + 9] = was;
  }
}

static void
shrinks (Fixture *f, const void *unused)
{
  CliReader r;
  StokerBatch b;
  const char *why;

  store (f, f->log.len);
  g_assert_cmpint (cli_reader_open (&r, f->path, NULL, 0), ==, 0);
  g_assert_cmpint (truncate (f->path, (off_t)f->at[5] + 70), ==, 0);
  g_assert_null (cli_reader_batch (&r, f->at[30], 0, 600, &b, &why));
  g_assert_cmpuint (cli_reader_resync (&r, f->at[6], 0, 600), ==, r.size);
  cli_reader_refresh (&r);
  g_assert_cmpuint (r.size, ==, f->at[5] + 70);
  g_assert_null (cli_reader_batch (&r, f->at[5], 0, 600, &b, &why));
  g_assert_nonnull (strstr (why, "ends inside"));
  g_assert_nonnull (cli_reader_batch (&r, f->at[4], 0, 600, &b, &why));
  cli_reader_close (&r);
  g_assert_cmpint (cli_reader_open (&r, "/nothing/there", NULL, 0), !=, 0);
  g_assert_cmpint (cli_reader_open (&r, "/", NULL, 0), !=, 0);
}

/* The journal has what the file lacks: its end, a piece of it, all of it. */
static void
patched (Fixture *f, const void *unused)
{
  const size_t torn = f->at[10] + 33, late = f->at[25];
  const CliPatch patches[] = { { f->at[3], 100, f->log.data },                       /* is written over .. */
                               { f->at[3], f->at[4] - f->at[3], f->log.data + f->at[3] }, /* .. by this */
                               { late, f->log.len - late, f->log.data + late },
                               { torn - 5, late - torn + 5, f->log.data + torn - 5 } };
  CliReader r;
  StokerBatch b;
  const char *why;

  store (f, torn);
  g_assert_cmpint (cli_reader_open (&r, f->path, patches, G_N_ELEMENTS (patches)), ==, 0);
  g_assert_cmpuint (r.size, ==, f->log.len);
  for (int i = 0; i < N; i++)
    g_assert_nonnull (cli_reader_batch (&r, f->at[i], 500 + i, 600, &b, &why));
  cli_reader_close (&r);
  g_assert_cmpint (cli_reader_open (&r, f->path, patches, 3), ==, 0); /* a gap is zeros */
  g_assert_cmpint (cli_reader_view (&r, torn, 1)[0], ==, 0);
  g_assert_null (cli_reader_batch (&r, f->at[10], 0, 600, &b, &why));
  g_assert_nonnull (cli_reader_batch (&r, late, 0, 600, &b, &why));
  cli_reader_close (&r);
  g_unlink (f->path);
  g_assert_cmpint (cli_reader_open (&r, f->path, patches, 2), ==, 0);
  g_assert_nonnull (cli_reader_batch (&r, f->at[3], 0, 600, &b, &why));
  cli_reader_close (&r);
  g_assert_cmpint (cli_reader_open (&r, f->path, NULL, 0), ==, ENOENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/cli/reader/walks", Fixture, NULL, setup, walks, teardown);
  g_test_add ("/cli/reader/finds-back", Fixture, NULL, setup, finds_back, teardown);
  g_test_add ("/cli/reader/shrinks", Fixture, NULL, setup, shrinks, teardown);
  g_test_add ("/cli/reader/patched", Fixture, NULL, setup, patched, teardown);
  return g_test_run ();
}
