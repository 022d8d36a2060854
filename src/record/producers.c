/* SPDX-License-Identifier: Apache-2.0
 *
 * What a partition remembers of idempotent and transactional producers (kafka-facts 10.3). Most partitions have none,
 * so the table is made with the first. Open transactions stand in an array sorted by first offset: new ones are opened
 * at the end of the log and so go to its end.
 */
#include <stoker/record.h>

#include "base/bytes.h"

#include <glib.h>

#define WINDOW 5
#define SNAPSHOT_VERSION 1
#define SNAPSHOT_HEAD 10u /* version, crc, count */
#define SNAPSHOT_ROW 46u

typedef struct Seen
{
  int64_t last_offset;
  int64_t timestamp;
  int32_t last_sequence;
  int32_t offset_delta;
} Seen;

typedef struct Producer
{
  int64_t id; /* the key of the table */
  int64_t last_timestamp;
  int64_t txn_first_offset; /* -1: none open */
  int32_t coordinator_epoch;
  int16_t epoch;
  uint8_t n_seen;
  Seen seen[WINDOW]; /* by offset, newest last */
} Producer;

struct StokerProducers
{
  GHashTable *by_id; /* NULL: never had one */
  GArray *open;      /* of Open, ascending; NULL: none */
};

typedef struct Open
{
  int64_t first_offset;
  int64_t producer_id;
} Open;

StokerProducers *
stoker_producers_new (void)
{
  return g_new0 (StokerProducers, 1);
}

void
stoker_producers_clear (StokerProducers *p)
{
  g_clear_pointer (&p->by_id, g_hash_table_unref);
  g_clear_pointer (&p->open, g_array_unref);
}

void
stoker_producers_free (StokerProducers *p)
{
  if (p == NULL)
    return;
  stoker_producers_clear (p);
  g_free (p);
}

size_t
stoker_producers_count (const StokerProducers *p)
{
  return p->by_id ? g_hash_table_size (p->by_id) : 0;
}

int64_t
stoker_producers_first_open (const StokerProducers *p)
{
  return p->open && p->open->len ? g_array_index (p->open, Open, 0).first_offset : INT64_MAX;
}

static Producer *
find (const StokerProducers *p, int64_t id)
{
  return p->by_id ? g_hash_table_lookup (p->by_id, &id) : NULL;
}

static Producer *
find_or_add (StokerProducers *p, int64_t id)
{
  Producer *e = find (p, id);

  if (e != NULL)
    return e;
  if (p->by_id == NULL)
    p->by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  e = g_new0 (Producer, 1);
  *e = (Producer){ .id = id, .epoch = -1, .coordinator_epoch = -1, .last_timestamp = -1, .txn_first_offset = -1 };
  g_hash_table_add (p->by_id, e);
  return e;
}

static void
open_transaction (StokerProducers *p, Producer *e, int64_t first_offset)
{
  Open row = { first_offset, e->id };
  guint at;

  if (p->open == NULL)
    p->open = g_array_new (FALSE, FALSE, sizeof (Open));
  for (at = p->open->len; at > 0 && g_array_index (p->open, Open, at - 1).first_offset > first_offset; at--)
    ;
  g_array_insert_val (p->open, at, row);
  e->txn_first_offset = first_offset;
}

static void
close_transaction (StokerProducers *p, Producer *e)
{
  if (e->txn_first_offset < 0)
    return;
  for (guint i = 0; i < p->open->len; i++) {
    if (g_array_index (p->open, Open, i).producer_id == e->id) {
      g_array_remove_index (p->open, i);
      break;
    }
  }
  e->txn_first_offset = -1;
  if (p->open->len == 0)
    g_clear_pointer (&p->open, g_array_unref);
}

/* Sequence numbers count from 0 to INT32_MAX and then begin again at 0. */
static int32_t
sequence_add (int32_t sequence, int32_t n)
{
  return (int32_t)(((int64_t)sequence + n) & INT32_MAX);
}

static int32_t
sequence_before (int32_t sequence, int32_t n)
{
  return (int32_t)(((int64_t)sequence - n) & INT32_MAX);
}

/* A batch without a sequence (written by a coordinator) takes no part in the window's arithmetic. */
static int32_t
last_sequence (const StokerBatch *b)
{
  return b->base_sequence < 0 ? -1 : sequence_add (b->base_sequence, b->last_offset_delta);
}

static int32_t
first_sequence (const Seen *s)
{
  return s->last_sequence < 0 ? -1 : sequence_before (s->last_sequence, s->offset_delta);
}

static const Seen *
find_duplicate (const Producer *e, const StokerBatch *b)
{
  if (b->producer_epoch != e->epoch || b->base_sequence < 0)
    return NULL;
  for (int i = 0; i < e->n_seen; i++)
    if (e->seen[i].last_sequence == last_sequence (b) && first_sequence (&e->seen[i]) == b->base_sequence)
      return &e->seen[i];
  return NULL;
}

static int16_t
check_sequence (const Producer *e, const StokerBatch *b)
{
  if (e->epoch == -1)
    return STOKER_OK;
  if (b->producer_epoch != e->epoch)
    return b->base_sequence == 0 ? STOKER_OK : STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER;
  if (e->n_seen == 0)
    return b->base_sequence == 0 ? STOKER_OK : STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER;
  return b->base_sequence == sequence_add (e->seen[e->n_seen - 1].last_sequence, 1)
             ? STOKER_OK
             : STOKER_OUT_OF_ORDER_SEQUENCE_NUMBER;
}

StokerProducerVerdict
stoker_producers_check (const StokerProducers *p, const StokerBatch *b)
{
  StokerProducerVerdict v = { .first_offset = -1, .last_offset = -1, .timestamp = -1 };
  const Producer *e = b->producer_id < 0 ? NULL : find (p, b->producer_id);
  const Seen *seen;

  if (e == NULL)
    return v;
  if (b->attributes & STOKER_BATCH_CONTROL) {
    v.error = b->producer_epoch < e->epoch ? STOKER_INVALID_PRODUCER_EPOCH : STOKER_OK;
    return v;
  }
  if ((seen = find_duplicate (e, b)) != NULL) {
    v.duplicate = true;
    v.first_offset = seen->last_offset - seen->offset_delta;
    v.last_offset = seen->last_offset;
    v.timestamp = seen->timestamp;
    return v;
  }
  if (b->producer_epoch < e->epoch)
    v.error = STOKER_INVALID_PRODUCER_EPOCH;
  else if ((v.error = check_sequence (e, b)) == STOKER_OK && e->txn_first_offset >= 0
           && !(b->attributes & STOKER_BATCH_TRANSACTIONAL))
    v.error = STOKER_INVALID_TXN_STATE;
  return v;
}

/* Batches of an older epoch can never be repeated or continued. */
static void
take_epoch (Producer *e, int16_t epoch)
{
  if (e->epoch == epoch)
    return;
  e->epoch = epoch;
  e->n_seen = 0;
}

static Seen
seen_of (const StokerBatch *b)
{
  return (Seen){ .last_offset = stoker_batch_last_offset (b),
                 .timestamp = b->max_timestamp,
                 .last_sequence = last_sequence (b),
                 .offset_delta = b->last_offset_delta };
}

void
stoker_producers_update (StokerProducers *p, const StokerBatch *b, int control_type, int32_t coordinator_epoch)
{
  Producer *e;

  if (b->producer_id < 0)
    return;
  e = find_or_add (p, b->producer_id);
  take_epoch (e, b->producer_epoch);
  e->last_timestamp = b->max_timestamp;
  if (b->attributes & STOKER_BATCH_CONTROL) {
    if (control_type == 0 || control_type == 1) {
      close_transaction (p, e);
      e->coordinator_epoch = coordinator_epoch;
    }
    return;
  }
  if (e->n_seen == WINDOW)
    memmove (e->seen, e->seen + 1, sizeof e->seen[0] * --e->n_seen);
  e->seen[e->n_seen++] = seen_of (b);
  if ((b->attributes & STOKER_BATCH_TRANSACTIONAL) && e->txn_first_offset < 0)
    open_transaction (p, e, b->base_offset);
}

void
stoker_producers_recall (StokerProducers *p, const StokerBatch *b)
{
  Producer *e = b->producer_id < 0 ? NULL : find (p, b->producer_id);
  int64_t last = stoker_batch_last_offset (b);
  int at;

  if (e == NULL || e->epoch != b->producer_epoch || (b->attributes & STOKER_BATCH_CONTROL) || e->n_seen == 0
      || last >= e->seen[e->n_seen - 1].last_offset)
    return;
  for (at = e->n_seen - 1; at > 0 && e->seen[at - 1].last_offset >= last; at--)
    if (e->seen[at - 1].last_offset == last)
      return;
  if (e->n_seen == WINDOW) {
    if (at == 0)
      return;
    memmove (e->seen, e->seen + 1, sizeof e->seen[0] * (size_t)--at);
  } else {
    memmove (e->seen + at + 1, e->seen + at, sizeof e->seen[0] * (size_t)(e->n_seen - at));
    e->n_seen++;
  }
  e->seen[at] = seen_of (b);
}

static gboolean
expired (gpointer key, gpointer value, gpointer user)
{
  const Producer *e = key;
  const int64_t *before = user;
  return e->txn_first_offset < 0 && e->last_timestamp < *before;
}

void
stoker_producers_expire (StokerProducers *p, int64_t before_ms)
{
  if (p->by_id == NULL)
    return;
  g_hash_table_foreach_remove (p->by_id, expired, &before_ms);
  if (g_hash_table_size (p->by_id) == 0)
    stoker_producers_clear (p);
}

typedef struct Ordered
{
  uint32_t bucket;
  Producer *e;
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
    rows[i] = (Ordered){ bucket_of (((Producer *)key)->id, n), key };
  qsort (rows, n, sizeof rows[0], by_bucket);
  return rows;
}

static void
row_of (const Producer *e, StokerProducerRow *row)
{
  const Seen *newest = e->n_seen ? &e->seen[e->n_seen - 1] : NULL;

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
  const Producer *e = find (p, producer_id);

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
  Producer *e = find_or_add (p, (int64_t)stk_get_be64 (at));

  close_transaction (p, e); /* an id that occurs twice: the last one counts */
  e->epoch = (int16_t)stk_get_be16 (at + 8);
  e->last_timestamp = (int64_t)stk_get_be64 (at + 26);
  e->coordinator_epoch = (int32_t)stk_get_be32 (at + 34);
  e->n_seen = 0;
  if (last_offset >= 0)
    e->seen[e->n_seen++] = (Seen){ .last_offset = last_offset,
                                   .timestamp = e->last_timestamp,
                                   .last_sequence = (int32_t)stk_get_be32 (at + 10),
                                   .offset_delta = MAX ((int32_t)stk_get_be32 (at + 22), 0) };
  if (txn_first >= 0)
    open_transaction (p, e, txn_first);
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
