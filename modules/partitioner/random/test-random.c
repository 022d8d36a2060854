/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

extern const StokerModule stoker_module_partitioner_random;

static void
test_even (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_random, NULL);
  uint64_t cell = 0;
  StokerTopicView view = { .count = 10, .cell = &cell };
  g_autofree unsigned *got = spread (self, &view, 100000, 1000);

  /* 10,000 expected, standard deviation 95: the test host's numbers are the same in every run. */
  for (int i = 0; i < 10; i++)
    g_assert_true (got[i] > 9500 && got[i] < 10500);
  test_instance_free (self);
}

static void
test_offline (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_random, NULL);
  uint64_t cell = 0;
  uint8_t offline[100];
  StokerTopicView view = { .count = 100, .offline = offline, .cell = &cell };
  g_autofree unsigned *got = NULL, *none = NULL;

  memset (offline, 1, sizeof offline);
  offline[37] = 0;
  got = spread (self, &view, 1000, 10);
  g_assert_cmpuint (got[37], ==, 1000);
  offline[37] = 1;
  none = spread (self, &view, 1000, 10);
  test_instance_free (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/partitioner/random/even", test_even);
  g_test_add_func ("/partitioner/random/offline", test_offline);
  return g_test_run ();
}
