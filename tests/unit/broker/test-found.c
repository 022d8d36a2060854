/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the logs of partitions lie: which of several of one name counts, and where a new one is made.
 */
#include "broker/moves.h"
#include "broker/replicas_private.h"

static StokerUuid
id (uint8_t n)
{
  return (StokerUuid){ { n } };
}

static StkReplicas *
replicas (int n_dirs)
{
  StkReplicas *r = g_new0 (StkReplicas, 1);

  r->n_dirs = n_dirs;
  r->dir_failed = g_new0 (_Atomic bool, n_dirs);
  r->dir_logs = g_new0 (int, n_dirs);
  r->found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stk_found_free);
  r->futures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, stk_found_free);
  r->moves = stk_moves_new (r);
  return r;
}

static void
replicas_free (StkReplicas *r)
{
  stk_moves_free (r->moves);
  g_hash_table_unref (r->found);
  g_hash_table_unref (r->futures);
  g_free (r->dir_failed);
  g_free (r->dir_logs);
  g_free (r);
}

static void
add (GHashTable *table, const char *key, uint8_t topic, int dir, bool replaces)
{
  StkFound *f = g_new0 (StkFound, 1);

  f->topic_id = id (topic);
  f->dir = dir;
  f->replaces = replaces;
  stk_found_add (table, g_strdup (key), f);
}

static void
test_pick (void)
{
  StkReplicas *r = replicas (3);
  StkFound *rival, *f;

  g_assert_null (stk_found_pick (r, "t", 0, id (1), &rival));
  add (r->found, "t-0", 2, 0, false);
  f = stk_found_pick (r, "t", 0, id (1), &rival);
  g_assert_true (f && stoker_uuid_equal (f->topic_id, id (2))); /* another topic's: it is in the way */
  add (r->found, "t-0", 1, 1, false);
  f = stk_found_pick (r, "t", 0, id (1), &rival);
  g_assert_cmpint (f->dir, ==, 1);
  g_assert_null (rival);
  add (r->found, "t-0", 1, 2, false);
  g_assert_nonnull (stk_found_pick (r, "t", 0, id (1), &rival));
  g_assert_nonnull (rival); /* nothing tells which */
  replicas_free (r);
}

static void
test_moved (void)
{
  StkReplicas *r = replicas (3);
  StkFound *rival;

  add (r->found, "t-0", 1, 0, false);
  add (r->found, "t-0", 1, 1, true);
  g_assert_cmpint (stk_found_pick (r, "t", 0, id (1), &rival)->dir, ==, 1);
  g_assert_null (rival);
  /* Its directory fails after it was moved once more: there it is looked for. */
  stk_found_pick (r, "t", 0, id (1), &rival)->used = true;
  stk_found_note (r, "t", 0, id (1), NULL, 2);
  g_assert_cmpint (stk_found_pick (r, "t", 0, id (1), &rival)->dir, ==, 2);
  g_assert_null (rival);
  stk_found_forget (r, "t", 0, id (1));
  g_assert_cmpint (stk_found_pick (r, "t", 0, id (1), &rival)->dir, ==, 0); /* what was never used stays known */
  replicas_free (r);
}

static void
test_future (void)
{
  StkReplicas *r = replicas (3);

  add (r->futures, "t-0", 1, 0, false);
  add (r->futures, "t-0", 1, 2, false);
  g_assert_cmpint (stk_found_future (r, "t", 1, id (1), 1), ==, -1);
  g_assert_cmpint (stk_found_future (r, "t", 0, id (7), 1), ==, -1);
  r->dir_failed[2] = true;
  g_assert_cmpint (stk_found_future (r, "t", 0, id (1), 0), ==,
                   -1); /* one is where the log lies, the other is offline */
  r->dir_failed[2] = false;
  g_assert_cmpint (stk_found_future (r, "t", 0, id (1), 0), ==, 2);
  g_assert_cmpint (stk_found_future (r, "t", 0, id (1), 0), ==, -1); /* once */
  replicas_free (r);
}

static void
test_preferred (void)
{
  StkReplicas *r = replicas (3);

  g_assert_cmpint (stk_moves_preferred (r, "t", 0), ==, -1);
  stk_moves_prefer (r->moves, STOKER_STR_LIT ("t"), 0, 0);
  stk_moves_prefer (r->moves, STOKER_STR_LIT ("t"), 1, 1);
  stk_moves_prefer (r->moves, STOKER_STR_LIT ("t"), 1, 2);
  r->dir_failed[0] = true;
  g_assert_cmpint (stk_moves_preferred (r, "t", 0), ==, -1);
  g_assert_cmpint (stk_moves_preferred (r, "t", 1), ==, 2);
  g_assert_cmpint (stk_moves_preferred (r, "t", 1), ==, -1);
  for (int i = 0; i < 20000; i++)
    stk_moves_prefer (r->moves, STOKER_STR_LIT ("many"), i, 1);
  g_assert_cmpint (stk_moves_preferred (r, "many", 9000), ==, 1);
  g_assert_cmpint (stk_moves_preferred (r, "many", 19999), ==, -1); /* there is a bound */
  replicas_free (r);
}

static void
test_emptiest (void)
{
  StkReplicas *r = replicas (3);
  int places[] = { 0, 1, 2, 0, 1, 2 };

  for (size_t i = 0; i < G_N_ELEMENTS (places); i++) {
    int dir = stk_replicas_emptiest (r);
    g_assert_cmpint (dir, ==, places[i]);
    r->dir_logs[dir]++;
  }
  r->dir_logs[0] = 5;
  r->dir_failed[1] = true;
  g_assert_cmpint (stk_replicas_emptiest (r), ==, 2);
  r->dir_failed[2] = true;
  g_assert_cmpint (stk_replicas_emptiest (r), ==, 0);
  r->dir_failed[0] = true;
  g_assert_cmpint (stk_replicas_emptiest (r), ==, -1);
  replicas_free (r);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/found/pick", test_pick);
  g_test_add_func ("/found/moved", test_moved);
  g_test_add_func ("/found/future", test_future);
  g_test_add_func ("/found/preferred", test_preferred);
  g_test_add_func ("/found/emptiest", test_emptiest);
  return g_test_run ();
}
