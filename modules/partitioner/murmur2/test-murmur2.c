/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

extern const StokerModule stoker_module_partitioner_murmur2;

int
main (int argc, char **argv)
{
  return test_hash_partitioner (argc, argv, &stoker_module_partitioner_murmur2, "murmur2");
}
