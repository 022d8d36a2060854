/* SPDX-License-Identifier: Apache-2.0
 *
 * Data directories of Apache Kafka 3.9.1: read whole, after a clean stop and without the marker; and the same batches
 * appended here give the same files, byte for byte.
 */
#include "tests/conformance/storage/kit.h"
#include "tests/lib/golden.h"

#include <glib/gstdio.h>
#include <string.h>

extern const StokerModule stoker_module_storage_segment;

#define GOLDEN_TIME INT64_C (1795260600000) /* when Kafka wrote them */

typedef struct Found
{
  char *topic;
  int32_t partition;
  StokerUuid id;
} Found;

static void
found_free (void *data)
{
  Found *f = data;
  g_free (f->topic);
  g_free (f);
}

static void
note_found (void *user, const StokerLogFound *f)
{
  Found *copy = g_new (Found, 1);

  *copy = (Found){ g_strndup (f->topic.data, f->topic.len), f->partition, f->topic_id };
  g_ptr_array_add (user, copy);
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* All .log files of a partition, oldest first, from the first batch that reaches `start` on. */
static void
read_logs (const char *dir, int64_t start, StokerBuf *to)
{
  GDir *d = g_dir_open (dir, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while ((name = g_dir_read_name (d)) != NULL)
    if (g_str_has_suffix (name, ".log"))
      g_ptr_array_add (names, g_strdup (name));
  g_dir_close (d);
  g_ptr_array_sort (names, by_name);
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *path = g_build_filename (dir, names->pdata[i], NULL), *content = NULL;
    gsize len, at = 0;
    StokerBatch b;
    g_assert_true (g_file_get_contents (path, &content, &len, NULL));
    for (; at < len; at += (gsize)b.length) {
      g_assert_cmpint (stoker_batch_peek ((uint8_t *)content + at, len - at, &b), ==, 0);
      if (stoker_batch_last_offset (&b) >= start)
        stoker_buf_append (to, content + at, (gsize)b.length);
    }
  }
}

static StokerLog *
open_found (Kit *k, const Found *f, bool create)
{
  StokerLogSpec spec = { .topic = stoker_str (f->topic),
                         .partition = f->partition,
                         .topic_id = f->id,
                         .dir = &k->dir,
                         .config = &k->config,
                         .create = create };
  StokerError err = { 0 };
  StokerLog *log = NULL;

  k->ops->open (k->engine, &spec, &log, &err);
  g_assert_cmpstr (err.text, ==, "");
  return log;
}

/* Reads a directory of Kafka's: every batch there is. */
static void
read_golden (bool clean)
{
  char *data = golden_logs_unpack (), *original = golden_logs_unpack ();
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, data);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (found_free);
  StokerError err = { 0 };

  test_host_tolerate (k->host, "segment.missing"); /* of topics that were compacted, and nobody says so here */
  k->engine = test_host_instance (k->host, k->module, NULL);
  k->dir = (StokerLogDir){ 0, k->path, clean };
  g_assert_cmpint (k->ops->dir_attach (k->engine, &k->dir, note_found, found, &err), ==, 0);
  g_assert_cmpuint (found->len, ==, 25);
  for (guint i = 0; i < found->len; i++) {
    const Found *f = found->pdata[i];
    g_autofree char *name = g_strdup_printf ("%s-%d", f->topic, f->partition),
                    *dir = g_build_filename (original, name, NULL);
    StokerBuf want = { 0 }, got = { 0 };
    StokerLogEnds ends;
    g_assert_false (stoker_uuid_is_zero (f->id));
    k->log = open_found (k, f, false);
    ends = kit_ends (k);
    g_assert_cmpint (ends.start, ==, g_str_equal (f->topic, "trimmed") ? 71 : 0);
    g_assert_cmpint (ends.hw, ==, ends.end);
    read_logs (dir, ends.start, &want);
    kit_dump (k, ends.start, &got);
    g_assert_cmpmem (got.data, got.len, want.data, want.len);
    if (g_str_equal (f->topic, "segments"))
      g_assert_cmpint (k->ops->epoch_latest (k->engine, k->log), ==, 4);
    if (g_str_equal (name, "txn-0")) /* tx-open was open when the broker stopped */
      g_assert_cmpint (ends.stable, <, ends.hw);
    stoker_buf_clear (&want);
    stoker_buf_clear (&got);
    k->ops->close (k->engine, k->log);
    k->log = NULL;
  }
  g_assert_cmpint (k->ops->dir_detach (k->engine, 0, &err), ==, 0);
  kit_free (k);
  golden_logs_remove (data);
  golden_logs_remove (original);
}

static void
test_clean (void)
{
  read_golden (true);
}

static void
test_unclean (void)
{
  read_golden (false);
}

/* ---- written again */
static void
compare_dirs (const char *ours, const char *theirs)
{
  GDir *d = g_dir_open (theirs, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (d)) != NULL) {
    g_autofree char *a = g_build_filename (ours, name, NULL), *b = g_build_filename (theirs, name, NULL), *x = NULL,
                    *y = NULL;
    gsize n, m;
    g_test_message ("%s", b);
    g_assert_true (g_file_get_contents (b, &y, &m, NULL));
    if (!g_file_get_contents (a, &x, &n, NULL))
      g_error ("%s is missing", a);
    g_assert_cmpmem (x, n, y, m);
  }
  g_dir_close (d);
  d = g_dir_open (ours, 0, NULL);
  while ((name = g_dir_read_name (d)) != NULL) {
    g_autofree char *b = g_build_filename (theirs, name, NULL);
    if (!g_file_test (b, G_FILE_TEST_EXISTS))
      g_error ("%s/%s is one file too many", ours, name);
  }
  g_dir_close (d);
}

/* One batch, as the producer or coordinator of then sent it. */
static void
append_one (Kit *k, const uint8_t *data, const StokerBatch *b)
{
  StokerAppend item = { .origin = STOKER_ORIGIN_CLIENT, .control_type = -1, .control_epoch = -1, .now_ms = k->now_ms };

  item.data = g_memdup2 (data, (gsize)b->length);
  item.len = (size_t)b->length;
  item.batch = *b;
  item.leader_epoch = b->leader_epoch;
  memset (item.data, 0, 8);
  if (b->attributes & STOKER_BATCH_CONTROL) { /* the record is short enough for one-byte varints */
    item.origin = STOKER_ORIGIN_COORDINATOR;
    item.control_type = item.data[69];
    item.control_epoch = item.data[76];
  }
  k->ops->append (k->engine, k->log, &item, 1);
  g_assert_cmpint (item.error, ==, 0);
  g_assert_false (item.duplicate);
  g_assert_cmpint (item.first_offset, ==, b->base_offset);
  g_free (item.data);
}

/* Appends what Kafka has. It was restarted twice; every start began a leader epoch, with data or without. */
static void
append_again (Kit *k, const Found *f, const uint8_t *data, size_t len)
{
  StokerBatch b;
  size_t at = 0;

  for (int32_t epoch = 0; epoch <= 4; epoch += 2) {
    k->log = open_found (k, f, true);
    g_assert_cmpint (k->ops->epoch_begin (k->engine, k->log, epoch), ==, 0);
    k->ops->expire_producers (k->engine, k->log, GOLDEN_TIME - 86400000); /* some batches carry old timestamps */
    for (; at < len && stoker_batch_peek (data + at, len - at, &b) == 0 && b.leader_epoch == epoch;
         at += (size_t)b.length)
      append_one (k, data + at, &b);
    k->ops->close (k->engine, k->log);
    k->log = NULL;
  }
  g_assert_cmpuint (at, ==, len);
}

static void
test_same_bytes (void)
{
  static const struct
  {
    const char *topic;
    int32_t partition;
    int64_t segment_bytes, interval;
  } logs[] = {
    { "codec-none", 0, 1 << 30, 4096 },
    { "codec-none", 1, 1 << 30, 4096 },
    { "codec-gzip", 0, 1 << 30, 4096 },
    { "codec-zstd", 1, 1 << 30, 4096 },
    { "idempotent", 0, 1 << 30, 4096 },
    { "txn", 0, 1024, 4096 },
    { "txn", 1, 1024, 4096 },
    { "segments", 0, 2048, 256 },
    { "append-time", 0, 1 << 30, 4096 },
    { "append-time", 1, 1 << 30, 4096 },
    { "codec-lz4", 0, 1 << 30, 4096 },
    { "codec-snappy", 1, 1 << 30, 4096 },
  };
  char *golden = golden_logs_unpack ();
  Kit *theirs = kit_prepare (&stoker_module_storage_segment, NULL, true, golden);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (found_free);
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, NULL);
  StokerError err = { 0 };

  theirs->engine = test_host_instance (theirs->host, theirs->module, NULL);
  theirs->dir = (StokerLogDir){ 0, golden, true };
  g_assert_cmpint (theirs->ops->dir_attach (theirs->engine, &theirs->dir, note_found, found, &err), ==, 0);
  kit_start (k, true);
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++) {
    g_autofree char *name = g_strdup_printf ("%s-%d", logs[i].topic, logs[i].partition);
    g_autofree char *a = g_build_filename (k->path, name, NULL), *b = g_build_filename (golden, name, NULL);
    StokerBuf data = { 0 };
    read_logs (b, 0, &data);
    k->config.segment_bytes = logs[i].segment_bytes;
    k->config.index_interval_bytes = logs[i].interval;
    k->config.segment_index_bytes = 4096;
    for (guint n = 0; n < found->len; n++) {
      const Found *f = found->pdata[n];
      if (g_str_equal (f->topic, logs[i].topic) && f->partition == logs[i].partition)
        append_again (k, f, data.data, data.len);
    }
    compare_dirs (a, b);
    stoker_buf_clear (&data);
  }
  g_assert_cmpint (k->ops->dir_detach (k->engine, 0, &err), ==, 0);
  kit_free (k);
  kit_free (theirs);
  golden_logs_remove (golden);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/golden/clean", test_clean);
  g_test_add_func ("/segment/golden/unclean", test_unclean);
  g_test_add_func ("/segment/golden/same-bytes", test_same_bytes);
  return g_test_run ();
}
