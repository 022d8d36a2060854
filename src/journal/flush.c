/* SPDX-License-Identifier: Apache-2.0
 *
 * Logs with much to write, or without room in the ring, are flushed where they stand, by the disk threads that are at hand.
 */
#include "journal/journal.h"

enum
{
  FLUSHERS_MAX = 3, /* at once: the disk works on several flushes, more threads only wait for each other */
};

/* The directory is given up when the disk is broken; anything else concerns the log alone. */
static int
flush_log (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;
  int rc = l->client->flush (l->log);

  if (rc < 0 && stoker_disk_broken (rc))
    stk_journal_fail (j, rc, "flush a log");
  return rc;
}

int
stk_journal_flush_log (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;
  uint64_t seq;
  int rc;

  pthread_mutex_lock (&j->lock);
  seq = j->seq; /* what these commits hold was written to the file before the flush begins */
  pthread_mutex_unlock (&j->lock);
  rc = flush_log (l);
  pthread_mutex_lock (&j->lock);
  if (rc == 0 && l->live > 0)
    stk_journal_set_live (l, l->last > seq ? seq + 1 : 0);
  pthread_mutex_unlock (&j->lock);
  return rc;
}

void
stk_journal_flush_later (StokerJournalLog *l)
{
  StokerJournal *j = l->journal;

  pthread_mutex_lock (&j->lock);
  l->next = NULL;
  *j->large_end = l;
  j->large_end = &l->next;
  pthread_mutex_unlock (&j->lock);
}

bool
stk_journal_flush_one (StokerJournal *j)
{
  StokerJournalLog *l;
  int error;

  pthread_mutex_lock (&j->lock);
  l = j->large;
  error = j->error;
  if (l) {
    j->large = l->next;
    if (j->large == NULL)
      j->large_end = &j->large;
    l->next = NULL;
  }
  pthread_mutex_unlock (&j->lock);
  if (l == NULL)
    return false;
  stk_journal_done (j, l, error ? error : stk_journal_flush_log (l));
  return true;
}

static void
flush_job (void *user)
{
  StokerJournal *j = user;

  while (stk_journal_flush_one (j))
    stk_journal_schedule (j);
  pthread_mutex_lock (&j->lock);
  j->flushers--;
  pthread_mutex_unlock (&j->lock);
  stk_journal_post_flushers (j, 0); /* somebody may have counted on this one */
}

void
stk_journal_post_flushers (StokerJournal *j, unsigned own)
{
  unsigned wanted = 0, n = 0;

  pthread_mutex_lock (&j->lock);
  for (const StokerJournalLog *l = j->large; l && wanted < FLUSHERS_MAX + own; l = l->next)
    wanted++;
  for (; j->flushers + own + n < wanted && j->flushers + n < FLUSHERS_MAX; n++)
    ;
  j->flushers += n;
  pthread_mutex_unlock (&j->lock);
  for (; n > 0; n--)
    stk_journal_post (j, flush_job);
}
