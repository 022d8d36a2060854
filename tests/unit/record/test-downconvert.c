/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include "tests/lib/golden.h"

#include "record/legacy.h"

/* One line per message; inner offsets made absolute. */
static char *
message_text (Kit *k, const StokerBuf *set, int magic)
{
  GString *s = g_string_new (NULL);
  StkMessage m;

  for (size_t at = 0; at < set->len; at += (size_t)m.length) {
    g_assert_cmpint (stk_message_peek (set->data + at, set->len - at, &m), ==, 0);
    g_assert_true (stk_message_crc_ok (set->data + at, &m));
    g_assert_cmpint (m.magic, ==, magic);
    if (m.attributes & STOKER_BATCH_CODEC_MASK) {
      StokerBuf inner = { 0 };
      int64_t add, last = -1;
      StkMessage in;
      g_assert_cmpint (stk_message_unwrap (k->codecs, &m, 1 << 20, &inner, &add, NULL), ==, 0);
      for (size_t i = 0; i < inner.len; i += (size_t)in.length) {
        g_assert_cmpint (stk_message_peek (inner.data + i, inner.len - i, &in), ==, 0);
        last = in.offset + add;
        g_string_append_printf (s, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.*s=%.*s\n", last, in.timestamp,
                                (int)in.key.len, in.key.data ? (char *)in.key.data : "", (int)in.value.len,
                                in.value.data ? (char *)in.value.data : "");
      }
      g_assert_cmpint (m.offset, ==, last);
      stoker_buf_clear (&inner);
    } else {
      g_string_append_printf (s, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.*s=%.*s\n", m.offset, m.timestamp,
                              (int)m.key.len, m.key.data ? (char *)m.key.data : "", (int)m.value.len,
                              m.value.data ? (char *)m.value.data : "");
    }
  }
  return g_string_free (s, FALSE);
}

static void
test_convert (void)
{
  Kit k;

  kit_init (&k);
  for (int codec = 0; codec <= 3; codec++) {
    for (int magic = 0; magic <= 1; magic++) {
      StokerBuf in = { 0 }, out = { 0 };
      g_autofree char *text = NULL;
      int64_t next;
      kit_batch (&k, &in, 3, codec, 5000);
      stoker_batch_assign (in.data, 100, 4);
      g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, in.len, magic, 100, &out, &next), ==, 0);
      g_assert_cmpint (next, ==, 103);
      text = message_text (&k, &out, magic);
      g_assert_cmpstr (text, ==,
                       magic ? "100 5000 key-0=value-0\n101 5001 key-1=value-1\n102 5002 key-2=value-2\n"
                             : "100 -1 key-0=value-0\n101 -1 key-1=value-1\n102 -1 key-2=value-2\n");
      stoker_buf_clear (&in);
      stoker_buf_clear (&out);
    }
  }
  kit_clear (&k);
}

static void
test_first_offset_control_and_rest (void)
{
  Kit k;
  StokerBuf in = { 0 }, out = { 0 };
  size_t last, whole;
  int64_t next;
  g_autofree char *text = NULL;

  kit_init (&k);
  kit_batch (&k, &in, 3, 0, 5000);
  stoker_batch_assign (in.data, 100, 4);
  stk_batch_marker (&in, 103, 4, 7, 0, true, 1, 6000);
  last = in.len;
  kit_batch (&k, &in, 1, 0, 7000);
  stoker_batch_assign (in.data + last, 104, 4);
  whole = in.len;
  stoker_buf_append (&in, in.data, 70); /* an incomplete batch */
  g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, in.len, 1, 102, &out, &next), ==, 0);
  g_assert_cmpint (next, ==, 105);
  text = message_text (&k, &out, 1);
  g_assert_cmpstr (text, ==, "102 5002 key-2=value-2\n104 7000 key-0=value-0\n");
  /* A damaged batch: what stands before it is served, then it is an error. */
  in.data[last + 60] = 9; /* its record count */
  out.len = 0;
  g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, whole, 1, 102, &out, &next), ==, 0);
  g_assert_cmpint (next, ==, 104);
  stoker_buf_clear (&out);
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_zstd_refused (void)
{
  Kit k;
  StokerBuf in = { 0 }, out = { 0 };
  int64_t next;

  kit_init (&k);
  kit_batch (&k, &in, 3, 4, 5000);
  g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, in.len, 1, 0, &out, &next), ==,
                   STOKER_UNSUPPORTED_COMPRESSION_TYPE);
  g_assert_cmpuint (out.len, ==, 0);
  g_assert_cmpint (next, ==, 0);
  stoker_buf_clear (&in);
  stoker_buf_clear (&out);
  kit_clear (&k);
}

static void
test_append_time (void)
{
  Kit k;
  StokerBuf in = { 0 }, out = { 0 };
  StkMessage m;

  kit_init (&k);
  k.config.log_append_time = true;
  kit_batch (&k, &in, 2, 0, 5000);
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, in.len, 1, 0, &out, NULL), ==, 0);
  g_assert_cmpint (stk_message_peek (out.data, out.len, &m), ==, 0);
  g_assert_cmpint (m.attributes, ==, STOKER_BATCH_LOG_APPEND_TIME);
  g_assert_cmpint (m.timestamp, ==, 1000000);
  out.len = 0;
  g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, in.len, 0, 0, &out, NULL), ==, 0);
  g_assert_cmpint (stk_message_peek (out.data, out.len, &m), ==, 0);
  g_assert_cmpint (m.attributes, ==, 0);
  stoker_buf_clear (&in);
  stoker_buf_clear (&out);
  kit_clear (&k);
}

/* Logs of old brokers hold messages: magic 1 becomes magic 0, what is old enough stays. */
static void
test_old_to_older (void)
{
  Kit k;

  kit_init (&k);
  for (int codec = 0; codec <= 3; codec++) {
    StokerBuf in = { 0 }, one = { 0 }, zero = { 0 }, again = { 0 };
    g_autofree char *text = NULL;
    kit_batch (&k, &in, 3, codec, 5000);
    stoker_batch_assign (in.data, 100, 0);
    g_assert_cmpint (stk_record_downconvert (k.codecs, in.data, in.len, 1, 100, &one, NULL), ==, 0);
    g_assert_cmpint (stk_record_downconvert (k.codecs, one.data, one.len, 1, 100, &again, NULL), ==, 0);
    g_assert_cmpmem (again.data, again.len, one.data, one.len);
    g_assert_cmpint (stk_record_downconvert (k.codecs, one.data, one.len, 0, 100, &zero, NULL), ==, 0);
    text = message_text (&k, &zero, 0);
    g_assert_cmpstr (text, ==, "100 -1 key-0=value-0\n101 -1 key-1=value-1\n102 -1 key-2=value-2\n");
    stoker_buf_clear (&in);
    stoker_buf_clear (&one);
    stoker_buf_clear (&zero);
    stoker_buf_clear (&again);
  }
  kit_clear (&k);
}

/* Down and up again: the records that Kafka wrote survive, without their headers. */
static void
there_and_back (const char *path, const guint8 *data, gsize len, void *user)
{
  Kit *k = user;

  while (len > 0) {
    StokerBatch b;
    g_assert_cmpint (stoker_batch_peek (data, len, &b), ==, 0);
    if (!(b.attributes & STOKER_BATCH_CONTROL) && (b.attributes & STOKER_BATCH_CODEC_MASK) != 4 && b.record_count > 0) {
      StokerBuf old = { 0 };
      k->config.log_append_time = false;
      g_assert_cmpint (stk_record_downconvert (k->codecs, data, (size_t)b.length, 1, 0, &old, NULL), ==, 0);
      g_assert_cmpint (kit_validate (k, &old), ==, 0);
      g_assert_cmpint (k->out.batch.record_count, ==, b.record_count);
      g_assert_cmpint (k->out.batch.max_timestamp, ==, b.max_timestamp);
      k->spec.partition++;
      stoker_buf_clear (&old);
    }
    data += b.length;
    len -= (gsize)b.length;
  }
}

static void
test_golden (void)
{
  Kit k;
  char *data = golden_logs_unpack ();

  kit_init (&k);
  k.spec.partition = 0;
  k.spec.api_version = 2;
  golden_each (data, ".log", there_and_back, &k);
  g_assert_cmpint (k.spec.partition, >, 150);
  kit_clear (&k);
  golden_logs_remove (data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/downconvert/convert", test_convert);
  g_test_add_func ("/record/downconvert/first-offset-control-and-rest", test_first_offset_control_and_rest);
  g_test_add_func ("/record/downconvert/zstd-refused", test_zstd_refused);
  g_test_add_func ("/record/downconvert/append-time", test_append_time);
  g_test_add_func ("/record/downconvert/old-to-older", test_old_to_older);
  g_test_add_func ("/record/downconvert/golden", test_golden);
  return g_test_run ();
}
