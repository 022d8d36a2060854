/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

extern const StokerModule stoker_module_partitioner_crc32;

int
main (int argc, char **argv)
{
  return test_hash_partitioner (argc, argv, &stoker_module_partitioner_crc32, "crc32");
}
