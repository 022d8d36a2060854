/* SPDX-License-Identifier: Apache-2.0
 *
 * protocol/kafka against a fake connection and fake services: raw frames in, raw frames out.
 */
#include "test-fake.h"

static void
send_produce (StokerConn *c, int32_t id, int16_t acks)
{
  KmProduceRequest in;
  KmProduceRequestTopicData topic;
  KmProduceRequestTopicDataPartitionData part;
  StokerSlice slice = { .kind = STOKER_SLICE_MEMORY, .u.memory = (const uint8_t *)"recordsrecords", .len = 14 };

  km_produce_request_init (&in);
  km_produce_request_topic_data_init (&topic);
  km_produce_request_topic_data_partition_data_init (&part);
  part.records = (StokerRecords){ &slice, 1, 14, false };
  topic.name = STOKER_STR_LIT ("topic");
  topic.partition_data = &part;
  topic.n_partition_data = 1;
  in.acks = acks;
  in.topic_data = &topic;
  in.n_topic_data = 1;
  send_message (c, 0, 9, id, &in);
}

static void
send_metadata (StokerConn *c, int32_t id)
{
  KmMetadataRequest in;
  km_metadata_request_init (&in);
  in.n_topics = -1;
  send_message (c, 3, 9, id, &in);
}

/* ---- tests */

/* A request with random fields of every offered version is understood, handed on once and answered in its version. */
static void
test_every_version (void)
{
  size_t n;
  const Handler *rows = handler_rows (&n);

  for (size_t i = 0; i < n; i++)
    for (int16_t v = rows[i].min_version; v <= rows[i].max_version; v++)
      for (uint64_t seed = 0; seed < 8; seed++) {
        StokerConn *c = conn_new ();
        KmRandom g = { seed * 77 + (uint64_t)v };
        const KmMessage *q = message (rows[i].key, false), *a = message (rows[i].key, true);
        StokerArena *arena = stoker_arena_new (0);
        void *in = stoker_arena_calloc (arena, 1, q->size), *out = stoker_arena_calloc (arena, 1, a->size);

        q->random (&g, v, arena, in);
        if (rows[i].key == 0)
          ((KmProduceRequest *)in)->acks = 1;
        send_message (c, rows[i].key, v, 4711, in);
        conn_input (c);
        g_assert_false (c->closed);
        g_assert_cmpuint (c->in.len, ==, 0);
        g_assert_cmpint (calls, <=, 1);
        g_assert_cmpuint (c->sent->len, ==, 1);
        g_assert_cmpint (answer_id (c, 0), ==, 4711);
        answer_decode (c, 0, rows[i].key, v, arena, out);
        stoker_arena_free (arena);
        conn_free (c);
      }
}

/* The offered table, word for word. */
static void
test_table (void)
{
  static const int16_t want[][2]
      = { { 0, 11 }, { 1, 17 }, { 2, 9 },  { 3, 13 }, { 8, 9 },  { 9, 9 },  { 10, 6 }, { 11, 9 }, { 12, 4 },
          { 13, 5 }, { 14, 5 }, { 15, 5 }, { 16, 5 }, { 18, 4 }, { 19, 7 }, { 20, 6 }, { 21, 2 }, { 22, 5 },
          { 23, 4 }, { 32, 4 }, { 33, 2 }, { 34, 2 }, { 35, 4 }, { 37, 3 }, { 42, 2 }, { 44, 1 }, { 47, 0 }, { 60, 1 }, { 75, 0 } };
  size_t n;
  const Handler *rows = handler_rows (&n);

  g_assert_cmpuint (n, ==, G_N_ELEMENTS (want));
  for (size_t i = 0; i < n; i++) {
    const KmApi *api = km_api (rows[i].key);
    g_assert_cmpint (rows[i].key, ==, want[i][0]);
    g_assert_cmpint (rows[i].min_version, ==, 0);
    g_assert_cmpint (rows[i].max_version, ==, want[i][1]);
    g_assert_cmpint (api->min_version, <=, rows[i].min_version);
    g_assert_cmpint (api->max_version, >=, rows[i].max_version);
    g_assert_true (handler_find (rows[i].key) == &rows[i]);
  }
  g_assert_null (handler_find (4));
  g_assert_null (handler_find (-1));
  g_assert_null (handler_find (32767));
}

/* Produce requests are handed on as they come; whatever the order of their completion, answers leave in the order of
 * arrival. */
static void
test_order (void)
{
  StokerConn *c = conn_new ();

  park = true;
  g_assert_true (ops->movable (&c->instance, c->session));
  for (int i = 1; i <= 4; i++)
    send_produce (c, i, 1);
  conn_input (c);
  g_assert_cmpint (calls, ==, 4);
  g_assert_cmpint (flushes, >=, 1);
  g_assert_true (ops->busy (&c->instance, c->session));
  g_assert_false (ops->movable (&c->instance, c->session));
  release (1);
  release (1);
  g_assert_cmpuint (c->sent->len, ==, 0);
  release (0);
  g_assert_cmpuint (c->sent->len, ==, 3);
  g_assert_false (ops->movable (&c->instance, c->session));
  release (0);
  g_assert_cmpuint (c->sent->len, ==, 4);
  g_assert_true (ops->movable (&c->instance, c->session));
  for (guint i = 0; i < 4; i++)
    g_assert_cmpint (answer_id (c, i), ==, (int)i + 1);
  conn_free (c);
}

/* Anything but Produce waits for the answers before it, and what follows waits for its own. */
static void
test_serial (void)
{
  StokerConn *c = conn_new ();

  park = true;
  send_produce (c, 1, -1);
  send_produce (c, 2, -1);
  send_metadata (c, 3);
  send_produce (c, 4, -1);
  send_metadata (c, 5);
  conn_input (c);
  g_assert_cmpint (calls, ==, 2);
  g_assert_cmpint (c->holds, ==, 1);
  release (0);
  g_assert_cmpint (c->holds, ==, 1);
  release (0);
  g_assert_cmpint (c->holds, ==, 0);
  conn_input (c);
  g_assert_cmpint (calls, ==, 3);
  g_assert_cmpint (c->holds, ==, 1);
  release (0);
  conn_input (c);
  g_assert_cmpint (calls, ==, 4);
  release (0);
  conn_input (c);
  release (0);
  g_assert_cmpint (c->holds, ==, 0);
  g_assert_cmpuint (c->sent->len, ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (answer_id (c, i), ==, (int)i + 1);
  conn_free (c);
}

static void
fail_produce (StokerCall *call)
{
  StokerProduce *req = (StokerProduce *)call;
  req->topics[0].partitions[0].error = STOKER_UNKNOWN_TOPIC_OR_PARTITION;
}

/* acks=0: silence; an error closes the connection, so that the client notices. */
static void
test_acks0 (void)
{
  StokerConn *c = conn_new ();

  send_produce (c, 1, 0);
  send_produce (c, 2, 1);
  conn_input (c);
  g_assert_cmpuint (c->sent->len, ==, 1);
  g_assert_cmpint (answer_id (c, 0), ==, 2);
  service = fail_produce;
  send_produce (c, 3, 1);
  send_produce (c, 4, 0);
  send_produce (c, 5, 1);
  conn_input (c);
  g_assert_true (c->closed);
  g_assert_cmpuint (c->sent->len, ==, 2);
  g_assert_cmpint (answer_id (c, 1), ==, 3);
  conn_free (c);
}

/* At most so many requests, and so many bytes of them, are under way; a peer that does not read is not read from. */
static void
test_bounds (void)
{
  StokerConn *c = conn_new ();

  park = true;
  for (int i = 0; i < SESSION_MAX_REQUESTS + 10; i++)
    send_produce (c, i, 1);
  conn_input (c);
  g_assert_cmpint (calls, ==, SESSION_MAX_REQUESTS);
  g_assert_cmpint (c->holds, ==, 1);
  while (!g_queue_is_empty (&parked))
    release (0);
  g_assert_cmpint (c->holds, ==, 0);
  park = false;
  conn_input (c);
  g_assert_cmpint (calls, ==, SESSION_MAX_REQUESTS + 10);
  c->queued = SESSION_MAX_QUEUED + 1;
  send_metadata (c, 1);
  conn_input (c);
  g_assert_cmpint (c->holds, ==, 1);
  g_assert_cmpint (calls, ==, SESSION_MAX_REQUESTS + 10);
  c->queued = 0;
  ops->drained (&c->instance, c->session);
  g_assert_cmpint (c->holds, ==, 0);
  conn_input (c);
  g_assert_cmpint (calls, ==, SESSION_MAX_REQUESTS + 11);
  conn_free (c);
}

/* The connection goes while requests wait: they are cancelled, nothing is sent, nothing leaks. */
static void
test_close (void)
{
  StokerConn *c = conn_new ();

  park = true;
  for (int i = 0; i < 3; i++)
    send_produce (c, i, 1);
  conn_input (c);
  release (1);
  conn_free (c);
}

static void
check_closed (const char *what, const void *bytes, size_t len)
{
  StokerConn *c = conn_new ();

  send_raw (c, bytes, len);
  g_test_message ("%s: %s", what, c->reason ? c->reason : "open");
  g_assert_true (c->closed);
  g_assert_nonnull (c->reason);
  g_assert_cmpuint (c->sent->len, ==, 0);
  g_assert_cmpint (calls, ==, 0);
  conn_free (c);
}

#define CHECK_CLOSED(what, bytes) check_closed (what, bytes, sizeof (bytes) - 1)

static void
test_bad_frames (void)
{
  CHECK_CLOSED ("negative size", "\xff\xff\xff\xff");
  CHECK_CLOSED ("size above the limit", "\0\x0f\x42\x41");
  CHECK_CLOSED ("empty frame", "\0\0\0\0");
  CHECK_CLOSED ("half a header", "\0\0\0\5\0\3\0\0\0");
  CHECK_CLOSED ("client id beyond the end", "\0\0\0\xc\0\3\0\0\0\0\0\1\0\7me");
  CHECK_CLOSED ("unknown key", "\0\0\0\xa\x03\xe7\0\0\0\0\0\1\0\0");
  CHECK_CLOSED ("key that is not offered", "\0\0\0\xa\0\4\0\0\0\0\0\1\0\0");
  CHECK_CLOSED ("version too new", "\0\0\0\xa\0\3\0\x63\0\0\0\1\0\0");
  CHECK_CLOSED ("negative version", "\0\0\0\xa\0\3\xff\xff\0\0\0\1\0\0");
  CHECK_CLOSED ("body missing", "\0\0\0\xa\0\3\0\1\0\0\0\1\0\0");
  CHECK_CLOSED ("body cut", "\0\0\0\x11\0\3\0\1\0\0\0\1\0\0\0\0\0\1\0\5t");
  CHECK_CLOSED ("count that lies", "\0\0\0\xe\0\3\0\1\0\0\0\1\0\0\x7f\xff\xff\xff");
}

/* A frame in pieces is no error: the module says how much there will be and waits. */
static void
test_pieces (void)
{
  StokerConn *c = conn_new ();
  static const char frame[] = "\0\0\0\xa\0\x12\0\0\0\0\0\1\0\0";

  for (size_t i = 0; i < sizeof frame - 1; i++) {
    g_assert_cmpuint (c->sent->len, ==, 0);
    send_raw (c, frame + i, 1);
    if (i >= 3 && i < sizeof frame - 2)
      g_assert_cmpuint (c->expected, ==, 14);
  }
  g_assert_cmpuint (c->sent->len, ==, 1);
  g_assert_cmpint (answer_id (c, 0), ==, 1);
  conn_free (c);
}

/* What is due leaves before the connection is closed; what follows the bad frame is not looked at. */
static void
test_bad_frame_behind_good_ones (void)
{
  StokerConn *c = conn_new ();

  park = true;
  send_produce (c, 1, 1);
  send_produce (c, 2, 1);
  stoker_buf_append (&c->in, "\0\0\0\xa\0\0\0\x63\0\0\0\1\0\0", 14); /* Produce v99 */
  send_produce (c, 3, 1);
  conn_input (c);
  g_assert_cmpint (calls, ==, 2);
  g_assert_false (c->closed);
  release (1);
  g_assert_false (c->closed);
  release (0);
  g_assert_true (c->closed);
  g_assert_cmpuint (c->sent->len, ==, 2);
  conn_free (c);

  c = conn_new ();
  park = true;
  send_produce (c, 1, 1);
  stoker_buf_append (&c->in, "\xff\xff\xff\xff", 4);
  conn_input (c);
  g_assert_false (c->closed);
  release (0);
  g_assert_cmpuint (c->sent->len, ==, 1);
  g_assert_true (c->closed);
  conn_free (c);
}

/* KIP-511: a version of ApiVersions that we do not know is answered in version 0 with 35 and our own range. */
static void
test_api_versions_unknown (void)
{
  StokerConn *c = conn_new ();
  static const uint8_t want[] = { 0, 0, 0, 16, 0, 0, 0, 7, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4 };
  gsize len;

  SEND_RAW (c, "\0\0\0\x12\0\x12\0\x63\0\0\0\7\0\3old\0junk");
  g_assert_false (c->closed);
  g_assert_cmpuint (c->sent->len, ==, 1);
  const void *p = g_bytes_get_data (c->sent->pdata[0], &len);
  g_assert_cmpmem (p, len, want, sizeof want);
  conn_free (c);
  c = conn_new ();
  SEND_RAW (c, "\0\0\0\xa\0\x12\xff\xff\0\0\0\7\0\0"); /* -1 */
  g_assert_cmpuint (c->sent->len, ==, 1);
  p = g_bytes_get_data (c->sent->pdata[0], &len);
  g_assert_cmpmem (p, len, want, sizeof want);
  conn_free (c);
}

static int16_t
api_versions_error (const char *name, const char *version)
{
  StokerConn *c = conn_new ();
  KmApiVersionsRequest in;
  KmApiVersionsResponse out;
  StokerArena *arena = stoker_arena_new (0);

  km_api_versions_request_init (&in);
  in.client_software_name = stoker_str (name);
  in.client_software_version = stoker_str (version);
  send_message (c, 18, 3, 1, &in);
  conn_input (c);
  answer_decode (c, 0, 18, 3, arena, &out);
  g_assert_cmpint (out.n_api_keys, ==, out.error_code ? 0 : 29);
  stoker_arena_free (arena);
  conn_free (c);
  return out.error_code;
}

static void
test_api_versions_names (void)
{
  g_assert_cmpint (api_versions_error ("librdkafka", "2.0.2"), ==, 0);
  g_assert_cmpint (api_versions_error ("apache-kafka-java", "3.9.1"), ==, 0);
  g_assert_cmpint (api_versions_error ("", "1"), ==, STOKER_INVALID_REQUEST);
  g_assert_cmpint (api_versions_error ("-x", "1"), ==, STOKER_INVALID_REQUEST);
  g_assert_cmpint (api_versions_error ("x", "1 2"), ==, STOKER_INVALID_REQUEST);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kafka/table", test_table);
  g_test_add_func ("/kafka/every-version", test_every_version);
  g_test_add_func ("/kafka/order", test_order);
  g_test_add_func ("/kafka/serial", test_serial);
  g_test_add_func ("/kafka/acks0", test_acks0);
  g_test_add_func ("/kafka/bounds", test_bounds);
  g_test_add_func ("/kafka/close", test_close);
  g_test_add_func ("/kafka/bad-frames", test_bad_frames);
  g_test_add_func ("/kafka/pieces", test_pieces);
  g_test_add_func ("/kafka/bad-frame-behind-good-ones", test_bad_frame_behind_good_ones);
  g_test_add_func ("/kafka/api-versions-unknown", test_api_versions_unknown);
  g_test_add_func ("/kafka/api-versions-names", test_api_versions_names);
  return g_test_run ();
}
