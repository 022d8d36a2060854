/* SPDX-License-Identifier: Apache-2.0
 *
 * Walking over the batch headers of a .log file.
 */
#ifndef SEG_SCAN_H
#define SEG_SCAN_H

#include "engine.h"

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

/* Over the bytes [pos, end) of a file. Borrowed: the file. */
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

#endif
