/* SPDX-License-Identifier: Apache-2.0
 *
 * What the broker keeps per I/O thread: its view of the partitions, the appends that have gathered, and the waiters
 * that were signalled and not looked at yet. Everything but the inbox is touched on that thread only.
 */
#ifndef STK_BROKER_IO_H
#define STK_BROKER_IO_H

#include "broker/broker.h"
#include "broker/wait.h"

#include <glib.h>
#include <stoker/host.h>

typedef struct StkTable StkTable;       /* broker/table.h */
typedef struct StkGathered StkGathered; /* broker/produce.h */

struct StkIo
{
  StokerBroker *broker;
  StkActor *actor;
  int index; /* -1: the control actor's, which waits too (appends by the broker itself) */

  /* The table of partitions that this thread has seen last, and its number. */
  StkTable *table;
  uint64_t table_version;

  StkGathered *gathered;
  struct StkProduceState *produced, **produced_last; /* while a flush runs: what it has settled */

  struct StkFetchState *fetches; /* that wait */
  bool stopping;                 /* the broker stops: no fetch waits any more */

  /* Signalled waiters; see wait.h. Any thread puts in, this one takes out. */
  GMutex inbox_lock;
  StkWaiter *inbox_first, *inbox_last;
  bool scheduled;   /* one of the two tasks below is on its way */
  StkTask posted;   /* from another thread */
  StkTask turn_end; /* from this one */

  struct StkCodecContexts *codecs; /* made when first used */
  int64_t decompressed_max_bytes, decompressed_max_ratio; /* of a produced batch; 0: the defaults of record/record.h */
};

/* For I/O actor `index` of the broker (-1: for control). Any thread, before the actor runs. */
StkIo *stk_io_new (StokerBroker *b, StkActor *actor, int index);
/* After the actor has quit; no call is waiting any more. */
void stk_io_free (StkIo *io);
/* The one of the calling thread, from a call's context; asserts the affinity. */
StkIo *stk_io_of (const StokerContext *ctx);
/* The codecs' working memory of this thread. */
struct StkCodecContexts *stk_io_codecs (StkIo *io);
/* wait.c: makes the inbox ready. */
void stk_io_inbox_init (StkIo *io);

#endif
