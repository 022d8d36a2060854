/* SPDX-License-Identifier: Apache-2.0
 *
 * Random clients against the coordinator on a virtual clock: they join, leave, crash, come back, sleep too long; the
 * coordinator's store loses answers and goes away; the broker is killed and started again. Held at all times:
 *  - no partition is given to two members in one generation
 *  - no generation older than one that was already given out is accepted
 *  - a commit that was acknowledged is never lost
 *  - left alone, the group settles: all live clients are in, every partition has an owner
 * GROUP_SEEDS=n runs n seeds, GROUP_SEED=s one.
 */
#include "tests/unit/group/calls.h"

#include <stdlib.h>

#define SEC G_USEC_PER_SEC
#define CLIENTS 6
#define PARTITIONS 12
#define GENERATIONS 4096

typedef enum Phase
{
  NEED_JOIN,
  NEED_SYNC,
  MEMBER,
} Phase;

typedef struct Client
{
  bool alive;
  char *id;         /* "" until it has one */
  char instance[8]; /* "": dynamic */
  Phase phase;
  int32_t generation;
  uint32_t parts; /* bits */
  Call *join, *sync, *beat, *commit;
  int32_t beat_generation, commit_newest; /* the newest generation given out when they were sent */
  int64_t commit_value;
  int commit_part;
  int64_t next_beat_us, asleep_until_us;
  char **roster; /* the leader's: whom to assign to */
} Client;

typedef struct Model
{
  Fake *f;
  Client c[CLIENTS];
  char *owner[GENERATIONS][PARTITIONS]; /* who was given it: member or instance */
  int32_t newest;                       /* generation given out by a sync */
  int64_t acked[PARTITIONS], value;
} Model;

static unsigned
pick (Model *m, unsigned n)
{
  return (unsigned)(fake_random (m->f) % n);
}

static const char *
instance_of (const Client *c)
{
  return c->instance[0] ? c->instance : NULL;
}

static void
set_id (Client *c, const char *id)
{
  char *old = c->id;

  c->id = g_strdup (id);
  g_free (old);
}

static void
drop_call (Call **c)
{
  if (*c)
    call_free (*c);
  *c = NULL;
}

/* ---- what answers mean to a client */

static void
lost_it (Client *c, int16_t error)
{
  c->phase = NEED_JOIN;
  c->parts = 0;
  if (error == STOKER_UNKNOWN_MEMBER_ID)
    set_id (c, "");
  if (error == STOKER_FENCED_INSTANCE_ID)
    c->alive = false;
}

static void
on_joined (Model *m, Client *c)
{
  StokerJoinGroup *j = &c->join->u.join;

  if (j->error == STOKER_MEMBER_ID_REQUIRED) {
    g_autofree char *id = text_of (j->out_member_id);
    set_id (c, id);
  } else if (j->error) {
    lost_it (c, j->error);
  } else {
    g_autofree char *id = text_of (j->out_member_id);
    bool leads = stoker_str_is (j->leader, id);
    set_id (c, id);
    c->phase = NEED_SYNC;
    c->generation = j->generation;
    g_strfreev (c->roster);
    c->roster = NULL;
    g_assert_true (leads || j->n_members == 0);
    if (leads && !j->skip_assignment && j->n_members) {
      c->roster = g_new0 (char *, (gsize)j->n_members + 1);
      for (int32_t i = 0; i < j->n_members; i++)
        c->roster[i] = text_of (j->members[i].member_id);
    }
  }
  drop_call (&c->join);
}

static void
on_synced (Model *m, Client *c)
{
  StokerSyncGroup *s = &c->sync->u.sync;
  const char *who = c->instance[0] ? c->instance : c->id;

  if (s->error) {
    lost_it (c, s->error);
    drop_call (&c->sync);
    return;
  }
  g_assert_cmpint (s->generation, >=, m->newest);
  g_assert_cmpint (s->generation, <, GENERATIONS);
  m->newest = s->generation;
  c->phase = MEMBER;
  c->parts = 0;
  c->next_beat_us = m->f->now_us + 3 * SEC;
  for (size_t i = 0; i < s->assignment.len; i++) {
    int p = s->assignment.data[i] - 'a';
    char **owner = &m->owner[s->generation][p];
    g_assert_true (p >= 0 && p < PARTITIONS);
    if (*owner)
      g_assert_cmpstr (*owner, ==, who);
    else
      *owner = g_strdup (who);
    c->parts |= 1u << p;
  }
  drop_call (&c->sync);
}

static void
on_answers (Model *m, Client *c)
{
  if (c->join && c->join->done)
    on_joined (m, c);
  if (c->sync && c->sync->done)
    on_synced (m, c);
  if (c->beat && c->beat->done) {
    int16_t error = c->beat->u.beat.error;
    if (c->beat->u.beat.generation < c->beat_generation)
      g_assert_cmpint (error, !=, 0);
    if (error)
      lost_it (c, error);
    drop_call (&c->beat);
  }
  if (c->commit && c->commit->done) {
    int16_t error = c->commit->parts[0].error;
    if (c->commit->u.commit.generation < c->commit_newest)
      g_assert_cmpint (error, !=, 0);
    if (error == 0)
      m->acked[c->commit_part] = MAX (m->acked[c->commit_part], c->commit_value);
    drop_call (&c->commit);
  }
}

/* ---- what clients do */

static void
send_sync (Model *m, Client *c)
{
  static const char letters[] = "abcdefghijkl";
  unsigned n = c->roster ? g_strv_length (c->roster) : 0;
  g_autofree char *lists = g_malloc0 (n ? n * (PARTITIONS + 1) : 1);
  unsigned turn = pick (m, PARTITIONS);

  c->sync = sync_begin (m->f, "g", c->id, instance_of (c), c->generation);
  for (unsigned p = 0; n && p < PARTITIONS; p++) {
    char *list = lists + (p + turn) % n * (PARTITIONS + 1);
    list[strlen (list)] = letters[p];
  }
  for (unsigned i = 0; i < n; i++)
    sync_assign (c->sync, c->roster[i], lists + i * (PARTITIONS + 1));
  sync_go (m->f, c->sync);
  /* The coordinator copied what it keeps. */
  c->sync->u.sync.assignments = NULL;
  c->sync->u.sync.n_assignments = 0;
}

static void
act (Model *m, Client *c, bool calm)
{
  if (!c->alive || c->asleep_until_us > m->f->now_us || c->join || c->sync)
    return;
  if (c->phase == NEED_JOIN) {
    /* In and out of the call, the id may change: the call borrows it. */
    c->join = join_begin (m->f, "g", c->id, instance_of (c), "range", pick (m, 8) || calm ? "topics" : "other topics");
  } else if (c->phase == NEED_SYNC) {
    send_sync (m, c);
  } else {
    if (c->beat == NULL && m->f->now_us >= c->next_beat_us) {
      c->beat = call_new (m->f, 12, 4);
      c->beat->u.beat.group_id = stoker_str ("g");
      c->beat->u.beat.member_id = stoker_str (c->id);
      c->beat->u.beat.instance_id = stoker_str (instance_of (c));
      c->beat->u.beat.generation = c->generation;
      c->beat_generation = m->newest;
      c->next_beat_us = m->f->now_us + 3 * SEC;
      stk_groups_heartbeat (m->f->groups, &c->beat->u.beat);
    }
    if (c->commit == NULL && c->parts && pick (m, 3) == 0) {
      do
        c->commit_part = (int)pick (m, PARTITIONS);
      while (!(c->parts >> c->commit_part & 1));
      c->commit_value = ++m->value;
      c->commit_newest = m->newest;
      /* Now and then one that was sent in the generation before and comes late. */
      c->commit = commit_begin (m->f, "g", c->id, c->generation - (pick (m, 10) == 0), "t", c->commit_part,
                                c->commit_value, pick (m, 2) ? "note" : NULL);
    }
  }
}

static void
check_offsets (Model *m)
{
  for (int p = 0; p < PARTITIONS; p++)
    g_assert_cmpint (fetched (m->f, "g", "t", p), >=, m->acked[p] ? m->acked[p] : -1);
}

static void
broker_restarts (Model *m)
{
  if (pick (m, 2)) {
    fake_crash (m->f);
  } else {
    m->f->away = false;
    fake_stop (m->f);
    for (int i = 0; i < CLIENTS; i++)
      on_answers (m, &m->c[i]);
  }
  m->f->away = false;
  for (int i = 0; i < CLIENTS; i++) {
    Client *c = &m->c[i];
    drop_call (&c->join);
    drop_call (&c->sync);
    drop_call (&c->beat);
    drop_call (&c->commit);
  }
  fake_start (m->f);
  check_offsets (m);
}

/* A client's process dies, or comes back knowing nothing. Its open calls are answered into the void. */
static void
client_dies (Model *m, Client *c)
{
  if (c->join)
    stk_groups_cancel_join (m->f->groups, &c->join->u.join);
  if (c->sync)
    stk_groups_cancel_sync (m->f->groups, &c->sync->u.sync);
  while ((c->join && !c->join->done) || (c->sync && !c->sync->done) || (c->beat && !c->beat->done)
         || (c->commit && !c->commit->done))
    fake_run_for (m->f, SEC / 10);
  on_answers (m, c);
  c->alive = false;
  c->phase = NEED_JOIN;
  c->parts = 0;
}

static void
disturb (Model *m)
{
  Client *c = &m->c[pick (m, CLIENTS)];

  switch (pick (m, 40)) {
  case 0:
  case 1:
    if (c->alive)
      client_dies (m, c);
    break;
  case 2:
  case 3:
  case 4:
  case 5:
    if (!c->alive) {
      c->alive = true;
      set_id (c, "");
      c->phase = NEED_JOIN;
    }
    break;
  case 6:
    c->asleep_until_us = m->f->now_us + (int64_t)pick (m, 40) * SEC;
    break;
  case 7:
    if (c->alive && c->id[0] && !c->join && !c->sync && !c->beat && !c->commit) {
      g_autofree char *id = g_strdup (c->id);
      c->alive = false;
      (void)leave (m->f, "g", id, instance_of (c));
      c->phase = NEED_JOIN;
      c->parts = 0;
    }
    break;
  case 8:
    m->f->lose = (int)pick (m, 3);
    break;
  case 9:
    m->f->fail = (int)pick (m, 3);
    break;
  case 10:
    m->f->away = pick (m, 3) == 0;
    break;
  case 12:
  case 13:
    m->f->latency_us = pick (m, 2) ? 500 : (int64_t)pick (m, 4000) * 1000;
    break;
  case 11:
    if (pick (m, 3) == 0)
      broker_restarts (m);
    break;
  default:
    m->f->away = false;
    break;
  }
}

static void
live (Model *m, unsigned steps, bool calm)
{
  for (unsigned s = 0; s < steps; s++) {
    fake_run_for (m->f, (int64_t)pick (m, 1000) * 1000);
    for (int i = 0; i < CLIENTS; i++)
      on_answers (m, &m->c[i]);
    if (!calm)
      disturb (m);
    for (int i = 0; i < CLIENTS; i++)
      act (m, &m->c[i], calm);
  }
}

static void
check_settled (Model *m)
{
  unsigned alive = 0;
  uint32_t owned = 0;
  int32_t members;
  g_autofree char *state = state_of (m->f, "g", &members);

  for (int i = 0; i < CLIENTS; i++) {
    const Client *c = &m->c[i];
    if (!c->alive)
      continue;
    alive++;
    g_assert_cmpint (c->phase, ==, MEMBER);
    g_assert_cmpint (c->generation, ==, m->newest);
    g_assert_cmpuint (owned & c->parts, ==, 0);
    owned |= c->parts;
  }
  g_assert_cmpstr (state, ==, alive ? "Stable" : state);
  g_assert_cmpint (members, ==, alive);
  if (alive)
    g_assert_cmphex (owned, ==, (1u << PARTITIONS) - 1);
}

static void
run_seed (uint64_t seed)
{
  Model *m = g_new0 (Model, 1);

  m->f = fake_new (seed);
  for (int i = 0; i < CLIENTS; i++) {
    m->c[i].id = g_strdup ("");
    if (i >= CLIENTS / 2)
      g_snprintf (m->c[i].instance, sizeof m->c[i].instance, "i%d", i);
  }
  fake_start (m->f);
  live (m, 200, false);
  m->f->away = false;
  m->f->lose = m->f->fail = 0;
  m->f->latency_us = 500;
  for (int i = 0; i < CLIENTS; i++)
    m->c[i].asleep_until_us = 0;
  live (m, 260, true); /* longer than any session or rebalance */
  check_settled (m);
  check_offsets (m);
  for (int i = 0; i < CLIENTS; i++) {
    Client *c = &m->c[i];
    if (c->alive)
      client_dies (m, c);
    drop_call (&c->join);
    drop_call (&c->sync);
    drop_call (&c->beat);
    drop_call (&c->commit);
    g_strfreev (c->roster);
    g_free (c->id);
  }
  for (int g = 0; g < GENERATIONS; g++)
    for (int p = 0; p < PARTITIONS; p++)
      g_free (m->owner[g][p]);
  fake_free (m->f);
  g_free (m);
}

static void
test_seeds (void)
{
  const char *one = g_getenv ("GROUP_SEED"), *many = g_getenv ("GROUP_SEEDS");
  uint64_t n = many ? g_ascii_strtoull (many, NULL, 10) : g_getenv ("LONG") ? 10000 : 500;

  if (one) {
    run_seed (g_ascii_strtoull (one, NULL, 10));
    return;
  }
  for (uint64_t seed = 1; seed <= n; seed++) {
    g_test_message ("seed %" G_GUINT64_FORMAT, seed);
    run_seed (seed);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/group/model/seeds", test_seeds);
  return g_test_run ();
}
