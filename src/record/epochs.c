/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/bookkeeping.h>

#include <glib.h>

bool
stoker_epochs_assign (StokerEpochs *e, int32_t epoch, int64_t start)
{
  const StokerEpoch *last = e->n ? &e->list[e->n - 1] : NULL;

  if (last && last->epoch == epoch && start >= last->start)
    return false;
  while (e->n > 0 && (e->list[e->n - 1].epoch >= epoch || e->list[e->n - 1].start >= start))
    e->n--;
  if (e->n == e->cap) {
    e->cap = e->cap ? e->cap * 2 : 2;
    e->list = g_renew (StokerEpoch, e->list, e->cap);
  }
  e->list[e->n++] = (StokerEpoch){ epoch, start };
  return true;
}

bool
stoker_epochs_cut_end (StokerEpochs *e, int64_t end)
{
  uint32_t before = e->n;

  while (e->n > 0 && e->list[e->n - 1].start >= end)
    e->n--;
  return e->n < before;
}

bool
stoker_epochs_cut_start (StokerEpochs *e, int64_t start)
{
  uint32_t below = 0;

  while (below < e->n && e->list[below].start <= start)
    below++;
  if (below == 0 || (below == 1 && e->list[0].start == start))
    return false;
  for (uint32_t i = below - 1; i < e->n; i++)
    e->list[i - (below - 1)] = e->list[i];
  e->n -= below - 1;
  e->list[0].start = start;
  return true;
}

int32_t
stoker_epochs_latest (const StokerEpochs *e)
{
  return e->n ? e->list[e->n - 1].epoch : -1;
}

void
stoker_epochs_end_of (const StokerEpochs *e, int32_t epoch, int64_t log_end, int32_t *out_epoch, int64_t *out_end)
{
  uint32_t above = 0;

  *out_epoch = -1;
  *out_end = -1;
  if (epoch < 0)
    return;
  while (above < e->n && e->list[above].epoch <= epoch)
    above++;
  if (epoch == stoker_epochs_latest (e)) {
    *out_epoch = epoch;
    *out_end = log_end;
  } else if (above < e->n) {
    *out_epoch = above > 0 ? e->list[above - 1].epoch : epoch;
    *out_end = e->list[above].start;
  }
}

void
stoker_epochs_clear (StokerEpochs *e)
{
  g_free (e->list);
  *e = (StokerEpochs){ 0 };
}
