/* SPDX-License-Identifier: Apache-2.0
 *
 * Every version of every message with random fields: what is written reads back as the same values, and whatever is cut
 * off or flipped in it is refused or read, but never read beyond its end and never answered with a large allocation.
 */
#include "modules/protocol/kafka/wire/kafka-messages-test.h"

#include <glib.h>

#define ROUNDS 12

static uint8_t *
encode (const KmMessage *m, int16_t version, const void *in, size_t *len)
{
  StokerOut out = { 0 };
  StokerBuf flat = { 0 };
  KmWriter w;

  km_writer_init (&w, &out);
  m->encode (&w, version, in);
  g_assert_null (w.error);
  g_assert_cmpint (stoker_out_flatten (&out, &flat), ==, 0);
  stoker_out_clear (&out);
  /* An exact copy on the heap, so that ASan sees the first byte read too far. */
  uint8_t *copy = g_memdup2 (flat.data, flat.len);
  *len = flat.len;
  stoker_buf_clear (&flat);
  return copy;
}

static char *
dump (const KmMessage *m, int16_t version, const void *in)
{
  StokerBuf b = { 0 };
  m->dump (&b, version, in);
  char *s = g_strndup ((const char *)b.data, b.len);
  stoker_buf_clear (&b);
  return s;
}

static void
check_hostile (const KmMessage *m, int16_t version, StokerArena *arena, const uint8_t *data, size_t len)
{
  KmReader r;
  void *out = stoker_arena_alloc (arena, m->size);
  size_t before = stoker_arena_size (arena);

  km_reader_init (&r, data, len);
  int rc = m->decode (&r, version, arena, out);
  g_assert_cmpint (rc, ==, r.error ? KM_MALFORMED : KM_OK);
  g_assert_cmpuint (r.error_at, <=, len);
  g_assert_cmpuint (stoker_arena_size (arena) - before, <=, 65536 + 256 * len);
}

static void
truncate_and_flip (const KmMessage *m, int16_t version, KmRandom *g, const uint8_t *data, size_t len)
{
  StokerArena *arena = stoker_arena_new (0);
  size_t step = len > 400 ? len / 200 : 1;

  for (size_t cut = 0; cut < len; cut += step) {
    uint8_t *part = g_memdup2 (data, cut);
    check_hostile (m, version, arena, part, cut);
    g_free (part);
    stoker_arena_reset (arena);
  }
  for (int i = 0; i < 64 && len > 0; i++) {
    uint8_t *bad = g_memdup2 (data, len);
    for (uint64_t flips = 1 + km_random_next (g) % 3; flips; flips--)
      bad[km_random_next (g) % len] ^= (uint8_t)(1u << (km_random_next (g) % 8));
    if (i % 4 == 0)
      bad[km_random_next (g) % len] = 0xff;
    check_hostile (m, version, arena, bad, len);
    g_free (bad);
    stoker_arena_reset (arena);
  }
  stoker_arena_free (arena);
}

static void
round_trip (const KmMessage *m, int16_t version, uint64_t seed)
{
  KmRandom g = { seed };
  KmReader r;
  size_t len, again_len;
  StokerArena *arena = stoker_arena_new (0);
  void *in = stoker_arena_calloc (arena, 1, m->size), *back = stoker_arena_calloc (arena, 1, m->size);

  m->random (&g, version, arena, in);
  uint8_t *data = encode (m, version, in, &len);
  km_reader_init (&r, data, len);
  if (m->decode (&r, version, arena, back) != KM_OK)
    g_error ("%s v%d seed %" G_GUINT64_FORMAT ": %s at %zu", m->name, version, seed, r.error, r.error_at);
  g_assert_cmpuint (km_reader_left (&r), ==, 0);
  g_autofree char *a = dump (m, version, in), *b = dump (m, version, back);
  g_assert_cmpstr (a, ==, b);
  uint8_t *again = encode (m, version, back, &again_len);
  g_assert_cmpmem (data, len, again, again_len);
  truncate_and_flip (m, version, &g, data, len);
  g_free (again);
  g_free (data);
  stoker_arena_free (arena);
}

static void
test_message (const void *arg)
{
  const KmMessage *m = arg;
  for (int16_t v = m->min_version; v <= m->max_version; v++)
    for (uint64_t i = 0; i < ROUNDS; i++)
      round_trip (m, v, 1000003u * (uint64_t)(v + 1) + i);
}

static void
check_bytes (const char *what, const KmMessage *m, int16_t version, const void *data, size_t len, const char *error)
{
  KmReader r;
  StokerArena *arena = stoker_arena_new (0);
  uint8_t *copy = g_memdup2 (data, len);
  void *out = stoker_arena_alloc (arena, m->size);

  km_reader_init (&r, copy, len);
  int rc = m->decode (&r, version, arena, out);
  g_test_message ("%s: %s", what, r.error ? r.error : "fine");
  g_assert_cmpstr (r.error, ==, error);
  g_assert_cmpint (rc, ==, error ? KM_MALFORMED : KM_OK);
  g_free (copy);
  stoker_arena_free (arena);
}

static const KmMessage *
find (const char *name)
{
  size_t n;
  const KmMessage *m = km_messages (&n);
  for (size_t i = 0; i < n; i++)
    if (!strcmp (m[i].name, name))
      return &m[i];
  g_assert_not_reached ();
}

#define CHECK(what, name, version, bytes, error)                                                                       \
  check_bytes (what, find (name), version, bytes, sizeof bytes - 1, error)

static void
test_rules (void)
{
  /* ApiVersionsRequest v3: two compact strings, tags. */
  CHECK ("plain", "ApiVersionsRequest", 3, "\2a\2b\0", NULL);
  CHECK ("unknown tags are skipped", "ApiVersionsRequest", 3, "\2a\2b\2\0\1x\5\2yz", NULL);
  CHECK ("tags out of order", "ApiVersionsRequest", 3, "\2a\2b\2\5\1x\0\2yz", "tagged fields out of order");
  CHECK ("a tag twice", "ApiVersionsRequest", 3, "\2a\2b\2\5\1x\5\2yz", "tagged fields out of order");
  CHECK ("a tag too long", "ApiVersionsRequest", 3, "\2a\2b\1\5\3x", "tagged field reaches beyond the message");
  CHECK ("null where none is allowed", "ApiVersionsRequest", 3, "\0\2b\0", "null in a field that cannot be null");
  CHECK ("bytes left over are no error", "ApiVersionsRequest", 3, "\2a\2b\0more", NULL);
  CHECK ("a number of six bytes", "ApiVersionsRequest", 3, "\xff\xff\xff\xff\xff\1",
         "variable-length number does not fit 32 bits");
  CHECK ("a string beyond the end", "ApiVersionsRequest", 3,
         "\x7f"
         "ab",
         "length reaches beyond the message");
  /* Metadata v1: array of strings in structs. */
  CHECK ("null array", "MetadataRequest", 1, "\xff\xff\xff\xff", NULL);
  CHECK ("null array, not allowed", "MetadataRequest", 0, "\xff\xff\xff\xff", "null in an array that cannot be null");
  CHECK ("count that lies", "MetadataRequest", 1, "\x7f\xff\xff\xff\0\1a", "array count reaches beyond the message");
  CHECK ("negative count", "MetadataRequest", 1, "\xff\xff\xff\xfe", "negative count");
  CHECK ("negative length", "MetadataRequest", 1, "\0\0\0\1\xff\xfe", "negative length");
}

/* The one version that is offered and that no 3.9 broker (the golden frames) writes; as Kafka 4.1's own classes wrote
 * it. */
static void
test_metadata_13 (void)
{
  static const uint8_t bytes[]
      = { 0, 0, 0, 1, 2, 0, 0, 0, 3, 2,  'h', 0,  0,  0,  4,  0,  0, 2, 'c', 0, 0, 0, 2, 2, 0,   5, 0,
          1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,  12, 13, 14, 15, 16, 0, 1, 0,   0, 0, 6, 0, 0, 129, 0 };
  KmMetadataResponse m;
  KmReader r;
  KmWriter w;
  StokerOut out = { 0 };
  StokerArena *arena = stoker_arena_new (0);

  km_reader_init (&r, bytes, sizeof bytes);
  g_assert_cmpint (km_metadata_response_decode (&r, 13, arena, &m), ==, KM_OK);
  g_assert_cmpuint (km_reader_left (&r), ==, 0);
  g_assert_cmpint (m.error_code, ==, 129);
  g_assert_cmpint (m.controller_id, ==, 2);
  g_assert_null (m.topics[0].name.data);
  g_assert_cmpint (m.topics[0].topic_id.b[15], ==, 16);
  g_assert_cmpint (m.topics[0].topic_authorized_operations, ==, 6);
  km_writer_init (&w, &out);
  km_metadata_response_encode (&w, 13, &m);
  g_assert_cmpmem (out.head.data, out.head.len, bytes, sizeof bytes);
  stoker_out_clear (&out);
  stoker_arena_free (arena);
}

static void
test_wide_tag (void)
{
  /* A tagged field of more than 127 bytes: its size takes two bytes. */
  KmProduceResponse in, back;
  KmProduceResponseNodeEndpoints nodes[9];
  KmReader r;
  KmWriter w;
  StokerOut out = { 0 };
  StokerArena *arena = stoker_arena_new (0);

  km_produce_response_init (&in);
  for (int i = 0; i < 9; i++) {
    km_produce_response_node_endpoints_init (&nodes[i]);
    nodes[i].node_id = i;
    nodes[i].host = STOKER_STR_LIT ("a.rather.long.name.example.org");
  }
  in.node_endpoints = nodes;
  in.n_node_endpoints = 9;
  km_writer_init (&w, &out);
  km_produce_response_encode (&w, 10, &in);
  km_reader_init (&r, out.head.data, out.head.len);
  g_assert_cmpint (km_produce_response_decode (&r, 10, arena, &back), ==, KM_OK);
  g_assert_cmpuint (km_reader_left (&r), ==, 0);
  g_assert_cmpint (back.n_node_endpoints, ==, 9);
  g_assert_true (stoker_str_is (back.node_endpoints[8].host, "a.rather.long.name.example.org"));
  stoker_out_clear (&out);
  stoker_arena_free (arena);
}

static void
test_records_are_spliced (void)
{
  StokerOut out = { 0 };
  StokerBuf flat = { 0 };
  KmWriter w;
  StokerBlock *block = stoker_block_new (8);
  KmFetchResponse in;
  KmFetchResponseResponses topic;
  KmFetchResponseResponsesPartitions part;
  StokerSlice slice = { .kind = STOKER_SLICE_BLOCK, .u.block = stoker_block_ref (block), .pos = 2, .len = 4 };

  memcpy (stoker_block_data (block), "01234567", 8);
  km_fetch_response_init (&in);
  km_fetch_response_responses_init (&topic);
  km_fetch_response_responses_partitions_init (&part);
  part.records = (StokerRecords){ .slices = &slice, .n_slices = 1, .len = 4 };
  topic.partitions = &part;
  topic.n_partitions = 1;
  topic.topic = STOKER_STR_LIT ("t");
  in.responses = &topic;
  in.n_responses = 1;
  km_writer_init (&w, &out);
  km_fetch_response_encode (&w, 4, &in);
  g_assert_cmpuint (out.n_splices, ==, 1);
  g_assert_cmpint (stoker_out_flatten (&out, &flat), ==, 0);
  g_assert_cmpmem (flat.data + flat.len - 4, 4, "2345", 4);
  stoker_buf_clear (&flat);
  stoker_out_clear (&out);
  stoker_block_unref (block);
}

static void
test_headers (void)
{
  static const struct
  {
    int16_t key, version;
    int request, response;
  } rows[] = { { 0, 8, 1, 0 }, { 0, 9, 2, 1 }, { 18, 0, 1, 0 }, { 18, 3, 2, 0 }, { 18, 99, 2, 0 }, { 7, 0, 0, 0 },
               { 7, 1, 1, 0 }, { 7, 3, 2, 1 }, { 17, 1, 1, 0 }, { 47, 0, 1, 0 }, { 999, 0, 1, 0 }, { 60, 0, 2, 1 } };

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++) {
    KmRequestHeader h = { rows[i].key, rows[i].version, 0x01020304, STOKER_STR_LIT ("me") }, back;
    StokerOut out = { 0 };
    KmWriter w;
    KmReader r;
    int32_t id;
    g_assert_cmpint (km_request_header_version (rows[i].key, rows[i].version), ==, rows[i].request);
    g_assert_cmpint (km_response_header_version (rows[i].key, rows[i].version), ==, rows[i].response);
    km_writer_init (&w, &out);
    km_request_header_encode (&w, &h);
    g_assert_cmpuint (out.head.len, ==, rows[i].request == 0 ? 8 : rows[i].request == 1 ? 12 : 13);
    km_reader_init (&r, out.head.data, out.head.len);
    g_assert_cmpint (km_request_header_decode (&r, &back), ==, KM_OK);
    g_assert_cmpint (back.correlation_id, ==, 0x01020304);
    g_assert_cmpuint (km_reader_left (&r), ==, 0);
    stoker_out_clear (&out);
    km_writer_init (&w, &out);
    km_response_header_encode (&w, rows[i].key, rows[i].version, 7);
    g_assert_cmpuint (out.head.len, ==, rows[i].response ? 5 : 4);
    km_reader_init (&r, out.head.data, out.head.len);
    g_assert_cmpint (km_response_header_decode (&r, rows[i].key, rows[i].version, &id), ==, KM_OK);
    g_assert_cmpint (id, ==, 7);
    stoker_out_clear (&out);
  }
}

int
main (int argc, char **argv)
{
  size_t n;
  const KmMessage *m = km_messages (&n);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/rules", test_rules);
  g_test_add_func ("/wire/wide-tag", test_wide_tag);
  g_test_add_func ("/wire/metadata-13", test_metadata_13);
  g_test_add_func ("/wire/records-are-spliced", test_records_are_spliced);
  g_test_add_func ("/wire/headers", test_headers);
  for (size_t i = 0; i < n; i++) {
    g_autofree char *path = g_strconcat ("/wire/messages/", m[i].name, NULL);
    g_test_add_data_func (path, &m[i], test_message);
  }
  return g_test_run ();
}
