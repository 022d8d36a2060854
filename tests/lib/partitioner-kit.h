/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of partitioners share: a view of a topic, and the places where real clients put 10,000 keys.
 */
#ifndef STK_TEST_PARTITIONER_KIT_H
#define STK_TEST_PARTITIONER_KIT_H

#include "record/topic_view.h"

#include "golden.h"
#include "test-host.h"

/* Picks for one key. */
static inline int32_t
pick_one (StokerInstance *self, const StokerTopicView *view, StokerBytes key)
{
  int32_t out = -7;

  g_assert_cmpuint (stk_partition_pick (self, view, &key, 1, &out), ==, 0);
  return out;
}

static inline StokerBytes
from_hex (const char *hex)
{
  size_t n = strlen (hex) / 2;
  uint8_t *data = g_malloc (n + 1);

  for (size_t i = 0; i < n; i++)
    data[i] = (uint8_t)(g_ascii_xdigit_value (hex[2 * i]) << 4 | g_ascii_xdigit_value (hex[2 * i + 1]));
  return (StokerBytes){ data, n };
}

/* Every key of partitioner.tsv goes where `column` says for 7 partitions, and the next column for 12. */
static inline void
assert_golden (StokerInstance *self, const char *column)
{
  g_autofree char *path = golden_path ("partitioner.tsv"), *text = NULL;
  g_auto (GStrv) lines = NULL, names = NULL;
  uint64_t cell = 0;
  StokerTopicView seven = { .count = 7, .cell = &cell }, twelve = { .count = 12, .cell = &cell };
  guint at = 0, n = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  names = g_strsplit (lines[0], "\t", -1);
  while (strcmp (names[at], column) != 0)
    g_assert_nonnull (names[++at]);
  for (guint i = 1; lines[i] && *lines[i]; i++, n++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
    StokerBytes key = from_hex (fields[0]);
    g_assert_cmpint (pick_one (self, &seven, key), ==, atoi (fields[at]));
    g_assert_cmpint (pick_one (self, &twelve, key), ==, atoi (fields[at + 1]));
    g_free (key.data);
  }
  g_assert_cmpuint (n, ==, 10000);
  g_assert_cmpuint (cell, ==, 0);
}

/* How `n` records without key, in calls of `step`, fall on the partitions; g_free. */
static inline unsigned *
spread (StokerInstance *self, const StokerTopicView *view, size_t n, size_t step)
{
  unsigned *got = g_new0 (unsigned, (gsize)view->count);
  g_autofree StokerBytes *keys = g_new0 (StokerBytes, step);
  g_autofree int32_t *out = g_new (int32_t, step);

  while (n > 0) {
    size_t now = MIN (n, step);
    g_assert_cmpuint (stk_partition_pick (self, view, keys, now, out), ==, 0);
    for (size_t i = 0; i < now; i++)
      got[out[i]]++;
    n -= now;
  }
  return got;
}

static inline void
assert_equal_shares (const unsigned *got, int32_t count)
{
  unsigned least = got[0], most = got[0];

  for (int32_t i = 1; i < count; i++) {
    least = MIN (least, got[i]);
    most = MAX (most, got[i]);
  }
  g_assert_cmpuint (most - least, <=, 1);
}

/* ---- partitioners that hash the key, and deal records without one in turn */
typedef struct HashTest
{
  const StokerModule *module;
  const char *name;
} HashTest;

static inline void
test_hash_golden (const void *user)
{
  const HashTest *t = (const HashTest *)user;
  StokerInstance *self = test_instance_new (t->module, NULL);
  g_autofree char *column = g_strconcat (t->name, "_p7", NULL);

  assert_golden (self, column);
  test_instance_free (self);
}

static inline void
test_hash_without_key (const void *user)
{
  const HashTest *t = (const HashTest *)user;
  StokerInstance *self = test_instance_new (t->module, NULL);
  uint64_t cell = 0;
  StokerTopicView view = { .count = 7, .cell = &cell };
  g_autofree unsigned *got = spread (self, &view, 1000, 13);

  assert_equal_shares (got, 7);
  test_instance_free (self);
}

/* All of a test's main. */
static inline int
test_hash_partitioner (int argc, char **argv, const StokerModule *module, const char *name)
{
  HashTest t = { module, name };
  g_autofree char *golden = g_strdup_printf ("/partitioner/%s/golden", name);
  g_autofree char *without_key = g_strdup_printf ("/partitioner/%s/without-key", name);

  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func (golden, &t, test_hash_golden);
  g_test_add_data_func (without_key, &t, test_hash_without_key);
  return g_test_run ();
}

#endif
