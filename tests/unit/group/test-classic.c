/* SPDX-License-Identifier: Apache-2.0
 *
 * The classic protocol, state by state (kafka-facts 9.2, 9.3).
 */
#include "tests/unit/group/calls.h"

#define SEC G_USEC_PER_SEC

static void
assert_state (Fake *f, const char *group, const char *state, int32_t members)
{
  int32_t n;
  g_autofree char *is = state_of (f, group, &n);

  g_assert_cmpstr (is, ==, state);
  g_assert_cmpint (n, ==, members);
}

/* One member, alone and stable; its id. */
static char *
one_stable (Fake *f, const char *group, const char *instance, int32_t *generation)
{
  char *id = instance ? g_strdup ("") : get_member_id (f, group);
  Call *j = join_begin (f, group, id, instance, "range", "topics"), *s;

  fake_run_until (f, &j->done);
  g_assert_cmpint (j->u.join.error, ==, 0);
  if (instance) {
    g_free (id);
    id = text_of (j->u.join.out_member_id);
  }
  g_assert_true (stoker_str_is (j->u.join.leader, id));
  g_assert_cmpint (j->u.join.n_members, ==, 1);
  *generation = j->u.join.generation;
  s = sync_begin (f, group, id, instance, *generation);
  sync_assign (s, id, "all");
  sync_go (f, s);
  fake_run_until (f, &s->done);
  g_assert_cmpint (s->u.sync.error, ==, 0);
  g_assert_cmpmem (s->u.sync.assignment.data, s->u.sync.assignment.len, "all", 3);
  call_free (j);
  call_free (s);
  return id;
}

static void
test_first_member (void)
{
  Fake *f = fake_new (1);
  int32_t generation;
  int64_t before;
  g_autofree char *id = NULL;

  fake_start (f);
  before = f->now_us;
  id = one_stable (f, "g", NULL, &generation);
  g_assert_true (g_str_has_prefix (id, "client-"));
  g_assert_cmpuint (strlen (id), ==, strlen ("client-") + 36);
  g_assert_cmpint (generation, ==, 1);
  g_assert_cmpint (f->now_us - before, >=, 3 * SEC); /* the initial delay */
  assert_state (f, "g", "Stable", 1);
  g_assert_cmpint (heartbeat (f, "g", id, NULL, 1), ==, 0);
  g_assert_cmpint (heartbeat (f, "g", id, NULL, 0), ==, STOKER_ILLEGAL_GENERATION);
  g_assert_cmpint (heartbeat (f, "g", "other", NULL, 1), ==, STOKER_UNKNOWN_MEMBER_ID);
  g_assert_cmpint (heartbeat (f, "none", id, NULL, 1), ==, STOKER_UNKNOWN_MEMBER_ID);
  g_assert_cmpint (leave (f, "g", id, NULL), ==, 0);
  assert_state (f, "g", "Empty", 0);
  fake_free (f);
}

static void
test_session (void)
{
  Fake *f = fake_new (2);
  int32_t generation;
  g_autofree char *id = NULL;

  fake_start (f);
  id = one_stable (f, "g", NULL, &generation);
  for (int i = 0; i < 5; i++) {
    fake_run_for (f, 9 * SEC);
    g_assert_cmpint (heartbeat (f, "g", id, NULL, 1), ==, 0);
  }
  fake_run_for (f, 9900 * 1000);
  assert_state (f, "g", "Stable", 1);
  fake_run_for (f, 200 * 1000);
  assert_state (f, "g", "Empty", 0);
  g_assert_cmpint (heartbeat (f, "g", id, NULL, 1), ==, STOKER_UNKNOWN_MEMBER_ID);
  fake_free (f);
}

static void
test_two_members (void)
{
  Fake *f = fake_new (3);
  g_autofree char *a = NULL, *b = NULL;
  Call *ja, *jb, *sa, *sb;
  int32_t generation;

  fake_start (f);
  a = one_stable (f, "g", NULL, &generation);
  b = get_member_id (f, "g");
  assert_state (f, "g", "Stable", 1); /* an id that was only given out changes nothing */
  jb = join_begin (f, "g", b, NULL, "range", "mb");
  fake_run_for (f, SEC);
  g_assert_false (jb->done);
  assert_state (f, "g", "PreparingRebalance", 2);
  g_assert_cmpint (heartbeat (f, "g", a, NULL, 1), ==, STOKER_REBALANCE_IN_PROGRESS);
  g_assert_cmpint (commit (f, "g", a, 1, "t", 0, 5, NULL), ==, 0); /* what it finished in the generation before */
  sa = sync_begin (f, "g", a, NULL, 1);
  sync_go (f, sa);
  fake_run_until (f, &sa->done);
  g_assert_cmpint (sa->u.sync.error, ==, STOKER_REBALANCE_IN_PROGRESS);
  call_free (sa);
  ja = join_begin (f, "g", a, NULL, "range", "ma");
  fake_run_until (f, &ja->done);
  fake_run_until (f, &jb->done);
  g_assert_cmpint (ja->u.join.generation, ==, 2);
  g_assert_cmpint (ja->u.join.n_members, ==, 2);
  g_assert_cmpint (jb->u.join.n_members, ==, 0);
  g_assert_true (stoker_str_is (jb->u.join.leader, a));
  g_assert_true (stoker_str_is (jb->u.join.out_protocol_name, "range"));
  assert_state (f, "g", "CompletingRebalance", 2);
  g_assert_cmpint (commit (f, "g", a, 2, "t", 0, 6, NULL), ==, STOKER_REBALANCE_IN_PROGRESS);
  g_assert_cmpint (heartbeat (f, "g", a, NULL, 2), ==, 0);

  sb = sync_begin (f, "g", b, NULL, 2);
  sync_go (f, sb);
  fake_run_for (f, SEC);
  g_assert_false (sb->done);
  sa = sync_begin (f, "g", a, NULL, 2);
  sync_assign (sa, b, "for b");
  sync_assign (sa, "nobody", "x");
  sync_go (f, sa);
  fake_run_until (f, &sb->done);
  fake_run_until (f, &sa->done);
  g_assert_cmpmem (sb->u.sync.assignment.data, sb->u.sync.assignment.len, "for b", 5);
  g_assert_cmpuint (sa->u.sync.assignment.len, ==, 0); /* the leader forgot itself */
  call_free (ja);
  call_free (jb);
  call_free (sa);
  call_free (sb);

  /* A follower that lost the answer asks again and gets it without a rebalance. */
  jb = join_begin (f, "g", b, NULL, "range", "mb");
  fake_run_until (f, &jb->done);
  g_assert_cmpint (jb->u.join.generation, ==, 2);
  call_free (jb);
  assert_state (f, "g", "Stable", 2);
  /* The leader that joins again wants a new assignment. */
  ja = join_begin (f, "g", a, NULL, "range", "ma");
  fake_run_for (f, SEC);
  assert_state (f, "g", "PreparingRebalance", 2);
  /* b does not come back in time. */
  for (int i = 0; i < 4; i++) {
    (void)heartbeat (f, "g", b, NULL, 2);
    fake_run_for (f, 8 * SEC);
  }
  g_assert_true (ja->done);
  g_assert_cmpint (ja->u.join.n_members, ==, 1);
  g_assert_cmpint (ja->u.join.generation, ==, 3);
  call_free (ja);
  fake_free (f);
}

static void
test_initial_delay (void)
{
  Fake *f = fake_new (4);
  g_autofree char *a = NULL, *b = NULL;
  Call *ja, *jb;
  int64_t start;

  fake_start (f);
  a = get_member_id (f, "g");
  b = get_member_id (f, "g");
  start = f->now_us;
  ja = join_begin (f, "g", a, NULL, "range", "m");
  fake_run_for (f, 2 * SEC);
  jb = join_begin (f, "g", b, NULL, "range", "m"); /* extends it */
  fake_run_until (f, &ja->done);
  fake_run_until (f, &jb->done);
  g_assert_cmpint (f->now_us - start, ==, 6 * SEC);
  g_assert_cmpint (ja->u.join.n_members + jb->u.join.n_members, ==, 2);
  call_free (ja);
  call_free (jb);
  fake_free (f);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *group, *member, *type, *protocol;
    int32_t session_ms;
    int16_t error;
  } rows[] = {
    { "", "", "consumer", "range", 10000, STOKER_INVALID_GROUP_ID },
    { NULL, "", "consumer", "range", 10000, STOKER_INVALID_GROUP_ID },
    { "g", "", "consumer", "range", 5999, STOKER_INVALID_SESSION_TIMEOUT },
    { "g", "", "consumer", "range", 1800001, STOKER_INVALID_SESSION_TIMEOUT },
    { "g", "", "connect", "range", 10000, STOKER_INCONSISTENT_GROUP_PROTOCOL },
    { "g", "", "consumer", "sticky", 10000, STOKER_INCONSISTENT_GROUP_PROTOCOL },
    { "g", "unknown", "consumer", "range", 10000, STOKER_UNKNOWN_MEMBER_ID },
    { "new", "unknown", "consumer", "range", 10000, STOKER_UNKNOWN_MEMBER_ID },
    { "new", "", "", "range", 10000, STOKER_INCONSISTENT_GROUP_PROTOCOL },
  };
  Fake *f = fake_new (5);
  int32_t generation;
  g_autofree char *id = NULL;

  fake_start (f);
  id = one_stable (f, "g", NULL, &generation);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    Call *c = call_new (f, 11, 9);
    c->protocols[0] = (StokerGroupProtocol){ stoker_str (rows[i].protocol), { (uint8_t *)"m", 1 } };
    c->u.join.group_id = stoker_str (rows[i].group);
    c->u.join.member_id = stoker_str (rows[i].member);
    c->u.join.protocol_type = stoker_str (rows[i].type);
    c->u.join.session_timeout_ms = c->u.join.rebalance_timeout_ms = rows[i].session_ms;
    c->u.join.protocols = c->protocols;
    c->u.join.n_protocols = 1;
    stk_groups_join (f->groups, &c->u.join);
    fake_run_until (f, &c->done);
    g_assert_cmpint (c->u.join.error, ==, rows[i].error);
    g_assert_cmpint (c->u.join.generation, ==, -1);
    call_free (c);
  }
  g_assert_cmpuint (stk_groups_count (f->groups), ==, 1); /* refused joins leave nothing behind */
  fake_free (f);
}

static void
test_pending_id_runs_out (void)
{
  Fake *f = fake_new (6);
  g_autofree char *id = NULL;
  Call *j;

  fake_start (f);
  id = get_member_id (f, "g");
  g_assert_cmpuint (stk_groups_count (f->groups), ==, 1);
  fake_run_for (f, 11 * SEC);
  g_assert_cmpuint (stk_groups_count (f->groups), ==, 0);
  j = join_begin (f, "g", id, NULL, "range", "m");
  fake_run_until (f, &j->done);
  g_assert_cmpint (j->u.join.error, ==, STOKER_UNKNOWN_MEMBER_ID);
  call_free (j);
  fake_free (f);
}

static void
test_pending_id_holds_rebalance (void)
{
  Fake *f = fake_new (7);
  g_autofree char *a = NULL, *b = NULL;
  int32_t generation;
  Call *ja;

  fake_start (f);
  a = one_stable (f, "g", NULL, &generation);
  b = get_member_id (f, "g");
  ja = join_begin (f, "g", a, NULL, "range", "changed");
  fake_run_for (f, SEC);
  g_assert_false (ja->done); /* b has its id and may come */
  g_assert_cmpint (leave (f, "g", b, NULL), ==, 0);
  fake_run_until (f, &ja->done);
  g_assert_cmpint (ja->u.join.generation, ==, 2);
  call_free (ja);
  fake_free (f);
}

static void
test_max_size (void)
{
  Fake *f = fake_new (8);
  g_autofree char *a = NULL;
  int32_t generation;
  Call *c;

  f->config.max_size = 1;
  fake_start (f);
  a = one_stable (f, "g", NULL, &generation);
  c = join_begin (f, "g", "", NULL, "range", "m");
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->u.join.error, ==, STOKER_GROUP_MAX_SIZE_REACHED);
  call_free (c);
  assert_state (f, "g", "Stable", 1);
  fake_free (f);
}

static void
test_too_much (void)
{
  Fake *f = fake_new (17);
  Call *c = call_new (f, 11, 9);
  g_autofree char *large = g_malloc0 (5 << 20);

  fake_start (f);
  c->protocols[0] = (StokerGroupProtocol){ stoker_str ("range"), { (uint8_t *)large, 5 << 20 } };
  c->u.join.group_id = stoker_str ("g");
  c->u.join.member_id = stoker_str ("");
  c->u.join.protocol_type = stoker_str ("consumer");
  c->u.join.session_timeout_ms = 10000;
  c->u.join.protocols = c->protocols;
  c->u.join.n_protocols = 1;
  stk_groups_join (f->groups, &c->u.join);
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->u.join.error, ==, STOKER_INVALID_REQUEST);
  call_free (c);
  /* Ids that nobody uses are bounded too. */
  for (int i = 0; i < 10000; i++)
    g_free (get_member_id (f, "g"));
  c = join_begin (f, "g", "", NULL, "range", "m");
  fake_run_until (f, &c->done);
  g_assert_cmpint (c->u.join.error, ==, STOKER_GROUP_MAX_SIZE_REACHED);
  call_free (c);
  fake_free (f);
}

static void
test_sync_overdue (void)
{
  Fake *f = fake_new (9);
  g_autofree char *a = NULL, *b = NULL;
  Call *ja, *jb, *sb;

  fake_start (f);
  a = get_member_id (f, "g");
  b = get_member_id (f, "g");
  ja = join_begin (f, "g", a, NULL, "range", "m");
  jb = join_begin (f, "g", b, NULL, "range", "m");
  fake_run_until (f, &jb->done);
  fake_run_until (f, &ja->done);
  /* The leader keeps beating but never brings an assignment. */
  sb = sync_begin (f, "g", b, NULL, 1);
  sync_go (f, sb);
  for (int i = 0; i < 6; i++) {
    fake_run_for (f, 5 * SEC - 1000);
    if (i < 5)
      g_assert_cmpint (heartbeat (f, "g", a, NULL, 1), ==, 0);
  }
  g_assert_false (sb->done);
  fake_run_for (f, SEC);
  g_assert_true (sb->done);
  g_assert_cmpint (sb->u.sync.error, ==, STOKER_REBALANCE_IN_PROGRESS);
  g_assert_cmpint (heartbeat (f, "g", a, NULL, 1), ==, STOKER_UNKNOWN_MEMBER_ID);
  assert_state (f, "g", "PreparingRebalance", 1);
  call_free (ja);
  call_free (jb);
  call_free (sb);
  fake_free (f);
}

static void
test_sync_checks (void)
{
  Fake *f = fake_new (10);
  int32_t generation;
  g_autofree char *id = one_stable ((fake_start (f), f), "g", NULL, &generation);
  static const struct
  {
    const char *member, *type, *name;
    int32_t generation;
    int16_t error;
  } rows[] = {
    { NULL, "consumer", "range", 1, 0 },
    { NULL, "consumer", "range", 2, STOKER_ILLEGAL_GENERATION },
    { NULL, "connect", "range", 1, STOKER_INCONSISTENT_GROUP_PROTOCOL },
    { NULL, "consumer", "sticky", 1, STOKER_INCONSISTENT_GROUP_PROTOCOL },
    { NULL, NULL, "range", 1, STOKER_INCONSISTENT_GROUP_PROTOCOL },
    { "x", "consumer", "range", 1, STOKER_UNKNOWN_MEMBER_ID },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    Call *s = sync_begin (f, "g", rows[i].member ? rows[i].member : id, NULL, rows[i].generation);
    s->u.sync.protocol_type = stoker_str (rows[i].type);
    s->u.sync.protocol_name = stoker_str (rows[i].name);
    sync_go (f, s);
    fake_run_until (f, &s->done);
    g_assert_cmpint (s->u.sync.error, ==, rows[i].error);
    call_free (s);
  }
  fake_free (f);
}

/* ---- static members */

static void
test_static_return (void)
{
  Fake *f = fake_new (11);
  g_autofree char *old = NULL, *new = NULL;
  int32_t generation;
  Call *j, *s;

  fake_start (f);
  old = one_stable (f, "g", "i1", &generation);
  g_assert_true (g_str_has_prefix (old, "i1-"));
  j = join_begin (f, "g", "", "i1", "range", "topics");
  fake_run_until (f, &j->done);
  g_assert_cmpint (j->u.join.error, ==, 0);
  g_assert_cmpint (j->u.join.generation, ==, 1); /* no rebalance */
  g_assert_true (j->u.join.skip_assignment);
  g_assert_cmpint (j->u.join.n_members, ==, 1);
  new = text_of (j->u.join.out_member_id);
  g_assert_cmpstr (new, !=, old);
  g_assert_true (stoker_str_is (j->u.join.leader, new));
  call_free (j);
  g_assert_cmpint (heartbeat (f, "g", old, "i1", 1), ==, STOKER_FENCED_INSTANCE_ID);
  g_assert_cmpint (heartbeat (f, "g", old, NULL, 1), ==, STOKER_UNKNOWN_MEMBER_ID);
  g_assert_cmpint (heartbeat (f, "g", new, "i1", 1), ==, 0);
  g_assert_cmpint (heartbeat (f, "g", new, "i2", 1), ==, STOKER_UNKNOWN_MEMBER_ID);
  s = sync_begin (f, "g", new, "i1", 1);
  sync_go (f, s);
  fake_run_until (f, &s->done);
  g_assert_cmpmem (s->u.sync.assignment.data, s->u.sync.assignment.len, "all", 3);
  call_free (s);
  g_assert_true (strstr (fake_get (f, "/consumers/g/group"), new) != NULL);

  /* An old client is told the old leader's name instead. */
  j = call_new (f, 11, 5);
  j->protocols[0] = (StokerGroupProtocol){ stoker_str ("range"), { (uint8_t *)"topics", 6 } };
  j->u.join = (StokerJoinGroup){ .call = j->u.join.call,
                                 .group_id = stoker_str ("g"),
                                 .member_id = stoker_str (""),
                                 .instance_id = stoker_str ("i1"),
                                 .protocol_type = stoker_str ("consumer"),
                                 .session_timeout_ms = 10000,
                                 .rebalance_timeout_ms = 30000,
                                 .protocols = j->protocols,
                                 .n_protocols = 1 };
  stk_groups_join (f->groups, &j->u.join);
  fake_run_until (f, &j->done);
  g_assert_true (stoker_str_is (j->u.join.leader, new));
  g_assert_false (j->u.join.skip_assignment);
  g_assert_false (stoker_str_is (j->u.join.out_member_id, new));
  call_free (j);

  g_assert_cmpint (leave (f, "g", "", "i1"), ==, 0); /* by an administrator */
  g_assert_cmpint (leave (f, "g", "", "i1"), ==, STOKER_UNKNOWN_MEMBER_ID);
  assert_state (f, "g", "Empty", 0);
  fake_free (f);
}

static void
test_static_fenced_while_waiting (void)
{
  Fake *f = fake_new (12);
  Call *a, *b;

  fake_start (f);
  a = join_begin (f, "g", "", "i1", "range", "m");
  fake_run_for (f, SEC);
  b = join_begin (f, "g", "", "i1", "range", "m");
  fake_run_until (f, &a->done);
  g_assert_cmpint (a->u.join.error, ==, STOKER_FENCED_INSTANCE_ID);
  fake_run_until (f, &b->done);
  g_assert_cmpint (b->u.join.error, ==, 0);
  g_assert_cmpint (b->u.join.n_members, ==, 1);
  call_free (a);
  call_free (b);
  fake_free (f);
}

/* ---- connections that go, restarts */

static void
test_cancelled_join (void)
{
  Fake *f = fake_new (13);
  g_autofree char *a = NULL, *b = NULL;
  int32_t generation;
  Call *jb, *ja;

  fake_start (f);
  a = one_stable (f, "g", NULL, &generation);
  b = get_member_id (f, "g");
  jb = join_begin (f, "g", b, NULL, "range", "m");
  fake_run_for (f, SEC);
  stk_groups_cancel_join (f->groups, &jb->u.join);
  fake_run_until (f, &jb->done);
  ja = join_begin (f, "g", a, NULL, "range", "m");
  fake_run_until (f, &ja->done); /* does not wait for b */
  g_assert_cmpint (ja->u.join.n_members, ==, 1);
  call_free (ja);
  call_free (jb);
  fake_free (f);
}

static void
test_restart (void)
{
  Fake *f = fake_new (14);
  g_autofree char *id = NULL;
  int32_t generation, n;
  g_autofree char *state = NULL;
  Call *s;

  fake_start (f);
  id = one_stable (f, "g", "inst \"1\"\n", &generation);
  g_assert_cmpint (commit (f, "g", id, 1, "t", 3, 42, "hello \"world\""), ==, 0);
  for (int i = 0; i < 2; i++) {
    if (i == 0)
      fake_stop (f);
    else
      fake_crash (f);
    fake_start (f);
    g_free (state);
    state = state_of (f, "g", &n);
    g_assert_cmpstr (state, ==, "Stable");
    g_assert_cmpint (n, ==, 1);
    g_assert_cmpint (heartbeat (f, "g", id, "inst \"1\"\n", 1), ==, 0);
    g_assert_cmpint (heartbeat (f, "g", id, NULL, 0), ==, STOKER_ILLEGAL_GENERATION);
    g_assert_cmpint (fetched (f, "g", "t", 3), ==, 42);
    s = sync_begin (f, "g", id, NULL, 1);
    sync_go (f, s);
    fake_run_until (f, &s->done);
    g_assert_cmpmem (s->u.sync.assignment.data, s->u.sync.assignment.len, "all", 3);
    call_free (s);
  }
  /* Nobody beats: its session ends after the restart too, and the next generation goes on counting. */
  fake_run_for (f, 11 * SEC);
  g_free (state);
  state = state_of (f, "g", &n);
  g_assert_cmpstr (state, ==, "Empty");
  g_free (id);
  id = one_stable (f, "g", NULL, &generation);
  g_assert_cmpint (generation, ==, 3);
  fake_free (f);
}

static void
test_loading (void)
{
  Fake *f = fake_new (15);
  Call *j, *s;

  fake_set (f, "/consumers/g/offsets/t/0", "7");
  fake_start (f);
  fake_stop (f);
  f->away = true;
  fake_begin (f, NULL);
  g_assert_cmpint (stk_groups_owns (f->groups, stoker_str ("g")), ==, STOKER_COORDINATOR_LOAD_IN_PROGRESS);
  g_assert_cmpint (heartbeat (f, "g", "m", NULL, 1), ==, 0);
  j = join_begin (f, "g", "", NULL, "range", "m");
  fake_run_until (f, &j->done);
  g_assert_cmpint (j->u.join.error, ==, STOKER_COORDINATOR_LOAD_IN_PROGRESS);
  s = sync_begin (f, "g", "m", NULL, 1);
  sync_go (f, s);
  fake_run_until (f, &s->done);
  g_assert_cmpint (s->u.sync.error, ==, STOKER_REBALANCE_IN_PROGRESS);
  g_assert_cmpint (commit (f, "g", "", -1, "t", 0, 1, NULL), ==, STOKER_COORDINATOR_LOAD_IN_PROGRESS);
  f->away = false;
  fake_run_for (f, SEC);
  g_assert_cmpint (fetched (f, "g", "t", 0), ==, 7);
  call_free (j);
  call_free (s);
  fake_free (f);
}

static void
test_stop_answers (void)
{
  Fake *f = fake_new (16);
  Call *j, *k;

  fake_start (f);
  j = join_begin (f, "g", "", "i", "range", "m");
  fake_run_for (f, SEC);
  k = commit_begin (f, "h", "", -1, "t", 0, 9, NULL);
  fake_stop (f);
  g_assert_true (j->done && k->done);
  g_assert_cmpint (j->u.join.error, ==, STOKER_COORDINATOR_NOT_AVAILABLE);
  g_assert_cmpint (k->parts[0].error, ==, 0); /* it was on its way */
  call_free (j);
  call_free (k);
  fake_free (f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/group/classic/first-member", test_first_member);
  g_test_add_func ("/group/classic/session", test_session);
  g_test_add_func ("/group/classic/two-members", test_two_members);
  g_test_add_func ("/group/classic/initial-delay", test_initial_delay);
  g_test_add_func ("/group/classic/refusals", test_refusals);
  g_test_add_func ("/group/classic/pending-id-runs-out", test_pending_id_runs_out);
  g_test_add_func ("/group/classic/pending-id-holds-rebalance", test_pending_id_holds_rebalance);
  g_test_add_func ("/group/classic/max-size", test_max_size);
  g_test_add_func ("/group/classic/too-much", test_too_much);
  g_test_add_func ("/group/classic/sync-overdue", test_sync_overdue);
  g_test_add_func ("/group/classic/sync-checks", test_sync_checks);
  g_test_add_func ("/group/classic/static-return", test_static_return);
  g_test_add_func ("/group/classic/static-fenced-while-waiting", test_static_fenced_while_waiting);
  g_test_add_func ("/group/classic/cancelled-join", test_cancelled_join);
  g_test_add_func ("/group/classic/restart", test_restart);
  g_test_add_func ("/group/classic/loading", test_loading);
  g_test_add_func ("/group/classic/stop-answers", test_stop_answers);
  return g_test_run ();
}
