/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include "tests/lib/golden.h"

#include "base/bytes.h"

/* ---- every record that Kafka wrote, as Kafka's own tool printed it */

typedef struct Dump
{
  Kit kit;
  char **lines;
  guint records;
} Dump;

static char *
header_keys (StokerBytes headers)
{
  GString *s = g_string_new (NULL);
  StokerStr key;
  StokerBytes value;

  while (stk_record_header_next (&headers, &key, &value))
    g_string_append_printf (s, "%s%.*s", s->len ? "," : "", (int)key.len, key.data);
  return g_string_free (s, FALSE);
}

/* The place of a file's records in the dump. */
static char **
find_file (Dump *d, const char *path)
{
  g_autofree char *dir = g_path_get_dirname (path), *topic = g_path_get_basename (dir),
                  *name = g_path_get_basename (path);
  g_autofree char *wanted = g_strdup_printf ("Dumping %s/%s", topic, name);

  for (char **l = d->lines; *l; l++)
    if (strcmp (*l, wanted) == 0)
      return l + 1;
  g_error ("%s is not in the dump", path);
  return NULL;
}

static char **
next_record_line (char **l)
{
  while (*l && !g_str_has_prefix (*l, "| offset:")) {
    g_assert_false (g_str_has_prefix (*l, "Dumping"));
    l++;
  }
  g_assert_nonnull (*l);
  return l;
}

static void
compare_batch (Dump *d, const guint8 *data, const StokerBatch *b, char ***line)
{
  StokerBuf scratch = { 0 };
  StokerBytes section;
  StkRecordIter it;
  StkRecord r;
  int rc;

  g_assert_cmpint (stk_batch_records (d->kit.codecs, data, b, 1 << 20, &scratch, &section, NULL), ==, 0);
  stk_record_iter_init (&it, b, section.data, section.len);
  while ((rc = stk_record_iter_next (&it, &r)) == 1) {
    g_autofree char *keys = header_keys (r.headers);
    g_autofree char *start
        = g_strdup_printf ("| offset: %" G_GINT64_FORMAT " %s: %" G_GINT64_FORMAT
                           " keySize: %d valueSize: %d sequence: %d headerKeys: [%s]",
                           r.offset, b->attributes & STOKER_BATCH_LOG_APPEND_TIME ? "LogAppendTime" : "CreateTime",
                           r.timestamp, r.key.data ? (int)r.key.len : -1, r.value.data ? (int)r.value.len : -1,
                           b->base_sequence < 0 ? -1 : b->base_sequence + r.offset_delta, keys);
    char **l = *line = next_record_line (*line);
    if (!g_str_has_prefix (*l, start))
      g_error ("expected %s\nfound    %s", *l, start);
    if (r.key.data && strstr (*l, " key: key-")) {
      g_autofree char *key = g_strdup_printf (" key: %.*s", (int)r.key.len, (char *)r.key.data);
      g_assert_nonnull (strstr (*l, key));
    }
    ++*line;
    d->records++;
  }
  g_assert_cmpint (rc, ==, 0);
  stoker_buf_clear (&scratch);
}

static void
compare_control (const guint8 *data, const StokerBatch *b, const char *line)
{
  int type;
  int32_t epoch;
  g_autofree char *wanted = NULL;

  g_assert_true (stk_batch_control (data, b, &type, &epoch));
  wanted = g_strdup_printf ("endTxnMarker: %s coordinatorEpoch: %d", type == 1 ? "COMMIT" : "ABORT", epoch);
  g_assert_nonnull (strstr (line, wanted));
}

static void
compare_file (const char *path, const guint8 *data, gsize len, void *user)
{
  Dump *d = user;
  char **line = find_file (d, path);

  while (len > 0) {
    StokerBatch b;
    g_assert_cmpint (stoker_batch_peek (data, len, &b), ==, 0);
    if (b.attributes & STOKER_BATCH_CONTROL)
      compare_control (data, &b, *next_record_line (line));
    compare_batch (d, data, &b, &line);
    data += b.length;
    len -= (gsize)b.length;
  }
}

static void
test_golden (void)
{
  Dump d = { 0 };
  char *data = golden_logs_unpack ();
  g_autofree char *archive = golden_path ("logs.dump.txt.xz"), *text = NULL;
  char *argv[] = { "xz", "-dc", archive, NULL };

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &text, NULL, NULL, NULL));
  d.lines = g_strsplit (text, "\n", -1);
  kit_init (&d.kit);
  golden_each (data, ".log", compare_file, &d);
  g_assert_cmpuint (d.records, >, 500);
  kit_clear (&d.kit);
  g_strfreev (d.lines);
  golden_logs_remove (data);
}

/* ---- our own */

static void
test_round_trip (void)
{
  Kit k;
  StokerBuf plain = { 0 };
  g_autofree char *wanted = NULL;

  kit_init (&k);
  kit_batch (&k, &plain, 10, 0, 5000);
  wanted = kit_text (&k, plain.data, plain.len);
  g_assert_true (g_str_has_prefix (wanted, "0 5000 key-0=value-0 [h:v]\n1 5001 key-1=value-1\n"));
  for (int codec = 1; codec <= 4; codec++) {
    StokerBuf packed = { 0 };
    g_autofree char *text = NULL;
    kit_batch (&k, &packed, 10, codec, 5000);
    g_assert_cmpint (kit_peek (&packed).attributes, ==, codec);
    text = kit_text (&k, packed.data, packed.len);
    g_assert_cmpstr (text, ==, wanted);
    stoker_buf_clear (&packed);
  }
  stoker_buf_clear (&plain);
  kit_clear (&k);
}

static void
test_nulls_and_edges (void)
{
  Kit k;
  StokerBuf buf = { 0 };
  StkBatchBuilder w;
  StokerBatch b;
  g_autofree char *text = NULL;

  kit_init (&k);
  stk_batch_begin (&w, &buf);
  w.head.base_offset = INT64_MAX - 10;
  stk_batch_add (&w, -1, STOKER_BYTES_NULL, STOKER_BYTES_NULL, STOKER_BYTES_NULL, 0);
  stk_batch_add (&w, 7, text_bytes (""), text_bytes (""), STOKER_BYTES_NULL, 0);
  stk_batch_add (&w, 3, text_bytes ("k"), STOKER_BYTES_NULL, STOKER_BYTES_NULL, 0);
  g_assert_cmpint (stk_batch_end (&w, NULL, 0, 0, NULL), ==, 0);
  b = kit_peek (&buf);
  g_assert_cmpint (b.max_timestamp, ==, 7);
  g_assert_cmpint (b.base_timestamp, ==, -1);
  g_assert_cmpint (b.last_offset_delta, ==, 2);
  g_assert_true (stoker_batch_crc_ok (buf.data, &b));
  text = kit_text (&k, buf.data, buf.len);
  g_assert_cmpstr (text, ==,
                   "9223372036854775797 -1 null=null\n9223372036854775798 7 =\n9223372036854775799 3 k=null\n");
  stoker_buf_clear (&buf);
  kit_clear (&k);
}

static void
test_missing_codec (void)
{
  Kit k;
  StokerBuf buf = { 0 };
  StkBatchBuilder w;
  StokerError err = { 0 };

  kit_init (&k);
  stoker_buf_append (&buf, "kept", 4);
  stk_batch_begin (&w, &buf);
  stk_batch_add (&w, 1, text_bytes ("k"), text_bytes ("v"), STOKER_BYTES_NULL, 0);
  g_assert_cmpint (stk_batch_end (&w, k.codecs, 5, 0, &err), ==, -1);
  g_assert_cmpint (err.code, ==, STOKER_ERROR_MODULE);
  g_assert_cmpmem (buf.data, buf.len, "kept", 4);
  stoker_buf_clear (&buf);
  kit_clear (&k);
}

static void
test_marker (void)
{
  StokerBuf buf = { 0 };
  StokerBatch b;
  int type;
  int32_t epoch;

  stk_batch_marker (&buf, 77, 5, 4711, 3, true, 9, 123456);
  b = kit_peek (&buf);
  g_assert_cmpint (b.length, ==, 78); /* as Kafka's */
  g_assert_true (stoker_batch_crc_ok (buf.data, &b));
  g_assert_cmpint (b.base_offset, ==, 77);
  g_assert_cmpint (b.attributes, ==, STOKER_BATCH_CONTROL | STOKER_BATCH_TRANSACTIONAL);
  g_assert_true (stk_batch_control (buf.data, &b, &type, &epoch));
  g_assert_cmpint (type, ==, 1);
  g_assert_cmpint (epoch, ==, 9);
  stoker_buf_clear (&buf);
}

/* Any single changed byte of the records section is survived, and nothing is read outside it (ASan). */
static void
test_damage (void)
{
  Kit k;
  StokerBuf buf = { 0 };
  StokerBatch b;

  kit_init (&k);
  kit_batch (&k, &buf, 5, 0, 0);
  b = kit_peek (&buf);
  for (size_t at = STOKER_BATCH_HEADER; at < buf.len; at++) {
    for (int bit = 0; bit < 8; bit++) {
      g_autofree uint8_t *copy = g_memdup2 (buf.data + STOKER_BATCH_HEADER, buf.len - STOKER_BATCH_HEADER);
      StkRecordIter it;
      StkRecord r;
      int n = 0, rc;
      copy[at - STOKER_BATCH_HEADER] ^= (uint8_t)(1 << bit);
      stk_record_iter_init (&it, &b, copy, buf.len - STOKER_BATCH_HEADER);
      while ((rc = stk_record_iter_next (&it, &r)) == 1)
        n++;
      g_assert_cmpint (n, <=, 5);
      g_assert_true (rc == -1 || n == 5);
    }
  }
  for (size_t len = 0; len < buf.len - STOKER_BATCH_HEADER; len++) {
    g_autofree uint8_t *copy = g_memdup2 (buf.data + STOKER_BATCH_HEADER, len ? len : 1);
    StkRecordIter it;
    StkRecord r;
    int rc;
    stk_record_iter_init (&it, &b, copy, len);
    while ((rc = stk_record_iter_next (&it, &r)) == 1)
      ;
    g_assert_cmpint (rc, ==, -1);
  }
  stoker_buf_clear (&buf);
  kit_clear (&k);
}

static void
test_find_timestamp (void)
{
  static const int64_t times[] = { 50, 40, 70, 70, 60 };
  Kit k;

  kit_init (&k);
  for (int codec = 0; codec <= 4; codec++) {
    StokerBuf buf = { 0 };
    StkBatchBuilder w;
    StokerBatch b;
    int64_t offset = -7, timestamp = -7;
    stk_batch_begin (&w, &buf);
    w.head.base_offset = 100;
    for (size_t i = 0; i < G_N_ELEMENTS (times); i++)
      stk_batch_add (&w, times[i], STOKER_BYTES_NULL, text_bytes ("v"), STOKER_BYTES_NULL, 0);
    g_assert_cmpint (stk_batch_end (&w, k.codecs, codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
    b = kit_peek (&buf);
#define FIND_FROM(from, t)                                                                                             \
  stoker_batch_find_timestamp (test_host_get (k.host), buf.data, &b, from, t, &offset, &timestamp)
#define FIND(t) FIND_FROM (0, t)
    g_assert_cmpint (FIND (71), ==, 0);
    g_assert_cmpint (offset, ==, -7);
    g_assert_cmpint (FIND (0), ==, 1);
    g_assert_cmpint (offset, ==, 100);
    g_assert_cmpint (timestamp, ==, 50);
    g_assert_cmpint (FIND (51), ==, 1);
    g_assert_cmpint (offset, ==, 102);
    g_assert_cmpint (FIND (INT64_MAX), ==, 1);
    g_assert_cmpint (offset, ==, 102);
    g_assert_cmpint (timestamp, ==, 70);
    g_assert_cmpint (FIND_FROM (103, 0), ==, 1);
    g_assert_cmpint (offset, ==, 103);
    g_assert_cmpint (FIND_FROM (104, INT64_MAX), ==, 1);
    g_assert_cmpint (timestamp, ==, 60);
    g_assert_cmpint (FIND_FROM (105, 0), ==, 0);
    b.record_count = 6;
    g_assert_cmpint (FIND (INT64_MAX), ==, -1);
    b.record_count = 5;
    b.attributes |= STOKER_BATCH_LOG_APPEND_TIME;
    b.max_timestamp = 99;
    g_assert_cmpint (FIND (80), ==, 1);
    g_assert_cmpint (offset, ==, 100);
    g_assert_cmpint (timestamp, ==, 99);
#undef FIND
#undef FIND_FROM
    stoker_buf_clear (&buf);
  }
  kit_clear (&k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/records/golden", test_golden);
  g_test_add_func ("/record/records/round-trip", test_round_trip);
  g_test_add_func ("/record/records/nulls-and-edges", test_nulls_and_edges);
  g_test_add_func ("/record/records/missing-codec", test_missing_codec);
  g_test_add_func ("/record/records/marker", test_marker);
  g_test_add_func ("/record/records/damage", test_damage);
  g_test_add_func ("/record/records/find-timestamp", test_find_timestamp);
  return g_test_run ();
}
