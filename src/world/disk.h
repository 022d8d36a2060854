/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk seam from inside: the tables that a disk implements (real: src/disk/posix.c; simulated: src/sim/disk.c;
 * fault injection wraps another one). Callers use stoker/disk.h.
 */
#ifndef STK_WORLD_DISK_H
#define STK_WORLD_DISK_H

#include <stoker/disk.h>

#include <stdatomic.h>

typedef struct StkDiskOps
{
  int (*open) (StokerDisk *d, const char *path, unsigned flags, StokerFile **out);
  int (*stat) (StokerDisk *d, const char *path, StokerPathInfo *out);
  int (*rename) (StokerDisk *d, const char *from, const char *to);
  int (*unlink) (StokerDisk *d, const char *path);
  int (*mkdir) (StokerDisk *d, const char *path);
  int (*rmdir) (StokerDisk *d, const char *path);
  int (*list) (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user);
  int (*sync_dir) (StokerDisk *d, const char *dir);
  int (*set_mtime) (StokerDisk *d, const char *path, int64_t mtime_ms);
  int (*lock) (StokerDisk *d, const char *path, StokerFile **out);
  int (*space) (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total);
} StkDiskOps;

typedef struct StkFileOps
{
  ssize_t (*pread) (StokerFile *f, void *buf, size_t len, uint64_t pos); /* all, or up to the end of the file */
  int (*pwritev) (StokerFile *f, const struct iovec *iov, int n, uint64_t pos);
  int (*sync) (StokerFile *f);
  int (*reserve) (StokerFile *f, uint64_t pos, uint64_t len);
  int (*truncate) (StokerFile *f, uint64_t size);
  int64_t (*size) (StokerFile *f);
  ssize_t (*pread_resident) (StokerFile *f, void *buf, size_t len, uint64_t pos); /* never waits: short, or -EAGAIN */
  int (*fd) (StokerFile *f);
  void (*close) (StokerFile *f); /* the last reference is gone: frees the handle too */
  void (*writeback) (StokerFile *f, uint64_t pos, uint64_t len); /* NULL: does nothing */
  void (*forget) (StokerFile *f, uint64_t pos, uint64_t len);    /* NULL: does nothing */
  int (*sync_all) (StokerFile *f); /* NULL: -EOPNOTSUPP */
} StkFileOps;

/* First member of every implementation's disk and file. */
struct StokerDisk
{
  const StkDiskOps *ops;
};

struct StokerFile
{
  const StkFileOps *ops;
  _Atomic int refs; /* an implementation's open sets it to 1 */
};

/* The disk of this machine. Free with stk_posix_disk_free when no file of it is open. */
StokerDisk *stk_posix_disk_new (void);
void stk_posix_disk_free (StokerDisk *d);

#endif
