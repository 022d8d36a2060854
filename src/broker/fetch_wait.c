/* SPDX-License-Identifier: Apache-2.0
 *
 * Long polls. A fetch without enough data leaves a waiter in each of its partitions; one that is signalled is looked at
 * again, the others are not, until the bytes suffice, something must be told, or the time is over.
 */
#include "broker/fetch.h"

#include "control/metrics.h"

#define STATE_OF_TIMER(t) ((StkFetchState *)(void *)((char *)(t)-G_STRUCT_OFFSET (StkFetchState, timer)))

static void sleep_or_answer (StkFetchState *s);

void
stk_fetch_end_wait (StkFetchState *s)
{
  if (!s->waited)
    return;
  if ((*s->prev = s->next) != NULL)
    s->next->prev = s->prev;
  stk_actor_timer_cancel (s->io->actor, &s->timer);
  for (int i = 0; i < s->n_parts; i++)
    if (s->parts[i].waits) {
      stk_waiter_cancel (&s->parts[i].waiter);
      s->parts[i].waits = false;
    }
  stoker_metric_add (stk_metrics_core (s->io->broker->metrics, STK_METRIC_FETCH_WAITING), -1);
}

static void
time_over (StkTimer *t)
{
  stk_fetch_answer (STATE_OF_TIMER (t));
}

/* What is there now? Only counts: the records are read when the answer is made. */
static void
count_again (StkFetchPart *part)
{
  StkFetchState *s = part->state;

  s->bytes -= part->bytes;
  stk_fetch_look (part, s->max_bytes, true);
  stk_fetch_drop (part);
  s->bytes += part->bytes;
  part->look = true;
  if (part->d.error || part->d.diverging_epoch >= 0)
    s->at_once = true;
}

static void
woken (StkWaiter *w)
{
  StkFetchPart *part = (StkFetchPart *)(void *)w;
  StkFetchState *s = part->state;

  part->waits = false;
  count_again (part);
  sleep_or_answer (s);
}

/* False: it did not go to sleep because there is something to look at. */
static bool
put_to_sleep (StkFetchPart *part)
{
  StokerFetch *req = part->state->req;
  StkWaiter *w = &part->waiter;

  w->io = part->state->io;
  w->watch = req->replica_id >= 0 ? STK_WATCH_DURABLE : req->isolation == 1 ? STK_WATCH_STABLE : STK_WATCH_HW;
  w->need = MAX (part->limit, part->d.fetch_offset) + 1;
  w->wake = woken;
  part->waits = stk_waiter_register (w, part->partition);
  return part->waits;
}

/* Every part that is not asleep goes to sleep, unless there is enough by now. */
static void
sleep_or_answer (StkFetchState *s)
{
  for (int i = 0; i < s->n_parts && !s->at_once && s->bytes < s->min_bytes; i++)
    while (!s->parts[i].waits && !s->at_once && s->bytes < s->min_bytes && !put_to_sleep (&s->parts[i]))
      count_again (&s->parts[i]);
  if (s->at_once || s->bytes >= s->min_bytes)
    stk_fetch_answer (s);
}

void
stk_fetch_wait (StkFetchState *s)
{
  /* References to files and blocks are not held over a wait. */
  for (int i = 0; i < s->n_parts; i++) {
    s->parts[i].look = s->parts[i].bytes > 0;
    stk_fetch_drop (&s->parts[i]);
  }
  s->waited = true;
  s->prev = &s->io->fetches;
  if ((s->next = s->io->fetches) != NULL)
    s->next->prev = &s->next;
  s->io->fetches = s;
  stoker_metric_add (stk_metrics_core (s->io->broker->metrics, STK_METRIC_FETCH_WAITING), 1);
  s->timer.fire = time_over;
  stk_actor_timer_set (s->io->actor, &s->timer, stk_actor_now_us (s->io->actor) + (int64_t)s->req->max_wait_ms * 1000);
  sleep_or_answer (s);
}

void
stk_fetch_stop (StkIo *io)
{
  io->stopping = true;
  while (io->fetches)
    stk_fetch_answer (io->fetches);
}
