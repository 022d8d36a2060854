/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets: commits, fetches, deletion, expiry, and what stands in the tree (kafka-facts 9.4, 6.1).
 */
#include "tests/unit/group/calls.h"

#include "group/tree_path.h"

#include <malloc.h>

#define SEC G_USEC_PER_SEC
#define DAY_MS (INT64_C (24) * 3600 * 1000)

static void
test_simple (void)
{
  Fake *f = fake_new (1);

  fake_start (f);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 1234567890123, NULL), ==, 0);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, 1234567890123);
  g_assert_cmpint (fetched (f, "g", "t", 1), ==, -1);
  g_assert_cmpstr (fake_get (f, "/consumers/g/offsets/t/0"), ==, "1234567890123");
  g_assert_null (fake_get (f, "/consumers/g/offsets/t/0/detail")); /* nothing to say */
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 5, "note"), ==, 0);
  g_assert_cmpstr (fake_get (f, "/consumers/g/offsets/t/0/detail"), ==, "{\"version\":1,\"metadata\":\"note\"}");
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 6, NULL), ==, 0);
  g_assert_cmpstr (fake_get (f, "/consumers/g/offsets/t/0/detail"), ==, "{\"version\":1}");
  fake_free (f);
}

static void
test_refusals (void)
{
  Fake *f = fake_new (2);
  g_autofree char *longer = g_strnfill (4097, 'x'), *longest = g_strnfill (4096, 'x');

  fake_start (f);
  g_hash_table_add (f->no_topics, g_strdup ("nope"));
  g_assert_cmpint (commit (f, "g", "", -1, "nope", 0, 1, NULL), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 1000, 1, NULL), ==, STOKER_UNKNOWN_TOPIC_OR_PARTITION);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 1, longer), ==, STOKER_OFFSET_METADATA_TOO_LARGE);
  g_assert_cmpint (commit (f, "g", "m", 3, "t", 0, 1, NULL), ==, STOKER_ILLEGAL_GENERATION);
  g_assert_cmpint (commit (f, NULL, "", -1, "t", 0, 1, NULL), ==, STOKER_INVALID_GROUP_ID);
  g_assert_cmpuint (stk_groups_count (f->groups), ==, 0);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 1, longest), ==, 0);
  g_assert_cmpint (commit (f, "g", "m", 3, "t", 0, 1, NULL), ==, STOKER_UNKNOWN_MEMBER_ID);
  fake_free (f);
}

static void
test_visible_when_durable (void)
{
  Fake *f = fake_new (3);
  Call *c;

  fake_start (f);
  f->latency_us = 2 * SEC;
  c = commit_begin (f, "g", "", -1, "t", 0, 7, NULL);
  fake_run_for (f, SEC);
  g_assert_false (c->done);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->parts[0].error, ==, 0);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, 7);
  call_free (c);
  fake_free (f);
}

static void
test_coalesced (void)
{
  Fake *f = fake_new (4);
  Call *c[2000];

  fake_start (f);
  for (int i = 0; i < 2000; i++)
    c[i] = commit_begin (f, "g", "", -1, "t", i % 100, i, NULL);
  fake_run_until (f, &c[1999]->done);
  for (int i = 0; i < 2000; i++) {
    g_assert_true (c[i]->done);
    g_assert_cmpint (c[i]->parts[0].error, ==, 0);
    call_free (c[i]);
  }
  g_assert_cmpuint (f->multis, ==, 2); /* the first alone, the others together, latest values only */
  g_assert_cmpuint (f->multi_ops, <=, 110);
  for (int i = 0; i < 100; i++)
    g_assert_cmpint (fetched (f, "g", "t", i), ==, 1900 + i);
  fake_free (f);
}

static void
test_large_commit (void)
{
  Fake *f = fake_new (5);
  Call *c = call_new (f, 8, 9);
  int32_t n = 900;
  g_autofree StokerOffsetPartition *parts = g_new0 (StokerOffsetPartition, n);
  g_autofree char *note = g_strnfill (4000, 'n');

  fake_start (f);
  for (int32_t i = 0; i < n; i++)
    parts[i] = (StokerOffsetPartition){ .partition = i, .offset = i, .leader_epoch = 3, .metadata = stoker_str (note) };
  c->topic = (StokerOffsetTopic){ stoker_str ("t"), parts, n };
  c->u.commit.group_id = stoker_str ("g");
  c->u.commit.member_id = stoker_str ("");
  c->u.commit.generation = -1;
  c->u.commit.retention_ms = -1;
  c->u.commit.topics = &c->topic;
  c->u.commit.n_topics = 1;
  stk_groups_commit (f->groups, &c->u.commit);
  fake_run_until (f, &c->done);
  for (int32_t i = 0; i < n; i++)
    g_assert_cmpint (parts[i].error, ==, 0);
  g_assert_cmpuint (f->multis, >, 4);
  call_free (c);
  fake_stop (f);
  fake_start (f);
  g_assert_cmpint (fetched (f, "g", "t", 899), ==, 899);
  fake_free (f);
}

/* What a fetch gives besides the offset. */
static void
assert_detail (Fake *f, const char *group, const char *topic, int32_t partition, int64_t offset, int32_t epoch,
               const char *metadata)
{
  Call *c = call_new (f, 9, 9);

  c->fetch_group = (StokerOffsetFetchGroup){ .group_id = stoker_str (group), .member_epoch = -1, .n_topics = -1 };
  c->u.fetch.groups = &c->fetch_group;
  c->u.fetch.n_groups = 1;
  stk_groups_fetch_offsets (f->groups, &c->u.fetch);
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->fetch_group.error, ==, 0);
  g_assert_cmpint (c->fetch_group.n_topics, ==, 1);
  g_assert_true (stoker_str_is (c->fetch_group.topics[0].name, topic));
  g_assert_cmpint (c->fetch_group.topics[0].n_partitions, ==, 1);
  g_assert_cmpint (c->fetch_group.topics[0].partitions[0].partition, ==, partition);
  g_assert_cmpint (c->fetch_group.topics[0].partitions[0].offset, ==, offset);
  g_assert_cmpint (c->fetch_group.topics[0].partitions[0].leader_epoch, ==, epoch);
  g_assert_true (stoker_str_is (c->fetch_group.topics[0].partitions[0].metadata, metadata));
  call_free (c);
}

static void
test_detail_survives (void)
{
  Fake *f = fake_new (6);
  Call *c;

  fake_start (f);
  c = commit_begin (f, "g", "", -1, "t", 2, 50, "say \"hi\"\n\\");
  c->parts[0].leader_epoch = 9; /* too late: it was taken already */
  fake_run_until (f, &c->done);
  call_free (c);
  assert_detail (f, "g", "t", 2, 50, -1, "say \"hi\"\n\\");
  fake_stop (f);
  fake_start (f);
  assert_detail (f, "g", "t", 2, 50, -1, "say \"hi\"\n\\");
  fake_free (f);
}

static void
test_names (void)
{
  static const char *const names[]
      = { "plain-1.2_x", "with space", "ä:ö", "a/b", "100%", "..", ".", "", "tab\there", "a%2Fb" };
  static const char *const paths[]
      = { "plain-1.2_x", "with space", "ä:ö", "a%2Fb", "100%25", "%2E%2E", "%2E", "%", "tab%09here", "a%252Fb" };
  Fake *f = fake_new (7);

  fake_start (f);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = stk_path_encode (stoker_str (names[i])), *back = NULL;
    size_t len;
    g_assert_cmpstr (path, ==, paths[i]);
    back = stk_path_decode (stoker_str (path), &len);
    g_assert_cmpmem (back, len, names[i], strlen (names[i]));
    g_assert_cmpint (commit (f, names[i], "", -1, "t", 0, (int64_t)i, NULL), ==, 0);
  }
  fake_stop (f);
  fake_start (f);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpint (fetched (f, names[i], "t", 0), ==, i);
  fake_free (f);
}

static void
test_old_consumers (void)
{
  Fake *f = fake_new (8);

  /* What Kafka 0.8's consumer leaves: registrations, owners, offsets; and some rubbish. */
  fake_set (f, "/consumers/old/ids", NULL);
  fake_set (f, "/consumers/old/owners/t/0", "thread-1");
  fake_set (f, "/consumers/old/offsets/t/0", "77");
  fake_set (f, "/consumers/old/offsets/t/1", "rubbish");
  fake_set (f, "/consumers/old/offsets/t/01", "5");
  fake_set (f, "/consumers/only-ids/ids", NULL);
  fake_start (f);
  g_assert_cmpuint (stk_groups_count (f->groups), ==, 1);
  g_assert_cmpint (fetched (f, "old", "t", 0), ==, 77);
  g_assert_cmpint (fetched (f, "old", "t", 1), ==, -1);
  g_assert_cmpint (commit (f, "old", "", -1, "t", 1, 8, NULL), ==, 0); /* its node is there, which we did not expect */
  g_assert_cmpstr (fake_get (f, "/consumers/old/offsets/t/1"), ==, "8");
  g_assert_cmpint (delete_group (f, "old"), ==, 0);
  g_assert_null (fake_get (f, "/consumers/old/offsets/t/0"));
  g_assert_nonnull (fake_get (f, "/consumers/old/owners/t/0")); /* not ours */
  fake_free (f);
}

/* Whatever stands in the tree, it is read or left out, and the rest is served. */
static void
test_rubbish (void)
{
  static const char *const states[] = { "",
                                        "{",
                                        "[]",
                                        "{\"version\":2}",
                                        "{\"version\":1,\"members\":[1,{},{\"member_id\":7}]}",
                                        "{\"version\":1,\"generation\":\"x\",\"protocol\":[],\"members\":{}}" };
  static const char *const details[] = { "",
                                         "7",
                                         "{\"leader_epoch\":\"x\",\"metadata\":5}",
                                         "{\"timestamp\":null}",
                                         "{\"metadata\":{}}",
                                         "{\"leader_epoch\":99999999999}" };
  Fake *f = fake_new (18);

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++) {
    g_autofree char *base = g_strdup_printf ("/consumers/r%d", (int)i), *state = g_strdup_printf ("%s/group", base);
    g_autofree char *offset = g_strdup_printf ("%s/offsets/t/0", base), *detail = g_strdup_printf ("%s/detail", offset);
    fake_set (f, state, states[i]);
    fake_set (f, offset, "11");
    fake_set (f, detail, details[i]);
  }
  fake_set (f, "/consumers/100%/offsets/t/0", "5"); /* another spelling of a name is another node: not both */
  fake_set (f, "/consumers/100%25/offsets/t/0", "6");
  fake_set (f, "/consumers/r0/offsets/t/99999999999", "1");
  fake_set (f, "/consumers/r0/offsets/t/1", "123456789012345678901234567890");
  fake_start (f);
  for (gsize i = 0; i < G_N_ELEMENTS (states); i++) {
    g_autofree char *name = g_strdup_printf ("r%d", (int)i);
    g_assert_cmpint (fetched (f, name, "t", 0), ==, 11);
    g_assert_cmpint (commit (f, name, "", -1, "t", 0, 12, "note"), ==, 0);
  }
  g_assert_cmpint (fetched (f, "r0", "t", 1), ==, -1);
  g_assert_cmpint (fetched (f, "100%", "t", 0), ==, 6);
  fake_free (f);
}

static void
test_delete (void)
{
  Fake *f = fake_new (9);

  fake_start (f);
  g_assert_cmpint (delete_group (f, "g"), ==, STOKER_GROUP_ID_NOT_FOUND);
  g_assert_cmpint (delete_offset (f, "g", "t", 0), ==, STOKER_GROUP_ID_NOT_FOUND);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 1, "x"), ==, 0);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 1, 2, NULL), ==, 0);
  g_assert_cmpint (delete_offset (f, "g", "t", 5), ==, 0); /* nothing there is fine */
  g_assert_cmpint (delete_offset (f, "g", "t", 0), ==, 0);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  g_assert_cmpint (fetched (f, "g", "t", 1), ==, 2);
  g_assert_null (fake_get (f, "/consumers/g/offsets/t/0"));
  g_assert_cmpint (delete_offset (f, "g", "t", 1), ==, 0);
  g_assert_null (fake_get (f, "/consumers/g/offsets/t"));
  g_assert_cmpint (commit (f, "g", "", -1, "t", 1, 3, NULL), ==, 0);
  g_assert_cmpint (delete_group (f, "g"), ==, 0);
  g_assert_null (fake_get (f, "/consumers/g"));
  g_assert_cmpint (fetched (f, "g", "t", 1), ==, -1);
  fake_free (f);
}

static void
test_delete_while_committing (void)
{
  Fake *f = fake_new (10);
  Call *c, *d;

  fake_start (f);
  c = commit_begin (f, "g", "", -1, "t", 0, 1, "note");
  g_assert_cmpint (delete_group (f, "g"), ==, 0);
  d = commit_begin (f, "g", "", -1, "t", 0, 2, NULL);
  fake_run_until (f, &d->done);
  g_assert_true (c->done);
  g_assert_cmpint (c->parts[0].error | d->parts[0].error, ==, 0);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, 2);
  call_free (c);
  call_free (d);
  /* And a partition's offset alone. */
  c = commit_begin (f, "g", "", -1, "t", 0, 3, NULL);
  g_assert_cmpint (delete_offset (f, "g", "t", 0), ==, 0);
  g_assert_true (c->done);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  call_free (c);
  fake_stop (f);
  fake_start (f);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  fake_free (f);
}

static void
test_topic_deleted (void)
{
  Fake *f = fake_new (11);

  fake_start (f);
  for (int i = 0; i < 5; i++)
    g_assert_cmpint (commit (f, "g", "", -1, "t", i, i, NULL), ==, 0);
  g_assert_cmpint (commit (f, "g", "", -1, "u", 0, 9, NULL), ==, 0);
  stk_groups_topic_deleted (f->groups, stoker_str ("t"));
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  fake_run_for (f, SEC);
  g_assert_null (fake_get (f, "/consumers/g/offsets/t"));
  g_assert_cmpint (fetched (f, "g", "u", 0), ==, 9);
  fake_free (f);
}

static void
test_expiry (void)
{
  Fake *f = fake_new (12);
  g_autofree char *id = NULL;
  Call *c, *s;

  fake_start (f);
  g_assert_cmpint (commit (f, "simple", "", -1, "t", 0, 1, NULL), ==, 0);
  /* An own time to live (v2 to v4). */
  c = call_new (f, 8, 3);
  c->parts[0] = (StokerOffsetPartition){ .offset = 1, .leader_epoch = -1, .timestamp = -1 };
  c->topic = (StokerOffsetTopic){ stoker_str ("t"), c->parts, 1 };
  c->u.commit = (StokerOffsetCommit){ .call = c->u.call,
                                      .group_id = stoker_str ("short"),
                                      .member_id = stoker_str (""),
                                      .generation = -1,
                                      .retention_ms = 3600 * 1000,
                                      .topics = &c->topic,
                                      .n_topics = 1 };
  stk_groups_commit (f->groups, &c->u.commit);
  fake_run_until (f, &c->done);
  call_free (c);
  /* A group that lives on; its member's subscription names no topic that it committed. */
  id = get_member_id (f, "live");
  c = join_begin (f, "live", id, NULL, "range", "no subscription");
  fake_run_until (f, &c->done);
  s = sync_begin (f, "live", id, NULL, 1);
  sync_go (f, s);
  fake_run_until (f, &s->done);
  call_free (c);
  call_free (s);
  g_assert_cmpint (commit (f, "live", id, 1, "t", 0, 5, NULL), ==, 0);
  fake_stop (f);
  fake_start (f);

  f->wall_ms += 2 * 3600 * 1000;
  for (int i = 0; i < 70; i++) { /* the check comes every ten minutes */
    fake_run_for (f, 9 * SEC);
    g_assert_cmpint (heartbeat (f, "live", id, NULL, 1), ==, 0);
  }
  g_assert_cmpint (fetched (f, "short", "t", 0), ==, -1);
  g_assert_cmpint (fetched (f, "simple", "t", 0), ==, 1);
  f->wall_ms += 8 * DAY_MS;
  for (int i = 0; i < 70; i++) {
    fake_run_for (f, 9 * SEC);
    g_assert_cmpint (heartbeat (f, "live", id, NULL, 1), ==, 0);
  }
  g_assert_cmpint (fetched (f, "simple", "t", 0), ==, -1);
  g_assert_cmpint (fetched (f, "live", "t", 0), ==, 5);
  fake_run_for (f, 1300 * SEC);
  g_assert_null (fake_get (f, "/consumers/simple"));
  g_assert_null (fake_get (f, "/consumers/short"));
  /* Its member is gone now; the clock starts when it became empty. */
  g_assert_cmpint (fetched (f, "live", "t", 0), ==, 5);
  f->wall_ms += 8 * DAY_MS;
  fake_run_for (f, 2000 * SEC);
  g_assert_cmpuint (stk_groups_count (f->groups), ==, 0);
  g_assert_null (fake_get (f, "/consumers/live"));
  fake_free (f);
}

/* ---- a coordinator that misbehaves */

static void
test_lost_answers (void)
{
  Fake *f = fake_new (13);

  fake_start (f);
  for (int i = 0; i < 10; i++) {
    f->lose = i % 3;
    f->fail = i % 2;
    g_assert_cmpint (commit (f, "g", "", -1, "t", i, 100 + i, i % 2 ? "note" : NULL), ==, 0);
  }
  f->lose = 1;
  g_assert_cmpint (delete_offset (f, "g", "t", 0), ==, 0);
  f->lose = 2;
  g_assert_cmpint (delete_group (f, "g"), ==, 0);
  g_assert_null (fake_get (f, "/consumers/g"));
  fake_free (f);
}

static void
test_away (void)
{
  Fake *f = fake_new (14);
  Call *c, *d;

  fake_start (f);
  f->away = true;
  c = commit_begin (f, "g", "", -1, "t", 0, 1, NULL);
  d = commit_begin (f, "g", "", -1, "t", 1, 2, NULL);
  fake_run_for (f, 4 * SEC);
  g_assert_false (c->done);
  fake_run_for (f, 2 * SEC);
  g_assert_true (c->done && d->done);
  g_assert_cmpint (c->parts[0].error, ==, STOKER_COORDINATOR_NOT_AVAILABLE);
  g_assert_cmpint (d->parts[0].error, ==, STOKER_COORDINATOR_NOT_AVAILABLE);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, -1);
  call_free (c);
  call_free (d);
  f->away = false;
  g_assert_cmpint (commit (f, "g", "", -1, "t", 1, 3, NULL), ==, 0); /* no restart needed */
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, 1);                 /* what was late is there all the same */
  g_assert_cmpint (fetched (f, "g", "t", 1), ==, 3);
  f->away = true;
  c = commit_begin (f, "g", "", -1, "t", 1, 4, NULL);
  fake_stop (f); /* ends although the coordinator does not answer */
  g_assert_true (c->done);
  call_free (c);
  f->away = false;
  fake_run_for (f, SEC); /* the answer that comes after that harms nobody */
  fake_free (f);
}

static void
test_tree_changed_outside (void)
{
  Fake *f = fake_new (15);

  fake_start (f);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 1, NULL), ==, 0);
  fake_delete (f, "/consumers/g");
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 2, "x"), ==, 0);
  g_assert_cmpstr (fake_get (f, "/consumers/g/offsets/t/0"), ==, "2");
  fake_set (f, "/consumers/h/offsets/t/0", "50");
  g_assert_cmpint (commit (f, "h", "", -1, "t", 0, 3, NULL), ==, 0);
  g_assert_cmpstr (fake_get (f, "/consumers/h/offsets/t/0"), ==, "3");
  fake_delete (f, "/consumers");
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 4, NULL), ==, 0);
  fake_delete (f, "/consumers/g/offsets");
  g_assert_cmpint (delete_group (f, "g"), ==, 0);
  fake_free (f);
}

static size_t
in_use (void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || !defined __GLIBC__
  return 0;
#else
  return mallinfo2 ().uordblks;
#endif
}

/* What 200 idle groups of six partitions hold: at most 2 KiB each. Measured by freeing them, because the fake's tree is
 * on the same heap. */
static void
test_idle_memory (void)
{
  enum
  {
    GROUPS = 200,
    PARTS = 6
  };
  Fake *f = fake_new (16);
  size_t with, without;

  for (int g = 0; g < GROUPS; g++)
    for (int p = 0; p < PARTS; p++) {
      g_autofree char *path = g_strdup_printf ("/consumers/some-group-%d/offsets/a-topic/%d", g, p);
      fake_set (f, path, "12345");
    }
  fake_start (f);
  g_assert_cmpuint (stk_groups_count (f->groups), ==, GROUPS);
  with = in_use ();
  fake_stop (f);
  without = in_use ();
  g_test_message ("%zu bytes per idle group", (with - without) / GROUPS);
  if (with > without)
    g_assert_cmpuint ((with - without) / GROUPS, <, 2048);
  fake_free (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/group/offsets/simple", test_simple);
  g_test_add_func ("/group/offsets/refusals", test_refusals);
  g_test_add_func ("/group/offsets/visible-when-durable", test_visible_when_durable);
  g_test_add_func ("/group/offsets/coalesced", test_coalesced);
  g_test_add_func ("/group/offsets/large-commit", test_large_commit);
  g_test_add_func ("/group/offsets/detail-survives", test_detail_survives);
  g_test_add_func ("/group/offsets/names", test_names);
  g_test_add_func ("/group/offsets/old-consumers", test_old_consumers);
  g_test_add_func ("/group/offsets/rubbish", test_rubbish);
  g_test_add_func ("/group/offsets/delete", test_delete);
  g_test_add_func ("/group/offsets/delete-while-committing", test_delete_while_committing);
  g_test_add_func ("/group/offsets/topic-deleted", test_topic_deleted);
  g_test_add_func ("/group/offsets/expiry", test_expiry);
  g_test_add_func ("/group/offsets/lost-answers", test_lost_answers);
  g_test_add_func ("/group/offsets/away", test_away);
  g_test_add_func ("/group/offsets/tree-changed-outside", test_tree_changed_outside);
  g_test_add_func ("/group/offsets/idle-memory", test_idle_memory);
  return g_test_run ();
}
