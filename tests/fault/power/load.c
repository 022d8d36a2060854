/* SPDX-License-Identifier: Apache-2.0
 *
 * What clients do: produce with and without sequences, read, make, change and delete topics, delete records, commit.
 */
#include "config.h"

#include "power.h"

enum
{
  IN_FLIGHT = 5, /* of one producer */
  TOPICS = 6     /* the last one is compacted */
};

static const char *const names[TOPICS] = { "stays", "kept", "short", "comes", "goes", "keyed" };

static Link *
link_of (Life *l, const Part *p)
{
  return &l->links[(g_str_hash (p->topic->name) + (guint)p->index) % LINKS];
}

static void
nothing (Life *l, Call *c, Answer *a)
{
}

/* ---- produce */

static bool
may_try_again (Life *l, int64_t error)
{
  return error == 3 || error == 5 || error == 6 || error == 7 || (l->trouble && (error == 56 || error == 45));
}

static void
produced (Life *l, Sent *s, int64_t error, int64_t offset)
{
  Part *p = s->part;

  if (s->idempotent)
    p->flying--;
  tale (l, "%s-%d: sequence %d is answered with error %" PRId64 ", offset %" PRId64, p->topic->name, p->index,
        s->idempotent ? s->sequence : -1, error, offset);
  if (p->topic->state >= TOPIC_GOING)
    return;
  if (error == 0) {
    if (offset < 0 || (s->offset >= 0 && s->offset != offset))
      broken (l, "%s-%d: a batch that stood at offset %" PRId64 " is acknowledged at %" PRId64, p->topic->name,
              p->index, s->offset, offset);
    if (s->lost)
      broken (l, "%s-%d: a batch that was lost is acknowledged", p->topic->name, p->index);
    s->offset = offset;
    s->told = true;
    p->shown = MAX (p->shown, offset + s->records);
    p->known = p->known || s->idempotent;
    if (s->idempotent)
      g_ptr_array_remove (p->open, s);
    return;
  }
  p->refusal = (int)error;
  if (s->idempotent && (may_try_again (l, error) || (error == 45 && p->again)))
    p->again = true;
  else if (!may_try_again (l, error))
    broken (l, "%s-%d: produce is answered with error %" PRId64, p->topic->name, p->index, error);
}

static void
produce_answered (Life *l, Call *c, Answer *a)
{
  guint at = 0;

  if (a == NULL) {
    for (guint i = 0; i < c->sent->len; i++) {
      Sent *s = g_ptr_array_index (c->sent, i);
      if (s->idempotent) {
        s->part->flying--;
        s->part->again = true;
      }
    }
    return;
  }
  for (int64_t n = take_int (a, 4); n > 0; n--) {
    g_autofree char *topic = take_text (a);
    for (int64_t k = take_int (a, 4); k > 0; k--) {
      int64_t index = take_int (a, 4), error = take_int (a, 2), offset = take_int (a, 8);
      Sent *s = at < c->sent->len ? g_ptr_array_index (c->sent, at++) : NULL;
      take_int (a, 8);
      take_int (a, 8);
      g_assert (s && s->part->index == index && strcmp (s->part->topic->name, topic) == 0);
      produced (l, s, error, offset);
    }
  }
  g_assert_cmpuint (at, ==, c->sent->len);
}

/* One request with all of these, each of another partition. */
static void
send_batches (Life *l, Link *k, GPtrArray *list)
{
  Call *c = g_new0 (Call, 1);
  StokerBuf b = { 0 };

  put_int (&b, 0xffff, 2);
  put_int (&b, dice (l, 0, 2) ? 0xffff : 1, 2);
  put_int (&b, 10000, 4);
  put_int (&b, list->len, 4);
  for (guint i = 0; i < list->len; i++) {
    Sent *s = g_ptr_array_index (list, i);
    put_text (&b, s->part->topic->name);
    put_int (&b, 1, 4);
    put_int (&b, (uint64_t)s->part->index, 4);
    put_int (&b, s->wire.len, 4);
    stoker_buf_append (&b, s->wire.data, s->wire.len);
    if (s->idempotent)
      s->part->flying++;
  }
  c->answered = produce_answered;
  c->sent = g_ptr_array_ref (list);
  link_call (l, k, 0, 7, &b, c);
}

static void
pid_answered (Life *l, Call *c, Answer *a)
{
  int64_t error, pid;

  c->part->asked_pid = false;
  if (a == NULL)
    return;
  take_int (a, 4);
  error = take_int (a, 2);
  pid = take_int (a, 8);
  if (error == 14 || error == 15 || error == 16)
    return;
  if (error != 0 || pid < 0)
    broken (l, "InitProducerId is answered with error %" PRId64, error);
  if (!g_hash_table_add (l->pids, g_memdup2 (&pid, sizeof pid)))
    broken (l, "producer id %" PRId64 " is given out a second time", pid);
  c->part->pid = pid;
}

static void
ask_pid (Life *l, Part *p)
{
  Call *c = g_new0 (Call, 1);
  StokerBuf b = { 0 };

  p->asked_pid = true;
  c->part = p;
  c->answered = pid_answered;
  put_text (&b, NULL);
  put_int (&b, 60000, 4);
  link_call (l, link_of (l, p), 22, 1, &b, c);
}

/* Sends again, one request for each, what is open. */
static void
send_again (Life *l, Part *p)
{
  p->again = false;
  for (guint i = 0; i < p->open->len && i < IN_FLIGHT; i++) {
    g_autoptr (GPtrArray) one = g_ptr_array_new ();
    g_ptr_array_add (one, g_ptr_array_index (p->open, i));
    send_batches (l, link_of (l, p), one);
  }
}

static bool
usable (const Topic *t)
{
  return t->state == TOPIC_THERE;
}

/* What a partition has to say in this round; NULL: nothing. */
static Sent *
next_of (Life *l, Part *p)
{
  int64_t kind = dice (l, 0, 100);
  size_t bytes = kind < 60   ? (size_t)dice (l, 1, 300)
                 : kind < 97 ? (size_t)dice (l, 300, 6000)
                             : (size_t)dice (l, 20000, 400000);

  bytes = MIN (bytes, (size_t)p->topic->segment_bytes / 2 - 450);

  if (dice (l, 0, 4) == 0)
    return sent_new (l, p, false, bytes);
  if (p->pid < 0 && !p->asked_pid)
    ask_pid (l, p);
  if (p->again && p->flying == 0)
    send_again (l, p);
  /* A broker that does not know a producer takes any sequence from it: the first goes alone. */
  if (p->pid < 0 || p->again || p->open->len >= (p->known ? IN_FLIGHT : 1))
    return NULL;
  return sent_new (l, p, true, bytes);
}

static void
produce (Life *l)
{
  GPtrArray *lists[LINKS];
  int64_t share = dice (l, 1, 10);

  for (int i = 0; i < LINKS; i++)
    lists[i] = g_ptr_array_new ();

  for (guint i = 0; i < l->topics->len; i++) {
    Topic *t = g_ptr_array_index (l->topics, i);
    for (int32_t k = 0; usable (t) && k < t->n; k++) {
      Sent *s = dice (l, 0, 10) < share ? next_of (l, &t->parts[k]) : NULL;
      if (s)
        g_ptr_array_add (lists[link_of (l, s->part) - l->links], s);
    }
  }
  for (int i = 0; i < LINKS; i++) {
    if (lists[i]->len > 0)
      send_batches (l, &l->links[i], lists[i]);
    g_ptr_array_unref (lists[i]);
  }
}

/* ---- read */

static Part *
some_part (Life *l)
{
  Topic *t = g_ptr_array_index (l->topics, dice (l, 0, l->topics->len));

  return usable (t) ? &t->parts[dice (l, 0, t->n)] : NULL;
}

static void
fetch_answered (Life *l, Call *c, Answer *a)
{
  StokerBatch b;
  Fetched f;

  if (a == NULL || c->part->topic->state >= TOPIC_GOING)
    return;
  f = take_fetched (a);
  if (f.error == 1 || may_try_again (l, f.error) || (f.error == 2 && l->damaged)) /* below the start, .. */
    return;
  if (f.error != 0)
    broken (l, "%s-%d: fetch is answered with error %" PRId64, c->part->topic->name, c->part->index, f.error);
  c->part->shown = MAX (c->part->shown, f.end);
  for (size_t at = 0; stoker_batch_peek (f.records.data + at, f.records.len - at, &b) == 0; at += (size_t)b.length)
    (void)batch_seen (l, c->part, &b, f.records.data + at);
}

static void
fetch (Life *l)
{
  Part *p = some_part (l);
  Call *c;
  StokerBuf b = { 0 };
  int64_t from;

  if (p == NULL)
    return;
  from = dice (l, 0, 3) ? MAX (p->shown - dice (l, 0, 20), 0) : dice (l, 0, p->shown + 1);
  c = g_new0 (Call, 1);
  c->part = p;
  c->answered = fetch_answered;
  put_fetch (&b, p, from, dice (l, 0, 3) ? 0 : 20, 30000);
  link_call (l, link_of (l, p), 1, 10, &b, c);
}

/* ---- topics */

static void
setting (StokerBuf *b, const char *key, int64_t value)
{
  g_autofree char *text = g_strdup_printf ("%" PRId64, value);

  put_text (b, key);
  put_text (b, text);
}

static void
created (Life *l, Call *c, Answer *a)
{
  int64_t error;

  if (a == NULL)
    return;
  error = take_topic_error (a);
  if (error == 7) /* it may come, or not */
    return;
  if (error == 36) /* a former one is still being deleted */
    c->topic->state = TOPIC_GONE;
  else if (error != 0)
    broken (l, "CreateTopics of %s is answered with error %" PRId64, c->topic->name, error);
  else if (c->topic->state == TOPIC_MAKING)
    c->topic->state = TOPIC_THERE;
}

static void
create (Life *l, const char *name)
{
  Topic *t = topic_new (l, name, (int32_t)dice (l, 1, 5));
  Call *c = g_new0 (Call, 1);
  StokerBuf b = { 0 };
  bool brief = strcmp (name, "short") == 0, recoded = strcmp (name, "comes") == 0 && dice (l, 0, 2);

  if (brief && dice (l, 0, 2))
    t->retention_bytes = dice (l, 3000, 20000);
  else if (brief)
    t->retention_ms = dice (l, 1000, 6000);
  t->recoded = recoded;
  t->compacted = strcmp (name, "keyed") == 0;
  t->segment_bytes = strcmp (name, "kept") ? dice (l, 1500, 30000) : dice (l, 300000, 2000000);
  c->topic = t;
  c->answered = created;
  put_int (&b, 1, 4);
  put_text (&b, name);
  put_int (&b, (uint64_t)t->n, 4);
  put_int (&b, 1, 2);
  put_int (&b, 0, 4);
  put_int (&b, 4 + recoded + 2 * t->compacted, 4);
  setting (&b, "segment.bytes", t->segment_bytes);
  setting (&b, "index.interval.bytes", dice (l, 100, 2000));
  setting (&b, "retention.bytes", t->retention_bytes == INT64_MAX ? -1 : t->retention_bytes);
  setting (&b, "retention.ms", t->retention_ms == INT64_MAX ? -1 : t->retention_ms);
  if (recoded) {
    put_text (&b, "compression.type");
    put_text (&b, "lz4");
  }
  if (t->compacted) {
    put_text (&b, "cleanup.policy");
    put_text (&b, "compact");
    put_text (&b, "min.cleanable.dirty.ratio");
    put_text (&b, "0.01");
  }
  put_int (&b, 10000, 4);
  put_int (&b, 0, 1);
  link_call (l, &l->links[0], 19, 2, &b, c);
}

static void
deleted (Life *l, Call *c, Answer *a)
{
  int64_t error;

  if (a == NULL)
    return;
  error = take_topic_error (a);
  if (error == 0)
    c->topic->state = TOPIC_GONE;
  else if (error != 7)
    broken (l, "DeleteTopics of %s is answered with error %" PRId64, c->topic->name, error);
}

static void
drop (Life *l, Topic *t)
{
  Call *c = g_new0 (Call, 1);
  StokerBuf b = { 0 };

  t->state = TOPIC_GOING;
  c->topic = t;
  c->answered = deleted;
  put_int (&b, 1, 4);
  put_text (&b, t->name);
  put_int (&b, 10000, 4);
  link_call (l, &l->links[0], 20, 1, &b, c);
}

static void
topics (Life *l)
{
  const char *name = names[dice (l, 0, l->compacts ? TOPICS : TOPICS - 1)];
  Topic *t = topic_find (l, name);

  if (t == NULL)
    create (l, name);
  else if (usable (t) && (strcmp (name, "goes") == 0 || (strcmp (name, "comes") == 0 && dice (l, 0, 3) == 0)))
    drop (l, t);
}

static void
alter (Life *l)
{
  Part *p = some_part (l);
  Call *c;
  StokerBuf b = { 0 };
  const char *key = "segment.bytes";
  int64_t value;
  g_autofree char *text = NULL;

  if (p == NULL)
    return;
  c = g_new0 (Call, 1);
  c->answered = nothing;
  put_int (&b, 1, 4);
  put_int (&b, 2, 1);
  put_text (&b, p->topic->name);
  put_int (&b, 1, 4);
  if (p->topic->retention_bytes != INT64_MAX && dice (l, 0, 2)) {
    value = dice (l, 2000, 30000);
    p->topic->retention_bytes = MIN (p->topic->retention_bytes, value);
    key = "retention.bytes";
  } else {
    value = dice (l, p->topic->segment_bytes / 2, p->topic->segment_bytes * 3);
    value = MAX (MAX (value, 1000), p->topic->largest + 300); /* a retry must fit too */
    p->topic->segment_bytes = MIN (p->topic->segment_bytes, value);
  }
  text = g_strdup_printf ("%" PRId64, value);
  put_text (&b, key);
  put_int (&b, 0, 1);
  put_text (&b, text);
  put_int (&b, 0, 1);
  link_call (l, &l->links[0], 44, 0, &b, c);
}

/* To another log directory, or back; whether or not it gets there, nobody may notice. */
static void
move (Life *l)
{
  Part *p = some_part (l);
  g_autofree char *dir = node_dir (l, (int)dice (l, 0, 2));
  Call *c;
  StokerBuf b = { 0 };

  if (p == NULL)
    return;
  c = g_new0 (Call, 1);
  c->answered = nothing;
  put_int (&b, 1, 4);
  put_text (&b, dir);
  put_int (&b, 1, 4);
  put_text (&b, p->topic->name);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)p->index, 4);
  link_call (l, &l->links[0], 34, 1, &b, c);
}

/* ---- deleting records, committing */

static void
records_deleted (Life *l, Call *c, Answer *a)
{
  int64_t low, error;

  if (a == NULL || c->part->topic->state >= TOPIC_GOING)
    return;
  take_int (a, 4);
  take_int (a, 4);
  g_free (take_text (a));
  take_int (a, 4);
  take_int (a, 4);
  low = take_int (a, 8);
  error = take_int (a, 2);
  if (error == 0)
    c->part->cut_told
        = MAX (c->part->cut_told, MIN (low, c->number)); /* what retention took may come back: it will go again */
  else if (error != 1 && !may_try_again (l, error))      /* the start is beyond it already */
    broken (l, "%s-%d: DeleteRecords is answered with error %" PRId64, c->part->topic->name, c->part->index, error);
}

static void
delete_records (Life *l)
{
  Part *p = some_part (l);
  Call *c;
  StokerBuf b = { 0 };
  int64_t to;

  if (p == NULL || strcmp (p->topic->name, "stays") == 0 || p->topic->compacted || p->shown == 0)
    return;
  to = dice (l, MIN (p->cut_told, p->shown), p->shown + 1);
  p->cut_asked = MAX (p->cut_asked, to);
  c = g_new0 (Call, 1);
  c->part = p;
  c->number = to;
  c->answered = records_deleted;
  put_int (&b, 1, 4);
  put_text (&b, p->topic->name);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)p->index, 4);
  put_int (&b, (uint64_t)to, 8);
  put_int (&b, 10000, 4);
  link_call (l, link_of (l, p), 21, 0, &b, c);
}

static void
committed (Life *l, Call *c, Answer *a)
{
  int64_t error;

  if (a == NULL)
    return;
  take_int (a, 4);
  g_free (take_text (a));
  take_int (a, 4);
  take_int (a, 4);
  error = take_int (a, 2);
  if (error == 0)
    c->part->commit_told = MAX (c->part->commit_told, c->number);
  else if (error != 14 && error != 15 && error != 16 && error != 7 && !may_try_again (l, error))
    broken (l, "OffsetCommit is answered with error %" PRId64, error);
}

static void
commit (Life *l)
{
  Topic *t = topic_find (l, "stays");
  Part *p;
  Call *c;
  StokerBuf b = { 0 };

  if (t == NULL || !usable (t))
    return;
  p = &t->parts[dice (l, 0, t->n)];
  c = g_new0 (Call, 1);
  c->part = p;
  c->number = ++p->commit_asked;
  c->answered = committed;
  put_text (&b, "group");
  put_int (&b, UINT64_MAX, 4);
  put_text (&b, "");
  put_int (&b, UINT64_MAX, 8);
  put_int (&b, 1, 4);
  put_text (&b, t->name);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)p->index, 4);
  put_int (&b, (uint64_t)c->number, 8);
  put_text (&b, "");
  link_call (l, &l->links[1], 8, 2, &b, c);
}

/* ---- */

static void
pass (Life *l)
{
  int64_t kind = dice (l, 0, 100);

  if (kind < 70)
    pass_steps (l, dice (l, 0, 30));
  else
    pass_us (l, kind < 95 ? dice (l, 0, 3000) : kind < 99 ? dice (l, 0, 200000) : dice (l, 0, 4000000));
  links_poll (l, false);
}

void
load (Life *l, int actions)
{
  for (int i = 0; i < actions && !l->fatal; i++) { /* the daemon would stop it */
    int64_t what = dice (l, 0, 100);
    if (l->topics->len == 0 || what < 4)
      topics (l);
    else if (what < 8)
      commit (l);
    else if (what < 11)
      delete_records (l);
    else if (what < 13)
      alter (l);
    else if (what < 17 && l->two_dirs)
      move (l);
    else if (what < 35)
      fetch (l);
    else
      produce (l);
    pass (l);
  }
}

static bool
quiet (Life *l)
{
  bool quiet = true;

  for (int i = 0; i < LINKS; i++)
    quiet = quiet && l->links[i].calls.length == 0;
  for (guint i = 0; i < l->topics->len; i++) {
    Topic *t = g_ptr_array_index (l->topics, i);
    for (int32_t k = 0; usable (t) && k < t->n; k++) {
      Part *p = &t->parts[k];
      if (p->open->len == 0)
        continue;
      quiet = false;
      if (p->flying == 0)
        send_again (l, p);
    }
  }
  return quiet;
}

static void
stuck (Life *l)
{
  GString *what = g_string_new (NULL);

  for (int i = 0; i < LINKS; i++)
    g_string_append_printf (what, " %u requests on link %d,", l->links[i].calls.length, i);
  for (guint i = 0; i < l->topics->len; i++) {
    Topic *t = g_ptr_array_index (l->topics, i);
    for (int32_t k = 0; usable (t) && k < t->n; k++)
      if (t->parts[k].open->len > 0)
        g_string_append_printf (what, " %u batches of %s-%d (%u on their way, last refusal %d)", t->parts[k].open->len,
                                t->name, k, t->parts[k].flying, t->parts[k].refusal);
  }
  broken (l, "after three minutes there wait:%s", what->str);
}

void
load_settle (Life *l)
{
  int64_t end = now_us (l) + INT64_C (180000000);

  links_open (l);
  while (!quiet (l)) {
    if (now_us (l) > end)
      stuck (l);
    pass_us (l, 500);
    links_poll (l, false);
  }
}
