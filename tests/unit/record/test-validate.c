/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"
#include "tests/lib/golden.h"

#include "base/bytes.h"
#include "record/legacy.h"

static void
test_in_place (void)
{
  Kit k;
  StokerBuf in = { 0 };

  kit_init (&k);
  for (int codec = 0; codec <= 4; codec++) {
    g_autofree uint8_t *before = NULL;
    in.len = 0;
    kit_batch (&k, &in, 20, codec, 5000);
    before = g_memdup2 (in.data, in.len);
    stoker_buf_append (&in, "cut", 3); /* what is not complete behind the batch is ignored */
    g_assert_cmpint (kit_validate (&k, &in), ==, 0);
    g_assert_true (k.out.bytes.data == in.data);
    g_assert_cmpmem (k.out.bytes.data, k.out.bytes.len, before, in.len - 3);
    g_assert_cmpint (k.out.log_append_time_ms, ==, -1);
    g_assert_null (k.out.error_message.data);
  }
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_timestamps_patched (void)
{
  Kit k;
  StokerBuf in = { 0 };
  StokerBatch b;

  kit_init (&k);
  /* A wrong largest timestamp is corrected. */
  kit_batch (&k, &in, 3, 0, 5000);
  b = kit_peek (&in);
  b.max_timestamp = 1;
  kit_reseal (in.data, b);
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_true (k.out.bytes.data == in.data);
  g_assert_cmpint (k.out.batch.max_timestamp, ==, 5002);
  /* LogAppendTime: flag and time, the rest stays. */
  k.config.log_append_time = true;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_true (k.out.bytes.data == in.data);
  g_assert_cmpint (k.out.batch.attributes, ==, STOKER_BATCH_LOG_APPEND_TIME);
  g_assert_cmpint (k.out.batch.max_timestamp, ==, 1000000);
  g_assert_cmpint (k.out.batch.base_timestamp, ==, 5000);
  g_assert_cmpint (k.out.log_append_time_ms, ==, 1000000);
  /* A producer must not claim it. */
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_TIMESTAMP);
  g_assert_cmpint (k.out.n_record_errors, ==, 3);
  /* On a CreateTime topic the claim is taken back. */
  k.config.log_append_time = false;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_cmpint (k.out.batch.attributes, ==, 0);
  g_assert_cmpint (k.out.batch.max_timestamp, ==, 5002);
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_timestamp_bounds (void)
{
  Kit k;
  StokerBuf in = { 0 };

  kit_init (&k);
  k.config.timestamp_before_max_ms = 1000;
  k.config.timestamp_after_max_ms = 10;
  kit_batch (&k, &in, 12, 0, 999000); /* now - 1000 .. */
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  k.spec.now_ms = 1000002;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_TIMESTAMP);
  g_assert_cmpint (k.out.n_record_errors, ==, 2);
  g_assert_cmpint (k.out.record_errors[1].batch_index, ==, 1);
  g_assert_true (stoker_str_is (k.out.record_errors[1].message, "timestamp 999001 is not within [999002, 1000012]"));
  g_assert_nonnull (k.out.error_message.data);
  in.len = 0;
  kit_batch (&k, &in, 1, 3, 1000013);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_TIMESTAMP);
  /* LogAppendTime topics do not look. */
  k.config.log_append_time = true;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_compacted (void)
{
  Kit k;
  StokerBuf in = { 0 };
  StkBatchBuilder w;

  kit_init (&k);
  k.config.cleanup_compact = true;
  for (int codec = 0; codec <= 4; codec++) {
    in.len = 0;
    stk_batch_begin (&w, &in);
    for (int i = 0; i < 1500; i++)
      stk_batch_add (&w, 1, i == 1 ? text_bytes ("k") : STOKER_BYTES_NULL, text_bytes ("v"), STOKER_BYTES_NULL, 0);
    g_assert_cmpint (stk_batch_end (&w, k.codecs, codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
    g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
    g_assert_cmpint (k.out.n_record_errors, ==, STK_RECORD_ERRORS_MAX);
    g_assert_cmpint (k.out.record_errors[0].batch_index, ==, 0);
    g_assert_cmpint (k.out.record_errors[1].batch_index, ==, 2);
    g_assert_cmpuint (k.out.bytes.len, ==, 0);
  }
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_recompress (void)
{
  Kit k;
  StokerBuf in = { 0 };
  StokerBatch b;

  kit_init (&k);
  for (int from = 0; from <= 4; from++) {
    for (int to = 0; to <= 4; to++) {
      g_autofree char *wanted = NULL, *text = NULL;
      in.len = 0;
      kit_batch (&k, &in, 50, from, 7000);
      b = kit_peek (&in);
      b.producer_id = 4711;
      b.producer_epoch = 3;
      b.base_sequence = 99;
      b.attributes |= STOKER_BATCH_TRANSACTIONAL;
      kit_reseal (in.data, b);
      wanted = kit_text (&k, in.data, in.len);
      k.config.compression = to;
      g_assert_cmpint (kit_validate (&k, &in), ==, 0);
      g_assert_cmpint (k.out.bytes.data == in.data, ==, from == to);
      g_assert_cmpint (k.out.batch.attributes, ==, STOKER_BATCH_TRANSACTIONAL | to);
      g_assert_cmpint (k.out.batch.producer_id, ==, 4711);
      g_assert_cmpint (k.out.batch.producer_epoch, ==, 3);
      g_assert_cmpint (k.out.batch.base_sequence, ==, 99);
      g_assert_cmpint (k.out.batch.max_timestamp, ==, 7049);
      text = kit_text (&k, k.out.bytes.data, k.out.bytes.len);
      g_assert_cmpstr (text, ==, wanted);
    }
  }
  stoker_buf_clear (&in);
  kit_clear (&k);
}

/* A batch whose offset deltas are not 0, 1, 2 .. is built anew. */
static void
test_wrong_deltas (void)
{
  Kit k;
  StokerBuf in = { 0 };
  StokerBatch b;
  g_autofree char *text = NULL;

  kit_init (&k);
  kit_batch (&k, &in, 3, 0, 5000);
  b = kit_peek (&in);
  g_assert_cmphex (in.data[STOKER_BATCH_HEADER + 3], ==, 0);
  in.data[STOKER_BATCH_HEADER + 3] = 14; /* the first record's offset delta: 7 */
  kit_reseal (in.data, b);
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_true (k.out.bytes.data != in.data);
  text = kit_text (&k, k.out.bytes.data, k.out.bytes.len);
  g_assert_cmpstr (text, ==, "0 5000 key-0=value-0 [h:v]\n1 5001 key-1=value-1\n2 5002 key-2=value-2\n");
  stoker_buf_clear (&in);
  kit_clear (&k);
}

/* A header's key must be there, though its bytes would add up without it. */
static void
test_header_key (void)
{
  static const uint8_t good[] = { 2, 'h', 2, 'v' }, bad[] = { 1, 4, 'h', 'v' }; /* "h" = "v"; null = "hv" */
  size_t at = STOKER_BATCH_HEADER + 19;
  Kit k;
  StokerBuf in = { 0 };

  kit_init (&k);
  kit_batch (&k, &in, 3, 0, 5000);
  g_assert_cmpmem (in.data + at, 4, good, 4);
  memcpy (in.data + at, bad, 4);
  kit_reseal (in.data, kit_peek (&in));
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  stoker_buf_clear (&in);
  kit_clear (&k);
}

typedef void (*Change) (StokerBatch *b);
static void
base_offset (StokerBatch *b)
{
  b->base_offset = 1;
}
static void
control (StokerBatch *b)
{
  b->attributes |= STOKER_BATCH_CONTROL;
}
static void
range (StokerBatch *b)
{
  b->last_offset_delta = 7;
}
static void
negative_range (StokerBatch *b)
{
  b->last_offset_delta = -3;
}
static void
count (StokerBatch *b)
{
  b->record_count = 4;
  b->last_offset_delta = 3;
}
static void
fewer (StokerBatch *b)
{
  b->record_count = 2;
  b->last_offset_delta = 1;
}
static void
none (StokerBatch *b)
{
  b->record_count = 0;
  b->last_offset_delta = -1;
}
static void
sequence (StokerBatch *b)
{
  b->producer_id = 5;
  b->base_sequence = -1;
}
static void
pretend_gzip (StokerBatch *b)
{
  b->attributes |= 1;
}
static void
pretend_zstd (StokerBatch *b)
{
  b->attributes |= 4;
}

static void
test_refused (void)
{
  static const struct
  {
    Change change;
    int16_t error;
  } rows[] = {
    { base_offset, STOKER_INVALID_RECORD },  { control, STOKER_INVALID_RECORD },
    { range, STOKER_INVALID_RECORD },        { negative_range, STOKER_INVALID_RECORD },
    { count, STOKER_INVALID_RECORD },        { fewer, STOKER_INVALID_RECORD },
    { none, STOKER_INVALID_RECORD },         { sequence, STOKER_INVALID_RECORD },
    { pretend_gzip, STOKER_INVALID_RECORD }, { pretend_zstd, STOKER_INVALID_RECORD },
  };
  Kit k;

  kit_init (&k);
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
    StokerBuf in = { 0 };
    StokerBatch b;
    kit_batch (&k, &in, 3, 0, 5000);
    b = kit_peek (&in);
    rows[i].change (&b);
    kit_reseal (in.data, b);
    g_assert_cmpint (kit_validate (&k, &in), ==, rows[i].error);
    g_assert_nonnull (k.out.error_message.data);
    g_assert_true (g_str_has_prefix (k.out.error_message.data, "topic-3: "));
    g_assert_cmpuint (k.out.bytes.len, ==, 0);
    stoker_buf_clear (&in);
  }
  kit_clear (&k);
}

static void
test_sizes (void)
{
  Kit k;
  StokerBuf in = { 0 };

  kit_init (&k);
  kit_batch (&k, &in, 3, 0, 5000);
  k.config.max_message_bytes = (int64_t)in.len;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  k.config.max_message_bytes--;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_MESSAGE_TOO_LARGE);
  k.config.max_message_bytes += 100;
  k.config.segment_bytes = (int64_t)in.len - 1;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_RECORD_LIST_TOO_LARGE);
  /* Asked again after recompression. */
  k.config.segment_bytes = 1 << 30;
  in.len = 0;
  kit_batch (&k, &in, 1000, 4, 5000);
  k.config.max_message_bytes = (int64_t)in.len + 100;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  k.config.compression = 0;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_MESSAGE_TOO_LARGE);
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_shapes (void)
{
  Kit k;
  StokerBuf in = { 0 };
  size_t one;

  kit_init (&k);
  kit_batch (&k, &in, 3, 4, 5000);
  one = in.len;
  in.len = 0;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD); /* nothing */
  for (size_t len = 1; len < one; len += 5) {
    in.len = len;
    g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD); /* cut off */
  }
  in.len = one;
  k.spec.api_version = 6;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_UNSUPPORTED_COMPRESSION_TYPE);
  k.spec.api_version = 7;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  kit_batch (&k, &in, 3, 0, 5000);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD); /* two batches */
  in.len = one;
  in.data[one - 1] ^= 1;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_CORRUPT_MESSAGE);
  in.data[16] = 3;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_CORRUPT_MESSAGE); /* no such magic */
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_bombs (void)
{
  Kit k;
  StokerBuf in = { 0 };
  StkBatchBuilder w;
  g_autofree char *zero = g_malloc0 (20 << 20);

  kit_init (&k);
  k.config.max_message_bytes = 64 << 20;
  for (int codec = 1; codec <= 4; codec++) {
    in.len = 0;
    stk_batch_begin (&w, &in);
    stk_batch_add (&w, 1, STOKER_BYTES_NULL, (StokerBytes){ (uint8_t *)zero, 20 << 20 }, STOKER_BYTES_NULL, 0);
    g_assert_cmpint (stk_batch_end (&w, k.codecs, codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
    k.spec.max_decompressed_bytes = 10 << 20;
    k.spec.max_ratio = 0;
    g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
    g_assert_nonnull (strstr (k.out.error_message.data, "allowed"));
    k.spec.max_decompressed_bytes = 0;
    k.spec.max_ratio = 10; /* more than the free 16 MiB come out */
    g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
    k.spec.max_ratio = 100000;
    g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  }
  stoker_buf_clear (&in);
  kit_clear (&k);
}

/* ---- messages of magic 0 and 1 */

static void
add_message (StokerBuf *out, int magic, int64_t offset, int64_t timestamp, const char *key, const char *value)
{
  stk_message_append (out, &(StkMessage){ .offset = offset,
                                          .timestamp = timestamp,
                                          .magic = (int8_t)magic,
                                          .key = text_bytes (key),
                                          .value = text_bytes (value) });
}

static void
wrap (Kit *k, StokerBuf *out, int magic, int codec, int attributes, int64_t offset, const StokerBuf *inner)
{
  StokerBuf packed = { 0 };

  g_assert_cmpint (stk_codec_compress (k->codecs, codec, inner->data, inner->len, STK_CODEC_LEVEL_DEFAULT,
                                       magic == 0 ? STOKER_CODEC_LEGACY : 0, &packed, NULL),
                   ==, 0);
  stk_message_append (out, &(StkMessage){ .offset = offset,
                                          .timestamp = 99,
                                          .magic = (int8_t)magic,
                                          .attributes = (int8_t)(codec | attributes),
                                          .value = { packed.data, packed.len } });
  stoker_buf_clear (&packed);
}

static void
test_legacy_plain (void)
{
  Kit k;
  StokerBuf in = { 0 };

  kit_init (&k);
  k.spec.api_version = 2;
  for (int magic = 0; magic <= 1; magic++) {
    g_autofree char *text = NULL;
    in.len = 0;
    add_message (&in, magic, 0, 500, "a", "1");
    add_message (&in, magic, 0, 700, NULL, "2");
    add_message (&in, magic, 9, 600, "c", NULL);
    stoker_buf_append (&in, in.data, 20); /* an incomplete one is ignored */
    g_assert_cmpint (kit_validate (&k, &in), ==, 0);
    text = kit_text (&k, k.out.bytes.data, k.out.bytes.len);
    g_assert_cmpstr (text, ==,
                     magic ? "0 500 a=1\n1 700 null=2\n2 600 c=null\n" : "0 -1 a=1\n1 -1 null=2\n2 -1 c=null\n");
    g_assert_cmpint (k.out.batch.max_timestamp, ==, magic ? 700 : -1);
    g_assert_cmpint (k.out.batch.producer_id, ==, -1);
  }
  k.config.log_append_time = true;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_cmpint (k.out.batch.max_timestamp, ==, 1000000);
  g_assert_cmpint (k.out.log_append_time_ms, ==, 1000000);
  k.config.cleanup_compact = true;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  g_assert_cmpint (k.out.record_errors[0].batch_index, ==, 1);
  k.config.cleanup_compact = false;
  k.spec.api_version = 3;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  k.spec.api_version = 0;
  in.data[30] ^= 1;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_CORRUPT_MESSAGE);
  in.len = 11;
  g_assert_cmpint (kit_validate (&k, &in), ==, 0); /* no complete message: nothing to append */
  g_assert_cmpuint (k.out.bytes.len, ==, 0);
  stoker_buf_clear (&in);
  kit_clear (&k);
}

static void
test_legacy_compressed (void)
{
  Kit k;
  StokerBuf inner = { 0 }, in = { 0 };

  kit_init (&k);
  k.spec.api_version = 1;
  for (int magic = 0; magic <= 1; magic++) {
    for (int codec = 1; codec <= 3; codec++) {
      g_autofree char *text = NULL;
      inner.len = in.len = 0;
      add_message (&inner, magic, 0, 500, "a", "1");
      add_message (&inner, magic, 1, 700, NULL, "2");
      wrap (&k, &in, magic, codec, 0, 1, &inner);
      g_assert_cmpint (kit_validate (&k, &in), ==, 0);
      g_assert_cmpint (k.out.batch.attributes, ==, codec);
      text = kit_text (&k, k.out.bytes.data, k.out.bytes.len);
      g_assert_cmpstr (text, ==, magic ? "0 500 a=1\n1 700 null=2\n" : "0 -1 a=1\n1 -1 null=2\n");
    }
  }
  /* The wrapper's append time counts; on a LogAppendTime topic it must not be there. */
  in.len = 0;
  wrap (&k, &in, 1, 1, STOKER_BATCH_LOG_APPEND_TIME, 1, &inner);
  g_assert_cmpint (kit_validate (&k, &in), ==, 0);
  g_assert_cmpint (k.out.batch.max_timestamp, ==, 99);
  k.config.log_append_time = true;
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_TIMESTAMP);
  k.config.log_append_time = false;
  /* Two sets, a set in a set, another magic inside, damage inside. */
  wrap (&k, &in, 1, 1, 0, 1, &inner);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  in.len = inner.len = 0;
  add_message (&in, 1, 0, 500, "a", "1");
  wrap (&k, &inner, 1, 1, 0, 0, &in);
  in.len = 0;
  wrap (&k, &in, 1, 2, 0, 0, &inner);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  in.len = inner.len = 0;
  add_message (&inner, 0, 0, 500, "a", "1");
  wrap (&k, &in, 1, 2, 0, 0, &inner);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  in.len = 0;
  inner.data[inner.len - 1] ^= 1;
  wrap (&k, &in, 0, 2, 0, 0, &inner);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_CORRUPT_MESSAGE);
  in.len = 0;
  inner.len--;
  wrap (&k, &in, 0, 2, 0, 0, &inner);
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  in.len = inner.len = 0;
  wrap (&k, &in, 0, 2, 0, 0, &inner); /* nothing inside */
  g_assert_cmpint (kit_validate (&k, &in), ==, STOKER_INVALID_RECORD);
  stoker_buf_clear (&in);
  stoker_buf_clear (&inner);
  kit_clear (&k);
}

/* ---- what a real Kafka took, we take, and store the same bytes */

static void
validate_file (const char *path, const guint8 *data, gsize len, void *user)
{
  Kit *k = user;

  while (len > 0) {
    StokerBatch b;
    g_assert_cmpint (stoker_batch_peek (data, len, &b), ==, 0);
    if (!(b.attributes & (STOKER_BATCH_CONTROL | STOKER_BATCH_LOG_APPEND_TIME | STOKER_BATCH_DELETE_HORIZON))
        && b.record_count == b.last_offset_delta + 1) {
      StokerBuf in = { 0 };
      g_autofree uint8_t *before = NULL;
      stoker_buf_append (&in, data, (size_t)b.length);
      stoker_batch_assign (in.data, 0, -1);
      before = g_memdup2 (in.data, in.len);
      g_test_message ("%s offset %" G_GINT64_FORMAT, path, b.base_offset);
      g_assert_cmpint (kit_validate (k, &in), ==, 0);
      g_assert_true (k->out.bytes.data == in.data);
      g_assert_cmpmem (in.data, in.len, before, in.len);
      k->spec.partition++; /* counts them */
      stoker_buf_clear (&in);
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
  golden_each (data, ".log", validate_file, &k);
  g_assert_cmpint (k.spec.partition, >, 150);
  kit_clear (&k);
  golden_logs_remove (data);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/validate/in-place", test_in_place);
  g_test_add_func ("/record/validate/timestamps-patched", test_timestamps_patched);
  g_test_add_func ("/record/validate/timestamp-bounds", test_timestamp_bounds);
  g_test_add_func ("/record/validate/compacted", test_compacted);
  g_test_add_func ("/record/validate/recompress", test_recompress);
  g_test_add_func ("/record/validate/wrong-deltas", test_wrong_deltas);
  g_test_add_func ("/record/validate/header-key", test_header_key);
  g_test_add_func ("/record/validate/refused", test_refused);
  g_test_add_func ("/record/validate/sizes", test_sizes);
  g_test_add_func ("/record/validate/shapes", test_shapes);
  g_test_add_func ("/record/validate/bombs", test_bombs);
  g_test_add_func ("/record/validate/legacy-plain", test_legacy_plain);
  g_test_add_func ("/record/validate/legacy-compressed", test_legacy_compressed);
  g_test_add_func ("/record/validate/golden", test_golden);
  return g_test_run ();
}
