/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

void
zk_calls_init (Calls *q)
{
  *q = (Calls){ .tail = &q->head };
}

static void
free_list (Call *c)
{
  for (Call *next; c; c = next) {
    next = c->next;
    zk_call_free (c);
  }
}

void
zk_calls_clear (Calls *q)
{
  free_list (q->head);
  free_list (q->orphans);
  zk_calls_init (q);
}

void
zk_calls_add (Calls *q, Call *c)
{
  *q->tail = c;
  q->tail = &c->next;
  q->waiting += !c->answered;
}

Call *
zk_calls_send (Calls *q, int64_t now_us)
{
  Call *c = q->waiting ? q->head : NULL;

  while (c && (c->sent_us || c->answered || c->ended))
    c = c->next;
  if (c) {
    c->sent_us = now_us;
    q->waiting--;
    q->in_flight++;
  }
  return c;
}

static bool
forget_orphan (Calls *q, Call *c)
{
  for (Call **at = &q->orphans; *at; at = &(*at)->next)
    if (*at == c) {
      *at = c->next;
      zk_call_free (c);
      return true;
    }
  return false;
}

void
zk_calls_filled (Calls *q, Call *c)
{
  q->in_flight--;
  if (!c->ended || !forget_orphan (q, c))
    c->answered = true;
}

void
zk_calls_end (Calls *q, int code)
{
  for (Call *c = q->head; c; c = c->next)
    c->ended = code;
  q->waiting = 0;
}

void
zk_calls_answer (Calls *q, bool (*deliver) (void *user, Call *c, const StokerCoordReply *reply), void *user)
{
  Call *c;
  bool more = true;

  while (more && (c = q->head) != NULL && (c->answered || c->ended)) {
    StokerCoordReply ended = { .code = c->ended };
    bool library_has_it = c->sent_us && !c->answered; /* its fields are the library's then */
    q->head = c->next;
    if (q->head == NULL)
      q->tail = &q->head;
    c->next = NULL;
    if (library_has_it) {
      c->next = q->orphans;
      q->orphans = c;
    }
    if (c->ended && !library_has_it)
      zk_call_fail (c, c->ended);
    more = deliver (user, c, library_has_it ? &ended : &c->reply);
    if (!library_has_it)
      zk_call_free (c);
  }
}
