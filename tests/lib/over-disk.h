/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk on top of another one that passes everything on: what a test's disk does otherwise it puts into `ops` and
 * `file_ops` after over_disk_init, or says in `gate`.
 */
#ifndef OVER_DISK_H
#define OVER_DISK_H

#include "world/disk.h"

typedef struct OverDisk OverDisk;

/* First member of the test's disk. */
struct OverDisk
{
  StokerDisk base;
  StokerDisk *under; /* borrowed */
  StkDiskOps ops;
  StkFileOps file_ops;
  /* NULL, or asked before each call that is passed on, but for a file's close and fd: 0, or the negative errno that is
   * the call's result. `change`: the call changes or flushes something. */
  int (*gate) (OverDisk *d, bool change);
};

typedef struct OverFile
{
  StokerFile base;
  OverDisk *disk;
  StokerFile *under; /* a reference */
} OverFile;

void over_disk_init (OverDisk *d, StokerDisk *under);
/* What a file's functions find behind `f`. */
static inline OverDisk *
over_file_disk (StokerFile *f)
{
  return ((OverFile *)f)->disk;
}
static inline StokerFile *
over_file_under (StokerFile *f)
{
  return ((OverFile *)f)->under;
}
/* The open that passes on, for one that comes before it. */
int over_disk_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out);
/* The pread_resident that passes on. */
ssize_t over_file_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos);

#endif
