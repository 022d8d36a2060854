/* SPDX-License-Identifier: Apache-2.0 */
#include "../check.h"

#include <stoker/partitioner.h>

/* ---- deliberately wrong partitioners: the suite must notice */

static int
pick_count (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  for (size_t i = 0; i < n; i++)
    out[i] = keys[i].len == 63 ? stoker_topic_view_count (topic) : 0;
  return 0;
}

static int
pick_by_address (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  for (size_t i = 0; i < n; i++)
    out[i] = (int32_t)((uintptr_t)keys[i].data / 16 % (uint32_t)stoker_topic_view_count (topic));
  return 0;
}

static int
pick_next_door (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  for (size_t i = 0; i < n; i++)
    out[i] = (int32_t)(i % (uint32_t)stoker_topic_view_count (topic));
  return 0;
}

static int remembered; /* what no module may have */

static void
must_fail (const char *row,
           int (*pick) (StokerInstance *, const StokerTopicView *, const StokerBytes *, size_t, int32_t *))
{
  const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION }, pick };
  const StokerModule m = { .magic = STOKER_MODULE_MAGIC,
                           .api_level = STOKER_API_CURRENT,
                           .size = sizeof m,
                           .option_size = sizeof (StokerOption),
                           .kind = STOKER_KIND_PARTITIONER,
                           .threads = STOKER_THREADS_PARALLEL,
                           .name = "wrong",
                           .version = "1",
                           .build_id = STOKER_BUILD_ID,
                           .ops = &ops,
                           .ops_size = sizeof ops };
  Check c = { .self = test_instance_new (&m, NULL), .file = "/proc/self/exe" };

  remembered++;
  for (size_t i = 0; i < n_partitioner_rows; i++) {
    if (strcmp (partitioner_rows[i].name, row) == 0) {
      g_assert_false (partitioner_rows[i].run (&c));
      g_test_message ("%s", c.why);
      g_assert_cmpuint (strlen (c.why), >, 0);
    }
  }
  test_instance_free (c.self);
}

static void
test_notices (void)
{
  must_fail ("in-range", pick_count);
  must_fail ("deterministic", pick_by_address);
  must_fail ("available", pick_next_door);
  must_fail ("no-statics", pick_next_door);
}

int
main (int argc, char **argv)
{
  static const char *const modules[] = { "partitioner/round-robin",
                                         "partitioner/murmur2",
                                         "partitioner/crc32",
                                         "partitioner/fnv1a",
                                         "partitioner/sticky",
                                         "partitioner/random",
                                         NULL };

  g_test_init (&argc, &argv, NULL);
  check_add_tests (modules, partitioner_rows, n_partitioner_rows);
  g_test_add_func ("/conformance/notices", test_notices);
  return g_test_run ();
}
