/* SPDX-License-Identifier: Apache-2.0
 *
 * SQLite's way to the disk: a VFS on top of stoker/disk.h, one per database, registered under a name of its own. Only
 * what a database that is opened exclusively needs: no shared memory, locks are taken once for the whole life of the
 * database.
 */
#ifndef LOCAL_VFS_H
#define LOCAL_VFS_H

#include <stoker/host.h>

#include <sqlite3.h>

typedef struct Vfs
{
  sqlite3_vfs base; /* first */
  StokerHost *host;
  StokerDisk *disk;
  StokerFile *main; /* the database file, locked; borrowed by SQLite's handle */
  bool read_only;   /* nothing is changed or made; a write-ahead log that is not there counts as empty */
  int last_errno;   /* of the call that failed last; for messages */
  char name[48];
} Vfs;

/* `main` is borrowed until clear. */
void local_vfs_init (Vfs *v, StokerHost *host, StokerFile *main);
void local_vfs_clear (Vfs *v);

#endif
