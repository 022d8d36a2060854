/* SPDX-License-Identifier: Apache-2.0
 *
 * What clients sent and what they were told.
 */
#include "config.h"

#include "power.h"

#include <stdio.h>
#include <unistd.h>

void
broken (Life *l, const char *fmt, ...)
{
  va_list ap;
  g_autofree char *text = NULL;

  va_start (ap, fmt);
  text = g_strdup_vprintf (fmt, ap);
  va_end (ap);
  fprintf (stderr, "BROKEN (seed %" PRIu64 ", cuts %d, call %" PRIu64 " of the disk): %s\n", l->seed, l->depth,
           l->calls, text);
  fflush (stderr);
  _exit (1);
}

void
tale (Life *l, const char *fmt, ...)
{
  va_list ap;

  if (!l->tales)
    return;
  fprintf (stderr, "[%d %8" PRIu64 "] ", l->depth, l->calls);
  va_start (ap, fmt);
  vfprintf (stderr, fmt, ap);
  va_end (ap);
  fputc ('\n', stderr);
}

int64_t
dice (Life *l, int64_t from, int64_t below)
{
  uint64_t n = (uint64_t)g_rand_int (l->dice) << 32 | g_rand_int (l->dice);

  return from + (int64_t)(n % (uint64_t)(below - from));
}

static void
sent_free (void *p)
{
  Sent *s = p;

  stoker_buf_clear (&s->wire);
  g_free (s);
}

Topic *
topic_new (Life *l, const char *name, int32_t n)
{
  Topic *t = g_new0 (Topic, 1);

  t->name = g_strdup (name);
  t->n = n;
  t->parts = g_new0 (Part, n);
  t->retention_bytes = t->retention_ms = INT64_MAX;
  for (int32_t i = 0; i < n; i++)
    t->parts[i] = (Part){ .topic = t,
                          .index = i,
                          .sent = g_ptr_array_new_with_free_func (sent_free),
                          .pid = -1,
                          .open = g_ptr_array_new (),
                          .commit_asked = -1,
                          .commit_told = -1 };
  g_ptr_array_add (l->topics, t);
  return t;
}

static void
topic_free (void *p)
{
  Topic *t = p;

  for (int32_t i = 0; i < t->n; i++) {
    g_ptr_array_unref (t->parts[i].sent);
    g_ptr_array_unref (t->parts[i].open);
  }
  g_free (t->parts);
  g_free (t->name);
  g_free (t);
}

Topic *
topic_find (Life *l, const char *name)
{
  for (guint i = l->topics->len; i > 0; i--) {
    Topic *t = g_ptr_array_index (l->topics, i - 1);
    if (strcmp (t->name, name) == 0)
      return t->state == TOPIC_GONE ? NULL : t;
  }
  return NULL;
}

/* Bytes of which only some can be compressed. */
static void
fill (Life *l, uint8_t *to, size_t len)
{
  for (size_t i = 0; i < len; i++)
    to[i] = i % 3 ? (uint8_t)('a' + i % 7) : (uint8_t)g_rand_int (l->dice);
}

Sent *
sent_new (Life *l, Part *p, bool idempotent, size_t bytes)
{
  Sent *s = g_new0 (Sent, 1);
  int32_t n = (int32_t)dice (l, 1, 6);
  int codec = (int)dice (l, -4, 5);
  g_autofree uint8_t *value = g_malloc (bytes / (size_t)n + 1);
  StkBatchBuilder w;
  StokerError err = { 0 };
  StokerBatch b;

  s->part = p;
  s->records = n;
  s->offset = -1;
  s->idempotent = idempotent;
  s->stamp = l->last_stamp = MAX (l->last_stamp + 1, now_ms (l));
  stk_batch_begin (&w, &s->wire);
  if (idempotent) {
    s->sequence = p->next_sequence;
    p->next_sequence += n;
    w.head.producer_id = p->pid;
    w.head.producer_epoch = 0;
    w.head.base_sequence = s->sequence;
    g_ptr_array_add (p->open, s);
  }
  for (int32_t i = 0; i < n; i++) {
    uint8_t key = p->topic->compacted ? (uint8_t)dice (l, 0, 12) : 0;
    s->keys |= (uint32_t)key << 4 * i;
    fill (l, value, bytes / (size_t)n);
    stk_batch_add (&w, s->stamp, p->topic->compacted ? (StokerBytes){ &key, 1 } : STOKER_BYTES_NULL,
                   (StokerBytes){ value, bytes / (size_t)n }, STOKER_BYTES_NULL, 0);
  }
  if (stk_batch_end (&w, l->codecs, codec > 0 ? codec : 0, STK_CODEC_LEVEL_DEFAULT, &err) < 0)
    g_error ("%s", err.text);
  g_assert_cmpint (stoker_batch_peek (s->wire.data, s->wire.len, &b), ==, 0);
  s->crc = b.crc;
  p->topic->largest = MAX (p->topic->largest, b.length);
  g_ptr_array_add (p->sent, s);
  g_hash_table_insert (l->stamps, &s->stamp, s);
  return s;
}

Sent *
batch_seen (Life *l, Part *p, const StokerBatch *b, const uint8_t *data)
{
  Sent *s = g_hash_table_lookup (l->stamps, &b->base_timestamp);
  const char *where = p->topic->name;

  if (!stoker_batch_crc_ok (data, b))
    broken (l, "%s-%d: a damaged batch is served at offset %" PRId64, where, p->index, b->base_offset);
  if (p->topic->compacted && b->record_count == 0)
    return NULL;
  if (s == NULL)
    broken (l, "%s-%d: a batch that nobody sent, at offset %" PRId64, where, p->index, b->base_offset);
  if (s->part != p)
    broken (l, "%s-%d: holds a batch of %s-%d, at offset %" PRId64, where, p->index, s->part->topic->name,
            s->part->index, b->base_offset);
  if (p->topic->compacted ? s->records - 1 != b->last_offset_delta
                          : s->records != b->record_count || (!p->topic->recoded && s->crc != b->crc))
    broken (l, "%s-%d: another batch than the one that was sent, at offset %" PRId64, where, p->index, b->base_offset);
  if (s->lost)
    broken (l, "%s-%d: a batch that was lost is back, at offset %" PRId64, where, p->index, b->base_offset);
  /* A batch's check sum does not cover its offset: a flipped bit in it is not noticed yet. */
  if (s->offset >= 0 && s->offset != b->base_offset && !l->damaged)
    broken (l, "%s-%d: a batch that stood at offset %" PRId64 " is shown at %" PRId64, where, p->index, s->offset,
            b->base_offset);
  if (!l->damaged)
    s->offset = b->base_offset;
  s->told = true;
  return s;
}

Life *
life_new (uint64_t seed, const char *settings)
{
  Life *l = g_new0 (Life, 1);

  l->seed = seed;
  l->settings = settings;
  l->sim = stk_sim_new (seed);
  l->machine = stk_sim_machine (l->sim);
  l->dice = g_rand_new_with_seed ((guint32)(seed * 2654435761u + 1));
  l->topics = g_ptr_array_new_with_free_func (topic_free);
  l->stamps = g_hash_table_new (g_int64_hash, g_int64_equal);
  l->pids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (int i = 0; i < LINKS; i++) {
    l->links[i].in = g_byte_array_new ();
    g_queue_init (&l->links[i].calls);
  }
  return l;
}

void
life_free (Life *l)
{
  for (int i = 0; i < LINKS; i++)
    g_byte_array_unref (l->links[i].in);
  g_hash_table_unref (l->stamps);
  g_hash_table_unref (l->pids);
  g_ptr_array_unref (l->topics);
  g_rand_free (l->dice);
  stk_sim_free (l->sim);
  g_free (l);
}
