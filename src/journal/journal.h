/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal from inside (include/stoker/journal.h says what it is for, doc/internals/log.md how it works).
 *
 * One lock guards everything but the ring's files, which belong to whoever is the committer (one thread at a time).
 * It is never held across a call of the disk or of an engine.
 */
#ifndef STK_JOURNAL_H
#define STK_JOURNAL_H

#include <stoker/host.h>
#include <stoker/journal.h>

#include "module/host.h"

#include <glib.h>
#include <inttypes.h>
#include <pthread.h>

#define STK_JOURNAL_DIR "stoker.journal"
#define STK_JOURNAL_BLOCK 4096u
#define STK_JOURNAL_LARGE (256u << 10)  /* from here on a log's range is flushed where it stands */

/* Thread: the one that starts the broker. `path` is the log directory; the ring takes at most max_bytes of it, in files of an
 * eighth of that or 16 MiB, at least 1 MiB. Writes nothing. */
StokerJournal *stk_journal_new (StokerHost *host, int dir, const char *path, uint64_t max_bytes);
/* All logs are closed. Deletes the journal's files unless it failed. */
int stk_journal_end (StokerJournal *j, StokerError *err);
void stk_journal_free (StokerJournal *j);
/* Is there anything to replay? Decides whether the directory counts as cleanly left. */
bool stk_journal_found (StokerDisk *disk, const char *path);
/* Has every log with entries flush its files, so that a crash from here on replays little. Disk thread. */
int stk_journal_checkpoint (StokerJournal *j);

/* ---- format.c: commits of entries */
typedef enum EntryKind
{
  ENTRY_DATA = 1,
  ENTRY_CUT = 2,
  ENTRY_FORGET = 3,
} EntryKind;

typedef struct Entry
{
  EntryKind kind;
  StokerStr name;
  int64_t number;
  uint64_t pos;
  const uint8_t *data;
  uint32_t len;
} Entry;

/* In front of the entries of one commit. */
typedef struct CommitHead
{
  uint64_t run, seq, tail; /* of the journal's life; number of the commit; the oldest commit that is still needed */
  uint32_t len, previous;  /* bytes with the head, without padding; check sum of the commit before */
  uint32_t check;
} CommitHead;

#define STK_COMMIT_HEAD 56u
#define STK_ENTRY_HEAD 24u
/* The head is left free in front of `b`. */
void stk_commit_begin (StokerBuf *b);
/* Room for one entry is appended; where its `len` bytes of data go. */
uint8_t *stk_commit_add (StokerBuf *b, EntryKind kind, StokerStr name, int64_t number, uint64_t pos, uint32_t len);
/* Fills in the head, pads to whole blocks; the check sum. */
uint32_t stk_commit_end (StokerBuf *b, CommitHead head);
/* Checks what stands at data; false: no commit. */
bool stk_commit_read (const uint8_t *data, size_t len, CommitHead *out);
/* Walks the entries of a checked commit: *at starts at 0. False: the end. */
bool stk_commit_next (const uint8_t *data, const CommitHead *head, size_t *at, Entry *out);

/* ---- ring.c: slots. A slot begins with a block that names its first commit. */
typedef struct Slot
{
  StokerFile *file;
  uint64_t first, last; /* commits in it; first 0: none */
  uint64_t written;     /* bytes */
} Slot;

typedef struct Ring
{
  StokerDisk *disk;
  char *path;
  Slot *slots;
  unsigned n, max, now;
  size_t slot_bytes;
  uint64_t run;
  uint32_t previous;
  bool made; /* the folder is there */
} Ring;

void stk_ring_init (Ring *r, StokerDisk *disk, const char *dir, uint64_t max_bytes, uint64_t run);
void stk_ring_clear (Ring *r);
/* Finds room for `len` bytes, where all commits from `tail` on are needed. A failure (-ENOSPC: the ring or the disk is full)
 * leaves everything as it is. */
int stk_ring_prepare (Ring *r, size_t len, uint64_t tail);
/* Writes and flushes one commit (made by stk_commit_end) there. A failure is final, but for -ENOSPC and -EDQUOT. */
int stk_ring_write (Ring *r, const StokerBuf *commit, uint64_t seq);
/* How many slots hold commits that are needed. */
unsigned stk_ring_used (const Ring *r, uint64_t tail);
/* Makes the folder of `dir` vanish at one stroke, then deletes it. */
int stk_ring_delete (StokerDisk *disk, const char *dir);

/* ---- commit.c, log.c, checkpoint.c */
typedef struct Range
{
  int64_t number;
  StokerFile *file;
  uint64_t from, to;
} Range;

struct StokerJournalLog
{
  StokerJournal *journal;
  char *name;
  const StokerJournalClient *client;
  void *log;
  StokerJournalLog *next; /* in StokerJournal.pending */
  bool pending, busy;     /* in that list; somebody makes what was noted durable */
  bool held;              /* a checkpoint flushes it */
  GArray *ranges;         /* of Range: noted, not taken up yet */
  int64_t end;            /* of the newest of them */
  uint64_t live;          /* the oldest commit with an entry that its own files may lack; 0: none */
  uint64_t last;          /* the newest commit with an entry of it; 0: none */
};

/* What is noted of one log, taken up. */
typedef struct Work
{
  struct Work *next;
  StokerJournalLog *log;
  GArray *ranges;
  int64_t end;
  uint64_t bytes;
} Work;

struct StokerJournal
{
  StokerHost *host;
  StokerDisk *disk;
  int dir;
  char *path;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  GPtrArray *logs;    /* of StokerJournalLog */
  GHashTable *closed; /* name -> uint64_t: `last` of logs that were closed and may be opened again */
  StokerJournalLog *pending, **pending_end;
  Work *large; /* to be flushed in their own files */
  bool scheduled, committing, checkpointing;
  int error;           /* the ring failed */
  uint64_t pinned;     /* needed for a log that was closed without being flushed; 0: none */
  uint64_t seq, tail;  /* the newest commit; what it says is the oldest that is needed */
  /* The committer's. */
  Ring ring;
  StokerBuf buf;
};

/* Under the lock: puts the log among those to be dealt with. */
void stk_journal_enlist (StokerJournalLog *l);
/* Has a disk thread deal with what is pending. */
void stk_journal_schedule (StokerJournal *j);
/* Helps until nothing of `l` is under way. */
int stk_journal_settle (StokerJournalLog *l);
/* Has the log flush its own files, and remembers that its entries are not needed any more. */
int stk_journal_flush_log (StokerJournalLog *l);
/* Durably writes one commit with a single entry without data. */
int stk_journal_announce (StokerJournalLog *l, EntryKind kind, int64_t number, uint64_t pos);

#endif
