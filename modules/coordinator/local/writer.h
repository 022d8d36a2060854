/* SPDX-License-Identifier: Apache-2.0
 *
 * Commits the tree's changes: all that gathered while one transaction ran go into the next. Without a database (memory
 * = true) a commit is only the next turn of the control thread.
 *
 * Thread: control; the transaction itself runs on a disk thread.
 */
#ifndef LOCAL_WRITER_H
#define LOCAL_WRITER_H

#include "db.h"

typedef struct Writer Writer;

typedef struct WriterUser
{
  /* Everything up to `zxid` is durable. */
  void (*committed) (void *user, int64_t zxid);
  /* A transaction failed with the reason. `full`: it is tried again with the next kick; else there will be no other. */
  void (*failed) (void *user, bool full, const StokerError *err);
  void *user;
} WriterUser;

/* `db` may be NULL; it is taken over. `tree` lives as long as the writer is used. */
Writer *local_writer_new (StokerHost *host, Db *db, Tree *tree, int64_t *sessions, WriterUser user);
/* The node at `path` changed or went. */
void local_writer_dirty (Writer *w, const char *path);
/* Commits what gathered, soon: what is still asked for in this turn goes along. */
void local_writer_kick (Writer *w);
/* Commits what is left, closes the database on the disk thread, then calls `done`. */
void local_writer_close (Writer *w, void (*done) (void *user), void *user);
/* Nothing is called any more; what runs finishes without us. */
void local_writer_free (Writer *w);

#endif
