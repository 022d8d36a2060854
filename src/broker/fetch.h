/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the fetch path share: fetch.c (the request and its answer), fetch_read.c (one look at one
 * partition), fetch_wait.c (long polls), fetch_offload.c (cold ranges and conversion), fetch_session.c (incremental
 * sessions).
 */
#ifndef STK_BROKER_FETCH_H
#define STK_BROKER_FETCH_H

#include "broker/call.h"
#include "broker/fetch_session.h"
#include "broker/table.h"

typedef struct StkFetchState StkFetchState;

/* One partition of a request. */
typedef struct StkFetchPart
{
  StkWaiter waiter;
  StkFetchState *state;
  StokerStr topic; /* null: asked for by an id that is not known */
  StokerUuid id;
  StokerFetchPartition d; /* what is asked and what is answered */
  StkSessionPartition *cached;
  StkPartition *partition; /* referenced; NULL: not here */
  int64_t limit;           /* read limit at the last look */
  size_t bytes;            /* readable at the last look, at most d.max_bytes */
  StokerRead want;         /* what was asked of the engine then */
  bool cold;               /* there is something, but it must be looked for on a disk thread; `bytes` is what it may be */
  bool look;               /* look again before answering */
  bool waits;              /* its waiter is registered */
} StkFetchPart;

struct StkFetchState
{
  StkCallWait wait; /* first: call->core */
  StkFetchState *next, **prev; /* in io->fetches, while it waits */
  StokerFetch *req;
  StkIo *io;
  StkFetchSession *session; /* NULL: none; else ours until stk_sessions_done */
  StkTimer timer;
  size_t max_bytes, min_bytes;
  size_t bytes; /* of all parts */
  bool at_once; /* something must be told now */
  bool waited;
  bool answering;
  int offloaded; /* parts that a disk thread works on */
  int n_parts;
  StkFetchPart *parts;
};

/* Looks at a partition: fills part->d with an error or with the ends and up to `max_bytes` of records, or says that they are
 * cold. I/O thread; does not block. */
void stk_fetch_look (StkFetchPart *part, size_t max_bytes, bool at_least_one);
/* Puts what the engine has answered (to part->want) into part->d; takes the references. I/O thread, between enter and leave. */
void stk_fetch_take (StkFetchPart *part, int rc, const StokerReadResult *got);
/* Gives back the records that it holds. */
void stk_fetch_drop (StkFetchPart *part);

/* Sends it to sleep until there is enough, or until max_wait_ms is over; it answers through stk_fetch_answer then. */
void stk_fetch_wait (StkFetchState *s);
/* Takes it out of all partitions' lists. */
void stk_fetch_end_wait (StkFetchState *s);
/* The broker stops: what waits on this I/O thread is answered with what there is, and nothing waits any more. I/O thread. */
void stk_fetch_stop (StkIo *io);

/* Reads again what has changed since, then finishes. */
void stk_fetch_answer (StkFetchState *s);

/* Reads what is cold, brings cold ranges into memory and converts for old clients, on disk pools; finished comes on the I/O thread, at once
 * when there is nothing to do. */
void stk_fetch_offload (StkFetchState *s, void (*finished) (StkFetchState *s));

#endif
