/* SPDX-License-Identifier: Apache-2.0
 *
 * The same contract with log.flush=journal.
 */
#include "kit.h"

extern const StokerModule stoker_module_storage_segment;

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kit_use_journal ();
  storage_suite (&stoker_module_storage_segment, true);
  return g_test_run ();
}
