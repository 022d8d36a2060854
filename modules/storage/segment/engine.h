/* SPDX-License-Identifier: Apache-2.0
 *
 * storage/segment from inside: what all of it shares. One Engine per instance, one LogDir (dir.h) per log directory,
 * one StokerLog (log.h) per partition, one Segment (files.h) per .log file with its indexes (index.h). What a .c file
 * offers to the others is in the header of its name; index_search.c, move_swap.c and scrub_store.c have theirs in
 * index.h, move.h and scrub.h. A function whose first argument is a StokerInstance is one of StokerStorageOps, in
 * segment.c's table: its contract is in <stoker/storage.h>.
 *
 * Locks, outermost first: Engine.lock (directories, list of logs), StokerLog.lock (everything of a log),
 * Engine.files_lock (which segments have their file open). None is held across a file call. Who writes to a log or
 * changes its structure holds its claim (seg_claim), a flag under the log's lock, for the duration: there is one
 * writer at a time, and while it writes, readers go on.
 */
#ifndef SEG_ENGINE_H
#define SEG_ENGINE_H

#include "format.h"

#include <stoker/bookkeeping.h>
#include <stoker/storage.h>

#include <glib.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct SegConf
{
  int64_t files_max, files_idle_ms, replay_bytes, writeback_bytes, recovery_bytes, scrub_bytes, scrub_interval_ms;
} SegConf;

typedef struct Engine Engine;
typedef struct LogDir LogDir;
typedef struct Segment Segment;
typedef struct Scrub Scrub;
typedef struct Mark Mark;
typedef struct Damage Damage;
typedef struct OffsetEntry OffsetEntry;
typedef struct TimeEntry TimeEntry;
typedef struct Tail Tail;
typedef struct Seal Seal;
typedef struct LogSettings LogSettings;

struct Engine
{
  StokerInstance *self;
  StokerDisk *disk;
  const SegConf *conf;
  pthread_mutex_t lock;
  GPtrArray *dirs; /* by index; NULL where none is attached */
  pthread_mutex_t files_lock;
  GQueue files; /* of Segment (a reference each), most recently opened first */
  StokerHostTimer *scrub_timer; /* control thread; NULL: no scrub */
  StokerMetric *damaged, *scrubbed, *recovered;
};

#endif
