/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a run of sealed segments anew (compaction); how the new one gets to its place is in swap.h.
 */
#ifndef SEG_REWRITE_H
#define SEG_REWRITE_H

#include "log.h"

/* ---- rewrite.c, swap.c */
struct StokerRewrite
{
  StokerLog *log;  /* a reference */
  LogDir *dir;     /* where its files are: the log may be moved meanwhile, and then nothing comes of it */
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
/* Are the old ones part of the log still, side by side? Where, in *at. Lock held. */
bool seg_rewrite_valid (const StokerRewrite *rw, uint32_t *at);

#endif
