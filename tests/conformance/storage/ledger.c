/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

enum
{
  PRODUCER = 9,
  WINDOW = 5 /* so many batches of a producer are remembered */
};

void
ledger_init (Ledger *l, guint32 seed, bool journal)
{
  *l = (Ledger){ .dice = g_rand_new_with_seed (seed),
                 .stamps = g_array_new (FALSE, FALSE, sizeof (int64_t)),
                 .journal = journal };
}

void
ledger_clear (Ledger *l)
{
  g_array_unref (l->stamps);
  g_rand_free (l->dice);
}

int64_t
ledger_end (const Ledger *l)
{
  return (int64_t)l->stamps->len * 2;
}

void
ledger_flushed (Ledger *l)
{
  l->durable = ledger_end (l);
}

static Maker
batch (int64_t number)
{
  Maker m = maker (2);

  m.producer_id = PRODUCER;
  m.producer_epoch = 0;
  m.sequence = (int32_t)number * 2;
  return m;
}

bool
ledger_put (Ledger *l, Kit *k)
{
  Maker m = batch (l->stamps->len);
  StokerAppend a;

  m.value = (size_t)g_rand_int_range (l->dice, 0, 400);
  m.timestamp = l->next;
  m.leader_epoch = (int32_t)l->next / 50;
  a = kit_append (k, &m, STOKER_ORIGIN_CLIENT);
  g_array_append_val (l->stamps, l->next);
  l->next += 10;
  if (a.error)
    return false;
  g_assert_false (a.duplicate);
  g_assert_cmpint (a.first_offset, ==, ledger_end (l) - 2);
  if (l->journal)
    l->durable = MAX (l->durable, kit_ends (k).durable);
  return true;
}

void
ledger_truncate (Ledger *l, Kit *k)
{
  StokerError err = { 0 };
  int64_t to = l->start / 2 * 2 + 2 * g_rand_int_range (l->dice, 0, (int)(ledger_end (l) - l->start) / 2 + 1);

  if (to < l->start)
    return;
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, to, &err), ==, 0);
  g_array_set_size (l->stamps, (guint)(to / 2));
  l->durable = MIN (l->durable, to);
}

void
ledger_set_start (Ledger *l, Kit *k)
{
  StokerError err = { 0 };
  int64_t to = l->start + g_rand_int_range (l->dice, 0, 20);

  to = MIN (to, ledger_end (l));
  g_assert_cmpint (k->ops->set_start (k->engine, k->log, to, &err), ==, 0);
  l->start = to;
}

void
ledger_check (const Ledger *l, Kit *k)
{
  StokerLogEnds ends = kit_ends (k);
  StokerBuf b = { 0 };
  StokerBatch h;

  g_assert_cmpint (ends.start, >=, l->start);
  g_assert_cmpint (ends.end, >=, MAX (l->durable, ends.start));
  g_assert_cmpint (ends.end, <=, MAX (ledger_end (l), l->start));
  kit_dump (k, ends.start, &b);
  for (size_t at = 0; at < b.len; at += (size_t)h.length) {
    g_assert_cmpint (stoker_batch_peek (b.data + at, b.len - at, &h), ==, 0);
    g_assert_true (stoker_batch_crc_ok (b.data + at, &h));
    g_assert_cmpint (h.base_timestamp, ==, g_array_index (l->stamps, int64_t, h.base_offset / 2));
  }
  stoker_buf_clear (&b);
}

bool
ledger_retry (Ledger *l, Kit *k)
{
  StokerLogEnds ends = kit_ends (k);
  int64_t have = ends.end / 2;

  for (int64_t i = MAX (0, have - WINDOW); i < have; i++) {
    Maker m = batch (i);
    StokerAppend a;
    if (i * 2 < ends.start) /* below the start it may be forgotten */
      continue;
    a = kit_append (k, &m, STOKER_ORIGIN_CLIENT);
    g_assert_cmpint (a.error, ==, 0);
    g_assert_true (a.duplicate);
    g_assert_cmpint (a.first_offset, ==, i * 2);
  }
  g_array_set_size (l->stamps, (guint)have);
  l->durable = l->journal ? have * 2 : 0; /* without a journal nothing was flushed by us since */
  l->start = ends.start;
  return have == 0 || ends.start < ends.end;
}

Kit *
ledger_kit (StkWorld *machine, const StokerModule *module, const char *conf, const char *path)
{
  Kit *k = kit_prepare (module, conf, true, path);

  test_host_set_disk (k->host, stk_world_disk (machine));
  test_host_inline_work (k->host);
  test_host_tolerate (k->host, "segment.damaged"); /* what was not flushed */
  k->config.segment_bytes = 3000;
  k->config.index_interval_bytes = 400;
  return k;
}

bool
ledger_verbose (void)
{
  return g_getenv ("STOKER_SEED") != NULL;
}

guint32
ledger_each_seed (void (*one_life) (guint32 seed, void *user), void *user)
{
  const char *only = g_getenv ("STOKER_SEED"), *many = g_getenv ("STOKER_POWER_CUTS");
  guint32 first = only ? (guint32)atoi (only) : 1;
  guint32 last = only ? first : many ? (guint32)atoi (many) : g_getenv ("LONG") ? 3000 : 60;

  for (guint32 seed = first; seed <= last; seed++) {
    g_test_message ("seed %u", seed);
    one_life (seed, user);
  }
  return last - first + 1;
}
