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
#include <stoker/storage.h>

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
/* Hands every step that a replay would take to `apply`, and changes nothing: for tools, while nobody writes there. 0; -1 with *err. */
int stk_journal_look (StokerHost *host, const char *path, int (*apply) (void *user, const StokerJournalStep *step), void *user,
                      StokerError *err);
/* Whom to tell when the disk fails (dir->failed, with dir->core): the journal is dead then, and stays so, while those of other
 * directories go on. Borrowed. Before anything is noted. */
void stk_journal_set_owner (StokerJournal *j, const StokerLogDir *dir);
/* Has every log with entries flush its files, so that a crash from here on replays little. Disk thread. */
int stk_journal_checkpoint (StokerJournal *j);
/* The checkpoint by time: the core calls it every few seconds, before it has the engines write their recovery points, while it returns
 * true. Logs with entries flush their files once in interval_us; a journal that nothing was written to for that long vanishes.
 * Disk thread. */
bool stk_journal_tick (StokerJournal *j, int64_t now_us, int64_t interval_us);

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
/* Room for a commit of `len` bytes, aligned for STOKER_OPEN_DIRECT; what was in `b` is lost. */
void stk_commit_room (StokerBuf *b, size_t len);
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
  uint64_t ready;       /* up to here something was written to its blocks before */
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
/* Finds room for `len` bytes (at most slot_bytes - STK_JOURNAL_BLOCK), where all commits from `tail` on are needed: the tail that a commit
 * on the disk names, or a commit that the power cuts short would have overwritten what a replay asks for. A failure (-ENOSPC: the ring or
 * the disk is full) leaves everything as it is. */
int stk_ring_prepare (Ring *r, size_t len, uint64_t tail);
/* Would a commit of one block that names `tail`, for which there is room where the last one ends, free a slot? */
bool stk_ring_frees (const Ring *r, uint64_t tail);
/* Writes and flushes one commit (made by stk_commit_end) there. A failure is final, but for -ENOSPC and -EDQUOT. */
int stk_ring_write (Ring *r, const StokerBuf *commit, uint64_t seq);
/* How many slots hold commits that are needed. */
unsigned stk_ring_used (const Ring *r, uint64_t tail);
/* Closes and forgets all slots. */
void stk_ring_empty (Ring *r);
/* Makes the folder of `dir` vanish at one stroke, then deletes it. */
int stk_ring_delete (StokerDisk *disk, const char *dir);

/* ---- commit.c, flush.c, log.c, checkpoint.c */
typedef struct Range
{
  int64_t number;
  StokerFile *file;
  uint64_t from, to;
} Range;

typedef struct Ranges
{
  Range *v;
  uint32_t n, cap;
} Ranges;

struct StokerJournalLog
{
  StokerJournal *journal;
  char *name;
  const StokerJournalClient *client;
  void *log;
  guint index;                     /* in StokerJournal.logs */
  StokerJournalLog *next;          /* in StokerJournal.pending, or among those that were taken up */
  StokerJournalLog *older, *newer; /* in StokerJournal.live_first .. live_last, while live > 0 */
  bool pending, busy;              /* in that list; somebody makes what was noted durable */
  bool held;                       /* a checkpoint flushes it */
  Ranges noted;                    /* not taken up yet */
  int64_t end;                     /* of the newest of them */
  Ranges taken;                    /* while busy */
  int64_t taken_end;
  uint64_t taken_bytes;
  uint64_t live; /* the oldest commit with an entry that its own files may lack; 0: none */
  uint64_t last; /* the newest commit with an entry of it; 0: none */
};

struct StokerJournal
{
  StokerHost *host;
  StokerDisk *disk;
  int dir;
  char *path;
  const StokerLogDir *owner; /* is told when the disk fails; NULL: nobody */
  StokerFile *whole;         /* the directory, open since the beginning: for syncfs; NULL: not possible */
  pthread_mutex_t lock;
  pthread_cond_t cond;
  unsigned waiting;   /* threads at the cond */
  GPtrArray *logs;    /* of StokerJournalLog */
  GHashTable *closed; /* name -> uint64_t: `last` of logs that were closed and may be opened again */
  StokerJournalLog *pending, **pending_end;
  StokerJournalLog *large, **large_end;    /* to be flushed in their own files */
  StokerJournalLog *live_first, *live_last; /* logs with live > 0, ascending */
  unsigned flushers;                       /* jobs that do it, posted or running */
  bool scheduled, committing, checkpointing;
  bool on_disk;        /* there is a ring, with commits in it */
  unsigned used;       /* slots of it that were needed when the last committer was through */
  int error;           /* nothing becomes durable any more */
  uint64_t pinned;     /* needed for a log that was closed without being flushed; 0: none */
  uint64_t seq, tail;  /* the newest commit; what it says is the oldest that is needed */
  int64_t due_us;      /* the next checkpoint by time; 0: none is needed */
  uint64_t ticked_seq; /* `seq` at the last one */
  /* The committer's. */
  Ring ring;
  StokerBuf buf;
};

void stk_ranges_clear (Ranges *r);
/* Runs fn (j) on a disk thread. */
void stk_journal_post (StokerJournal *j, void (*fn) (void *user));
/* Waits at the cond, under the lock. */
void stk_journal_wait (StokerJournal *j);
void stk_journal_wake (StokerJournal *j);
/* Under the lock: puts the log among those to be dealt with. */
void stk_journal_enlist (StokerJournalLog *l);
/* Under the lock: `live` of a log. */
void stk_journal_set_live (StokerJournalLog *l, uint64_t seq);
/* Tells the engines of a list of logs that were taken up, and lets them go. */
void stk_journal_done (StokerJournal *j, StokerJournalLog *list, int error);
/* Nothing of this directory becomes durable any more; its owner is told. */
void stk_journal_fail (StokerJournal *j, int error, const char *what);
/* Its own file is as good a place: disk threads flush it. `l` was taken up. */
void stk_journal_flush_later (StokerJournalLog *l);
/* Flushes one of them, or says that there is none. */
bool stk_journal_flush_one (StokerJournal *j);
/* Posts as many jobs for them as make sense when the caller does `own` of them itself. */
void stk_journal_post_flushers (StokerJournal *j, unsigned own);
/* Has a disk thread deal with what is pending. */
void stk_journal_schedule (StokerJournal *j);
/* Helps until nothing of `l` is under way. */
int stk_journal_settle (StokerJournalLog *l);
/* Has the log flush its own files, and remembers that its entries are not needed any more. */
int stk_journal_flush_log (StokerJournalLog *l);
/* Durably writes one commit with a single entry without data. */
int stk_journal_announce (StokerJournalLog *l, EntryKind kind, int64_t number, uint64_t pos);

#endif
