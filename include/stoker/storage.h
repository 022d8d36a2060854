/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `storage`: keeps the logs of partitions. One instance keeps many logs in the log directories that the
 * core gives it. The core decides what may be appended (validation, LogAppendTime, conversion are done before), who
 * leads and how far readers may see; the engine assigns offsets, keeps bytes, indexes, leader epochs, producer state
 * and transaction index, and brings all of it back after a crash. Unstable interface: tied to the exact build.
 *
 * Offsets. A log has four ends, all exclusive and never smaller than the log start:
 *   end      next offset to assign
 *   durable  everything below survives a power cut (with log.flush=os: equal to the written end). This is the only end
 *            that anyone outside the engine is shown.
 *   hw       high watermark: set by the core (set_hw), remembered by the engine over restarts; bounds retention
 *   stable   first offset of the earliest open transaction below hw, else hw: end of read_committed
 *
 * Threads. append, read, ends, epoch_end and set_hw are called on any thread, many at once, also for one log, and do
 * not wait for the disk (append: within the dirty bound; read: with `nowait`); the engine locks. All other functions may block and are called on disk
 * threads; calls that change one log's structure (open, close, remove, truncate, reset, set_start, configure, drop) are
 * never made two at once for that log, and append is not running during truncate, reset, close and remove (the core
 * sees to that).
 *
 * Results. int functions give 0 or a Kafka error code (STOKER_KAFKA_STORAGE_ERROR after the disk failed: the log then
 * refuses writes and keeps serving what it can) and, where there is an `err`, a text.
 */
#ifndef STOKER_STORAGE_H
#define STOKER_STORAGE_H

#include <stoker/host.h>
#include <stoker/journal.h>
#include <stoker/record.h>
#include <stoker/topic_config.h>

STOKER_BEGIN_DECLS

#define STOKER_STORAGE_VERSION 1u

typedef struct StokerLog StokerLog; /* defined by the engine */
typedef struct StokerRewrite StokerRewrite; /* a run of segments that is being written anew; the engine's */

/* A log directory, as attached. The folder, its lock, meta.properties and the clean-shutdown marker belong to the core; all
 * else in it to the engine, but for cleaner-offset-checkpoint, which the core keeps. Engines that keep nothing on disk
 * ignore it. */
typedef struct StokerLogDir
{
  int index;        /* in log.dirs */
  const char *path; /* absolute */
  bool clean;       /* the last stop was clean (the marker was there): no recovery is needed */
  StokerJournal *journal; /* for logs with `journal` set; NULL (tools, some tests): there is none, nothing is durable by itself */
  /* For engines and the journal: the disk below the directory does not work any more (stoker_disk_broken says which errors mean
   * that; a full disk does not). The core takes the directory offline: its partitions are closed and answered with
   * KAFKA_STORAGE_ERROR until a restart. `error`: a negative errno; `what`: what was being done ("write", "flush" ..) and to which
   * file, for the log. Only posts, so it may be called under any lock and more than once: the first one counts. Any thread. NULL
   * (tools, tests): nobody wants to know. */
  void (*failed) (void *core, int index, int error, const char *what);
  void *core;
  bool fresh;           /* the core's: nothing said that it was one before this start */
  const char *unusable; /* the core's: why it could not be used at start; such a one is never attached. NULL: it is usable */
} StokerLogDir;

typedef struct StokerLogFound
{
  StokerStr topic;
  int32_t partition;
  StokerUuid topic_id; /* zero: not recorded */
  int dir;
  bool future;   /* what a move to this directory has copied so far (move_open takes it up) */
  bool replaces; /* a move had just put it in the place of one in another directory, which may be there still: this one counts */
} StokerLogFound;

typedef struct StokerLogSpec
{
  StokerStr topic; /* borrowed for the call */
  int32_t partition;
  StokerUuid topic_id;
  const StokerLogDir *dir;         /* attached before */
  const StokerTopicConfig *config; /* borrowed for the call */
  bool create;                     /* make it when it is not there; false: STOKER_UNKNOWN_TOPIC_OR_PARTITION */
  /* Called on a disk thread after `durable` has moved without an append of this caller returning (group commit), or the
   * log has failed. The engine holds no lock: ends and set_hw may be called. */
  void (*advanced) (void *user);
  void *user;
} StokerLogSpec;

typedef struct StokerLogEnds
{
  int64_t start, end, durable, hw, stable;
  bool failed; /* `durable` will not move any more */
} StokerLogEnds;

typedef enum StokerOrigin
{
  STOKER_ORIGIN_CLIENT = 0,      /* one batch; producer sequence is checked; offsets are assigned */
  STOKER_ORIGIN_COORDINATOR = 1, /* the broker's own (offset commits, markers): no sequence check */
  STOKER_ORIGIN_REPLICA = 2,     /* batches of the leader: written as they are, offsets and epochs kept */
} StokerOrigin;

/* One unit of append: whole batches of magic 2, checked. */
typedef struct StokerAppend
{
  uint8_t *data; /* patched in place: base offset and leader epoch; needed only during the call */
  size_t len;
  StokerOrigin origin;
  int32_t leader_epoch;
  int64_t now_ms;
  StokerBatch batch; /* the (first) batch's header as the caller decoded it; valid for CLIENT and COORDINATOR */
  int32_t control_type, control_epoch; /* of a control batch (marker); -1 otherwise */
  /* result */
  int16_t error;
  bool duplicate;
  int64_t first_offset, last_offset;
  int64_t timestamp; /* of the original, when duplicate */
} StokerAppend;

typedef struct StokerRead
{
  int64_t offset;    /* first wanted; in [start, limit] */
  int64_t limit;     /* nothing at or above this offset, exclusive; a batch that crosses it is not returned */
  size_t max_bytes;  /* bound of what is returned .. */
  bool at_least_one; /* .. but one whole batch even if it is larger */
  bool whole;        /* only whole batches (for conversion); else the last may be cut by max_bytes */
  bool nowait;       /* the caller must not wait for the disk: what cannot be found from memory is `cold` */
} StokerRead;

typedef struct StokerReadResult
{
  StokerSlice slices[4]; /* references belong to the caller */
  uint32_t n_slices;
  size_t len;            /* together; 0: nothing below the limit */
  bool cold;             /* only with nowait: nothing was looked for; ask again on a disk thread, without it */
  int64_t upper;         /* first offset after what was returned (for the transaction index): an upper bound is fine */
} StokerReadResult;

typedef struct StokerEpochEnd
{
  int32_t epoch; /* -1: undefined */
  int64_t end;
} StokerEpochEnd;

typedef struct StokerTimeFound
{
  int64_t offset; /* -1: none */
  int64_t timestamp;
  int32_t leader_epoch;
} StokerTimeFound;

/* A segment, as cleaners and ListOffsets v0 see it. */
typedef struct StokerSegmentRow
{
  int64_t base, next; /* offsets [base, next) */
  uint64_t bytes;
  int64_t largest_timestamp; /* -1: none */
  int64_t modified_ms;       /* when it was last written */
  bool active;
  int64_t first_timestamp;   /* of its first batch; -1: none, or not known (sealed segments of compacted topics: it is) */
} StokerSegmentRow;

typedef struct StokerAborted
{
  int64_t producer_id, first_offset;
} StokerAborted;

typedef struct StokerStorageOps
{
  StokerOpsHead head;

  /* Takes a directory into use: reads checkpoints, removes left-overs, calls found for every log in it (disk thread; no order). */
  int (*dir_attach) (StokerInstance *self, const StokerLogDir *dir, void (*found) (void *user, const StokerLogFound *f),
                     void *user, StokerError *err);
  /* Writes the directory's checkpoints as they are now (recovery points, log starts, high watermarks); flushes nothing of
   * the logs but what they vouch for. Called about every 5 s while something changed, and at shutdown. */
  int (*dir_checkpoint) (StokerInstance *self, int dir, StokerError *err);
  /* After the last log of it is closed: final checkpoints, all flushed. */
  int (*dir_detach) (StokerInstance *self, int dir, StokerError *err);
  /* Housekeeping, about every second while there is something to do, on a disk thread: closes idle files, finishes
   * delayed deletions. Returns true while there is more to come. */
  bool (*tick) (StokerInstance *self, int64_t now_ms);

  /* Opens (recovers) or creates a log. */
  int (*open) (StokerInstance *self, const StokerLogSpec *spec, StokerLog **out, StokerError *err);
  /* Flushes and lets go; `log` is gone. */
  void (*close) (StokerInstance *self, StokerLog *log);
  /* Removes it for good (files may linger for file.delete.delay.ms under another name); `log` is gone. */
  int (*remove) (StokerInstance *self, StokerLog *log, StokerError *err);
  /* New topic settings. */
  void (*configure) (StokerInstance *self, StokerLog *log, const StokerTopicConfig *config);

  /* Appends items[0..n) in order, as one write where it can. Fills each item's result; an item that fails does not stop
   * the others. When it returns, offsets are assigned and readers below `durable` may follow; whether the bytes are
   * durable is told by ends(). */
  void (*append) (StokerInstance *self, StokerLog *log, StokerAppend *items, size_t n);
  /* Finds bytes to serve. Nothing is copied: file engines answer with ranges of files. */
  int (*read) (StokerInstance *self, StokerLog *log, const StokerRead *req, StokerReadResult *out);
  void (*ends) (StokerInstance *self, StokerLog *log, StokerLogEnds *out);
  /* The core's high watermark; only grows, except after truncation. */
  void (*set_hw) (StokerInstance *self, StokerLog *log, int64_t hw);

  /* Leader epochs (kafka-facts 8.5): notes that `epoch` begins at the log end; end offset of the epoch asked for. */
  int (*epoch_begin) (StokerInstance *self, StokerLog *log, int32_t epoch);
  void (*epoch_end) (StokerInstance *self, StokerLog *log, int32_t epoch, StokerEpochEnd *out);
  /* The newest epoch in the cache, -1 when there is none. */
  int32_t (*epoch_latest) (StokerInstance *self, StokerLog *log);

  /* First record with timestamp >= `timestamp`, exact (kafka-facts 3.3); INT64_MAX: the record with the largest one. */
  int (*find_time) (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out);
  /* Aborted transactions that a reader of [from, to) must know; `each` may stop by returning false. */
  int (*aborted) (StokerInstance *self, StokerLog *log, int64_t from, int64_t to,
                  bool (*each) (void *user, const StokerAborted *a), void *user);

  /* Drops everything at and above `offset`. */
  int (*truncate) (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
  /* Drops everything and begins anew at `offset`. */
  int (*reset) (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
  /* Moves the log start up (DeleteRecords): whole segments below it go. */
  int (*set_start) (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
  /* Writes and flushes everything appended so far. */
  int (*flush) (StokerInstance *self, StokerLog *log, StokerError *err);

  /* Segments, oldest first, into rows[0..max); returns how many there are. */
  size_t (*segments) (StokerInstance *self, StokerLog *log, StokerSegmentRow *rows, size_t max);
  /* Drops the oldest segments whose `next` is <= offset (retention); the active one may be among them: a new one is begun
   * first. Moves the log start. `reason` is a word for the log ("time", "size", "start"). */
  int (*drop) (StokerInstance *self, StokerLog *log, int64_t offset, const char *reason, StokerError *err);
  uint64_t (*bytes) (StokerInstance *self, StokerLog *log);
  void (*producers) (StokerInstance *self, StokerLog *log, bool (*each) (void *user, const StokerProducerRow *row), void *user);
  /* Forgets idle producers (producer.id.expiration.ms). */
  void (*expire_producers) (StokerInstance *self, StokerLog *log, int64_t before_ms);

  /* ---- compaction: a run of sealed segments is replaced by one that holds fewer records at the same offsets. NULL, all
   * four: not supported, such a log is not compacted. Appends and reads go on meanwhile. begin, append and abort are called on
   * any thread that may block, one at a time for one rewrite, also while other functions change the log's structure: commit
   * notices. commit counts as a change of structure itself. One rewrite per log at a time. */

  /* Begins to write the segments that make up [from, to) anew, as `segments` told them; they must be sealed. *out is the
   * caller's until commit or abort. 0, a Kafka error code with *err, or STOKER_OFFSET_OUT_OF_RANGE: those segments are
   * not there (any more). Writes beside them; nobody sees it. */
  int (*rewrite_begin) (StokerInstance *self, StokerLog *log, int64_t from, int64_t to, StokerRewrite **out,
                        StokerError *err);
  /* Adds whole batches of magic 2 as they shall stand there, CRC included; offsets ascend and lie in [from, to). */
  int (*rewrite_append) (StokerInstance *self, StokerRewrite *rw, const uint8_t *data, size_t len, StokerError *err);
  /* Puts the new segment in the place of the old ones, all or nothing also in a crash: everything is flushed before. Of the
   * aborted transactions that the old ones ended, those in aborted[0..n) are still told by `aborted`. `rw` is gone
   * whatever it returns: 0; STOKER_OFFSET_OUT_OF_RANGE: an old segment is not there any more, nothing was changed; or
   * STOKER_KAFKA_STORAGE_ERROR. */
  int (*rewrite_commit) (StokerInstance *self, StokerRewrite *rw, const StokerAborted *aborted, size_t n,
                         StokerError *err);
  /* Lets go of it; also after the log was closed or removed, as long as its directory is attached. */
  void (*rewrite_abort) (StokerInstance *self, StokerRewrite *rw);

  /* The directory failed: from now on nothing is written there, not even by close, which is called next for its logs. Any thread.
   * NULL: not supported. */
  void (*dir_abandon) (StokerInstance *self, int dir);

  /* Moving a log to another directory while it is written to (NULL, all three: not supported). The core opens the future log, has it
   * filled, and lets it take the log's place; `log` stays the same for everybody who uses it.
   *
   * move_open: makes the future log in directory `to`, or takes up what was copied there before (also before a restart) as far as it is the
   * same as the log. Before the first append to `log` after it was opened, when something was found there (StokerLogFound.future).
   * It is closed by close (what was copied stays) or removed by remove (it goes); nothing else but these three is called for it,
   * configure while nobody swaps it, and bytes and ends on any thread. */
  int (*move_open) (StokerInstance *self, StokerLog *log, const StokerLogDir *to, const StokerTopicConfig *config, StokerLog **future,
                    StokerError *err);
  /* Copies about max_bytes more, whole batches, checked; *copied: how many bytes; *lag: how many offsets are still missing. Appends to,
   * truncation and retention of `log` may go on meanwhile; rewrite_begin and rewrite_commit find nothing to rewrite. */
  int (*move_copy) (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, uint64_t *copied, int64_t *lag,
                    StokerError *err);
  /* Copies the rest, at most max_bytes while appends wait (STOKER_REQUEST_TIMED_OUT: there was more, copy again), and puts the future log in
   * the log's place, durably: after a crash there is the one or the other, whole. `future` is gone then, and what was in the old
   * directory is removed. Calls that change the structure of the log are not made meanwhile. */
  int (*move_swap) (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, StokerError *err);

  /* What read() returned is about to come from the disk because it is not in memory: the engine reads it and checks what it keeps check
   * sums of. 0; STOKER_CORRUPT_MESSAGE: something in it is damaged, which the engine knows from now on: the core drops it and asks
   * read() again; another error: it cannot be read. `offset`: the request's. Disk thread, like read() without `nowait`. NULL: not
   * supported, the core reads it for itself. */
  int (*check) (StokerInstance *self, StokerLog *log, int64_t offset, const StokerSlice *slices, size_t n_slices);
} StokerStorageOps;

STOKER_END_DECLS

#endif
