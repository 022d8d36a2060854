/* SPDX-License-Identifier: Apache-2.0
 *
 * `stoker log repair` from inside: what was found, put in order by partition, and what is to be done about it.
 */
#ifndef STK_CLI_REPAIR_H
#define STK_CLI_REPAIR_H

#include "cli/offline.h"
#include "cli/verify.h"

/* Bytes of a segment that hold no batch. */
typedef struct RepairLost
{
  char *file;
  uint64_t from, to;
  int64_t first, next; /* offsets that are lost; next -1: unknown, to the end */
  bool tail;           /* of the newest segment, with nothing behind */
} RepairLost;

typedef struct RepairPart
{
  char *name;       /* "topic-partition" */
  GArray *lost;     /* of RepairLost, in order */
  GPtrArray *files; /* derived files to be made anew */
  bool rebuild;
} RepairPart;

typedef struct Repair
{
  const CliCommand *command;
  const char *path; /* as it was given */
  bool json, dry, cut_tail, drop;
  GHashTable *parts;      /* name -> RepairPart */
  GPtrArray *checkpoints; /* damaged files of the directory itself */
  guint found, left;      /* findings; those that stay */
} Repair;

void repair_begin (Repair *r);
void repair_clear (Repair *r);
/* A sink of Verify: sorts a finding in. */
void repair_take (void *user, const Finding *f);
/* Says what is done (or would be) about a file. does: "rebuild", "cut", "drop", "aside", "nothing". */
void repair_tell (const Repair *r, const char *file, const char *does, const char *fmt, ...) STOKER_PRINTF (4, 5);
/* Decides what is done, says it, and does it to the files unless `dry`; the partitions that the engine must make anew are keys of
 * *wanted. */
int repair_files (Repair *r, GHashTable *wanted);

/* ---- repair_segment.c */
/* Puts a segment without lost[0..n) in the place of `path`, which is kept beside it under *aside (g_free). 0 or an errno. */
int repair_segment (const char *path, const RepairLost *lost, guint n, char **aside);
/* Renames a file to a name that nobody reads. */
int repair_aside (const char *path, char **aside);

#endif
