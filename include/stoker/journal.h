/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal of a log directory, for storage engines: it makes what they append durable with one flush for all logs
 * that were appended to while the flush before ran (group commit). An engine writes its own files as ever, without
 * flushing, and notes the byte range; the journal reads small ranges back (they are in memory), writes them to a ring of
 * preallocated files, flushes that, and tells the engine. A large range is not written twice: the engine is asked to
 * flush its file instead. After a crash the engine has the journal replayed before it looks at its files.
 *
 * The journal is a physical redo log: entries say "these bytes stand at this place of this file". A file is named by its
 * log's name and a number that only grows from file to file of a log (a segment's base offset). What changes files
 * otherwise is announced first, so that older entries are not replayed: stoker_journal_cut before a truncation,
 * stoker_journal_forget before files are deleted or replaced. The change itself the engine makes durable before it notes
 * anything new. Replay follows the order of the entries and may begin at any earlier one, so that it can be repeated.
 *
 * Files: DIR/stoker.journal/NNNNNNNN.ring. Apache Kafka refuses a log directory with such a folder in it, which is wanted:
 * it would ignore what the journal holds. The folder is there only while there is something in it that the engines' own files
 * may lack; after a clean stop it is gone.
 *
 * Results: 0 or a negative errno. After a failed write or flush of the ring, or a flush of a log's file that says that the disk is broken
 * (stoker_disk_broken), the journal is dead, and the core is told (StokerLogDir.failed): every call that must
 * make something durable fails with that error, nothing is tried again (kafka-facts 5.9: a failed fsync is final).
 */
#ifndef STOKER_JOURNAL_H
#define STOKER_JOURNAL_H

#include <stoker/disk.h>

STOKER_BEGIN_DECLS

typedef struct StokerJournal StokerJournal;       /* one per log directory; the core's, in StokerLogDir */
typedef struct StokerJournalLog StokerJournalLog; /* one log in it; the engine's */

/* What the journal asks of an engine, on a disk thread or inside stoker_journal_kick and _barrier; never under a lock of
 * the journal's. */
typedef struct StokerJournalClient
{
  /* Makes everything noted so far of the log durable in its own files, names included. Two threads may be in it at once. */
  int (*flush) (void *log);
  /* Everything noted up to `end` is durable now. error: a negative errno, nothing more will ever be. */
  void (*durable) (void *log, int64_t end, int error);
  /* Both or neither (NULL). Many logs are made durable in their own files with one flush of the file system: `prepare` writes what
   * `flush` would write, flushes nothing, and remembers where the log ends; false: this one needs `flush`. After true `prepared`
   * follows: that much, names included, is durable now, or it is not. */
  bool (*prepare) (void *log);
  void (*prepared) (void *log, bool durable);
} StokerJournalClient;

/* A log whose appends will be noted. `name` (1 to 255 bytes, copied) names it in the entries: its folder's name. `client`
 * is borrowed. Any thread. */
STOKER_EXPORT StokerJournalLog *stoker_journal_open (StokerJournal *j, const char *name,
                                                     const StokerJournalClient *client, void *log);
/* Waits for what is under way for the log and lets it go. `flushed`: all of it is durable in its own files (or forgotten);
 * else its entries are kept for the next start. Disk thread. */
STOKER_EXPORT void stoker_journal_close (StokerJournalLog *l, bool flushed);

/* Bytes [from, to) of file `number` were written through `f` (a reference is taken). `end`: the log's end with them.
 * Notes of one log come in the order of their bytes, one at a time. Does not block, calls nobody: stoker_journal_kick
 * follows, when the engine holds no lock. Any thread. */
STOKER_EXPORT void stoker_journal_note (StokerJournalLog *l, int64_t number, StokerFile *f, uint64_t from, uint64_t to,
                                        int64_t end);
/* Sees to it that what was noted becomes durable soon. Any thread, without locks of the engine's. */
STOKER_EXPORT void stoker_journal_kick (StokerJournalLog *l);
/* Waits until everything noted of the log is durable (and the engine was told). Disk thread. */
STOKER_EXPORT int stoker_journal_barrier (StokerJournalLog *l);

/* Durably: what was noted so far of file `number` from byte `size` on, and of files above it, means nothing any more.
 * Before the engine cuts its files; nothing is noted meanwhile. Free when there is no such entry left. Disk thread. */
STOKER_EXPORT int stoker_journal_cut (StokerJournalLog *l, int64_t number, uint64_t size);
/* Durably: what was noted so far of files below `number` means nothing any more (INT64_MAX: of all). Free when there is no
 * such entry left. Before the engine deletes or replaces them. Disk thread. */
STOKER_EXPORT int stoker_journal_forget (StokerJournalLog *l, int64_t number);

/* One step of a replay. */
typedef struct StokerJournalStep
{
  StokerStr name;      /* the log's */
  int64_t number;      /* the file's */
  uint64_t pos;        /* where the bytes stand in it */
  const uint8_t *data;
  size_t len;
  bool doubtful; /* a later commit is damaged, which may have said that these bytes mean nothing any more: they may fill what is
                  * missing, and are not to take the place of anything good */
} StokerJournalStep;

/* Hands every step to `apply`, in order; then `finish` must make all of it durable; then the journal is emptied. A step or
 * finish that fails ends it and leaves the journal as it is. *steps (may be NULL): how many there were. In dir_attach,
 * before the engine reads anything else of the directory. Disk thread. */
STOKER_EXPORT int stoker_journal_replay (StokerJournal *j, int (*apply) (void *user, const StokerJournalStep *step),
                                         int (*finish) (void *user), void *user, uint64_t *steps, StokerError *err);

STOKER_END_DECLS

#endif
