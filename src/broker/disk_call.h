/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of which parts are answered on disk threads (offsets by time, DeleteRecords): counts what is out and finishes
 * the call on its I/O thread after the last one. A cancelled call runs to its end: the work is short.
 */
#ifndef STK_BROKER_DISK_CALL_H
#define STK_BROKER_DISK_CALL_H

#include "broker/call.h"
#include "broker/partition.h"

typedef struct StkDiskCall
{
  StkCallWait wait; /* first: call->core */
  StokerCall *call;
  StkIo *io;
  int pending; /* parts that are out, and the start itself */
} StkDiskCall;

typedef struct StkDiskPart
{
  StkPartitionWork work; /* first */
  StkDiskCall *owner;
  StkPartition *partition;
  void (*run) (struct StkDiskPart *p);  /* on the partition's disk pool, between enter and leave */
  void (*back) (struct StkDiskPart *p); /* on the I/O thread; error set: run was not called. NULL: nothing to do */
  int16_t error;                        /* the partition went away meanwhile */
} StkDiskPart;

/* Begins: d is in the call's arena. Every begin needs an stk_disk_call_end. */
void stk_disk_call_begin (StkDiskCall *d, StokerCall *call);
/* Sends `part` (in the call's arena, run and back set) to the disk pool of `p`. structural: it changes the log and must
 * not meet another such. */
void stk_disk_call_send (StkDiskCall *d, StkDiskPart *part, StkPartition *p, bool structural);
/* The start is over: finishes the call now or when the last part is back. */
void stk_disk_call_end (StkDiskCall *d);

#endif
