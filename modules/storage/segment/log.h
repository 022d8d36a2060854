/* SPDX-License-Identifier: Apache-2.0
 *
 * A log while it is open: its claim, its ends, its names, flushing.
 */
#ifndef SEG_LOG_H
#define SEG_LOG_H

#include "dir.h"
#include "engine.h"
#include "files.h"

struct LogSettings
{
  int64_t segment_bytes, segment_ms, segment_jitter_ms, segment_index_bytes, index_interval_bytes, file_delete_delay_ms;
  int64_t flush_messages, flush_ms;
  bool journal, compact;
};

struct StokerLog
{
  _Atomic int refs;
  Engine *engine;
  LogDir *_Atomic dir; /* a move changes it: under the lock, while nobody writes to the log's files */
  char *topic, *name;  /* "topic", "topic-partition" (or what a future log's folder is called) */
  bool future;         /* it is being filled, to take the place of one in another directory .. */
  StokerLog *moves;    /* .. of this one, a reference; NULL: none, or no more */
  bool moving;         /* there is such a one: nothing is compacted, or what was copied before and after would not fit together */
  int32_t partition;
  StokerUuid topic_id;
  void (*advanced) (void *user);
  void *user;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  LogSettings set;
  bool claimed, settling, closed, failed, epochs_dirty, epochs_unsynced, epochs_writing, job_posted, job_running;
  bool names_unsynced, id_unsynced; /* names in the log's directory, and its partition.metadata, that are not flushed */
  uint32_t name_changes; /* how often such a name was made: a flush says nothing of those made since it began */
  uint64_t name_number;             /* of its own name in LogDir.names; 0: flushed long ago */
  unsigned flushing;                /* calls of seg_flush that are under way .. */
  bool leaving;                     /* it was moved, and the old directory's journal is not through with it */
  bool swapping;                    /* .. and are to wait: a move puts other files in the place of these */
  int64_t cut_end;                  /* the lowest end since a move looked last; INT64_MAX: it was not cut */
  uint32_t cuts;                    /* truncations so far: what a flush began before one says nothing about after it */
  Segment **segs;                   /* ascending; the last is active */
  uint32_t n_segs, cap_segs;
  int64_t start, end, hw, recovery;
  int64_t durable;           /* with a journal; <= end */
  int64_t prepared;          /* the end that a flush of the whole file system makes durable */
  uint32_t prepared_cuts;    /* `cuts` then */
  uint32_t prepared_changes; /* `name_changes` then */
  StokerJournalLog *journal; /* from the first append on; NULL: none yet, or log.flush=os */
  int64_t snapshot;   /* offset of the newest producer snapshot on disk or on its way there; -1 */
  int64_t acked;      /* what is below was acknowledged, as far as is known when it is loaded: recovery cuts none of it */
  Replayed replayed;  /* and what the journal's replay gave back, with all in front of it */
  GArray *listed;     /* while it is loaded: Listing.snapshots; NULL: the folder must be asked */
  int64_t middle;     /* of one that a flush made inside a segment; it goes when there is a newer one; -1 */
  int64_t jitter_ms;  /* of the active segment */
  int64_t flushed_ms; /* when it was last flushed because of flush.ms */
  StokerProducers *producers;
  StokerTxns txns;
  StokerEpochs epochs;
  Tail *tail;
  Seal *seals, **seals_end;
};

StokerDisk *seg_disk (const StokerLog *log);
/* Of the host's clock, since the epoch. */
int64_t seg_now_ms (const StokerLog *log);
void seg_claim (StokerLog *log);   /* lock held; waits */
void seg_unclaim (StokerLog *log); /* lock held */
StokerLog *seg_log_ref (StokerLog *log);
void seg_log_unref (StokerLog *log);
Segment *seg_active (const StokerLog *log); /* lock held */
/* Nothing was ever written to it: nothing but its directory and partition.metadata are there. Lock held. */
bool seg_unused (const StokerLog *log);
/* Files were made, renamed or deleted in the log's directory; seg_names_sync makes that durable. Lock not held. */
void seg_names_changed (StokerLog *log);
int seg_names_sync (StokerLog *log);
/* What the checkpoint of log starts must say: -1: nothing, the first segment says it. Lock held. */
int64_t seg_start_mark (const StokerLog *log);
/* The checkpoint file of its directory is to be written. Under any lock. */
void seg_mark_dirty (StokerLog *log, CheckpointFile which);
void seg_configure (StokerInstance *self, StokerLog *log, const StokerTopicConfig *config);
void seg_ends (StokerInstance *self, StokerLog *log, StokerLogEnds *out);
void seg_set_hw (StokerInstance *self, StokerLog *log, int64_t hw);
int seg_flush (StokerInstance *self, StokerLog *log, StokerError *err);
/* The same; a negative errno when it fails. */
int seg_flush_files (StokerLog *log);

#endif
