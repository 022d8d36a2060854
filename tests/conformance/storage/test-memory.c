/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

extern const StokerModule stoker_module_storage_memory;

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  storage_suite (&stoker_module_storage_memory, false);
  return g_test_run ();
}
