/* SPDX-License-Identifier: Apache-2.0
 *
 * Segments as counted things, and which of them have their .log file open.
 */
#ifndef SEG_FILES_H
#define SEG_FILES_H

#include "engine.h"

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
  bool index_unmade;   /* as it was loaded: there is neither file. Recovery looks at it, nobody else */
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
  GList *place;      /* in Engine.files; with the next one under files_lock */
  int64_t placed_us; /* used_us when it got that place */
};

/* A segment that has no files yet. One reference, the caller's. */
Segment *seg_segment_new (StokerLog *log, int64_t base);
Segment *seg_segment_ref (Segment *s);
void seg_segment_unref (Segment *s);
/* DIR/TOPIC-PARTITION/BASE.SUFFIX, `suffix` with its dot; g_free. */
char *seg_path (const StokerLog *log, int64_t base, const char *suffix);
/* A reference to the segment's open .log file, opened when it is not. The log's lock is not held. `log` says
 * where the file lies. */
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

#endif
