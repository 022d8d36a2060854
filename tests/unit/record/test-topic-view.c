/* SPDX-License-Identifier: Apache-2.0 */
#include "partitioner-kit.h"

/* A partitioner that answers the length of the key; fails for more than three. */
static int
pick_length (StokerInstance *self, const StokerTopicView *topic, const StokerBytes *keys, size_t n, int32_t *out)
{
  for (size_t i = 0; i < n; i++)
    out[i] = (int32_t)keys[i].len - 1;
  return n > 3 ? -1 : 0;
}

static const StokerPartitionerOps ops = { { sizeof ops, STOKER_PARTITIONER_VERSION }, pick_length };
static const StokerModule module = { .magic = STOKER_MODULE_MAGIC,
                                     .api_level = STOKER_API_CURRENT,
                                     .size = sizeof module,
                                     .option_size = sizeof (StokerOption),
                                     .kind = STOKER_KIND_PARTITIONER,
                                     .name = "length",
                                     .version = "1",
                                     .build_id = STOKER_BUILD_ID,
                                     .ops = &ops,
                                     .ops_size = sizeof ops };

static void
test_wrong_answers (void)
{
  StokerInstance *self = test_instance_new (&module, NULL);
  uint64_t cell = 0;
  StokerTopicView view = { .name = STOKER_STR_LIT ("t"), .count = 3, .cell = &cell };
  StokerBytes keys[4] = { { NULL, 0 }, { (uint8_t *)"ab", 2 }, { (uint8_t *)"abcd", 4 }, { (uint8_t *)"a", 1 } };
  int32_t out[4];

  /* -1 and 3 do not exist: placed in turn instead. */
  g_assert_cmpuint (stk_partition_pick (self, &view, keys, 3, out), ==, 2);
  g_assert_cmpint (out[0], ==, 0);
  g_assert_cmpint (out[1], ==, 1);
  g_assert_cmpint (out[2], ==, 1);
  /* A failed call: all of them; no partitioner at all: too. */
  g_assert_cmpuint (stk_partition_pick (self, &view, keys, 4, out), ==, 4);
  for (int i = 0; i < 4; i++)
    g_assert_cmpint (out[i], ==, (i + 2) % 3);
  g_assert_cmpuint (stk_partition_pick (NULL, &view, keys, 1, out), ==, 1);
  g_assert_cmpint (out[0], ==, 0);
  test_instance_free (self);
}

static void
test_view (void)
{
  uint64_t cell = 0;
  uint8_t offline[2] = { 0, 1 };
  StokerTopicView view = { .name = STOKER_STR_LIT ("t"), .count = 2, .offline = offline, .cell = &cell };

  g_assert_true (stoker_str_is (stoker_topic_view_name (&view), "t"));
  g_assert_cmpint (stoker_topic_view_count (&view), ==, 2);
  g_assert_true (stoker_topic_view_available (&view, 0));
  g_assert_false (stoker_topic_view_available (&view, 1));
  g_assert_false (stoker_topic_view_available (&view, 2));
  g_assert_false (stoker_topic_view_available (&view, -1));
  g_assert_true (stoker_topic_view_cell (&view) == &cell);
}

static void
test_cells (void)
{
  StkTopicCells *c = stk_topic_cells_new ();
  uint64_t *a = stk_topic_cells_get (c, STOKER_STR_LIT ("a")), *b = stk_topic_cells_get (c, STOKER_STR_LIT ("b"));

  g_assert_cmpuint (*a, ==, 0);
  *a = 7;
  for (int i = 0; i < 1000; i++) {
    g_autofree char *name = g_strdup_printf ("topic-%d", i);
    (void)stk_topic_cells_get (c, stoker_str (name));
  }
  g_assert_true (stk_topic_cells_get (c, STOKER_STR_LIT ("a")) == a);
  g_assert_true (a != b);
  g_assert_cmpuint (*a, ==, 7);
  stk_topic_cells_free (c);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/record/topic-view/wrong-answers", test_wrong_answers);
  g_test_add_func ("/record/topic-view/view", test_view);
  g_test_add_func ("/record/topic-view/cells", test_cells);
  return g_test_run ();
}
