/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "broker/housekeeping.h"
#include "broker/partition.h"

typedef struct List
{
  Call c;
  StokerListOffsets req;
  StokerListOffsetsTopic topic;
  StokerListOffsetsPartition part;
} List;

static StokerListOffsetsPartition
list (Kit *k, int partition, int64_t timestamp, int version)
{
  List l = { .part = { .partition = partition, .timestamp = timestamp, .current_leader_epoch = -1 } };

  kit_call_init (k, &l.c, &l.req.call, 1, 2, version);
  l.topic = (StokerListOffsetsTopic){ STOKER_STR_LIT ("t"), &l.part, 1 };
  l.req.replica_id = -1;
  l.req.topics = &l.topic;
  l.req.n_topics = 1;
  kit_call (&l.c, stoker_list_offsets);
  kit_call_clear (&l.c);
  return l.part;
}

static void
test_list (void)
{
  Kit *k = kit_new ();
  StokerListOffsetsPartition p;

  kit_topic (k, "t", 2, NULL);
  kit_produce (k, "t", 0, 5, "a"); /* timestamps 1000 .. 1004 */
  p = list (k, 0, -1, 9);
  g_assert_cmpint (p.error, ==, 0);
  g_assert_cmpint (p.out_offset, ==, 5);
  g_assert_cmpint (p.out_timestamp, ==, -1);
  g_assert_cmpint (p.out_leader_epoch, ==, 0);
  p = list (k, 0, -2, 9);
  g_assert_cmpint (p.out_offset, ==, 0);
  g_assert_cmpint (p.out_leader_epoch, ==, 0);
  p = list (k, 0, 1003, 9);
  g_assert_cmpint (p.out_offset, ==, 3);
  g_assert_cmpint (p.out_timestamp, ==, 1003);
  g_assert_cmpint (p.out_leader_epoch, ==, 0);
  p = list (k, 0, -3, 9);
  g_assert_cmpint (p.out_offset, ==, 4);
  p = list (k, 0, 2000, 9);
  g_assert_cmpint (p.error, ==, 0);
  g_assert_cmpint (p.out_offset, ==, -1);
  g_assert_cmpint (list (k, 0, INT64_MAX, 9).out_offset, ==, -1);
  p = list (k, 1, -3, 9); /* empty */
  g_assert_cmpint (p.error, ==, 0);
  g_assert_cmpint (p.out_offset, ==, -1);
  g_assert_cmpint (list (k, 0, -3, 6).error, ==, STOKER_UNSUPPORTED_VERSION);
  g_assert_cmpint (list (k, 0, -4, 8).out_offset, ==, 0);
  g_assert_cmpint (list (k, 0, -9, 9).error, ==, STOKER_UNSUPPORTED_VERSION);
  g_assert_cmpint (list (k, 7, -1, 9).error, ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  kit_free (k);
}

/* A partition asked for twice: which of the two is meant? Version 0 may. */
static void
test_list_twice (void)
{
  Kit *k = kit_new ();

  kit_topic (k, "t", 2, NULL);
  for (int version = 0; version <= 1; version++) {
    StokerListOffsetsPartition parts[3] = { { .partition = 1, .timestamp = -1, .current_leader_epoch = -1 },
                                            { .partition = 0, .timestamp = -1, .current_leader_epoch = -1 },
                                            { .partition = 1, .timestamp = -2, .current_leader_epoch = -1 } };
    StokerListOffsetsTopic topic = { STOKER_STR_LIT ("t"), parts, 3 };
    StokerListOffsets req = { .replica_id = -1, .topics = &topic, .n_topics = 1 };
    Call c;
    kit_call_init (k, &c, &req.call, 1, 2, version);
    kit_call (&c, stoker_list_offsets);
    g_assert_cmpint (parts[0].error, ==, version ? STOKER_INVALID_REQUEST : 0);
    g_assert_cmpint (parts[1].error, ==, 0);
    g_assert_cmpint (parts[2].error, ==, version ? STOKER_INVALID_REQUEST : 0);
    kit_call_clear (&c);
  }
  kit_free (k);
}

static void
test_old_list (void)
{
  Kit *k = kit_new ();
  List l = { .part = { .timestamp = -1, .current_leader_epoch = -1, .max_num_offsets = 10 } };

  kit_topic (k, "t", 1, NULL);
  kit_produce (k, "t", 0, 5, "a");
  kit_call_init (k, &l.c, &l.req.call, 0, 2, 0);
  l.topic = (StokerListOffsetsTopic){ STOKER_STR_LIT ("t"), &l.part, 1 };
  l.req.replica_id = -1;
  l.req.old_style = true;
  l.req.topics = &l.topic;
  l.req.n_topics = 1;
  kit_call (&l.c, stoker_list_offsets);
  g_assert_cmpint (l.part.n_old_offsets, ==, 2);
  g_assert_cmpint (l.part.old_offsets[0], ==, 5);
  g_assert_cmpint (l.part.old_offsets[1], ==, 0);
  kit_call_clear (&l.c);
  kit_free (k);
}

static void
test_epochs (void)
{
  Kit *k = kit_new ();
  Call c;
  StokerEpochPartition parts[] = { { .partition = 0, .current_leader_epoch = -1, .leader_epoch = 0 },
                                   { .partition = 0, .current_leader_epoch = -1, .leader_epoch = 7 },
                                   { .partition = 0, .current_leader_epoch = 5, .leader_epoch = 0 },
                                   { .partition = 4, .current_leader_epoch = -1, .leader_epoch = 0 } };
  StokerEpochTopic topic = { STOKER_STR_LIT ("t"), parts, 4 };
  StokerOffsetForEpoch req = { .replica_id = -2, .topics = &topic, .n_topics = 1 };

  kit_topic (k, "t", 1, NULL);
  kit_produce (k, "t", 0, 5, "a");
  kit_call_init (k, &c, &req.call, 0, 23, 4);
  kit_call (&c, stoker_offset_for_epoch);
  g_assert_cmpint (parts[0].error, ==, 0);
  g_assert_cmpint (parts[0].out_leader_epoch, ==, 0);
  g_assert_cmpint (parts[0].end_offset, ==, 5);
  g_assert_cmpint (parts[1].error, ==, 0);
  g_assert_cmpint (parts[1].out_leader_epoch, ==, -1);
  g_assert_cmpint (parts[1].end_offset, ==, -1);
  g_assert_cmpint (parts[2].error, ==, STOKER_UNKNOWN_LEADER_EPOCH);
  g_assert_cmpint (parts[3].error, ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  kit_call_clear (&c);
  kit_free (k);
}

typedef struct Delete
{
  Call c;
  StokerDeleteRecords req;
  StokerDeleteRecordsTopic topic;
  StokerDeleteRecordsPartition part;
} Delete;

static StokerDeleteRecordsPartition
delete_records (Kit *k, const char *topic, int64_t offset)
{
  Delete d = { .part = { .offset = offset } };

  kit_call_init (k, &d.c, &d.req.call, 0, 21, 2);
  d.topic = (StokerDeleteRecordsTopic){ stoker_str (topic), &d.part, 1 };
  d.req.topics = &d.topic;
  d.req.n_topics = 1;
  kit_call (&d.c, stoker_delete_records);
  kit_call_clear (&d.c);
  return d.part;
}

static void
test_delete_records (void)
{
  Kit *k = kit_new ();
  Fetch f;

  kit_topic (k, "t", 1, NULL);
  kit_topic (k, "compacted", 1, "cleanup.policy=compact");
  kit_produce (k, "t", 0, 5, "a");
  g_assert_cmpint (delete_records (k, "t", 6).error, ==, STOKER_OFFSET_OUT_OF_RANGE);
  g_assert_cmpint (delete_records (k, "t", 3).low_watermark, ==, 3);
  g_assert_cmpint (delete_records (k, "t", 2).low_watermark, ==, 3); /* never back */
  g_assert_cmpint (list (k, 0, -2, 9).out_offset, ==, 3);
  kit_fetch_init (k, &f, 0, "t", 1);
  f.topics->partitions[0].fetch_offset = 2;
  kit_call (&f.c, stoker_fetch);
  g_assert_cmpint (kit_fetch_part (&f, 0)->error, ==, STOKER_OFFSET_OUT_OF_RANGE);
  kit_fetch_clear (&f);
  g_assert_cmpint (delete_records (k, "t", -1).low_watermark, ==, 5);
  g_assert_cmpint (delete_records (k, "compacted", 0).error, ==, STOKER_POLICY_VIOLATION);
  g_assert_cmpint (delete_records (k, "none", 0).error, ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  kit_restart (k);
  kit_topic (k, "t", 1, NULL);
  g_assert_cmpint (list (k, 0, -2, 9).out_offset, ==, 5);
  kit_free (k);
}

typedef struct Sweep
{
  Kit *k;
  GMutex lock;
  GCond cond;
  bool done;
} Sweep;

static void
swept (void *user)
{
  Sweep *s = user;

  g_mutex_lock (&s->lock);
  s->done = true;
  g_cond_signal (&s->cond);
  g_mutex_unlock (&s->lock);
}

static void
sweep (void *user)
{
  Sweep *s = user;

  stk_housekeeping_sweep (kit_broker (s->k)->replicas, true, true, swept, s);
}

static void
test_retention (void)
{
  Kit *k = kit_new ();
  Sweep s = { .k = k };

  /* The records are of 1970. */
  kit_topic (k, "t", 1, "retention.ms=1000");
  kit_produce (k, "t", 0, 5, "a");
  kit_on (k, -1, sweep, &s);
  g_mutex_lock (&s.lock);
  while (!s.done)
    g_cond_wait (&s.cond, &s.lock);
  g_mutex_unlock (&s.lock);
  g_assert_cmpint (list (k, 0, -2, 9).out_offset, ==, 5);
  g_assert_cmpint (list (k, 0, -1, 9).out_offset, ==, 5);
  g_assert_cmpint (kit_produce (k, "t", 0, 1, "b"), ==, 5);
  kit_free (k);
}

static void
test_restart (void)
{
  Kit *k = kit_new ();
  Fetch f;
  g_autofree char *got = NULL;

  kit_topic (k, "t", 3, NULL);
  kit_produce (k, "t", 0, 2, "a");
  kit_restart (k);
  kit_topic (k, "t", 3, NULL);
  g_assert_cmpint (kit_produce (k, "t", 0, 1, "b"), ==, 2);
  kit_fetch_init (k, &f, 0, "t", 1);
  kit_call (&f.c, stoker_fetch);
  got = kit_fetch_values (&f, 0, NULL);
  g_assert_cmpstr (got, ==, "a0,a1,b0");
  kit_fetch_clear (&f);
  /* Gone, and made again under the same name: nothing of before. */
  kit_drop_topic (k, "t");
  kit_topic (k, "t", 1, NULL);
  g_assert_cmpint (kit_produce (k, "t", 0, 1, "c"), ==, 0);
  kit_free (k);
}

/* The broker was away while the topic was deleted: its logs were never opened since the start. */
static void
test_remove_unopened (void)
{
  Kit *k = kit_new ();

  kit_topic (k, "t", 2, NULL);
  kit_topic (k, "t-1", 1, NULL);
  kit_produce (k, "t", 0, 3, "a");
  kit_produce (k, "t-1", 0, 3, "a");
  kit_restart (k);
  g_assert_cmpint (kit_logs (k, "t-"), ==, 3);
  kit_drop_topic (k, "t");
  g_assert_cmpint (kit_logs (k, "t-"), ==, 1);
  kit_topic (k, "t-1", 1, NULL);
  g_assert_cmpint (kit_produce (k, "t-1", 0, 1, "b"), ==, 3);
  kit_topic (k, "t", 2, NULL);
  g_assert_cmpint (kit_produce (k, "t", 0, 1, "b"), ==, 0);
  kit_free (k);
}

typedef struct Own
{
  Kit *k;
  StokerBytes batch;
  int16_t error;
  int64_t base;
  int calls;
} Own;

static void
own_done (void *user, int16_t error, int64_t base)
{
  Own *o = user;

  o->calls++;
  o->error = error;
  o->base = base;
}

static void
own_append (void *user)
{
  Own *o = user;

  o->error = stk_replicas_append (kit_broker (o->k)->replicas, STOKER_STR_LIT ("t"), 0, o->batch.data, o->batch.len, -1,
                                  own_done, o);
  g_assert_cmpint (o->error, ==, 0);
  g_assert_cmpint (o->calls, ==, 0);
}

static void
nothing (void *user)
{
}

static void
test_own_append (void)
{
  Kit *k = kit_new ();
  StokerArena *arena = stoker_arena_new (0);
  Batch b = { .n = 2, .prefix = "v", .timestamp = 1, .producer_id = -1 };
  Own o = { .k = k, .batch = kit_batch (k, arena, &b), .base = -2 };

  kit_topic (k, "t", 1, NULL);
  kit_produce (k, "t", 0, 3, "a");
  kit_on (k, -1, own_append, &o);
  kit_on (k, -1, nothing, NULL);
  g_assert_cmpint (o.calls, ==, 1);
  g_assert_cmpint (o.error, ==, 0);
  g_assert_cmpint (o.base, ==, 3);
  stoker_arena_free (arena);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker/offsets/list", test_list);
  g_test_add_func ("/broker/offsets/list-twice", test_list_twice);
  g_test_add_func ("/broker/offsets/old-list", test_old_list);
  g_test_add_func ("/broker/offsets/epochs", test_epochs);
  g_test_add_func ("/broker/offsets/delete-records", test_delete_records);
  g_test_add_func ("/broker/offsets/retention", test_retention);
  g_test_add_func ("/broker/offsets/restart", test_restart);
  g_test_add_func ("/broker/offsets/remove-unopened", test_remove_unopened);
  g_test_add_func ("/broker/offsets/own-append", test_own_append);
  return g_test_run ();
}
