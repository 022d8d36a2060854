/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree's database: one SQLite file in WAL mode, locked for as long as it is open. It is only read once, at open;
 * afterwards it is the journal of the tree in memory.
 *
 * Thread: any that may block, one at a time.
 */
#ifndef LOCAL_DB_H
#define LOCAL_DB_H

#include "tree.h"

typedef struct Db Db;

/* What one transaction does to one node. */
typedef struct Row
{
  char *path; /* owned */
  bool gone;  /* delete it; the rest says nothing */
  int64_t czxid, mzxid, pzxid, ctime_ms, mtime_ms, owner;
  int32_t version;
  uint32_t created;
  StokerBlock *data; /* a reference */
} Row;

void local_row_clear (Row *r);

/* Opens or creates the file at `path`; a missing directory is made (its parent must be there). The lock is taken and
 * what is in it is checked. read_only: it must exist, and neither it nor a write-ahead log beside it is changed. */
int local_db_open (StokerHost *host, const char *path, bool read_only, Db **out, StokerError *err);
/* Fills an empty tree (zxid included), and the number of sessions ever made. */
int local_db_load (Db *db, Tree *tree, int64_t *sessions, StokerError *err);
/* Commits the rows, durably. On failure nothing of it is in the database, and the result says whether it makes sense to
 * try the same again (the disk is full) or the database must not be used any more. */
typedef enum DbResult
{
  DB_OK = 0,
  DB_FULL = 1,
  DB_BROKEN = 2,
} DbResult;
DbResult local_db_write (Db *db, const Row *rows, size_t n, int64_t zxid, int64_t sessions, StokerError *err);
/* Writes the WAL back and closes it. NULL is allowed. */
void local_db_close (Db *db);

#endif
