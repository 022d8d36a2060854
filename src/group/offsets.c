/* SPDX-License-Identifier: Apache-2.0 */
#include "group/offsets.h"

#include <glib.h>

StokerStr
stk_str_dup (StokerStr s)
{
  char *p;

  if (s.data == NULL)
    return s;
  p = g_malloc (s.len + 1);
  if (s.len)
    memcpy (p, s.data, s.len);
  p[s.len] = '\0';
  return (StokerStr){ p, s.len };
}

unsigned
stk_str_hash (const void *p)
{
  const StokerStr *s = p;
  unsigned h = 5381;

  for (size_t i = 0; i < s->len; i++)
    h = h * 33 + (uint8_t)s->data[i];
  return h;
}

int
stk_str_equal (const void *a, const void *b)
{
  return stoker_str_equal (*(const StokerStr *)a, *(const StokerStr *)b);
}

static int
name_cmp (StokerStr a, StokerStr b)
{
  int c = memcmp (a.data, b.data, MIN (a.len, b.len));

  return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* Where `name` is or would be. */
static uint32_t
topic_slot (const StkOffsets *o, StokerStr name, bool *found)
{
  uint32_t lo = 0, hi = o->n;

  *found = false;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    int c = name_cmp (o->topics[mid]->name, name);
    if (c == 0) {
      *found = true;
      return mid;
    }
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static uint32_t
partition_slot (const StkTopicOffsets *t, int32_t partition, bool *found)
{
  uint32_t lo = 0, hi = t->n;

  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (t->v[mid].partition < partition)
      lo = mid + 1;
    else
      hi = mid;
  }
  *found = lo < t->n && t->v[lo].partition == partition;
  return lo;
}

StkTopicOffsets *
stk_offsets_topic (const StkOffsets *o, StokerStr name)
{
  bool found;
  uint32_t i = topic_slot (o, name, &found);

  return found ? o->topics[i] : NULL;
}

StkOffset *
stk_offsets_find (const StkTopicOffsets *t, int32_t partition)
{
  bool found;
  uint32_t i;

  if (t == NULL)
    return NULL;
  i = partition_slot (t, partition, &found);
  return found ? &t->v[i] : NULL;
}

StkTopicOffsets *
stk_offsets_add_topic (StkOffsets *o, StokerStr name)
{
  bool found;
  uint32_t i = topic_slot (o, name, &found);
  StkTopicOffsets *t;

  if (found)
    return o->topics[i];
  if (o->n == o->cap) {
    o->cap = o->cap ? o->cap * 2 : 1;
    o->topics = g_renew (StkTopicOffsets *, o->topics, o->cap);
  }
  memmove (&o->topics[i + 1], &o->topics[i], (o->n - i) * sizeof *o->topics);
  t = g_new0 (StkTopicOffsets, 1);
  t->name = stk_str_dup (name);
  o->topics[i] = t;
  o->n++;
  return t;
}

StkOffset *
stk_offsets_add (StkTopicOffsets *t, int32_t partition)
{
  bool found;
  uint32_t i = partition_slot (t, partition, &found);

  if (found)
    return &t->v[i];
  if (t->n == t->cap) {
    t->cap = t->cap ? t->cap * 2 : 2;
    t->v = g_renew (StkOffset, t->v, t->cap);
  }
  memmove (&t->v[i + 1], &t->v[i], (t->n - i) * sizeof *t->v);
  t->v[i] = (StkOffset){ .offset = STK_NO_OFFSET, .expire_ms = -1, .partition = partition, .leader_epoch = -1 };
  t->n++;
  return &t->v[i];
}

static void
topic_free (StkTopicOffsets *t)
{
  for (uint32_t i = 0; i < t->n; i++)
    g_free (t->v[i].metadata);
  g_free (t->v);
  g_free ((char *)t->name.data);
  g_free (t);
}

void
stk_offsets_remove (StkOffsets *o, StkTopicOffsets *t, int32_t partition)
{
  bool found;
  uint32_t i = partition_slot (t, partition, &found);

  if (!found)
    return;
  g_free (t->v[i].metadata);
  memmove (&t->v[i], &t->v[i + 1], (t->n - i - 1) * sizeof *t->v);
  if (--t->n > 0)
    return;
  i = topic_slot (o, t->name, &found);
  g_assert (found);
  memmove (&o->topics[i], &o->topics[i + 1], (o->n - i - 1) * sizeof *o->topics);
  o->n--;
  topic_free (t);
}

bool
stk_offsets_any (const StkOffsets *o)
{
  return o->n > 0;
}

void
stk_offsets_clear (StkOffsets *o)
{
  for (uint32_t i = 0; i < o->n; i++)
    topic_free (o->topics[i]);
  g_free (o->topics);
  *o = (StkOffsets){ 0 };
}
