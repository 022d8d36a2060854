/* SPDX-License-Identifier: Apache-2.0
 *
 * A mailbox: many threads push, one takes all. Push is one compare-and-swap and tells whether the box was empty, so
 * that only the first push has to wake the owner.
 */
#ifndef STK_WORLD_MAILBOX_H
#define STK_WORLD_MAILBOX_H

#include "world/world.h"

#include <stdatomic.h>

typedef struct StkMailbox
{
  _Atomic (StkTask *) head; /* newest first */
} StkMailbox;

/* True when the box was empty. */
static inline bool
stk_mailbox_push (StkMailbox *m, StkTask *t)
{
  StkTask *old = atomic_load_explicit (&m->head, memory_order_relaxed);

  do
    t->next = old;
  while (!atomic_compare_exchange_weak_explicit (&m->head, &old, t, memory_order_release, memory_order_relaxed));
  return old == NULL;
}

static inline bool
stk_mailbox_is_empty (StkMailbox *m)
{
  return atomic_load_explicit (&m->head, memory_order_acquire) == NULL;
}

/* Everything pushed so far, oldest first. */
static inline StkTask *
stk_mailbox_take (StkMailbox *m)
{
  StkTask *t = stk_mailbox_is_empty (m) ? NULL : atomic_exchange_explicit (&m->head, NULL, memory_order_acquire);
  StkTask *first = NULL;

  while (t) {
    StkTask *next = t->next;
    t->next = first;
    first = t;
    t = next;
  }
  return first;
}

#endif
