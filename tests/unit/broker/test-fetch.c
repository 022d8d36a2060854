/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "broker/partition.h"

static void
assert_values (Fetch *f, int32_t partition, const char *want)
{
  g_autofree char *got = kit_fetch_values (f, partition, NULL);

  g_assert_cmpstr (got, ==, want);
}

static void
test_read (void)
{
  Kit *k = kit_new ();
  Fetch f;
  StokerFetchPartition *p;

  kit_topic (k, "t", 2, NULL);
  kit_produce (k, "t", 0, 2, "a");
  kit_produce (k, "t", 0, 2, "b");
  kit_produce (k, "t", 1, 1, "c");
  kit_fetch_init (k, &f, 0, "t", 2);
  kit_call (&f.c, stoker_fetch);
  p = kit_fetch_part (&f, 0);
  g_assert_cmpint (p->error, ==, 0);
  g_assert_cmpint (p->high_watermark, ==, 4);
  g_assert_cmpint (p->last_stable_offset, ==, 4);
  g_assert_cmpint (p->out_log_start_offset, ==, 0);
  g_assert_cmpint (p->n_aborted, ==, -1);
  assert_values (&f, 0, "a0,a1,b0,b1");
  assert_values (&f, 1, "c0");
  kit_fetch_clear (&f);
  /* From the middle: whole batches, the client skips. */
  kit_fetch_init (k, &f, 0, "t", 1);
  f.topics->partitions[0].fetch_offset = 3;
  f.req.isolation = 1;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->n_aborted, ==, 0);
  assert_values (&f, 0, "b0,b1");
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_elsewhere (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 1, NULL);
  kit_topic_elsewhere (k, "far", 7);
  kit_fetch_init (k, &f, 0, "far", 1);
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, STOKER_NOT_LEADER_OR_FOLLOWER);
  g_assert_cmpint (kit_fetch_part (&f, 0)->leader_id, ==, 7);
  g_assert_cmpint (f.req.n_nodes, ==, 1);
  g_assert_cmpint (f.req.nodes[0].id, ==, 7);
  g_assert_true (stoker_str_is (f.req.nodes[0].host, "there"));
  g_assert_cmpint (f.req.nodes[0].port, ==, 9093);
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_errors (void)
{
  Kit *k = kit_new ();
  Fetch f;
  int16_t want[] = { 0, STOKER_OFFSET_OUT_OF_RANGE,       STOKER_FENCED_LEADER_EPOCH, STOKER_UNKNOWN_LEADER_EPOCH,
                     0, STOKER_UNKNOWN_TOPIC_OR_PARTITION };

  kit_topic (k, "t", 5, NULL);
  kit_produce (k, "t", 1, 1, "a");
  kit_fetch_init (k, &f, 0, "t", 6);
  f.topics->partitions[1].fetch_offset = 2;
  f.topics->partitions[2].current_leader_epoch = 0;
  f.topics->partitions[3].current_leader_epoch = 9;
  f.topics->partitions[4].fetch_offset = 0;
  want[2] = 0;
  kit_call (&f.c, stoker_fetch);
  for (int i = 0; i < 6; i++) {
    g_assert_cmpint (kit_fetch_part (&f, i)->error, ==, want[i]);
    if (want[i])
      g_assert_cmpint (kit_fetch_part (&f, i)->high_watermark, ==, -1);
  }
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_by_id (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 1, NULL);
  kit_produce (k, "t", 0, 1, "a");
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.by_id = true;
  f.topics->name = STOKER_STR_NULL;
  kit_call (&f.c, stoker_fetch);
  g_assert_null (f.req.results[0].name.data);
  assert_values (&f, 0, "a0");
  kit_fetch_clear (&f);
  kit_fetch_init (k, &f, 0, "other", 1);
  f.req.by_id = true;
  f.topics->name = STOKER_STR_NULL;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, STOKER_UNKNOWN_TOPIC_ID);
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_limits (void)
{
  Kit *k = kit_new ();
  Fetch f;
  size_t batch;

  kit_topic (k, "t", 3, NULL);
  for (int i = 0; i < 3; i++)
    kit_produce (k, "t", i, 10, "value");
  kit_fetch_init (k, &f, 0, "t", 3);
  kit_call (&f.c, stoker_fetch);
  batch = kit_fetch_part (&f, 0)->records.len;
  kit_fetch_clear (&f);
  /* The first batch comes whole however small the limit is; the others get nothing. */
  kit_fetch_init (k, &f, 0, "t", 3);
  f.req.max_bytes = 1;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpuint (kit_fetch_part (&f, 0)->records.len, ==, batch);
  g_assert_cmpuint (kit_fetch_part (&f, 1)->records.len, ==, 0);
  kit_fetch_clear (&f);
  /* Of the others, what is left of the limit. */
  kit_fetch_init (k, &f, 0, "t", 3);
  f.req.max_bytes = (int32_t)batch + 100;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpuint (kit_fetch_part (&f, 1)->records.len, ==, 100);
  g_assert_cmpuint (kit_fetch_part (&f, 2)->records.len, ==, 0);
  kit_fetch_clear (&f);
  /* Old clients: a hard limit. */
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.strict_max_bytes = true;
  f.req.max_bytes = 50;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpuint (kit_fetch_part (&f, 0)->records.len, ==, 50);
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_long_poll (void)
{
  Kit *k = kit_new ();
  Fetch f[2];
  gint64 begin;

  kit_topic (k, "t", 3, NULL);
  /* One on the producer's I/O thread, one on another. */
  for (int i = 0; i < 2; i++) {
    kit_fetch_init (k, &f[i], i, "t", 3);
    f[i].req.max_wait_ms = 9000;
    f[i].req.isolation = (int8_t)i;
    kit_call_send (&f[i].c, (void (*) (void *))stoker_fetch);
  }
  g_usleep (20000);
  for (int i = 0; i < 2; i++)
    g_assert_false (kit_call_is_done (&f[i].c));
  begin = g_get_monotonic_time ();
  kit_produce (k, "t", 1, 1, "a");
  for (int i = 0; i < 2; i++) {
    kit_call_wait (&f[i].c);
    assert_values (&f[i], 1, "a0");
    g_assert_cmpint (kit_fetch_part (&f[i], 1)->high_watermark, ==, 1);
    g_assert_cmpint (kit_fetch_part (&f[i], 0)->high_watermark, ==, 0);
    kit_fetch_clear (&f[i]);
  }
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_TIME_SPAN_SECOND);
  /* Nothing comes: the time ends it. */
  kit_fetch_init (k, &f[0], 0, "t", 1);
  f[0].req.max_wait_ms = 60;
  begin = g_get_monotonic_time ();
  kit_call (&f[0].c, stoker_fetch);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 55000);
  g_assert_cmpuint (kit_fetch_part (&f[0], 0)->records.len, ==, 0);
  kit_fetch_clear (&f[0]);
  kit_free (k);
}

static void
test_min_bytes (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 2, NULL);
  kit_fetch_init (k, &f, 0, "t", 2);
  f.req.max_wait_ms = 9000;
  f.req.min_bytes = 200;
  kit_produce (k, "t", 0, 1, "a");
  kit_call_send (&f.c, (void (*) (void *))stoker_fetch);
  kit_produce (k, "t", 1, 1, "b");
  g_usleep (20000);
  g_assert_false (kit_call_is_done (&f.c));
  kit_produce (k, "t", 0, 1, "c");
  kit_call_wait (&f.c);
  assert_values (&f, 0, "a0,c0");
  assert_values (&f, 1, "b0");
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_cancel_and_drop (void)
{
  Kit *k = kit_new ();
  Fetch f[3];

  kit_topic (k, "t", 2, NULL);
  for (int i = 0; i < 3; i++) {
    kit_fetch_init (k, &f[i], i % 2, "t", 2);
    f[i].req.max_wait_ms = 9000;
    kit_call_send (&f[i].c, (void (*) (void *))stoker_fetch);
  }
  kit_call_cancel (&f[0].c);
  g_assert_true (kit_call_is_done (&f[0].c));
  kit_drop_topic (k, "t");
  for (int i = 1; i < 3; i++) {
    kit_call_wait (&f[i].c);
    g_assert_cmpint (kit_fetch_part (&f[i], 0)->error, ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  }
  for (int i = 0; i < 3; i++)
    kit_fetch_clear (&f[i]);
  kit_free (k);
}

static void
test_convert (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 1, NULL);
  kit_topic (k, "never", 1, "message.downconversion.enable=false");
  kit_produce (k, "t", 0, 3, "a");
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.magic = 1;
  f.req.strict_max_bytes = true;
  f.req.call.api_version = 2;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, 0);
  g_assert_cmpuint (kit_fetch_part (&f, 0)->records.n_slices, ==, 1);
  g_assert_cmpint (kit_fetch_part (&f, 0)->records.slices[0].kind, ==, STOKER_SLICE_BLOCK);
  /* offset, size, crc, then the magic byte */
  g_assert_cmpint (stoker_block_data (kit_fetch_part (&f, 0)->records.slices[0].u.block)[16], ==, 1);
  kit_fetch_clear (&f);
  kit_fetch_init (k, &f, 0, "never", 1);
  f.req.magic = 1;
  f.req.call.api_version = 2;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, STOKER_UNSUPPORTED_VERSION);
  kit_fetch_clear (&f);
  kit_free (k);
}

/* Ranges that are not in memory go through a disk thread, the answer is the same. */
static void
test_cold (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 2, NULL);
  for (int i = 0; i < 200; i++)
    kit_produce (k, "t", i % 2, 10, "value");
  kit_restart (k);
  kit_topic (k, "t", 2, NULL);
  for (int again = 0; again < 2; again++) {
    kit_make_cold (k);
    kit_fetch_init (k, &f, 0, "t", 2);
    f.topics->partitions[0].fetch_offset = again * 500;
    kit_call (&f.c, stoker_fetch);
    for (int p = 0; p < 2; p++) {
      g_autofree char *got = kit_fetch_values (&f, p, NULL);
      g_assert_cmpint (strlen (got), ==, (p == 0 && again ? 500 : 1000) * 7 - 1);
    }
    kit_fetch_clear (&f);
  }
  /* A connection that goes while the disk is busy. */
  kit_make_cold (k);
  kit_fetch_init (k, &f, 0, "t", 2);
  kit_call_post (&f.c, (void (*) (void *))stoker_fetch);
  if (!kit_call_is_done (&f.c))
    kit_call_cancel (&f.c);
  kit_call_wait (&f.c);
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_diverging (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 1, NULL);
  kit_produce (k, "t", 0, 3, "a");
  kit_fetch_init (k, &f, 0, "t", 1);
  f.topics->partitions[0].fetch_offset = 3;
  f.topics->partitions[0].last_fetched_epoch = 0;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->diverging_epoch, ==, -1);
  kit_fetch_clear (&f);
  kit_fetch_init (k, &f, 0, "t", 1);
  f.topics->partitions[0].fetch_offset = 9;
  f.topics->partitions[0].last_fetched_epoch = 0;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, 0);
  g_assert_cmpint (kit_fetch_part (&f, 0)->diverging_epoch, ==, 0);
  g_assert_cmpint (kit_fetch_part (&f, 0)->diverging_end_offset, ==, 3);
  kit_fetch_clear (&f);
  /* An epoch that has not been: there is nothing to compare with. */
  kit_fetch_init (k, &f, 0, "t", 1);
  f.topics->partitions[0].fetch_offset = 2;
  f.topics->partitions[0].last_fetched_epoch = 7;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, STOKER_OFFSET_OUT_OF_RANGE);
  kit_fetch_clear (&f);
  kit_free (k);
}

/* ---- sessions */

/* One request of a session on I/O thread `io`; partitions n from `offset` on (n 0: none named). */
static void
session_fetch (Kit *k, Fetch *f, int io, int32_t id, int32_t epoch, int n, int64_t offset)
{
  kit_fetch_init (k, f, io, "t", MAX (n, 1));
  f->req.session_id = id;
  f->req.session_epoch = epoch;
  for (int i = 0; i < n; i++)
    f->topics->partitions[i].fetch_offset = offset;
  if (n == 0)
    f->req.n_topics = 0;
  kit_call (&f->c, stoker_fetch);
}

static void
test_session (void)
{
  Kit *k = kit_new ();
  Fetch f;
  int32_t id;

  kit_topic (k, "t", 3, NULL);
  session_fetch (k, &f, 0, 0, 0, 3, 0);
  id = f.req.out_session_id;
  g_assert_cmpint (id, !=, 0);
  g_assert_cmpint (f.req.results[0].n_partitions, ==, 3);
  kit_fetch_clear (&f);
  /* Nothing new: nothing is told. From another connection, on another thread. */
  session_fetch (k, &f, 1, id, 1, 0, 0);
  g_assert_cmpint (f.req.error, ==, 0);
  g_assert_cmpint (f.req.out_session_id, ==, id);
  g_assert_cmpint (f.req.n_results, ==, 0);
  kit_fetch_clear (&f);
  kit_produce (k, "t", 1, 1, "a");
  session_fetch (k, &f, 0, id, 2, 0, 0);
  g_assert_cmpint (f.req.n_results, ==, 1);
  g_assert_cmpint (f.req.results[0].n_partitions, ==, 1);
  assert_values (&f, 1, "a0");
  kit_fetch_clear (&f);
  /* The order of reading: who got data is last now. */
  kit_produce (k, "t", 0, 1, "b");
  session_fetch (k, &f, 0, id, 3, 0, 0);
  g_assert_cmpint (f.req.results[0].partitions[0].partition, ==, 0);
  g_assert_cmpint (f.req.results[0].partitions[1].partition, ==, 1);
  kit_fetch_clear (&f);
  /* Wrong epoch, wrong id, other kind of naming. */
  session_fetch (k, &f, 0, id, 3, 0, 0);
  g_assert_cmpint (f.req.error, ==, STOKER_INVALID_FETCH_SESSION_EPOCH);
  kit_fetch_clear (&f);
  session_fetch (k, &f, 0, id ^ 1, 4, 0, 0);
  g_assert_cmpint (f.req.error, ==, STOKER_FETCH_SESSION_ID_NOT_FOUND);
  kit_fetch_clear (&f);
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.by_id = true;
  f.req.session_id = id;
  f.req.session_epoch = 4;
  f.req.n_topics = 0;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (f.req.error, ==, STOKER_FETCH_SESSION_TOPIC_ID_ERROR);
  kit_fetch_clear (&f);
  /* A full request closes the session that it names. */
  session_fetch (k, &f, 0, id, -1, 1, 0);
  g_assert_cmpint (f.req.out_session_id, ==, 0);
  kit_fetch_clear (&f);
  session_fetch (k, &f, 0, id, 4, 0, 0);
  g_assert_cmpint (f.req.error, ==, STOKER_FETCH_SESSION_ID_NOT_FOUND);
  kit_fetch_clear (&f);
  kit_free (k);
}

/* While one request of a session waits, another one cannot take it, though its epoch is the next. */
static void
test_session_busy (void)
{
  Kit *k = kit_new ();
  Fetch waits, f;
  int32_t id;

  kit_topic (k, "t", 3, NULL);
  session_fetch (k, &f, 0, 0, 0, 3, 0);
  id = f.req.out_session_id;
  kit_fetch_clear (&f);
  kit_fetch_init (k, &waits, 0, "t", 1);
  waits.req.session_id = id;
  waits.req.session_epoch = 1;
  waits.req.n_topics = 0;
  waits.req.min_bytes = 1;
  waits.req.max_wait_ms = 9000;
  kit_call_send (&waits.c, (void (*) (void *))stoker_fetch);
  session_fetch (k, &f, 1, id, 2, 0, 0);
  g_assert_cmpint (f.req.error, ==, STOKER_INVALID_FETCH_SESSION_EPOCH);
  kit_fetch_clear (&f);
  g_assert_false (kit_call_is_done (&waits.c));
  kit_produce (k, "t", 1, 1, "a");
  kit_call_wait (&waits.c);
  assert_values (&waits, 1, "a0");
  kit_fetch_clear (&waits);
  session_fetch (k, &f, 1, id, 2, 0, 0);
  g_assert_cmpint (f.req.error, ==, 0);
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_session_forget (void)
{
  Kit *k = kit_new ();
  Fetch f;
  int32_t id, gone[] = { 0, 1, 2 };
  StokerForgottenTopic forgotten = { .name = STOKER_STR_LIT ("t"), .partitions = gone, .n_partitions = 1 };

  kit_topic (k, "t", 3, NULL);
  session_fetch (k, &f, 0, 0, 0, 3, 0);
  id = f.req.out_session_id;
  kit_fetch_clear (&f);
  for (int i = 0; i < 3; i++)
    kit_produce (k, "t", i, 1, "a");
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.session_id = id;
  f.req.session_epoch = 1;
  f.req.n_topics = 0;
  f.req.forgotten = &forgotten;
  f.req.n_forgotten = 1;
  kit_call (&f.c, stoker_fetch);
  g_assert_null (kit_fetch_part (&f, 0));
  g_assert_nonnull (kit_fetch_part (&f, 1));
  kit_fetch_clear (&f);
  /* Empty: the session ends. */
  forgotten.n_partitions = 3;
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.session_id = id;
  f.req.session_epoch = 2;
  f.req.n_topics = 0;
  f.req.forgotten = &forgotten;
  f.req.n_forgotten = 1;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (f.req.error, ==, 0);
  g_assert_cmpint (f.req.out_session_id, ==, 0);
  kit_fetch_clear (&f);
  session_fetch (k, &f, 0, id, 3, 0, 0);
  g_assert_cmpint (f.req.error, ==, STOKER_FETCH_SESSION_ID_NOT_FOUND);
  kit_fetch_clear (&f);
  kit_free (k);
}

static void
test_session_room (void)
{
  Kit *k = kit_new_with ("max.incremental.fetch.session.cache.slots = 2\n");
  Fetch f;

  kit_topic (k, "t", 3, NULL);
  for (int i = 0; i < 3; i++) {
    session_fetch (k, &f, 0, 0, 0, 3, 0);
    g_assert_cmpint (f.req.error, ==, 0);
    g_assert_cmpint (f.req.out_session_id != 0, ==, i < 2);
    kit_fetch_clear (&f);
  }
  kit_free (k);
}

/* The topic is made anew while a session knows its former id. */
static void
test_session_recreated (void)
{
  Kit *k = kit_new ();
  Fetch f;
  int32_t id;

  kit_topic (k, "t", 1, NULL);
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.by_id = true;
  f.topics->name = STOKER_STR_NULL;
  f.req.session_epoch = 0;
  kit_call (&f.c, stoker_fetch);
  id = f.req.out_session_id;
  kit_fetch_clear (&f);
  kit_drop_topic (k, "t");
  kit_fetch_init (k, &f, 0, "t", 1);
  f.req.by_id = true;
  f.req.session_id = id;
  f.req.session_epoch = 1;
  f.req.n_topics = 0;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, STOKER_UNKNOWN_TOPIC_ID);
  kit_fetch_clear (&f);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker/fetch/read", test_read);
  g_test_add_func ("/broker/fetch/errors", test_errors);
  g_test_add_func ("/broker/fetch/elsewhere", test_elsewhere);
  g_test_add_func ("/broker/fetch/by-id", test_by_id);
  g_test_add_func ("/broker/fetch/limits", test_limits);
  g_test_add_func ("/broker/fetch/long-poll", test_long_poll);
  g_test_add_func ("/broker/fetch/min-bytes", test_min_bytes);
  g_test_add_func ("/broker/fetch/cancel-and-drop", test_cancel_and_drop);
  g_test_add_func ("/broker/fetch/convert", test_convert);
  g_test_add_func ("/broker/fetch/cold", test_cold);
  g_test_add_func ("/broker/fetch/diverging", test_diverging);
  g_test_add_func ("/broker/fetch/session", test_session);
  g_test_add_func ("/broker/fetch/session-busy", test_session_busy);
  g_test_add_func ("/broker/fetch/session-forget", test_session_forget);
  g_test_add_func ("/broker/fetch/session-room", test_session_room);
  g_test_add_func ("/broker/fetch/session-recreated", test_session_recreated);
  return g_test_run ();
}
