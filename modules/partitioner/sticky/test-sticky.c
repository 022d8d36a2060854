/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

extern const StokerModule stoker_module_partitioner_sticky;

static void
test_runs (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_sticky, "records = 10\n");
  uint64_t cell = 0;
  StokerTopicView view = { .count = 3, .cell = &cell };
  StokerBytes keys[25] = { 0 };
  int32_t out[25];

  keys[4] = (StokerBytes){ (uint8_t *)"key", 3 }; /* does not count */
  g_assert_cmpuint (stk_partition_pick (self, &view, keys, 25, out), ==, 0);
  for (int i = 0; i < 25; i++)
    if (i != 4)
      g_assert_cmpint (out[i], ==, i < 11 ? 0 : i < 21 ? 1 : 2);
  g_assert_cmpint (pick_one (self, &view, STOKER_BYTES_NULL), ==, 2);
  test_instance_free (self);
}

static void
test_shares_and_keys (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_sticky, NULL);
  uint64_t cell = 0;
  uint8_t offline[4] = { 0, 1, 0, 0 };
  StokerTopicView view = { .count = 4, .cell = &cell };
  g_autofree unsigned *got = spread (self, &view, 8000, 300), *some = NULL;

  for (int i = 0; i < 4; i++)
    g_assert_cmpuint (got[i], ==, 2000);
  view.offline = offline;
  some = spread (self, &view, 8000, 300);
  g_assert_cmpuint (some[1], ==, 0);
  assert_golden (self, "murmur2_p7");
  test_instance_free (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/partitioner/sticky/runs", test_runs);
  g_test_add_func ("/partitioner/sticky/shares-and-keys", test_shares_and_keys);
  return g_test_run ();
}
