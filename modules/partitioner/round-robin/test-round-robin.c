/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

extern const StokerModule stoker_module_partitioner_round_robin;

static void
test_shares (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_round_robin, NULL);

  for (int32_t count = 1; count < 40; count++) {
    uint64_t cell = (uint64_t)count * 1000 + 5;
    StokerTopicView view = { .count = count, .cell = &cell };
    g_autofree unsigned *got = spread (self, &view, 1003, 1 + (size_t)count % 5);
    assert_equal_shares (got, count);
  }
  test_instance_free (self);
}

static void
test_offline (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_round_robin, NULL);
  uint64_t cell = 0;
  uint8_t offline[6] = { 1, 0, 1, 1, 0, 0 };
  StokerTopicView view = { .count = 6, .offline = offline, .cell = &cell };
  g_autofree unsigned *got = spread (self, &view, 300, 7), *all_off = NULL;

  g_assert_cmpuint (got[0] + got[2] + got[3], ==, 0);
  g_assert_cmpuint (got[1], ==, 100);
  g_assert_cmpuint (got[4], ==, 100);
  memset (offline, 1, sizeof offline);
  all_off = spread (self, &view, 60, 7); /* nothing is right, but something is answered */
  test_instance_free (self);
}

static void
test_keys (void)
{
  StokerInstance *hash = test_instance_new (&stoker_module_partitioner_round_robin, NULL),
                 *ignore = test_instance_new (&stoker_module_partitioner_round_robin, "keys = ignore\n");
  uint64_t cell = 0;
  StokerTopicView view = { .count = 5, .cell = &cell };
  StokerBytes key = { (uint8_t *)"a key", 5 };

  assert_golden (hash, "murmur2_p7");
  for (int i = 0; i < 10; i++)
    g_assert_cmpint (pick_one (ignore, &view, key), ==, i % 5);
  test_instance_free (hash);
  test_instance_free (ignore);
}

typedef struct Shared
{
  StokerInstance *self;
  StokerTopicView view;
  unsigned got[8][7];
  int next;
} Shared;

static gpointer
worker (gpointer user)
{
  Shared *s = user;
  unsigned *mine = s->got[__atomic_fetch_add (&s->next, 1, __ATOMIC_RELAXED)];
  g_autofree unsigned *got = spread (s->self, &s->view, 10001, 17);

  memcpy (mine, got, sizeof s->got[0]);
  return NULL;
}

static void
test_threads (void)
{
  uint64_t cell = 0;
  Shared s = { .self = test_instance_new (&stoker_module_partitioner_round_robin, NULL),
               .view = { .count = 7, .cell = &cell } };
  GThread *threads[8];
  unsigned sum[7] = { 0 };

  for (int i = 0; i < 8; i++)
    threads[i] = g_thread_new ("pick", worker, &s);
  for (int i = 0; i < 8; i++)
    g_thread_join (threads[i]);
  for (int i = 0; i < 8; i++)
    for (int p = 0; p < 7; p++)
      sum[p] += s.got[i][p];
  assert_equal_shares (sum, 7);
  test_instance_free (s.self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/partitioner/round-robin/shares", test_shares);
  g_test_add_func ("/partitioner/round-robin/offline", test_offline);
  g_test_add_func ("/partitioner/round-robin/keys", test_keys);
  g_test_add_func ("/partitioner/round-robin/threads", test_threads);
  return g_test_run ();
}
