/* SPDX-License-Identifier: Apache-2.0
 *
 * Offset and time index of a segment: as they grow (index.c), looking things up in them and cutting them
 * (index_search.c). Functions with "note" in their names run under the log's lock.
 */
#ifndef SEG_INDEX_H
#define SEG_INDEX_H

#include "engine.h"

struct OffsetEntry
{
  uint32_t offset, pos;
};

struct TimeEntry
{
  int64_t timestamp;
  uint32_t offset;
};

#define SEG_INDEX_PAGE 512u /* offset index entries that fill 4 KiB: so many gather in memory */

/* What the index files say of offsets below some limit. What stands behind that may be anything. */
typedef struct IndexPrefix
{
  int64_t offsets, times;     /* how many entries of each name such offsets */
  bool exact;                 /* nothing else is in the files */
  int64_t before, last;       /* of the last two such offset entries; -1 */
  uint64_t pos;               /* of the last one; 0 */
  int64_t timestamp, ts_offset; /* of the last such time entry; -1 */
} IndexPrefix;

/* One append of `bytes` at `pos`, its last offset and the largest timestamp with the last offset of its batch. */
void seg_index_note (Segment *s, const LogSettings *set, int64_t last, uint64_t pos, uint64_t bytes, int64_t timestamp,
                     int64_t ts_offset);
/* Nothing will be appended any more: its largest timestamp becomes the last time index entry. */
void seg_index_note_final (Segment *s);
/* Has it as many entries as an index file may hold? Lock held. */
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
/* Forgets the entries in memory; the files stay. The segment is the caller's own, or lock held. */
void seg_index_clear (Segment *s);
/* Writes the files anew from what is in memory. */
int seg_index_rewrite (StokerLog *log, Segment *s);
/* Writes all entries, which are in memory, to files with this ending behind their names, flushed; they stay in memory.
 * */
int seg_index_save (StokerLog *log, Segment *s, const char *ending);
/* Lock held: the files of seg_index_save have their names now. */
void seg_index_saved (Segment *s);
/* Writes what is in memory behind the first disk_offsets and disk_times entries, and cuts what lies beyond. */
int seg_index_replace_tail (StokerLog *log, Segment *s);
/* Flushes the files as they are; any thread that keeps the segment. */
int seg_index_sync (StokerLog *log, Segment *s);
/* False: a file cannot be read. One that is missing counts as empty. */
bool seg_index_prefix (StokerLog *log, Segment *s, int64_t limit, IndexPrefix *out);

#endif
