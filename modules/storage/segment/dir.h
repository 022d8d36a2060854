/* SPDX-License-Identifier: Apache-2.0
 *
 * A log directory: what its checkpoint files say, which logs are there, and writing the checkpoints.
 */
#ifndef SEG_DIR_H
#define SEG_DIR_H

#include "engine.h"

typedef enum CheckpointFile
{
  CHECKPOINT_RECOVERY = 0,
  CHECKPOINT_START = 1,
  CHECKPOINT_HW = 2,
  N_CHECKPOINTS = 3,
} CheckpointFile;

/* What the checkpoint files of a directory say about one log; -1: nothing. */
struct Mark
{
  int64_t recovery, start, hw;
};

/* How far the journal's replay went in a log. */
typedef struct Replayed
{
  int64_t number; /* the newest segment that it wrote to */
  uint64_t end;   /* bytes of it */
} Replayed;

/* A directory or file that is to vanish. */
typedef struct Doomed
{
  char *path;
  int64_t due_ms;
  bool is_dir;
} Doomed;

struct LogDir
{
  int index;
  char *path;
  bool clean;
  bool whole; /* all that was in it when it was attached was flushed, names too */
  StokerJournal *journal;
  GHashTable *marks;               /* "topic partition" -> Mark, of logs that are not open */
  GHashTable *replayed;            /* log's name -> Replayed */
  bool marked;                     /* what was acknowledged can be told: a log that no checkpoint names is a new one */
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
};

int seg_dir_attach (StokerInstance *self, const StokerLogDir *dir, void (*found) (void *user, const StokerLogFound *f),
                    void *user, StokerError *err);
int seg_dir_checkpoint (StokerInstance *self, int dir, StokerError *err);
int seg_dir_detach (StokerInstance *self, int dir, StokerError *err);
/* NULL: none is attached there. Takes Engine.lock. */
LogDir *seg_dir (Engine *e, int index);
/* Writes the checkpoint files whose dirty bit is in `mask`. */
int seg_dir_write (Engine *e, LogDir *dir, unsigned mask, StokerError *err);
/* Nobody uses it any more: neither logs nor tasks. */
void seg_dir_free (LogDir *dir);
/* A call of the disk in it ended with `rc`, a negative errno: tells the core when that means that the disk is broken.
 * Under any lock. */
void seg_dir_trouble (LogDir *dir, int rc, const char *what, const char *name);
void seg_dir_abandon (StokerInstance *self, int index);
/* "topic partition", the key of the marks. */
char *seg_mark_key (const char *topic, int32_t partition);

#endif
