/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting for a partition: an object that sleeps in the list of one partition until one of its ends has come far enough
 * or the partition goes away, and then is run on the I/O thread that it belongs to. Signals are collected: a batch of
 * appends wakes another I/O thread once, and its own thread's waiters run at the end of the turn without any post.
 */
#ifndef STK_BROKER_WAIT_H
#define STK_BROKER_WAIT_H

#include "broker/broker.h"

typedef struct StkPartition StkPartition;
typedef struct StkWaiter StkWaiter;

typedef enum StkWatched
{
  STK_WATCH_DURABLE = 0, /* acks=1, followers */
  STK_WATCH_HW = 1,      /* acks=-1, consumers */
  STK_WATCH_STABLE = 2,  /* read_committed */
  STK_WATCHED = 3,
} StkWatched;

/* Embed it, zeroed; owned by the I/O thread `io`. It must be unregistered (stk_waiter_cancel) before its memory goes.
 */
struct StkWaiter
{
  StkWaiter *next, *prev;  /* in the partition's list or the inbox */
  StkPartition *partition; /* referenced while registered */
  StkIo *io;
  uint8_t where;               /* see wait.c; changed under the lock of the place it is in */
  uint8_t watch;               /* StkWatched */
  int16_t gone;                /* in wake: the partition is not led here any more: the error code; else 0 */
  int32_t epoch;               /* leader epoch that it was registered under */
  int64_t need;                /* wakes when the watched end is >= this */
  void (*wake) (StkWaiter *w); /* on its I/O thread; it is unregistered then and may be registered again */
};

/* Registers it: false when there is nothing to wait for (the end is there already: w->gone 0, or the partition is not
 * led here: w->gone the code). w->io, watch, need and wake are set by the caller. I/O thread of w->io. */
bool stk_waiter_register (StkWaiter *w, StkPartition *p);
/* Unregisters it wherever it is; does nothing when it is nowhere. I/O thread of w->io. */
void stk_waiter_cancel (StkWaiter *w);

/* ---- for partition.c, under the partition's lock: takes it out of the partition's list and puts it into its thread's
 * inbox. */
void stk_waiter_signal (StkWaiter *w, int16_t gone);

#endif
