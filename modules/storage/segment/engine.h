/* SPDX-License-Identifier: Apache-2.0
 *
 * storage/segment from inside. One Engine per instance, one LogDir per log directory, one StokerLog per partition, one
 * Segment per .log file with its indexes.
 *
 * Locks, outermost first: Engine.lock (directories, list of logs), StokerLog.lock (everything of a log),
 * Engine.files_lock (which segments have their file open). None is held across a file call. Who writes to a log or
 * changes its structure holds its claim (seg_claim), a flag under the log's lock, for the duration: there is one writer
 * at a time, and while it writes, readers go on.
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
typedef struct Segment Segment;
typedef struct Scrub Scrub;

/* What the checkpoint files of a directory say about one log; -1: nothing. */
typedef struct Mark
{
  int64_t recovery, start, hw;
} Mark;

/* A directory or file that is to vanish. */
typedef struct Doomed
{
  char *path;
  int64_t due_ms;
  bool is_dir;
} Doomed;

typedef enum CheckpointFile
{
  CHECKPOINT_RECOVERY = 0,
  CHECKPOINT_START = 1,
  CHECKPOINT_HW = 2,
  N_CHECKPOINTS = 3,
} CheckpointFile;

typedef struct LogDir
{
  int index;
  char *path;
  bool clean;
  bool whole; /* all that was in it when it was attached was flushed, names too */
  StokerJournal *journal;
  GHashTable *marks;               /* "topic partition" -> Mark, of logs that are not open */
  GPtrArray *logs;                 /* open ones */
  GHashTable *replacing;           /* names of logs that a move had just put there, and that were not opened since */
  GHashTable *removed;             /* keys of removed logs that had a start: the file may still name it */
  GQueue doomed;                   /* of Doomed */
  atomic_uint dirty;               /* bit per CheckpointFile: changed since it was written */
  _Atomic uint64_t names, synced;  /* names made in it so far; how many of them are flushed */
  void (*failed) (void *core, int index, int error, const char *what); /* StokerLogDir's */
  void *core;
  atomic_bool abandoned;           /* the core took it offline: nothing is written there any more */
  Scrub *scrub;                    /* never NULL while attached */
  pthread_mutex_t checkpoint_lock; /* keeps two disk threads from writing one checkpoint; nobody else takes it */
} LogDir;

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

typedef struct OffsetEntry
{
  uint32_t offset, pos;
} OffsetEntry;

typedef struct TimeEntry
{
  int64_t timestamp;
  uint32_t offset;
} TimeEntry;

/* Bytes [from, to) of a segment hold no good batch; offsets [first, next) are lost with them. */
typedef struct Damage
{
  uint64_t from, to;
  int64_t first, next;
} Damage;

struct Segment
{
  _Atomic int refs;
  StokerLog *log; /* borrowed: valid while the log holds the segment */
  int64_t base;
  uint64_t size;         /* published bytes */
  int64_t max_timestamp; /* and the last offset of its batch; valid when max_known */
  int64_t max_offset;
  int64_t first_timestamp; /* of the first batch; valid when first_known */
  int64_t created_ms, modified_ms;
  bool max_known, first_known;
  bool has_txn;        /* there is a .txnindex */
  bool index_unsynced; /* index files hold what is not flushed, or are not made yet */
  bool dropped;        /* not part of the log any more */
  bool unmade;         /* it has no files yet: the first that opens the .log makes them */
  bool index_missing;  /* no usable .index or .timeindex: to be rebuilt */
  /* Indexes: entries in the files (-1: not looked yet) and those that are not written yet. */
  int64_t disk_offsets, disk_times;
  OffsetEntry *offsets;
  TimeEntry *times;
  uint32_t n_offsets, cap_offsets, n_times, cap_times;
  int64_t last_time; /* timestamp of the last time index entry; -1 */
  int64_t last_time_offset;
  uint64_t since_entry; /* bytes since the last offset index entry */
  /* Made by a rewrite whose files do not have their names yet: the file stays open, index entries and aborted
   * transactions are in memory. */
  bool pinned;
  StokerBuf pinned_txn;
  Damage *damage; /* what is known of it, ascending; under the log's lock */
  _Atomic uint32_t n_damage;
  /* What was checked when it came from the disk. The system reads ahead: what lies behind may be in memory unchecked. Lock. */
  uint64_t zone_from, zone_to;
  /* The open file; under the log's lock. */
  StokerFile *file;
  uint64_t reserved; /* blocks are there up to here */
  uint64_t pushed;   /* writing to the disk was begun up to here, by us */
  uint64_t noted;    /* where the newest producer snapshot in it lies; indexes are on the disk up to there */
  bool txn_unsynced; /* its .txnindex holds what is not flushed */
  _Atomic int64_t used_us;
};

/* The newest batches of the active segment: readers at the tail need neither index nor headers. */
#define SEG_TAIL 64u
typedef struct TailEntry
{
  int64_t base;
  uint32_t delta, pos, len;
} TailEntry;
typedef struct Tail
{
  uint32_t first, n;
  TailEntry e[SEG_TAIL];
} Tail;

/* A segment that was rolled away from: what is left to do for it on a disk thread. */
typedef struct Seal
{
  struct Seal *next;
  Segment *seg;
  int64_t end;        /* base of the next segment */
  StokerBuf snapshot; /* producer state at `end`; empty: there is one already */
} Seal;

typedef struct LogSettings
{
  int64_t segment_bytes, segment_ms, segment_jitter_ms, segment_index_bytes, index_interval_bytes, file_delete_delay_ms;
  int64_t flush_messages, flush_ms;
  bool journal, compact;
} LogSettings;

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

/* ---- engine.c, tick.c */
StokerDisk *seg_disk (const StokerLog *log);
int64_t seg_now_ms (const StokerLog *log);
int seg_dir_attach (StokerInstance *self, const StokerLogDir *dir, void (*found) (void *user, const StokerLogFound *f),
                    void *user, StokerError *err);
int seg_dir_checkpoint (StokerInstance *self, int dir, StokerError *err);
int seg_dir_detach (StokerInstance *self, int dir, StokerError *err);
bool seg_tick (StokerInstance *self, int64_t now_ms);
LogDir *seg_dir (Engine *e, int index);
/* Remembers that `path` is to be deleted at due_ms. Takes `path`. */
void seg_doom (Engine *e, LogDir *dir, char *path, bool is_dir, int64_t due_ms);
/* Writes the checkpoint files whose dirty bit is in `mask`. */
int seg_dir_write (Engine *e, LogDir *dir, unsigned mask, StokerError *err);
void seg_dir_free (LogDir *dir);
/* A call of the disk in it ended with `rc`, a negative errno: tells the core when that means that the disk is broken. Under any
 * lock. */
void seg_dir_trouble (LogDir *dir, int rc, const char *what, const char *name);
void seg_dir_abandon (StokerInstance *self, int index);
/* "topic partition", the key of the marks. */
char *seg_mark_key (const char *topic, int32_t partition);

/* ---- checkpoint.c */
/* Reads a checkpoint of version 0 with `columns` words a line; each (user, words) is called per line. 0, -ENOENT, or
 * another negative number with *err set when it is damaged or unreadable. */
int seg_checkpoint_read (StokerDisk *disk, const char *path, unsigned columns, void (*each) (void *user, char **words),
                         void *user, StokerError *err);
/* Begins the text of one with n lines. */
void seg_checkpoint_begin (StokerBuf *b, size_t n);
/* partition.metadata: 0, -ENOENT, or -EINVAL. */
int seg_metadata_read (StokerDisk *disk, const char *dir, StokerUuid *out);
/* fresh: into a directory that was just made, unflushed; else it replaces what is there, and is flushed. */
int seg_metadata_write (StokerDisk *disk, const char *dir, StokerUuid id, bool fresh);
int seg_metadata_sync (StokerDisk *disk, const char *dir);

/* ---- files.c */
Segment *seg_segment_new (StokerLog *log, int64_t base);
Segment *seg_segment_ref (Segment *s);
void seg_segment_unref (Segment *s);
char *seg_path (const StokerLog *log, int64_t base, const char *suffix);
/* A reference to the segment's open .log file, opened when it is not. The log's lock is not held. `path_log` names the
 * log. */
int seg_file_get (StokerLog *log, Segment *s, StokerFile **out);
/* Same, only when it is open already; the log's lock is held. NULL: it is not. */
StokerFile *seg_file_peek (Segment *s);
/* Puts a file that was just created into the segment. Takes the reference. */
void seg_file_adopt (StokerLog *log, Segment *s, StokerFile *f);
/* Closes the segment's file. The log's lock is not held. */
void seg_file_drop (StokerLog *log, Segment *s);
/* Closes files idle since before `before_us`; with trim, gives back blocks reserved beyond the end. */
bool seg_files_idle (Engine *e, int64_t before_us);
/* Gives back blocks that are reserved beyond the end of the file; the caller holds the claim (active) or owns the
 * sealed segment. */
int seg_file_trim (StokerLog *log, Segment *s);

/* ---- scan.c */
#define SEG_WALK_BUF 4096u
typedef struct Walk
{
  StokerFile *file;
  uint64_t pos, end; /* the next batch; where to stop */
  bool *cold;        /* as in seg_locate; NULL at first */
  StokerLog *log;    /* with `seg`: damage that is known of the segment is stepped over; NULL at first */
  Segment *seg;
  int64_t next, max; /* behind the last batch; the last offset that the segment may hold (with `seg`) */
  uint64_t buf_pos;
  size_t buf_len;
  uint8_t buf[SEG_WALK_BUF];
} Walk;
void seg_walk_begin (Walk *w, StokerFile *f, uint64_t pos, uint64_t end);
/* The next header. 1: *out, *pos; 0: the end; -1: no batch of magic 2 that fits is there, or the read failed (w->pos
 * stays). */
int seg_walk_next (Walk *w, StokerBatch *out, uint64_t *pos);
/* Type and coordinator epoch of a control batch in the file; false when it is none. */
bool seg_control_read (StokerFile *f, uint64_t pos, const StokerBatch *b, int32_t *type, int32_t *epoch);
/* Where the batches that a reader of `offset` must look at begin: through the index. `size` bounds it. `cold` NULL: the
 * disk may be waited for; else *cold becomes true, and the result means nothing, where that would be needed. */
int seg_locate (StokerLog *log, Segment *s, StokerFile *f, int64_t offset, uint64_t size, uint64_t *pos,
                StokerBatch *batch, bool *cold);

/* ---- damage.c: what is known to be damaged. The first four: the log's lock is held. */
/* Are the records of this offset lost? */
bool seg_damage_holds (const Segment *s, int64_t offset);
/* The first damaged byte in [pos, end), else end. */
uint64_t seg_damage_before (const Segment *s, uint64_t pos, uint64_t end);
/* pos, or the end of the damage that it lies in. */
uint64_t seg_damage_jump (const Segment *s, uint64_t pos);
/* The segment now ends at byte `size`. */
void seg_damage_cut (Segment *s, uint64_t size);
/* From here on readers are refused it; said in the log when it is new. Lock not held. */
void seg_damage_note (StokerLog *log, Segment *s, Damage d, const char *why);
/* The batch at `pos`, whole and with the right CRC, in buf; offsets in [min, max], the file's bytes end at `size`. NULL: *why, or
 * *error when it cannot be read; b->length is 0 when it cannot be believed. Disk thread. */
const uint8_t *seg_check_batch (StokerFile *f, uint64_t pos, uint64_t size, int64_t min, int64_t max, StokerBuf *buf,
                                StokerBatch *b, const char **why, int *error);
/* Something seems wrong with the batch at `pos`, which should hold `first` or a later offset. 1: it is damaged, which is noted; 0: it
 * is good; negative: it cannot be read. *behind: where to go on. Disk thread, lock not held. */
int seg_damage_probe (StokerLog *log, Segment *s, StokerFile *f, uint64_t pos, int64_t first, uint64_t *behind);

/* Does a read of [pos, pos + len) leave the zone that was checked when it came from the disk? Lock held. */
bool seg_zone_left (const Segment *s, uint64_t pos, uint64_t len);
int seg_check (StokerInstance *self, StokerLog *log, int64_t offset, const StokerSlice *slices, size_t n_slices);

/* ---- scrub.c */
void seg_scrub_start (Engine *e);
void seg_scrub_stop (Engine *e);
void seg_scrub_attach (Engine *e, LogDir *dir);
/* Waits for the turn that is under way. keep: remembers where it was. */
void seg_scrub_detach (LogDir *dir, bool keep);
/* Damage was noted: to be remembered. */
void seg_scrub_changed (LogDir *dir);
/* A log that was just loaded: what is remembered of its damage. */
void seg_scrub_restore (StokerLog *log);

/* ---- index.c, index_search.c. "note" functions run under the log's lock. */
/* One append of `bytes` at `pos`, its last offset and the largest timestamp with the last offset of its batch. */
void seg_index_note (Segment *s, const LogSettings *set, int64_t last, uint64_t pos, uint64_t bytes, int64_t timestamp,
                     int64_t ts_offset);
void seg_index_note_final (Segment *s);
bool seg_index_full (Segment *s, const LogSettings *set);
/* Appends what is in memory to the files; the caller has the claim, or the segment is its own. */
int seg_index_write (StokerLog *log, Segment *s, bool sync);
/* Greatest position with entry offset <= target; 0 when there is none. `cold`: as in seg_locate. */
uint64_t seg_index_lookup (StokerLog *log, Segment *s, int64_t target, uint64_t size, bool *cold);
/* Greatest position <= pos that an entry names. */
uint64_t seg_index_position (StokerLog *log, Segment *s, uint64_t pos);
/* Largest time index entry with timestamp <= target; false: none. */
bool seg_time_lookup (StokerLog *log, Segment *s, int64_t target, int64_t *offset);
/* Fills max_timestamp/max_offset when they are not known. */
void seg_max_load (StokerLog *log, Segment *s);
/* Drops entries with offset >= target from both, in memory and in the files. */
int seg_index_truncate (StokerLog *log, Segment *s, int64_t target);
/* Looks at the files of a segment that is appended to again; false: unusable, rebuild. */
bool seg_index_open (StokerLog *log, Segment *s);
void seg_index_clear (Segment *s);
/* Writes the files anew from what is in memory. */
int seg_index_rewrite (StokerLog *log, Segment *s);
/* Writes all entries, which are in memory, to files with this ending behind their names, flushed; they stay in memory. */
int seg_index_save (StokerLog *log, Segment *s, const char *ending);
/* Lock held: the files of seg_index_save have their names now. */
void seg_index_saved (Segment *s);
/* Writes what is in memory behind the first disk_offsets and disk_times entries, and cuts what lies beyond. */
int seg_index_replace_tail (StokerLog *log, Segment *s);
/* Flushes the files as they are; any thread that keeps the segment. */
int seg_index_sync (StokerLog *log, Segment *s);
/* What the index files say of offsets below some limit. What stands behind that may be anything. */
typedef struct IndexPrefix
{
  int64_t offsets, times;     /* how many entries of each name such offsets */
  bool exact;                 /* nothing else is in the files */
  int64_t before, last;       /* of the last two such offset entries; -1 */
  uint64_t pos;               /* of the last one; 0 */
  int64_t timestamp, ts_offset; /* of the last such time entry; -1 */
} IndexPrefix;
/* False: a file cannot be read. One that is missing counts as empty. */
bool seg_index_prefix (StokerLog *log, Segment *s, int64_t limit, IndexPrefix *out);

/* ---- journaled.c */
/* Under the lock: bytes [from, to) of the segment were written through `f`; the log ends at `end` with them. True:
 * seg_journal_kick is to follow without the lock. */
bool seg_journal_note (StokerLog *log, Segment *s, StokerFile *f, uint64_t from, uint64_t to, int64_t end);
void seg_journal_kick (StokerLog *log);
const StokerJournalClient *seg_journal_client (void);
/* Under the lock: what everybody may be shown. */
int64_t seg_durable (const StokerLog *log);
/* Before the files change: the segment at `base` is to end at byte `size` and later ones go / segments below `base` go.
 * Claim held, lock not. */
int seg_journal_cut (StokerLog *log, int64_t base, uint64_t size);
int seg_journal_forget (StokerLog *log, int64_t base);
/* Claim held, lock not: no more appends. `flushed`: all of it is in its own files. */
void seg_journal_close (StokerLog *log, bool flushed);
/* Settings have changed, lock held; true: flush the log, to make good what everybody was shown. */
bool seg_journal_switch (StokerLog *log, bool on);
/* What the journal holds to the files of the directory. */
int seg_journal_replay (Engine *e, LogDir *dir, StokerError *err);

/* ---- epochs.c; the log's lock is held unless said otherwise */
/* The epoch of a batch that is appended or replayed: noted when it is a new one. */
void seg_epoch_note (StokerLog *log, const StokerBatch *b);
void seg_epochs_cut_end (StokerLog *log, int64_t end);
void seg_epochs_cut_start (StokerLog *log, int64_t start);
/* Writes the file when it is out of date; lock not held. Any thread: one writes at a time. Before the recovery point
 * moves up it must be on the disk (sync); until then it would be made from the log again. */
int seg_epochs_write (StokerLog *log, bool sync);
int seg_epochs_load (StokerLog *log, StokerError *err);
int seg_epoch_begin (StokerInstance *self, StokerLog *log, int32_t epoch);
void seg_epoch_end (StokerInstance *self, StokerLog *log, int32_t epoch, StokerEpochEnd *out);
int32_t seg_epoch_latest (StokerInstance *self, StokerLog *log);

/* ---- txnindex.c */
/* Appends entries to the segment's .txnindex; lock not held. */
int seg_txn_append (StokerLog *log, Segment *s, const StokerTxnAborted *entries, size_t n);
/* Adds the entries of the segment that are among kept[0..n) to `out`, as they stand in the file. */
int seg_txn_filter (StokerLog *log, Segment *s, const StokerAborted *kept, size_t n, StokerBuf *out);
/* Flushes the file if it holds what is not flushed; lock not held. Before the recovery point passes such an entry. */
int seg_txn_sync (StokerLog *log, Segment *s);
/* Keeps the entries whose marker is below `offset`. */
int seg_txn_truncate (StokerLog *log, Segment *s, int64_t offset);
int seg_aborted (StokerInstance *self, StokerLog *log, int64_t from, int64_t to,
                 bool (*each) (void *user, const StokerAborted *a), void *user);

/* ---- producers.c */
/* Brings the producer state to `end` from the newest usable snapshot; the caller has the claim, or the log is private.
 */
int seg_producers_load (StokerLog *log, int64_t end, StokerError *err);
/* Loads the newest usable snapshot at or below `end` and nothing else: its offset, or -1. */
int64_t seg_producers_begin (StokerLog *log, int64_t end);
/* Fills duplicate windows from the batches before `end`, which stands at byte `upto` of its segment. */
void seg_producers_recall (StokerLog *log, int64_t end, uint64_t upto);
int seg_snapshot_write (StokerLog *log, int64_t offset, const StokerBuf *b);
/* Deletes snapshots at or above `from` and below `to`. */
void seg_snapshots_delete (StokerLog *log, int64_t from, int64_t to);
/* A newer snapshot is on the disk: the one that a flush made in the middle of a segment goes. `made`: it is such a one; -1: none. */
void seg_snapshot_middle (StokerLog *log, int64_t made);
void seg_producers_each (StokerInstance *self, StokerLog *log, bool (*each) (void *user, const StokerProducerRow *row),
                         void *user);
void seg_producers_expire (StokerInstance *self, StokerLog *log, int64_t before_ms);

/* ---- append.c, roll.c */
void seg_append (StokerInstance *self, StokerLog *log, StokerAppend *items, size_t n);
bool seg_roll_due (StokerLog *log, uint64_t size, uint64_t bytes, int64_t last, int64_t max_timestamp, int64_t now_ms);
/* Begins a new segment at `base`: claim held, lock not. The one before is finished on a disk thread. */
int seg_roll (StokerLog *log, int64_t base);
/* Finishes what rolls have left to do; waits for whoever is at it. */
int seg_settle (StokerLog *log);
/* Has a disk thread do it. */
void seg_post_job (StokerLog *log);
/* Segment `s`, which ends at offset `end`, is to be finished like one that was rolled. Lock held, or the log is private. */
void seg_seal (StokerLog *log, Segment *s, int64_t end);
/* Makes an empty segment the active one: lock held. Takes both. */
void seg_add_segment (StokerLog *log, Segment *s);

/* ---- savepoint.c */
typedef struct SavePoint
{
  Segment *seg; /* a reference; NULL: none */
  int64_t offset;
  uint64_t pos;
  uint32_t cuts;
  StokerBuf state;
  int rc;
} SavePoint;
/* Is it time for one? Lock held. */
bool seg_save_due (const StokerLog *log);
/* Takes the state of now and writes the indexes. Lock held, let go of and taken again. */
void seg_save_begin (StokerLog *log, SavePoint *p);
/* rc 0: what lies below it is flushed, and it becomes one. Lock not held. */
void seg_save_end (StokerLog *log, SavePoint *p, int rc);

/* ---- writeback.c */
/* Is there so much in the page cache that writing it should begin? Lock held. */
bool seg_push_due (const StokerLog *log);
/* Begins it. Disk thread, lock not held. */
void seg_push (StokerLog *log);
/* The same for all logs in use, when there is much of it in all of them together. */
void seg_push_all (Engine *e);

/* ---- read.c, find_time.c */
int seg_read (StokerInstance *self, StokerLog *log, const StokerRead *req, StokerReadResult *out);
int seg_find_time (StokerInstance *self, StokerLog *log, int64_t timestamp, int64_t limit, StokerTimeFound *out);
/* Index of the segment that holds `offset`; lock held. */
uint32_t seg_find (const StokerLog *log, int64_t offset);

/* ---- move.c, move_swap.c */
#define SEG_MOVED_FROM "moved-from" /* in a log's folder: where another one of it may still lie, which does not count */
int seg_move_open (StokerInstance *self, StokerLog *log, const StokerLogDir *to, const StokerTopicConfig *config,
                   StokerLog **future, StokerError *err);
int seg_move_copy (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, uint64_t *copied,
                   int64_t *lag, StokerError *err);
int seg_move_swap (StokerInstance *self, StokerLog *log, StokerLog *future, size_t max_bytes, StokerError *err);
/* A future log is closed or removed, or was put in its place: its log is not moving any more. */
void seg_move_end (StokerLog *future);
/* "topic-partition.hash-future" taken apart: the length of its "topic-partition"; 0: it is none. */
size_t seg_future_name (const char *name);
/* A crash may have left the log that this one has replaced: it goes. */
void seg_move_settle (StokerLog *log);

/* ---- listing.c */
/* What a listing of the directory shows. */
typedef struct Listing
{
  StokerLog *log;
  GArray *logs;        /* int64_t: bases of .log */
  GArray *snapshots;   /* int64_t: offsets of .snapshot files */
  GHashTable *indexed; /* bases with .index */
  GHashTable *timed;   /* bases with .timeindex */
  GHashTable *txn;     /* bases with .txnindex */
  GPtrArray *extras;   /* names of .index, .timeindex and .txnindex files */
  GPtrArray *swaps;    /* names of .swap files */
  GPtrArray *rubbish;  /* names of files to delete */
  int64_t cleaned;     /* smallest base of a .cleaned file */
} Listing;
int seg_listing_read (StokerLog *log, Listing *out);
void seg_listing_free (Listing *l);
/* Deletes and renames what was left over; true: the listing is out of date now. */
bool seg_listing_clean (Listing *l);
void seg_listing_delete (StokerLog *log, const char *name);
/* For bsearch in Listing.logs. */
int seg_ascending (const void *a, const void *b);

/* ---- load.c, recover.c */
int seg_load (StokerLog *log, const Mark *mark, StokerError *err);
/* Checks a segment batch by batch, cuts it at the first bad byte, rebuilds its indexes. *cut: something was lost. *end:
 * next offset. state: also brings producer state, transactions and epochs forward with its batches. */
int seg_recover (StokerLog *log, Segment *s, bool state, bool *cut, int64_t *end, StokerError *err);
/* The same from the recovery point on, which lies inside of it: what is below is believed; of that, only headers behind the
 * newest producer snapshot are read. `last`: no segment follows. 1: it cannot be told where that is; nothing has changed. */
int seg_recover_inside (StokerLog *log, Segment *s, int64_t recovery, bool last, bool *cut, int64_t *end, StokerError *err);

/* ---- truncate.c, drop.c */
int seg_truncate (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int seg_reset (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int seg_set_start (StokerInstance *self, StokerLog *log, int64_t offset, StokerError *err);
int seg_drop (StokerInstance *self, StokerLog *log, int64_t offset, const char *reason, StokerError *err);
size_t seg_segments (StokerInstance *self, StokerLog *log, StokerSegmentRow *rows, size_t max);
uint64_t seg_bytes (StokerInstance *self, StokerLog *log);
/* Takes segments [from, from + n) out of the log; lock held. They are the caller's now. */
void seg_detach_segments (StokerLog *log, uint32_t from, uint32_t n);
/* Renames the files of a segment that was taken out to .deleted, to vanish later (or deletes them at once), and lets it
 * go. */
void seg_discard (StokerLog *log, Segment *s, bool at_once);

/* ---- rewrite.c, swap.c */
struct StokerRewrite
{
  StokerLog *log;  /* a reference */
  Segment **old;   /* references */
  uint32_t n_old;
  Segment *fresh;  /* what takes their place */
  StokerFile *file;
  int64_t next, to; /* offsets: the next may not be below, none at or above */
  int64_t mtime_ms; /* of the newest of the old */
  LogSettings set;
};
int seg_rewrite_begin (StokerInstance *self, StokerLog *log, int64_t from, int64_t to, StokerRewrite **out,
                       StokerError *err);
int seg_rewrite_append (StokerInstance *self, StokerRewrite *rw, const uint8_t *data, size_t len, StokerError *err);
int seg_rewrite_commit (StokerInstance *self, StokerRewrite *rw, const StokerAborted *aborted, size_t n,
                        StokerError *err);
void seg_rewrite_abort (StokerInstance *self, StokerRewrite *rw);
/* All of it is written and flushed under names that end in .cleaned: to its place. 0, 1 (an old segment is gone, nothing
 * was changed), or a negative errno. */
int seg_swap (StokerRewrite *rw);
/* Are the old ones part of the log still, side by side? Where, in *at. Lock held. */
bool seg_rewrite_valid (const StokerRewrite *rw, uint32_t *at);

/* ---- log.c, open.c, close.c */
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
void seg_mark_dirty (StokerLog *log, CheckpointFile which);
int seg_open (StokerInstance *self, const StokerLogSpec *spec, StokerLog **out, StokerError *err);
/* A future log, in the folder of this name. */
int seg_open_future (StokerInstance *self, const StokerLogSpec *spec, const char *name, StokerLog **out, StokerError *err);
/* From here on nobody else works on the log. */
void seg_quiesce (StokerLog *log);
/* Renames a log's folder, to vanish at due_ms; lock not held. */
int seg_bury_folder (Engine *e, LogDir *dir, const char *name, int64_t due_ms);
void seg_close (StokerInstance *self, StokerLog *log);
int seg_remove (StokerInstance *self, StokerLog *log, StokerError *err);
void seg_configure (StokerInstance *self, StokerLog *log, const StokerTopicConfig *config);
void seg_ends (StokerInstance *self, StokerLog *log, StokerLogEnds *out);
void seg_set_hw (StokerInstance *self, StokerLog *log, int64_t hw);
int seg_flush (StokerInstance *self, StokerLog *log, StokerError *err);
/* The same; a negative errno when it fails. */
int seg_flush_files (StokerLog *log);

#endif
