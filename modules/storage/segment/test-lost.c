/* SPDX-License-Identifier: Apache-2.0
 *
 * Damage inside segments that are below the recovery point: what a read at each offset gets.
 */
#include "tests/conformance/storage/kit.h"

#include "format.h"

#include <inttypes.h>
#include <stdio.h>

extern const StokerModule stoker_module_storage_segment;

enum
{
  BATCHES = 60,
  ALL = BATCHES * 2
};

/* Two records a batch, several segments, closed clean. */
static Kit *
filled (void)
{
  Kit *k = kit_small (&stoker_module_storage_segment);

  for (int i = 0; i < BATCHES; i++) {
    Maker m = maker (2);
    m.value = 60;
    m.timestamp = 1000 + i * 10;
    g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  }
  test_host_tolerate (k->host, "segment.damaged");
  return k;
}

/* Where the batch with `offset` stands. */
static char *
place (Kit *k, int64_t offset, uint64_t *pos, StokerBatch *b)
{
  StokerSegmentRow rows[64];
  size_t n = k->ops->segments (k->engine, k->log, rows, G_N_ELEMENTS (rows));

  for (size_t i = 0; i < n; i++)
    if (offset >= rows[i].base && offset < rows[i].next) {
      g_autofree char *name = g_strdup_printf ("%020" PRId64 ".log", rows[i].base);
      char *path = g_build_filename (k->path, "t-0", name, NULL);
      g_autofree char *data = NULL;
      gsize len;
      g_assert_true (g_file_get_contents (path, &data, &len, NULL));
      for (*pos = 0; stoker_batch_peek ((uint8_t *)data + *pos, len - *pos, b) == 0; *pos += (uint64_t)b->length)
        if (stoker_batch_last_offset (b) >= offset)
          return path;
      g_free (path);
    }
  g_assert_not_reached ();
  return NULL;
}

static void
overwrite (const char *path, uint64_t pos, uint8_t mask)
{
  FILE *f = fopen (path, "r+b");
  int c;

  g_assert_nonnull (f);
  fseek (f, (long)pos, SEEK_SET);
  c = fgetc (f);
  fseek (f, (long)pos, SEEK_SET);
  fputc (c ^ mask, f);
  fclose (f);
}

/* Reads like a consumer; how many offsets from `from` on come before the error in *error, or the end. */
static int64_t
read_from (Kit *k, int64_t from, int *error)
{
  int64_t at = from;

  *error = 0;
  while (at < ALL) {
    StokerRead want = { .offset = at, .limit = ALL, .max_bytes = 700, .at_least_one = true, .whole = true };
    StokerReadResult got;
    g_autofree uint8_t *data = NULL;
    StokerBatch b;
    *error = k->ops->read (k->engine, k->log, &want, &got);
    if (*error || got.len == 0)
      break;
    *error = k->ops->check (k->engine, k->log, at, got.slices, got.n_slices);
    if (*error == STOKER_CORRUPT_MESSAGE) { /* asked again, as the core does */
      stoker_slice_release (&got.slices[0]);
      continue;
    }
    data = g_malloc (got.len);
    g_assert_cmpint (stoker_file_pread (got.slices[0].u.file, data, got.len, got.slices[0].pos), ==, (ssize_t)got.len);
    for (size_t p = 0; p < got.len; p += (size_t)b.length) {
      g_assert_cmpint (stoker_batch_peek (data + p, got.len - p, &b), ==, 0);
      g_assert_true (stoker_batch_crc_ok (data + p, &b)); /* damage is never served */
      g_assert_cmpint (stoker_batch_last_offset (&b), >=, at);
      at = stoker_batch_last_offset (&b) + 1;
    }
    stoker_slice_release (&got.slices[0]);
  }
  return at - from;
}

/* One flipped bit anywhere in a batch: the batch is lost, nothing else. */
static void
test_one_batch (void)
{
  static const unsigned at[] = { 8, 9, 11, 16, 17, 21, 24, 30, 57, 61, 100 };

  for (gsize i = 0; i < G_N_ELEMENTS (at); i++)
    for (int64_t offset = 4; offset <= 40; offset += 12) {
      Kit *k = filled ();
      uint64_t pos;
      StokerBatch b;
      g_autofree char *path = place (k, offset, &pos, &b);
      int error;
      overwrite (path, pos + at[i], 16);
      g_test_message ("offset %d byte %u: %s position %d", (int)offset, at[i], path, (int)pos);
      g_assert_cmpint (read_from (k, 0, &error), ==, b.base_offset);
      g_assert_cmpint (error, ==, STOKER_CORRUPT_MESSAGE);
      for (int64_t o = b.base_offset; o <= stoker_batch_last_offset (&b); o++) {
        g_assert_cmpint (read_from (k, o, &error), ==, 0);
        g_assert_cmpint (error, ==, STOKER_CORRUPT_MESSAGE);
      }
      g_assert_cmpint (read_from (k, stoker_batch_last_offset (&b) + 1, &error), ==, ALL - stoker_batch_last_offset (&b) - 1);
      g_assert_cmpint (error, ==, 0);
      kit_free (k);
    }
}

/* Several, side by side and apart, at the ends of a segment too. */
static void
test_many (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (int round = 0; round < 20; round++) {
    Kit *k = filled ();
    bool lost[ALL] = { false };
    for (int n = 0; n < 1 + round; n++) {
      uint64_t pos;
      StokerBatch b;
      int64_t offset = g_rand_int_range (rand, 0, ALL - 20); /* not of the tail, which is in memory */
      g_autofree char *path = NULL;
      if (lost[offset])
        continue;
      /* place walks over headers: damage only what it does not need */
      path = place (k, offset, &pos, &b);
      overwrite (path, pos + 61 + (unsigned)g_rand_int_range (rand, 0, 60), 1);
      for (int64_t o = b.base_offset; o <= stoker_batch_last_offset (&b); o++)
        lost[o] = true;
    }
    for (int64_t o = 0; o < ALL; o++) {
      int64_t want = 0;
      int error;
      while (o + want < ALL && !lost[o + want])
        want++;
      g_assert_cmpint (read_from (k, o, &error), ==, want);
      g_assert_cmpint (error, ==, o + want < ALL ? STOKER_CORRUPT_MESSAGE : 0);
    }
    kit_free (k);
  }
}

/* Looked at again at the next open: remembered, or served when it was mended. */
static void
test_remembered (void)
{
  Kit *k = filled ();
  uint64_t pos;
  StokerBatch b;
  g_autofree char *path = place (k, 10, &pos, &b);
  unsigned said;
  int error;

  overwrite (path, pos + 70, 4);
  g_assert_cmpint (read_from (k, 0, &error), ==, b.base_offset);
  kit_reopen (k);
  test_host_tolerate (k->host, "segment.damaged");
  said = test_host_logged (k->host, "segment.damaged");
  g_assert_cmpuint (said, >, 0); /* without a read */
  g_assert_cmpint (read_from (k, 0, &error), ==, b.base_offset);
  overwrite (path, pos + 70, 4);
  kit_reopen (k);
  g_assert_cmpint (read_from (k, 0, &error), ==, ALL);
  g_assert_cmpint (error, ==, 0);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/lost/one-batch", test_one_batch);
  g_test_add_func ("/segment/lost/many", test_many);
  g_test_add_func ("/segment/lost/remembered", test_remembered);
  return g_test_run ();
}
