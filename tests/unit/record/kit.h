/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of records share: a host with all codecs, and batches to order.
 */
#ifndef STK_TEST_RECORD_KIT_H
#define STK_TEST_RECORD_KIT_H

#include "record/record.h"

#include "test-host.h"

#include <glib.h>

extern const StokerModule stoker_module_codec_gzip, stoker_module_codec_snappy, stoker_module_codec_lz4,
    stoker_module_codec_zstd;

typedef struct Kit
{
  TestHost *host;
  StkCodecContexts *codecs;
  StokerArena *arena;
  StokerTopicConfig config;
  StkValidateSpec spec;
  StkValidated out;
} Kit;

static inline void
kit_init (Kit *k)
{
  k->host = test_host_new ();
  test_host_add_codec (k->host, test_host_instance (k->host, &stoker_module_codec_gzip, NULL));
  test_host_add_codec (k->host, test_host_instance (k->host, &stoker_module_codec_snappy, NULL));
  test_host_add_codec (k->host, test_host_instance (k->host, &stoker_module_codec_lz4, NULL));
  test_host_add_codec (k->host, test_host_instance (k->host, &stoker_module_codec_zstd, NULL));
  k->codecs = stk_codec_contexts_new (test_host_get (k->host));
  k->arena = stoker_arena_new (0);
  k->config = (StokerTopicConfig){ .size = sizeof k->config,
                                   .segment_bytes = 1 << 30,
                                   .max_message_bytes = 1048588,
                                   .compression = -1,
                                   .gzip_level = -1,
                                   .lz4_level = 9,
                                   .zstd_level = 3,
                                   .timestamp_before_max_ms = INT64_MAX,
                                   .timestamp_after_max_ms = INT64_MAX,
                                   .cleanup_delete = true };
  k->spec = (StkValidateSpec){ .codecs = k->codecs,
                               .config = &k->config,
                               .topic = STOKER_STR_LIT ("topic"),
                               .partition = 3,
                               .api_version = 11,
                               .now_ms = 1000000,
                               .arena = k->arena };
  k->out = (StkValidated){ 0 };
}

static inline void
kit_clear (Kit *k)
{
  stoker_buf_clear (&k->out.buf);
  stoker_arena_free (k->arena);
  stk_codec_contexts_free (k->codecs);
  test_host_free (k->host);
}

static inline StokerBytes
text_bytes (const char *s)
{
  return (StokerBytes){ (uint8_t *)s, s ? strlen (s) : 0 };
}

/* n records "key-I", "value-I", at timestamps `first` + I, every third with a header. */
static inline void
kit_batch (Kit *k, StokerBuf *out, int n, int codec, int64_t first)
{
  static const uint8_t header[] = { 2, 'h', 2, 'v' };
  StkBatchBuilder w;

  stk_batch_begin (&w, out);
  for (int i = 0; i < n; i++) {
    g_autofree char *key = g_strdup_printf ("key-%d", i), *value = g_strdup_printf ("value-%d", i);
    bool with = i % 3 == 0;
    stk_batch_add (&w, first + i, text_bytes (key), text_bytes (value),
                   with ? (StokerBytes){ (uint8_t *)header, sizeof header } : STOKER_BYTES_NULL, with ? 1 : 0);
  }
  g_assert_cmpint (stk_batch_end (&w, k->codecs, codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
}

/* Gives the batch at `data` the changed header `b` and a right CRC. */
static inline void
kit_reseal (uint8_t *data, StokerBatch b)
{
  stk_batch_store (data, &b);
}

static inline StokerBatch
kit_peek (const StokerBuf *b)
{
  StokerBatch h;
  g_assert_cmpint (stoker_batch_peek (b->data, b->len, &h), ==, 0);
  return h;
}

/* Field by field: there is padding between them. */
static inline bool
kit_same_header (const StokerBatch *a, const StokerBatch *b)
{
  return a->base_offset == b->base_offset && a->length == b->length && a->leader_epoch == b->leader_epoch
         && a->magic == b->magic && a->crc == b->crc && a->attributes == b->attributes
         && a->last_offset_delta == b->last_offset_delta && a->base_timestamp == b->base_timestamp
         && a->max_timestamp == b->max_timestamp && a->producer_id == b->producer_id
         && a->producer_epoch == b->producer_epoch && a->base_sequence == b->base_sequence
         && a->record_count == b->record_count;
}

/* Validates and checks that what comes out is one whole good batch. */
static inline int16_t
kit_validate (Kit *k, StokerBuf *in)
{
  stk_record_validate (&k->spec, in->data, in->len, &k->out);
  if (k->out.error == 0 && k->out.bytes.len > 0) {
    StokerBatch h;
    g_assert_cmpint (stoker_batch_peek (k->out.bytes.data, k->out.bytes.len, &h), ==, 0);
    g_assert_cmpuint (k->out.bytes.len, ==, h.length);
    g_assert_true (stoker_batch_crc_ok (k->out.bytes.data, &h));
    g_assert_true (kit_same_header (&h, &k->out.batch));
    g_assert_cmpint (h.base_offset, ==, 0);
  }
  return k->out.error;
}

/* One line per record of the whole batch. */
static inline char *
kit_text (Kit *k, const uint8_t *data, size_t len)
{
  GString *s = g_string_new (NULL);

  while (len > 0) {
    StokerBuf scratch = { 0 };
    StokerBatch b;
    StokerBytes section;
    StkRecordIter it;
    StkRecord r;
    int rc;
    g_assert_cmpint (stoker_batch_peek (data, len, &b), ==, 0);
    g_assert_cmpint (stk_batch_records (k->codecs, data, &b, 1 << 30, &scratch, &section, NULL), ==, 0);
    stk_record_iter_init (&it, &b, section.data, section.len);
    while ((rc = stk_record_iter_next (&it, &r)) == 1) {
      StokerStr key;
      StokerBytes value;
      g_string_append_printf (s, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %.*s=%.*s", r.offset, r.timestamp,
                              r.key.data ? (int)r.key.len : 4, r.key.data ? (char *)r.key.data : "null",
                              r.value.data ? (int)r.value.len : 4, r.value.data ? (char *)r.value.data : "null");
      while (stk_record_header_next (&r.headers, &key, &value))
        g_string_append_printf (s, " [%.*s:%.*s]", (int)key.len, key.data, (int)value.len, (char *)value.data);
      g_string_append_c (s, '\n');
    }
    g_assert_cmpint (rc, ==, 0);
    stoker_buf_clear (&scratch);
    data += b.length;
    len -= (size_t)b.length;
  }
  return g_string_free (s, FALSE);
}

#endif
