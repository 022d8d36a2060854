/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "broker/partition.h"

static int16_t
produce_error (Kit *k, const char *topic, int partition, int acks, const Batch *b, Produce *keep)
{
  StokerArena *arena = stoker_arena_new (0);
  Produce p, *use = keep ? keep : &p;

  kit_produce_init (k, use, 0, topic, partition, acks, kit_batch (k, arena, b));
  kit_call (&use->c, stoker_produce);
  stoker_arena_free (arena);
  if (keep == NULL)
    kit_call_clear (&p.c);
  return use->part.error;
}

static void
test_acks (void)
{
  Kit *k = kit_new ();
  Batch b = { .n = 3, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  Produce p;

  kit_topic (k, "t", 2, NULL);
  for (int acks = -1; acks <= 1; acks++) {
    g_assert_cmpint (produce_error (k, "t", 0, acks, &b, &p), ==, 0);
    g_assert_cmpint (p.part.base_offset, ==, (acks + 1) * 3);
    g_assert_cmpint (p.part.log_append_time_ms, ==, -1);
    g_assert_cmpint (p.part.log_start_offset, ==, 0);
    kit_call_clear (&p.c);
  }
  g_assert_cmpint (produce_error (k, "t", 0, 2, &b, &p), ==, STOKER_INVALID_REQUIRED_ACKS);
  g_assert_cmpint (p.part.base_offset, ==, -1);
  g_assert_cmpint (p.part.log_start_offset, ==, -1);
  kit_call_clear (&p.c);
  g_assert_cmpint (kit_produce (k, "t", 1, 1, "x"), ==, 0);
  kit_free (k);
}

/* Who asks the wrong broker is told the right one, with its address. */
static void
test_elsewhere (void)
{
  Kit *k = kit_new ();
  Batch b = { .n = 3, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  Produce p;

  kit_topic_elsewhere (k, "far", 7);
  g_assert_cmpint (produce_error (k, "far", 0, -1, &b, &p), ==, STOKER_NOT_LEADER_OR_FOLLOWER);
  g_assert_cmpint (p.part.leader_id, ==, 7);
  g_assert_cmpint (p.part.leader_epoch, ==, 4);
  g_assert_cmpint (p.req.n_nodes, ==, 1);
  g_assert_cmpint (p.req.nodes[0].id, ==, 7);
  g_assert_true (stoker_str_is (p.req.nodes[0].host, "there"));
  g_assert_cmpint (p.req.nodes[0].port, ==, 9093);
  g_assert_true (stoker_str_is (p.req.nodes[0].rack, "r"));
  kit_call_clear (&p.c);
  kit_free (k);
}

static void
test_refusals (void)
{
  Kit *k = kit_new ();
  Batch b = { .n = 3, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  Produce p;

  kit_topic (k, "t", 1, NULL);
  kit_topic (k, "compacted", 1, "cleanup.policy=compact");
  kit_topic (k, "small", 1, "max.message.bytes=80");
  kit_topic (k, "__consumer_offsets", 1, NULL);
  kit_topic_replicas (k, "two", 1, 2, "min.insync.replicas=2");
  g_assert_cmpint (produce_error (k, "none", 0, -1, &b, NULL), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  g_assert_cmpint (produce_error (k, "t", 1, -1, &b, NULL), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  g_assert_cmpint (produce_error (k, "t", -1, -1, &b, NULL), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  g_assert_cmpint (produce_error (k, "__consumer_offsets", 0, -1, &b, NULL), ==, STOKER_INVALID_TOPIC);
  g_assert_cmpint (produce_error (k, "two", 0, -1, &b, NULL), ==, STOKER_NOT_ENOUGH_REPLICAS);
  g_assert_cmpint (produce_error (k, "two", 0, 1, &b, NULL), ==, 0);
  g_assert_cmpint (produce_error (k, "compacted", 0, -1, &b, &p), ==, STOKER_INVALID_RECORD);
  g_assert_cmpint (p.part.n_record_errors, ==, 3);
  kit_call_clear (&p.c);
  b.key = "k";
  g_assert_cmpint (produce_error (k, "compacted", 0, -1, &b, NULL), ==, 0);
  g_assert_cmpint (produce_error (k, "small", 0, -1, &b, NULL), ==, STOKER_MESSAGE_TOO_LARGE);
  kit_free (k);
}

static void
test_corrupt (void)
{
  Kit *k = kit_new ();
  StokerArena *arena = stoker_arena_new (0);
  Batch b = { .n = 3, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  StokerBytes data = kit_batch (k, arena, &b);
  Produce p;

  kit_topic (k, "t", 1, NULL);
  data.data[data.len - 1] ^= 1;
  kit_produce_init (k, &p, 0, "t", 0, -1, data);
  kit_call (&p.c, stoker_produce);
  g_assert_cmpint (p.part.error, ==, STOKER_CORRUPT_MESSAGE);
  kit_call_clear (&p.c);
  stoker_arena_free (arena);
  g_assert_cmpint (kit_produce (k, "t", 0, 1, "x"), ==, 0);
  kit_free (k);
}

static void
test_idempotent (void)
{
  Kit *k = kit_new ();
  Batch b = { .n = 3, .prefix = "v", .timestamp = 1000, .producer_id = 7, .sequence = 0 };
  Produce p;

  kit_topic (k, "t", 1, NULL);
  for (int again = 0; again < 3; again++) {
    if (again == 2)
      kit_restart (k), kit_topic (k, "t", 1, NULL);
    g_assert_cmpint (produce_error (k, "t", 0, -1, &b, &p), ==, 0);
    g_assert_cmpint (p.part.base_offset, ==, 0); /* the second time it is the same batch */
    kit_call_clear (&p.c);
  }
  b.sequence = 4;
  g_assert_cmpint (produce_error (k, "t", 0, -1, &b, NULL), ==, STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER);
  b.sequence = 3;
  g_assert_cmpint (produce_error (k, "t", 0, -1, &b, &p), ==, 0);
  g_assert_cmpint (p.part.base_offset, ==, 3);
  kit_call_clear (&p.c);
  kit_free (k);
}

typedef struct Many
{
  Produce p[40];
} Many;

static void
send_many (void *user)
{
  Many *m = user;

  for (int i = 0; i < 40; i++)
    stoker_produce (&m->p[i].req);
  for (int i = 0; i < 40; i++)
    g_assert_false (m->p[i].req.call.finished); /* nothing is written before the flush */
  stoker_produce_flush (m->p[0].req.call.ctx);
  for (int i = 0; i < 40; i++)
    g_assert_true (m->p[i].req.call.finished);
}

static void
test_gather (void)
{
  Kit *k = kit_new ();
  StokerArena *arena = stoker_arena_new (0);
  Batch b = { .n = 2, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  Many *m = g_new0 (Many, 1);

  kit_topic (k, "t", 4, NULL);
  for (int i = 0; i < 40; i++)
    kit_produce_init (k, &m->p[i], 1, "t", i % 4, i % 3 - 1, kit_batch (k, arena, &b));
  kit_on (k, 1, send_many, m);
  for (int i = 0; i < 40; i++) {
    g_assert_cmpint (m->p[i].part.error, ==, 0);
    g_assert_cmpint (m->p[i].part.base_offset, ==, i / 4 * 2);
    kit_call_clear (&m->p[i].c);
  }
  g_free (m);
  stoker_arena_free (arena);
  kit_free (k);
}

/* A second replica in the ISR that never fetches: acks=all cannot be reached. */
static void
two_in_isr (Kit *k)
{
  StkPartition *p = stk_replicas_find (kit_broker (k)->replicas, -1, STOKER_STR_LIT ("two"), 0);
  int32_t ids[] = { 0, 1 };

  stk_partition_become (p, 0, 0, 1, ids, 2, ids, 2);
  stk_partition_unref (p);
}

static void
test_waiting (void)
{
  Kit *k = kit_new ();
  StokerArena *arena = stoker_arena_new (0);
  Batch b = { .n = 2, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  Produce all, timed, gone, cancelled;
  StkPartition *p;

  kit_topic_replicas (k, "two", 1, 2, NULL);
  two_in_isr (k);
  kit_produce_init (k, &all, 0, "two", 0, -1, kit_batch (k, arena, &b));
  kit_produce_init (k, &timed, 1, "two", 0, -1, kit_batch (k, arena, &b));
  kit_produce_init (k, &cancelled, 0, "two", 0, -1, kit_batch (k, arena, &b));
  kit_produce_init (k, &gone, 0, "two", 0, -1, kit_batch (k, arena, &b));
  timed.req.timeout_ms = 50;
  kit_call_send (&all.c, (void (*) (void *))stoker_produce);
  kit_call_send (&timed.c, (void (*) (void *))stoker_produce);
  kit_call_wait (&timed.c);
  g_assert_cmpint (timed.part.error, ==, STOKER_REQUEST_TIMED_OUT);
  g_assert_false (kit_call_is_done (&all.c));
  kit_call_send (&cancelled.c, (void (*) (void *))stoker_produce);
  kit_call_cancel (&cancelled.c);
  kit_call_wait (&cancelled.c);
  /* The follower has the first batch, which is all that the first request waits for. */
  p = stk_replicas_find (kit_broker (k)->replicas, -1, STOKER_STR_LIT ("two"), 0);
  g_assert_true (stk_partition_enter (p));
  stk_partition_fetched (p, 1, 2, 0);
  stk_partition_leave (p);
  kit_call_wait (&all.c);
  g_assert_cmpint (all.part.error, ==, 0);
  g_assert_cmpint (atomic_load (&p->hw), ==, 2);
  stk_partition_unref (p);
  kit_call_send (&gone.c, (void (*) (void *))stoker_produce);
  kit_drop_topic (k, "two");
  kit_call_wait (&gone.c);
  g_assert_cmpint (gone.part.error, ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  kit_call_clear (&all.c);
  kit_call_clear (&timed.c);
  kit_call_clear (&cancelled.c);
  kit_call_clear (&gone.c);
  stoker_arena_free (arena);
  kit_free (k);
}

static void
test_log_append_time (void)
{
  Kit *k = kit_new ();
  Batch b = { .n = 1, .prefix = "v", .timestamp = 1000, .producer_id = -1, .codec = 3 };
  Produce p;

  kit_topic (k, "t", 1, NULL);
  kit_topic (k, "t", 1, "message.timestamp.type=LogAppendTime");
  g_assert_cmpint (produce_error (k, "t", 0, -1, &b, &p), ==, 0);
  g_assert_cmpint (p.part.log_append_time_ms, >, 1000000);
  kit_call_clear (&p.c);
  kit_free (k);
}

/* The topic asks for another codec: what is appended is not what came. */
static void
test_recompress (void)
{
  Kit *k = kit_new ();
  Batch b = { .n = 100, .prefix = "the same text again and again ", .timestamp = 1000, .producer_id = -1 };
  Produce p;
  Fetch f;
  g_autofree char *got = NULL;

  kit_topic (k, "t", 1, "compression.type=lz4");
  g_assert_cmpint (produce_error (k, "t", 0, -1, &b, &p), ==, 0);
  kit_call_clear (&p.c);
  b.codec = 1;
  g_assert_cmpint (produce_error (k, "t", 0, -1, &b, &p), ==, 0);
  g_assert_cmpint (p.part.base_offset, ==, 100);
  kit_call_clear (&p.c);
  kit_fetch_init (k, &f, 0, "t", 1);
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpuint (kit_fetch_part (&f, 0)->records.len, <, 4000);
  got = kit_fetch_values (&f, 0, NULL);
  g_assert_cmpint (strlen (got), >, 200 * 30);
  kit_fetch_clear (&f);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker/produce/acks", test_acks);
  g_test_add_func ("/broker/produce/refusals", test_refusals);
  g_test_add_func ("/broker/produce/elsewhere", test_elsewhere);
  g_test_add_func ("/broker/produce/corrupt", test_corrupt);
  g_test_add_func ("/broker/produce/idempotent", test_idempotent);
  g_test_add_func ("/broker/produce/gather", test_gather);
  g_test_add_func ("/broker/produce/waiting", test_waiting);
  g_test_add_func ("/broker/produce/log-append-time", test_log_append_time);
  g_test_add_func ("/broker/produce/recompress", test_recompress);
  return g_test_run ();
}
