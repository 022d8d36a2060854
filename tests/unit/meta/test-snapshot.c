/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/store.h"

#include <glib.h>
#include <stdio.h>

static StkMetaTopic *
make_topic (const char *name, uint64_t id, int32_t partitions, int32_t leader)
{
  int32_t replicas[] = { leader, leader + 1 };
  StkMetaPartition p[8];
  StkMetaPair pairs[] = { { "retention.ms", "5" }, { "cleanup.policy", "compact" } };
  StkMetaTopic t = { .name = name,
                     .name_len = (uint32_t)strlen (name),
                     .partitions = p,
                     .n_partitions = partitions,
                     .overrides = pairs,
                     .n_overrides = 2 };

  memcpy (t.id.b, &id, sizeof id);
  for (int32_t i = 0; i < partitions; i++)
    p[i] = (StkMetaPartition){ leader, 3, 4, replicas, replicas, 2, 1 };
  return stk_meta_topic_new (&t);
}

static StkSnapshot *
add (StkSnapshot *base, const char *name, uint64_t id, int32_t partitions)
{
  StkSnapshotBuilder *b = stk_snapshot_builder_new (base);
  StkMetaTopic *t = make_topic (name, id, partitions, 1);

  stk_snapshot_builder_set_topic (b, t);
  stk_meta_topic_unref (t);
  return stk_snapshot_builder_end (b);
}

static void
test_topic (void)
{
  StkMetaTopic *t = make_topic ("__consumer_offsets", 7, 3, 1);

  g_assert_cmpstr (t->name, ==, "__consumer_offsets");
  g_assert_true (t->internal);
  g_assert_cmpint (t->partitions[2].replicas[1], ==, 2);
  g_assert_cmpint (t->partitions[2].n_isr, ==, 1);
  g_assert_cmpstr (stk_meta_topic_override (t, "retention.ms"), ==, "5");
  g_assert_cmpstr (stk_meta_topic_override (t, "cleanup.policy"), ==, "compact");
  g_assert_null (stk_meta_topic_override (t, "segment.ms"));
  stk_meta_topic_unref (t);
}

static void
test_share (void)
{
  StkSnapshot *s0 = stk_snapshot_new (), *s1 = add (s0, "a", 0x11, 2), *s2 = add (s1, "b", 0x12, 3);
  const StkMetaTopic *a1 = stk_snapshot_topic (s1, STOKER_STR_LIT ("a"));
  StkSnapshotBuilder *builder;
  StkSnapshot *s3;
  StokerUuid id = { { 0x12 } };

  g_assert_nonnull (a1);
  g_assert_true (stk_snapshot_topic (s2, STOKER_STR_LIT ("a")) == a1); /* the very same object */
  g_assert_null (stk_snapshot_topic (s1, STOKER_STR_LIT ("b")));
  g_assert_null (stk_snapshot_topic (s0, STOKER_STR_LIT ("a")));
  g_assert_cmpstr (stk_snapshot_topic_by_id (s2, id)->name, ==, "b");
  g_assert_cmpint (s2->n_topics, ==, 2);
  g_assert_cmpint (s2->n_partitions, ==, 5);
  g_assert_cmpint (s2->version, ==, 2);
  stk_snapshot_unref (s0);
  stk_snapshot_unref (s1);

  s3 = add (s2, "b", 0x99, 1); /* recreated: another id */
  g_assert_null (stk_snapshot_topic_by_id (s3, id));
  g_assert_cmpint (s3->n_partitions, ==, 3);
  g_assert_nonnull (stk_snapshot_topic_by_id (s2, id));
  stk_snapshot_unref (s2);
  g_assert_nonnull (stk_snapshot_partition (s3, STOKER_STR_LIT ("a"), 1));
  g_assert_null (stk_snapshot_partition (s3, STOKER_STR_LIT ("a"), 2));
  g_assert_null (stk_snapshot_partition (s3, STOKER_STR_LIT ("a"), -1));

  builder = stk_snapshot_builder_new (s3);
  stk_snapshot_builder_remove_topic (builder, STOKER_STR_LIT ("a"));
  stk_snapshot_builder_remove_topic (builder, STOKER_STR_LIT ("nobody"));
  stk_snapshot_unref (s3);
  s3 = stk_snapshot_builder_end (builder);
  g_assert_cmpint (s3->n_topics, ==, 1);
  stk_snapshot_unref (s3);
}

static void
test_many (void)
{
  StkSnapshot *empty = stk_snapshot_new (), *s;
  StkSnapshotBuilder *b = stk_snapshot_builder_new (empty);
  const StkMetaTopic **all;
  char name[32];

  for (uint64_t i = 0; i < 5000; i++) {
    StkMetaTopic *t;
    snprintf (name, sizeof name, "topic-%05d", (int)i);
    t = make_topic (name, i + 1, 1, 1);
    stk_snapshot_builder_set_topic (b, t);
    stk_meta_topic_unref (t);
  }
  s = stk_snapshot_builder_end (b);
  stk_snapshot_unref (empty);
  g_assert_cmpint (s->n_topics, ==, 5000);
  all = g_new (const StkMetaTopic *, 5000);
  stk_snapshot_topics (s, all);
  for (int i = 0; i < 5000; i++) {
    StokerUuid id = { { 0 } };
    uint64_t n = (uint64_t)i + 1;
    snprintf (name, sizeof name, "topic-%05d", i);
    memcpy (id.b, &n, sizeof n);
    g_assert_cmpstr (all[i]->name, ==, name);
    g_assert_true (stk_snapshot_topic (s, stoker_str (name)) == all[i]);
    g_assert_true (stk_snapshot_topic_by_id (s, id) == all[i]);
  }
  g_free (all);
  stk_snapshot_unref (s);
}

static void
set_broker (StkSnapshotBuilder *b, int32_t id, int64_t epoch)
{
  StkMetaEndpoint e[] = { { "PLAINTEXT", "h", 9092, 0 }, { "INTERNAL", "i", 9093, 0 } };
  StkMetaBroker broker = { id, epoch, "r", e, 2 }, *counted = stk_meta_broker_new (&broker);

  stk_snapshot_builder_set_broker (b, counted);
  stk_meta_broker_unref (counted);
}

static void
test_brokers (void)
{
  StkSnapshot *empty = stk_snapshot_new (), *s, *next;
  StkSnapshotBuilder *b = stk_snapshot_builder_new (empty);

  stk_snapshot_unref (empty);
  set_broker (b, 5, 50);
  set_broker (b, 1, 10);
  set_broker (b, 3, 30);
  set_broker (b, 3, 31);
  stk_snapshot_builder_set_cluster_id (b, "id");
  stk_snapshot_builder_set_controller (b, 3, 7);
  s = stk_snapshot_builder_end (b);
  g_assert_cmpint (s->n_brokers, ==, 3);
  g_assert_cmpint (s->brokers[0]->id, ==, 1);
  g_assert_cmpint (stk_snapshot_broker (s, 3)->epoch, ==, 31);
  g_assert_cmpint (stk_meta_broker_endpoint (s->brokers[2], "INTERNAL")->port, ==, 9093);
  g_assert_null (stk_meta_broker_endpoint (s->brokers[2], "SSL"));
  g_assert_null (stk_snapshot_broker (s, 4));
  b = stk_snapshot_builder_new (s);
  stk_snapshot_builder_remove_broker (b, 1);
  next = stk_snapshot_builder_end (b);
  g_assert_cmpint (next->n_brokers, ==, 2);
  g_assert_cmpint (s->n_brokers, ==, 3);
  g_assert_cmpint (next->controller_id, ==, 3);
  g_assert_cmpstr (next->cluster_id, ==, "id");
  stk_snapshot_unref (next);
  stk_snapshot_unref (s);
}

/* ---- publishing while others read */
typedef struct Reading
{
  StkMetaStore *store;
  int io;
  _Atomic int *stop;
} Reading;

static void *
read_on (void *user)
{
  Reading *r = user;
  uint64_t last = 0;

  while (!*r->stop) {
    const StkSnapshot *s = stk_meta_store_peek (r->store, r->io);
    StkSnapshot *owned;
    g_assert_cmpuint (s->version, >=, last);
    last = s->version;
    g_assert_cmpint (s->n_topics, ==, (int)s->version);
    owned = stk_meta_store_get (r->store);
    g_assert_cmpuint (owned->version, >=, last);
    stk_snapshot_unref (owned);
  }
  return NULL;
}

static void
test_store (void)
{
  StkMetaStore *store = stk_meta_store_new (2);
  _Atomic int stop = 0;
  Reading r[2] = { { store, 0, &stop }, { store, 1, &stop } };
  GThread *threads[2];
  char name[32];

  for (int i = 0; i < 2; i++)
    threads[i] = g_thread_new ("reader", read_on, &r[i]);
  for (int i = 0; i < 300; i++) {
    snprintf (name, sizeof name, "t%d", i);
    stk_meta_store_publish (store,
                            add ((StkSnapshot *)(uintptr_t)stk_meta_store_peek (store, -1), name, (uint64_t)i + 1, 1));
  }
  stop = 1;
  for (int i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (stk_meta_store_peek (store, 0)->n_topics, ==, 300);
  stk_meta_store_free (store);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/meta/topic", test_topic);
  g_test_add_func ("/meta/share", test_share);
  g_test_add_func ("/meta/many", test_many);
  g_test_add_func ("/meta/brokers", test_brokers);
  g_test_add_func ("/meta/store", test_store);
  return g_test_run ();
}
