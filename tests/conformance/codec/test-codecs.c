/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

int
main (int argc, char **argv)
{
  static const char *const modules[] = { "codec/gzip", "codec/snappy", "codec/lz4", "codec/zstd", NULL };

  g_test_init (&argc, &argv, NULL);
  check_add_tests (modules, codec_rows, n_codec_rows);
  return g_test_run ();
}
