/* SPDX-License-Identifier: Apache-2.0
 *
 * After a start: is what is there what was told?
 */
#include "config.h"

#include "power.h"

#include <stoker/disk.h>

/* ---- topics */

typedef struct Seen
{
  GHashTable *topics; /* name -> number of partitions */
  bool ready;         /* each has its leaders */
} Seen;

static Seen seen; /* of the answer that is waited for; one thread */

static void
described (Life *l, Call *c, Answer *a)
{
  if (a == NULL)
    broken (l, "a broker that was started closes its connections");
  for (int64_t n = take_int (a, 4); n > 0; n--) {
    take_int (a, 4);
    g_free (take_text (a));
    take_int (a, 4);
    g_free (take_text (a));
  }
  take_int (a, 4);
  for (int64_t n = take_int (a, 4); n > 0; n--) {
    int64_t error = take_int (a, 2), parts;
    char *name = take_text (a);
    take_int (a, 1);
    parts = take_int (a, 4);
    g_hash_table_insert (seen.topics, name, GINT_TO_POINTER (parts));
    seen.ready = seen.ready && error == 0 && parts > 0;
    for (; parts > 0; parts--) {
      int64_t leader;
      error = take_int (a, 2);
      take_int (a, 4);
      leader = take_int (a, 4);
      seen.ready = seen.ready && error == 0 && leader == 1;
      if (error || leader != 1)
        tale (l, "%s has error %" PRId64 ", leader %" PRId64, name, error, leader);
      for (int list = 0; list < 2; list++)
        for (int64_t k = take_int (a, 4); k > 0; k--)
          take_int (a, 4);
    }
  }
}

static void
ask (Life *l, int key, int version, StokerBuf *body, void (*answered) (Life *l, Call *c, Answer *a), Part *p,
     int64_t number, const char *what)
{
  Call *c = g_new0 (Call, 1);
  bool done = false;

  c->answered = answered;
  c->part = p;
  c->number = number;
  c->done = &done;
  link_call (l, &l->links[0], key, version, body, c);
  wait_for (l, &done, what);
}

static void
describe (Life *l)
{
  StokerBuf b = { 0 };

  g_clear_pointer (&seen.topics, g_hash_table_unref);
  seen.topics = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  seen.ready = true;
  put_int (&b, UINT64_MAX, 4);
  ask (l, 3, 1, &b, described, NULL, 0, "Metadata");
}

/* Is there a topic whose fate is open? */
static bool
undecided (Life *l)
{
  for (guint i = 0; i < l->topics->len; i++) {
    const Topic *t = g_ptr_array_index (l->topics, i);
    if (t->state == TOPIC_GOING && g_hash_table_contains (seen.topics, t->name))
      return true;
  }
  return !seen.ready;
}

static void
check_topics (Life *l)
{
  GHashTableIter iter;
  gpointer name, parts;

  for (int i = 0; i < 40 || (!seen.ready && i < 400); i++) {
    describe (l);
    if (!undecided (l))
      break;
    pass_us (l, 100000);
  }
  if (!seen.ready)
    broken (l, "partitions without a leader");
  for (guint i = 0; i < l->topics->len; i++) {
    Topic *t = g_ptr_array_index (l->topics, i);
    bool there = g_hash_table_contains (seen.topics, t->name) && topic_find (l, t->name) == t;
    if (t->state == TOPIC_THERE && !there)
      broken (l, "topic %s is not there any more", t->name);
    if (t->state == TOPIC_MAKING || t->state == TOPIC_GOING)
      t->state = there ? TOPIC_THERE : TOPIC_GONE;
  }
  g_hash_table_iter_init (&iter, seen.topics);
  while (g_hash_table_iter_next (&iter, &name, &parts)) {
    Topic *t = topic_find (l, name);
    if (t == NULL)
      broken (l, "topic %s is there again", (const char *)name);
    if (t->n != GPOINTER_TO_INT (parts))
      broken (l, "topic %s has %d partitions instead of %d", t->name, GPOINTER_TO_INT (parts), t->n);
  }
  g_clear_pointer (&seen.topics, g_hash_table_unref);
}

/* ---- records */

typedef struct Look
{
  int64_t start, end, next; /* offsets */
  uint64_t bytes;
} Look;

static Look look;

static void
offset_told (Life *l, Call *c, Answer *a)
{
  int64_t error;

  if (a == NULL)
    broken (l, "a broker that was started closes its connections");
  take_int (a, 4);
  g_free (take_text (a));
  take_int (a, 4);
  take_int (a, 4);
  error = take_int (a, 2);
  take_int (a, 8);
  if (error != 0)
    broken (l, "%s-%d: ListOffsets is answered with error %" PRId64, c->part->topic->name, c->part->index, error);
  *(c->number == -2 ? &look.start : &look.end) = take_int (a, 8);
}

static void
ask_offset (Life *l, Part *p, int64_t which)
{
  StokerBuf b = { 0 };

  put_int (&b, UINT64_MAX, 4);
  put_int (&b, 1, 4);
  put_text (&b, p->topic->name);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)p->index, 4);
  put_int (&b, (uint64_t)which, 8);
  ask (l, 2, 1, &b, offset_told, p, which, "ListOffsets");
}

static void
records_told (Life *l, Call *c, Answer *a)
{
  Part *p = c->part;
  StokerBatch b;
  Fetched f;

  if (a == NULL)
    broken (l, "a broker that was started closes its connections");
  f = take_fetched (a);
  if (f.error != 0)
    broken (l, "%s-%d: fetch from %" PRId64 " (of %" PRId64 " to %" PRId64 ") is answered with error %" PRId64,
            p->topic->name, p->index, look.next, look.start, look.end, f.error);
  for (size_t at = 0; stoker_batch_peek (f.records.data + at, f.records.len - at, &b) == 0; at += (size_t)b.length) {
    Sent *s = batch_seen (l, p, &b, f.records.data + at);
    if (s && s->found)
      broken (l, "%s-%d: a batch stands there twice, at offset %" PRId64, p->topic->name, p->index, b.base_offset);
    if ((b.base_offset > look.next && !p->topic->compacted) || (b.base_offset < look.next && look.next != look.start))
      broken (l, "%s-%d: after offset %" PRId64 " comes %" PRId64, p->topic->name, p->index, look.next - 1,
              b.base_offset);
    if (s)
      s->found = true;
    if (s && p->topic->compacted)
      compacted_seen (l, s, &b, f.records.data + at);
    look.next = b.base_offset + b.last_offset_delta + 1;
    look.bytes += (uint64_t)b.length;
  }
}

static void
read_all (Life *l, Part *p)
{
  look.next = look.start;
  look.bytes = 0;
  while (look.next < look.end) {
    StokerBuf b = { 0 };
    int64_t before = look.next;

    put_fetch (&b, p, look.next, 0, 1 << 20);
    ask (l, 1, 10, &b, records_told, p, 0, "Fetch");
    if (look.next == before)
      broken (l, "%s-%d: nothing is served from offset %" PRId64 " on, the end is %" PRId64, p->topic->name, p->index,
              before, look.end);
  }
}

/* Was anybody entitled to take away what lies below the start? */
static void
check_start (Life *l, Part *p)
{
  const Topic *t = p->topic;
  int64_t now = now_ms (l);
  uint64_t open = 0;
  bool by_size;

  if (look.start < p->cut_told)
    broken (l, "%s-%d: records up to %" PRId64 " were deleted, the start is %" PRId64, t->name, p->index, p->cut_told,
            look.start);
  if (look.start <= p->cut_asked)
    return;
  for (guint i = 0; i < p->sent->len; i++) {
    const Sent *s = g_ptr_array_index (p->sent, i);
    open += s->told && !s->found ? 0 : s->wire.len; /* it may have counted, and gone with the power */
  }
  by_size = t->retention_bytes != INT64_MAX && open >= (uint64_t)t->retention_bytes;
  for (guint i = 0; i < p->sent->len; i++) {
    const Sent *s = g_ptr_array_index (p->sent, i);
    bool below = s->told && s->offset >= p->cut_asked && s->offset + s->records <= look.start;
    if (below && !by_size && (t->retention_ms == INT64_MAX || s->stamp >= now - t->retention_ms))
      broken (l, "%s-%d: the start is %" PRId64 ", but nobody was entitled to delete offset %" PRId64, t->name,
              p->index, look.start, s->offset);
  }
}

static void
check_part (Life *l, Part *p)
{
  const Topic *t = p->topic;

  for (guint i = 0; i < p->sent->len; i++) {
    Sent *s = g_ptr_array_index (p->sent, i);
    s->found = false;
    s->there = 0;
  }
  ask_offset (l, p, -2);
  ask_offset (l, p, -1);
  tale (l, "%s-%d: %" PRId64 " to %" PRId64 ", shown %" PRId64 ", deleted %" PRId64 " (asked %" PRId64 ")", t->name,
        p->index, look.start, look.end, p->shown, p->cut_told, p->cut_asked);
  if (look.end < p->shown && look.start < look.end)
    broken (l, "%s-%d: the end is %" PRId64 ", but %" PRId64 " was shown", t->name, p->index, look.end, p->shown);
  if (look.end < p->shown)
    broken (l, "%s-%d: the end is %" PRId64 " and nothing is there, but %" PRId64 " was shown", t->name, p->index,
            look.end, p->shown);
  read_all (l, p);
  p->shown = look.end;
  check_start (l, p);
  for (guint i = 0; i < p->sent->len; i++) {
    Sent *s = g_ptr_array_index (p->sent, i);
    if (s->told && !s->found && s->offset + s->records > look.start && !t->compacted)
      broken (l, "%s-%d: offset %" PRId64 " is missing (%d bytes, of %" PRId64 " to %" PRId64 ")", t->name, p->index,
              s->offset, (int)s->wire.len, look.start, look.end);
    if (!s->found && !s->told && !s->idempotent)
      s->lost = true;
  }
  if (t->compacted)
    check_compacted (l, p, look.start);
  l->held += look.bytes;
}

/* Sequences have no gap and no other order. */
static void
check_sequences (Life *l, Part *p)
{
  int64_t last = -1, end = -1;

  for (guint i = 0; i < p->sent->len; i++) {
    const Sent *s = g_ptr_array_index (p->sent, i);
    if (!s->idempotent || !s->found)
      continue;
    if (s->offset <= last || (end >= 0 && s->sequence != end && !p->topic->compacted))
      broken (l, "%s-%d: sequence %d at offset %" PRId64 " follows %" PRId64 " at %" PRId64, p->topic->name, p->index,
              s->sequence, s->offset, end, last);
    last = s->offset;
    end = s->sequence + s->records;
  }
}

/* ---- producers: who sends again what was acknowledged hears of the same place */

static void
again_told (Life *l, Call *c, Answer *a)
{
  const Sent *s = g_ptr_array_index (c->sent, 0);
  int64_t error, offset;

  if (a == NULL)
    broken (l, "a broker that was started closes its connections");
  take_int (a, 4);
  g_free (take_text (a));
  take_int (a, 4);
  take_int (a, 4);
  error = take_int (a, 2);
  offset = take_int (a, 8);
  if (error != 0 || offset != s->offset)
    broken (l,
            "%s-%d: sequence %d, acknowledged at offset %" PRId64 " and sent again, is answered with error %" PRId64
            ", offset %" PRId64,
            s->part->topic->name, s->part->index, s->sequence, s->offset, error, offset);
}

static void
send_again (Life *l, Sent *s)
{
  StokerBuf b = { 0 };
  Call *c = g_new0 (Call, 1);
  bool done = false;

  put_int (&b, 0xffff, 2);
  put_int (&b, 0xffff, 2);
  put_int (&b, 10000, 4);
  put_int (&b, 1, 4);
  put_text (&b, s->part->topic->name);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)s->part->index, 4);
  put_int (&b, s->wire.len, 4);
  stoker_buf_append (&b, s->wire.data, s->wire.len);
  c->answered = again_told;
  c->sent = g_ptr_array_new ();
  c->done = &done;
  g_ptr_array_add (c->sent, s);
  link_call (l, &l->links[0], 0, 7, &b, c);
  wait_for (l, &done, "Produce");
}

static void
check_producer (Life *l, Part *p)
{
  g_autoptr (GPtrArray) newest = g_ptr_array_new ();

  for (guint i = p->sent->len; i > 0 && newest->len < (p->topic->compacted ? 1 : 5); i--) {
    Sent *s = g_ptr_array_index (p->sent, i - 1);
    if (p->topic->compacted && s->idempotent && s->told && !s->found) /* only an empty batch is left of it */
      break;
    if (s->idempotent && s->found && s->offset >= look.start)
      g_ptr_array_insert (newest, 0, s);
  }
  for (guint i = 0; i < newest->len; i++)
    send_again (l, g_ptr_array_index (newest, i));
  ask_offset (l, p, -1);
  if (look.end != p->shown)
    broken (l, "%s-%d: batches that were sent again were appended again", p->topic->name, p->index);
}

/* ---- committed offsets */

static void
commits_told (Life *l, Call *c, Answer *a)
{
  Part *p = c->part;
  int64_t at, error;

  if (a == NULL)
    broken (l, "a broker that was started closes its connections");
  take_int (a, 4);
  g_free (take_text (a));
  take_int (a, 4);
  take_int (a, 4);
  at = take_int (a, 8);
  g_free (take_text (a));
  error = take_int (a, 2);
  if (error != 0 || at < p->commit_told || at > p->commit_asked)
    broken (l, "%s-%d: offset %" PRId64 " was committed, OffsetFetch tells %" PRId64 ", error %" PRId64, p->topic->name,
            p->index, p->commit_told, at, error);
  p->commit_told = at;
}

static void
check_commit (Life *l, Part *p)
{
  StokerBuf b = { 0 };

  if (p->commit_asked < 0)
    return;
  put_text (&b, "group");
  put_int (&b, 1, 4);
  put_text (&b, p->topic->name);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)p->index, 4);
  ask (l, 9, 1, &b, commits_told, p, 0, "OffsetFetch");
}

void
check (Life *l)
{
  check_topics (l);
  for (guint i = 0; i < l->topics->len; i++) {
    Topic *t = g_ptr_array_index (l->topics, i);
    for (int32_t k = 0; t->state == TOPIC_THERE && k < t->n; k++) {
      check_part (l, &t->parts[k]);
      check_sequences (l, &t->parts[k]);
      check_producer (l, &t->parts[k]);
      check_commit (l, &t->parts[k]);
    }
  }
  load_settle (l);
}

/* ---- with damaged files */

static void
records_told_leniently (Life *l, Call *c, Answer *a)
{
  Part *p = c->part;
  StokerBatch b;
  Fetched f;
  Sent *s;

  if (a == NULL)
    broken (l, "a broker that was started closes its connections");
  f = take_fetched (a);
  tale (l, "%s-%d from %" PRId64 ": error %" PRId64 ", %zu bytes", p->topic->name, p->index, look.next, f.error,
        f.records.len);
  if (f.error != 0 && f.error != 1 && f.error != 2 && f.error != 3 && f.error != 5 && f.error != 6 && f.error != 56)
    broken (l, "%s-%d: fetch is answered with error %" PRId64, p->topic->name, p->index, f.error);
  if (f.error == 0)
    for (size_t at = 0; stoker_batch_peek (f.records.data + at, f.records.len - at, &b) == 0; at += (size_t)b.length)
      if ((s = batch_seen (l, p, &b, f.records.data + at)))
        s->found = true;
}

/* From the place of each batch: what is damaged hides nothing but itself. */
static void
read_leniently (Life *l, Part *p)
{
  for (guint i = 0; i < p->sent->len; i++)
    ((Sent *)g_ptr_array_index (p->sent, i))->found = false;
  for (guint i = 0; i < p->sent->len; i++) {
    Sent *s = g_ptr_array_index (p->sent, i);
    StokerBuf b = { 0 };

    if (s->found || !s->told || s->offset < p->cut_asked)
      continue;
    look.next = s->offset;
    put_fetch (&b, p, s->offset, 0, 1 << 20);
    ask (l, 1, 10, &b, records_told_leniently, p, 0, "Fetch");
    if (!s->found && !p->topic->compacted && p->topic->retention_ms == INT64_MAX
        && p->topic->retention_bytes == INT64_MAX) {
      tale (l, "%s-%d: offset %" PRId64 " is missing", p->topic->name, p->index, s->offset);
      l->missing++;
    }
  }
}

void
check_lenient (Life *l)
{
  pass_us (l, 2000000);
  for (guint i = 0; i < l->topics->len; i++) {
    Topic *t = g_ptr_array_index (l->topics, i);
    for (int32_t k = 0; t->state == TOPIC_THERE && k < t->n; k++)
      read_leniently (l, &t->parts[k]);
  }
}
