/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/clean_txns.h"

#include <glib.h>

typedef struct Open
{
  StokerAborted txn;
  bool met; /* a batch of it */
} Open;

struct StkCleanTxns
{
  GArray *coming; /* of StokerAborted; sorted, the earliest last, when the first batch is told */
  bool sorted;
  GHashTable *aborting;   /* producer id -> Open */
  GHashTable *committing; /* producer ids of which data was met */
};

StkCleanTxns *
stk_clean_txns_new (void)
{
  StkCleanTxns *t = g_new0 (StkCleanTxns, 1);

  t->coming = g_array_new (FALSE, FALSE, sizeof (StokerAborted));
  t->aborting = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free); /* keys lie in the values */
  t->committing = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  return t;
}

void
stk_clean_txns_free (StkCleanTxns *t)
{
  if (t == NULL)
    return;
  g_array_unref (t->coming);
  g_hash_table_unref (t->aborting);
  g_hash_table_unref (t->committing);
  g_free (t);
}

void
stk_clean_txns_add (StkCleanTxns *t, const StokerAborted *a)
{
  g_array_append_val (t->coming, *a);
  t->sorted = false;
}

static gint
latest_first (const void *a, const void *b)
{
  int64_t x = ((const StokerAborted *)a)->first_offset, y = ((const StokerAborted *)b)->first_offset;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* Transactions that have begun by now. */
static void
open_up_to (StkCleanTxns *t, int64_t offset)
{
  if (!t->sorted)
    g_array_sort (t->coming, latest_first);
  t->sorted = true;
  while (t->coming->len > 0) {
    StokerAborted a = g_array_index (t->coming, StokerAborted, t->coming->len - 1);
    Open *o;
    if (a.first_offset > offset)
      return;
    g_array_set_size (t->coming, t->coming->len - 1);
    if (g_hash_table_contains (t->aborting, &a.producer_id))
      continue;
    o = g_new (Open, 1);
    *o = (Open){ a, false };
    g_hash_table_insert (t->aborting, &o->txn.producer_id, o);
  }
}

bool
stk_clean_txns_data (StkCleanTxns *t, const StokerBatch *b)
{
  Open *o;

  if (!(b->attributes & STOKER_BATCH_TRANSACTIONAL))
    return false;
  open_up_to (t, stoker_batch_last_offset (b));
  o = g_hash_table_lookup (t->aborting, &b->producer_id);
  if (o)
    o->met = true;
  else if (!g_hash_table_contains (t->committing, &b->producer_id))
    g_hash_table_add (t->committing, g_memdup2 (&b->producer_id, sizeof b->producer_id));
  return o != NULL;
}

bool
stk_clean_txns_marker (StkCleanTxns *t, const StokerBatch *b, int type, bool *told, StokerAborted *kept)
{
  Open *o;

  *told = false;
  open_up_to (t, stoker_batch_last_offset (b));
  if (type == 1)
    return !g_hash_table_remove (t->committing, &b->producer_id);
  if (type != 0)
    return type < 0; /* kinds that are not known stay */
  o = g_hash_table_lookup (t->aborting, &b->producer_id);
  if (o == NULL)
    return true;
  *told = o->met;
  *kept = o->txn;
  g_hash_table_remove (t->aborting, &b->producer_id);
  return !*told;
}
