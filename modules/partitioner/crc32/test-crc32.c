/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

extern const StokerModule stoker_module_partitioner_crc32;

static void
test_golden (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_crc32, NULL);

  assert_golden (self, "crc32_p7");
  test_instance_free (self);
}

static void
test_without_key (void)
{
  StokerInstance *self = test_instance_new (&stoker_module_partitioner_crc32, NULL);
  uint64_t cell = 0;
  StokerTopicView view = { .count = 7, .cell = &cell };
  g_autofree unsigned *got = spread (self, &view, 1000, 13);

  assert_equal_shares (got, 7);
  test_instance_free (self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/partitioner/crc32/golden", test_golden);
  g_test_add_func ("/partitioner/crc32/without-key", test_without_key);
  return g_test_run ();
}
