/* SPDX-License-Identifier: Apache-2.0
 *
 * Freeing the ring: logs whose oldest entries hold it up flush their own files.
 */
#include "journal/journal.h"

/* The log with the oldest entries that are older than `before`, marked busy; NULL: none. Under the lock. */
static StokerJournalLog *
next_log (StokerJournal *j, uint64_t before)
{
  StokerJournalLog *found = NULL;

  for (guint i = 0; i < j->logs->len; i++) {
    StokerJournalLog *l = j->logs->pdata[i];
    if (l->live > 0 && l->live < before && !l->held && (found == NULL || l->live < found->live))
      found = l;
  }
  if (found)
    found->held = true;
  return found;
}

int
stk_journal_checkpoint (StokerJournal *j)
{
  StokerJournalLog *l;
  uint64_t before;
  int rc = 0;

  pthread_mutex_lock (&j->lock);
  if (j->checkpointing) {
    pthread_mutex_unlock (&j->lock);
    return 0;
  }
  j->checkpointing = true;
  before = j->seq + 1;
  while (rc == 0 && (l = next_log (j, before)) != NULL) {
    pthread_mutex_unlock (&j->lock);
    rc = stk_journal_flush_log (l);
    pthread_mutex_lock (&j->lock);
    l->held = false;
    pthread_cond_broadcast (&j->cond);
  }
  j->checkpointing = false;
  pthread_mutex_unlock (&j->lock);
  return rc;
}
