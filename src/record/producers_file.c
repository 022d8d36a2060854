/* SPDX-License-Identifier: Apache-2.0
 *
 * Producer state in the format of Kafka's .snapshot files (kafka-facts 5.3), and rows for those who list it.
 */
#include "record/producers.h"

#include "base/bytes.h"

#define SNAPSHOT_VERSION 1
#define SNAPSHOT_HEAD 10u /* version, crc, count */
#define SNAPSHOT_ROW 46u

typedef struct Ordered
{
  uint32_t bucket;
  StkProducer *e;
} Ordered;

static int
by_bucket (const void *a, const void *b)
{
  const Ordered *x = a, *y = b;

  if (x->bucket != y->bucket)
    return x->bucket < y->bucket ? -1 : 1;
  return x->e->id < y->e->id ? -1 : x->e->id > y->e->id;
}

/* Kafka writes its snapshots in the order of a Java hash table. No reader relies on it, but files that can be compared
 * byte for byte are worth a few lines: the bucket is the folded id modulo a power of two that grows at three quarters.
 */
static uint32_t
bucket_of (int64_t id, size_t n)
{
  uint32_t hash = (uint32_t)id ^ (uint32_t)((uint64_t)id >> 32), size = 16;

  while (n > size / 4 * 3)
    size *= 2;
  return (hash ^ hash >> 16) & (size - 1);
}

static Ordered *
ordered (const StokerProducers *p)
{
  size_t n = stoker_producers_count (p), i = 0;
  Ordered *rows = g_new0 (Ordered, n + 1);
  GHashTableIter it;
  gpointer key;

  if (n == 0)
    return rows;
  g_hash_table_iter_init (&it, p->by_id);
  for (; g_hash_table_iter_next (&it, &key, NULL); i++)
    rows[i] = (Ordered){ bucket_of (((StkProducer *)key)->id, n), key };
  qsort (rows, n, sizeof rows[0], by_bucket);
  return rows;
}

static void
row_of (const StkProducer *e, StokerProducerRow *row)
{
  const StkSeen *newest = e->n_seen ? &e->seen[e->n_seen - 1] : NULL;

  *row = (StokerProducerRow){ .producer_id = e->id,
                              .epoch = e->epoch,
                              .last_sequence = newest ? newest->last_sequence : -1,
                              .last_offset = newest ? newest->last_offset : -1,
                              .last_timestamp = e->last_timestamp,
                              .coordinator_epoch = e->coordinator_epoch,
                              .txn_first_offset = e->txn_first_offset };
}

bool
stoker_producers_get (const StokerProducers *p, int64_t producer_id, StokerProducerRow *out)
{
  const StkProducer *e = stk_producers_find (p, producer_id);

  if (e == NULL)
    return false;
  row_of (e, out);
  return true;
}

void
stoker_producers_each (const StokerProducers *p, bool (*each) (void *user, const StokerProducerRow *row), void *user)
{
  g_autofree Ordered *rows = ordered (p);
  bool more = true;

  for (size_t i = 0; rows[i].e && more; i++) {
    StokerProducerRow row;
    row_of (rows[i].e, &row);
    more = each (user, &row);
  }
}

void
stoker_producers_save (const StokerProducers *p, StokerBuf *out)
{
  g_autofree Ordered *rows = ordered (p);
  size_t n = stoker_producers_count (p), len = SNAPSHOT_HEAD + n * SNAPSHOT_ROW;
  uint8_t *head = stoker_buf_reserve (out, len), *at = head + SNAPSHOT_HEAD;

  for (size_t i = 0; i < n; i++, at += SNAPSHOT_ROW) {
    StokerProducerRow row;
    row_of (rows[i].e, &row);
    stk_put_be64 (at, (uint64_t)row.producer_id);
    stk_put_be16 (at + 8, (uint16_t)row.epoch);
    stk_put_be32 (at + 10, (uint32_t)row.last_sequence);
    stk_put_be64 (at + 14, (uint64_t)row.last_offset);
    stk_put_be32 (at + 22, row.last_offset < 0 ? 0 : (uint32_t)rows[i].e->seen[rows[i].e->n_seen - 1].offset_delta);
    stk_put_be64 (at + 26, (uint64_t)row.last_timestamp);
    stk_put_be32 (at + 34, (uint32_t)row.coordinator_epoch);
    stk_put_be64 (at + 38, (uint64_t)row.txn_first_offset);
  }
  stk_put_be16 (head, SNAPSHOT_VERSION);
  stk_put_be32 (head + 6, (uint32_t)n);
  stk_put_be32 (head + 2, stoker_crc32c (0, head + 6, len - 6));
  out->len += len;
}

static void
load_row (StokerProducers *p, const uint8_t *at)
{
  int64_t last_offset = (int64_t)stk_get_be64 (at + 14), txn_first = (int64_t)stk_get_be64 (at + 38);
  StkProducer *e = stk_producers_find_or_add (p, (int64_t)stk_get_be64 (at));

  stk_producers_close_txn (p, e); /* an id that occurs twice: the last one counts */
  e->epoch = (int16_t)stk_get_be16 (at + 8);
  e->last_timestamp = (int64_t)stk_get_be64 (at + 26);
  e->coordinator_epoch = (int32_t)stk_get_be32 (at + 34);
  e->n_seen = 0;
  if (last_offset >= 0)
    e->seen[e->n_seen++] = (StkSeen){ .last_offset = last_offset,
                                      .timestamp = e->last_timestamp,
                                      .last_sequence = (int32_t)stk_get_be32 (at + 10),
                                      .offset_delta = MAX ((int32_t)stk_get_be32 (at + 22), 0) };
  if (txn_first >= 0)
    stk_producers_open_txn (p, e, txn_first);
}

int
stoker_producers_load (StokerProducers *p, const uint8_t *data, size_t len, StokerError *err)
{
  uint32_t n;

  if (len < SNAPSHOT_HEAD)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "producer snapshot of %zu bytes: at least %u expected", len,
                             SNAPSHOT_HEAD);
  if (stk_get_be16 (data) != SNAPSHOT_VERSION)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "producer snapshot of version %d: %d expected",
                             (int16_t)stk_get_be16 (data), SNAPSHOT_VERSION);
  n = stk_get_be32 (data + 6);
  if ((len - SNAPSHOT_HEAD) % SNAPSHOT_ROW != 0 || (len - SNAPSHOT_HEAD) / SNAPSHOT_ROW != n)
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "producer snapshot of %zu bytes cannot hold %u producers", len,
                             n);
  if (stoker_crc32c (0, data + 6, len - 6) != stk_get_be32 (data + 2))
    return stoker_error_set (err, STOKER_ERROR_CORRUPT, "producer snapshot has a wrong check sum");
  stoker_producers_clear (p);
  for (uint32_t i = 0; i < n; i++)
    load_row (p, data + SNAPSHOT_HEAD + (size_t)i * SNAPSHOT_ROW);
  return 0;
}
