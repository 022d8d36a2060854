/* SPDX-License-Identifier: Apache-2.0
 *
 * Recovery from the recovery point inside a segment: it comes to what a recovery of everything comes to, reads no more than
 * it must, finds what is damaged above the point and believes what is below.
 */
#include "control/metrics.h"
#include "module/host.h"
#include "tests/conformance/storage/kit.h"

#include <glib/gstdio.h>
#include <inttypes.h>
#include <string.h>

extern const StokerModule stoker_module_storage_segment;

#define TEXT(buf) ((const char *)(buf)->data)

/* A log that was written at random and flushed now and then. */
typedef struct Story
{
  Kit *k;
  GRand *dice;
  int32_t sequence[4];
  int64_t flushed; /* the log's end at the last flush whose recovery point is on the disk */
  int64_t timestamp;
} Story;

static Kit *
kit (const char *path, const char *conf)
{
  Kit *k = kit_prepare (&stoker_module_storage_segment, conf, true, path);

  k->config.segment_bytes = 60000;
  k->config.index_interval_bytes = 700;
  test_host_tolerate (k->host, "segment.damaged");
  return k;
}

static void
put (Story *s)
{
  int who = g_rand_int_range (s->dice, -1, 4);
  Maker m = maker (g_rand_int_range (s->dice, 1, 4));
  StokerAppend a;

  m.value = (size_t)g_rand_int_range (s->dice, 0, 300);
  m.timestamp = s->timestamp += g_rand_int_range (s->dice, -5, 20);
  m.leader_epoch = (int32_t)(s->timestamp / 1500);
  if (who >= 0) {
    m.producer_id = 100 + who;
    m.producer_epoch = 0;
    m.sequence = s->sequence[who];
    s->sequence[who] += m.records;
    m.attributes = who >= 2 ? STOKER_BATCH_TRANSACTIONAL : 0;
  }
  a = kit_append (s->k, &m, STOKER_ORIGIN_CLIENT);
  g_assert_cmpint (a.error, ==, 0);
  if (who >= 2 && g_rand_int_range (s->dice, 0, 4) == 0)
    g_assert_cmpint (kit_marker (s->k, 100 + who, 0, g_rand_boolean (s->dice), 1).error, ==, 0);
}

static void
checkpoint (Story *s)
{
  StokerError err = { 0 };

  g_assert_cmpint (s->k->ops->flush (s->k->engine, s->k->log, &err), ==, 0);
  g_assert_cmpint (s->k->ops->dir_checkpoint (s->k->engine, 0, &err), ==, 0);
  s->flushed = kit_ends (s->k).end;
}

static void
story (Story *s, guint32 seed)
{
  int n;

  *s = (Story){ .dice = g_rand_new_with_seed (seed), .timestamp = 1000 };
  s->k = kit (NULL, seed % 3 ? "recovery.bytes = 3000\n" : NULL);
  kit_start (s->k, false);
  s->k->log = kit_open (s->k, "t", 0);
  n = g_rand_int_range (s->dice, 5, 500);
  for (int i = 0; i < n; i++) {
    put (s);
    if (g_rand_int_range (s->dice, 0, 30) == 0)
      checkpoint (s);
    else if (g_rand_int_range (s->dice, 0, 200) == 0) {
      kit_reopen (s->k);
      s->flushed = kit_ends (s->k).end;
    }
  }
  /* All of it is shown: what read_committed is told must come out the same too. */
  s->k->ops->set_hw (s->k->engine, s->k->log, kit_ends (s->k).end);
  test_host_drain_work (s->k->host);
}

static void
story_end (Story *s)
{
  kit_free (s->k);
  g_rand_free (s->dice);
}

static bool
add_row (void *user, const StokerProducerRow *r)
{
  char *row = g_strdup_printf ("%" PRId64 " %d %d %" PRId64 " %" PRId64 " %d %" PRId64 "\n", r->producer_id, r->epoch,
                               r->last_sequence, r->last_offset, r->last_timestamp, r->coordinator_epoch,
                               r->txn_first_offset);
  g_ptr_array_add (user, row);
  return true;
}

static bool
add_aborted (void *user, const StokerAborted *a)
{
  stoker_buf_printf (user, "aborted %" PRId64 " %" PRId64 "\n", a->producer_id, a->first_offset);
  return true;
}

static int
by_text (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* Everything that can be seen of the log, as text. */
static void
describe (Kit *k, StokerBuf *b)
{
  StokerLogEnds ends = kit_ends (k);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  StokerSegmentRow segs[64];
  StokerBuf bytes = { 0 };
  size_t n;

  stoker_buf_printf (b, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 "\n", ends.start, ends.end, ends.hw, ends.stable);
  kit_dump (k, ends.start, &bytes);
  stoker_buf_printf (b, "%zu %u\n", bytes.len, stoker_crc32c (0, bytes.data, bytes.len));
  stoker_buf_clear (&bytes);
  k->ops->producers (k->engine, k->log, add_row, rows);
  g_ptr_array_sort (rows, by_text);
  for (guint i = 0; i < rows->len; i++)
    stoker_buf_printf (b, "%s", (char *)rows->pdata[i]);
  for (int64_t at = ends.start; at < ends.end; at += 37)
    g_assert_cmpint (k->ops->aborted (k->engine, k->log, at, ends.end, add_aborted, b), ==, 0);
  n = k->ops->segments (k->engine, k->log, segs, G_N_ELEMENTS (segs));
  for (size_t i = 0; i < n; i++)
    stoker_buf_printf (b, "segment %" PRId64 " %" PRId64 " %" PRIu64 " %" PRId64 "\n", segs[i].base, segs[i].next, segs[i].bytes,
                       segs[i].largest_timestamp);
  for (int32_t e = 0; e <= k->ops->epoch_latest (k->engine, k->log); e++) {
    StokerEpochEnd end;
    k->ops->epoch_end (k->engine, k->log, e, &end);
    stoker_buf_printf (b, "epoch %d: %d %" PRId64 "\n", e, end.epoch, end.end);
  }
  for (int64_t t = 900; t < 12000; t += 97) {
    StokerTimeFound f;
    g_assert_cmpint (k->ops->find_time (k->engine, k->log, t, ends.end, &f), ==, 0);
    stoker_buf_printf (b, "time %" PRId64 ": %" PRId64 "\n", t, f.offset);
  }
  for (int64_t at = ends.start; at < ends.end; at += 13) /* through the index: nothing is skipped */
    g_assert_cmpint (kit_count (k, at, MIN (at + 10, ends.end), 200), <=, 20);
}

/* A recovery of a copy of the directory. `all`: nothing is known to be flushed; `twice`: it dies again at once. */
static void
recover_copy (const char *path, bool all, bool twice, StokerBuf *b, int64_t *end)
{
  g_autofree char *base = test_dir_new ();
  g_autofree char *copy = g_build_filename (base, "data", NULL);
  g_autofree char *point = g_build_filename (copy, "recovery-point-offset-checkpoint", NULL);

  copy_tree (path, copy);
  if (all)
    g_assert_true (g_file_set_contents (point, "0\n0\n", -1, NULL));
  for (int i = 0; i <= twice; i++) {
    Kit *k = kit (copy, "recovery.bytes = 3000\n");
    kit_start (k, false);
    k->log = kit_open (k, "t", 0);
    if (i == twice) {
      describe (k, b);
      *end = kit_ends (k).end;
      kit_stop (k, true);
    } else {
      k->log = NULL; /* killed */
    }
    kit_free (k);
  }
  test_dir_free (g_steal_pointer (&base));
}

/* The .log that holds the log's end. */
static char *
newest (const char *path)
{
  g_autofree char *folder = g_build_filename (path, "t-0", NULL);
  GDir *d = g_dir_open (folder, 0, NULL);
  g_autofree char *found = NULL;
  const char *name;

  while ((name = g_dir_read_name (d)) != NULL)
    if (g_str_has_suffix (name, ".log") && (found == NULL || strcmp (name, found) > 0)) {
      g_free (found);
      found = g_strdup (name);
    }
  g_dir_close (d);
  return g_build_filename (folder, found, NULL);
}

/* Where the first batch at or above `offset` stands; the size when there is none. */
static gsize
position_of (const char *content, gsize len, int64_t offset)
{
  gsize at = 0;
  StokerBatch b;

  while (at < len && stoker_batch_peek ((const uint8_t *)content + at, len - at, &b) == 0 && b.base_offset < offset)
    at += (gsize)b.length;
  return at;
}

/* A byte that a batch's check sum covers, at or behind `at`: offset and leader epoch in front of it are not. */
static gsize
covered (const char *content, gsize len, gsize at)
{
  gsize pos = 0;
  StokerBatch b;

  while (stoker_batch_peek ((const uint8_t *)content + pos, len - pos, &b) == 0 && pos + (gsize)b.length <= at)
    pos += (gsize)b.length;
  return MAX (at, pos + 21);
}

static void
compare (const char *path, bool twice)
{
  StokerBuf inside = { 0 }, whole = { 0 };
  int64_t a, b;

  recover_copy (path, false, twice, &inside, &a);
  recover_copy (path, true, false, &whole, &b);
  stoker_buf_append (&inside, "", 1);
  stoker_buf_append (&whole, "", 1);
  g_assert_cmpstr (TEXT (&inside), ==, TEXT (&whole));
  stoker_buf_clear (&inside);
  stoker_buf_clear (&whole);
}

/* Whatever was written and wherever the file ends above the recovery point. */
static void
test_same (void)
{
  guint32 n = g_getenv ("LONG") ? 600 : 24;
  const char *only = g_getenv ("STOKER_SEED");

  for (guint32 seed = only ? (guint32)atoi (only) : 1; seed <= (only ? (guint32)atoi (only) : n); seed++) {
    Story s;
    g_autofree char *file = NULL, *content = NULL;
    gsize len, from;
    g_test_message ("seed %u", seed);
    story (&s, seed);
    compare (s.k->path, seed % 2);
    file = newest (s.k->path);
    g_assert_true (g_file_get_contents (file, &content, &len, NULL));
    from = position_of (content, len, s.flushed);
    for (int i = 0; i < 3 && from < len; i++) {
      g_autofree char *base = test_dir_new (), *copy = g_build_filename (base, "data", NULL);
      g_autofree char *cut = NULL;
      gsize at = (gsize)g_rand_int_range (s.dice, (gint32)from, (gint32)len);
      copy_tree (s.k->path, copy);
      cut = newest (copy);
      if (i > 0)
        at = covered (content, len, at);
      content[at] ^= 0x40;
      g_assert_true (g_file_set_contents (cut, content, i == 0 ? (gssize)at : (gssize)len, NULL));
      content[at] ^= 0x40;
      compare (copy, false);
      test_dir_free (g_steal_pointer (&base));
    }
    story_end (&s);
  }
}

/* Pages of the indexes that were written after the last save point may be lost in a power cut. */
static void
test_lost_index (void)
{
  for (guint32 seed = 1; seed <= 8; seed++) {
    Story s;
    g_autofree char *file = NULL, *stem = NULL;
    static const char *const suffixes[] = { "index", "timeindex" };
    story (&s, seed);
    checkpoint (&s);
    file = newest (s.k->path);
    stem = g_strndup (file, strlen (file) - 3);
    for (guint i = 0; i < 2; i++) {
      g_autofree char *path = g_strconcat (stem, suffixes[i], NULL), *content = NULL;
      gsize len;
      FILE *f;
      if (!g_file_get_contents (path, &content, &len, NULL))
        continue;
      f = fopen (path, "a");
      for (int k = 0; k < 600; k++) /* zeros where the pages were not written */
        fputc (0, f);
      fclose (f);
    }
    compare (s.k->path, seed % 2);
    story_end (&s);
  }
}

static int64_t
checked_bytes (Kit *k)
{
  return stk_metric_value (stk_metrics_get (test_host_get (k->host)->metrics, "storage.recovered.bytes",
                                            STOKER_METRIC_COUNTER, NULL, NULL, NULL));
}

/* Damage below the recovery point is not looked for, and costs nothing of what is above. */
static void
test_below (void)
{
  Story s;
  g_autofree char *file = NULL, *content = NULL;
  int64_t end, was;
  gsize len, at;

  story (&s, 4);
  checkpoint (&s);
  for (int i = 0; i < 60; i++)
    put (&s);
  checkpoint (&s);
  put (&s);
  test_host_drain_work (s.k->host);
  was = kit_ends (s.k).end;
  file = newest (s.k->path);
  g_assert_true (g_file_get_contents (file, &content, &len, NULL));
  at = position_of (content, len, s.flushed - 4) + STOKER_BATCH_HEADER + 2;
  g_assert_cmpuint (at, <, position_of (content, len, s.flushed));
  content[at] ^= 1;
  g_assert_true (g_file_set_contents (file, content, (gssize)len, NULL));
  {
    g_autofree char *base = test_dir_new (), *copy = g_build_filename (base, "data", NULL);
    Kit *k;
    copy_tree (s.k->path, copy);
    k = kit (copy, NULL);
    kit_start (k, false);
    k->log = kit_open (k, "t", 0);
    end = kit_ends (k).end;
    g_assert_cmpint (end, ==, was);
    g_assert_cmpuint (test_host_logged (k->host, "segment.damaged"), ==, 0);
    g_assert_cmpint (checked_bytes (k), ==, len - position_of (content, len, s.flushed));
    kit_free (k);
    test_dir_free (g_steal_pointer (&base));
  }
  story_end (&s);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/recover/same", test_same);
  g_test_add_func ("/segment/recover/lost-index", test_lost_index);
  g_test_add_func ("/segment/recover/below", test_below);
  return g_test_run ();
}
