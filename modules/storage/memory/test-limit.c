/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/storage/kit.h"

extern const StokerModule stoker_module_storage_memory;

/* Beyond the limit the largest log loses its oldest segments, but nothing above the high watermark. */
static void
test_limit (void)
{
  Kit *k = kit_new (&stoker_module_storage_memory, "limit = 1MiB\n", false);
  StokerLogEnds ends;
  Maker m = maker (1);

  m.value = 10000;
  for (int i = 0; i < 200; i++)
    k->ops->set_hw (k->engine, k->log, kit_put_sized (k, 1, 10000) + 1);
  ends = kit_ends (k);
  g_assert_cmpint (ends.end, ==, 200);
  g_assert_cmpuint (test_host_logged (k->host, "memory.full"), >, 10);
  g_assert_cmpint (ends.start, >, 90);
  g_assert_cmpint (ends.start, <, 140);
  g_assert_cmpint (kit_count (k, ends.start, ends.end, 100000), ==, ends.end - ends.start);
  for (int i = 0; i < 150; i++) { /* the high watermark stands: nothing may go, so appends are refused */
    StokerAppend a = kit_append (k, &m, STOKER_ORIGIN_CLIENT);
    if (a.error != 0) {
      g_assert_cmpint (a.error, ==, STOKER_KAFKA_STORAGE_ERROR);
      g_assert_cmpint (kit_ends (k).start, <=, 200);
      kit_free (k);
      return;
    }
  }
  g_assert_not_reached ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/limit", test_limit);
  return g_test_run ();
}
