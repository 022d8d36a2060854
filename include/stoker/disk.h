/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk seam: everything that touches a file goes through here, so that a whole broker can run on a simulated
 * disk and tests can tear writes and fail calls. A StokerDisk is handed out by the core (stoker_host_disk); it has a
 * real and a simulated implementation.
 *
 * Results: 0 or a count on success, a negative errno (-ENOENT, -ENOSPC, -EIO ..) on failure; nothing is logged here.
 * Thread: any; two threads may use one StokerFile at once. Every call may block, so an I/O thread uses only
 * stoker_file_pwritev within the dirty bound, stoker_file_pread on what stoker_file_resident said yes to, and the
 * counting functions; the rest belongs on disk threads (stoker/host.h: stoker_host_work).
 */
#ifndef STOKER_DISK_H
#define STOKER_DISK_H

#include <stoker/error.h>
#include <stoker/out.h>
#include <sys/uio.h>

STOKER_BEGIN_DECLS

typedef struct StokerDisk StokerDisk;
typedef struct StokerFile StokerFile; /* a counted handle of an open file */

enum
{
  STOKER_OPEN_READ = 0,      /* read only; the file must exist */
  STOKER_OPEN_WRITE = 1,     /* read and write */
  STOKER_OPEN_CREATE = 2,    /* with WRITE: create it (mode 0640) when missing */
  STOKER_OPEN_EXCLUSIVE = 4, /* with CREATE: -EEXIST when it is there */
  STOKER_OPEN_TRUNCATE = 8,  /* with WRITE: empty it */
  /* Past the page cache where the file system can (elsewhere it changes nothing): memory, positions and lengths of reads and writes
   * are multiples of STOKER_DIRECT_ALIGN. */
  STOKER_OPEN_DIRECT = 16,
};

#define STOKER_DIRECT_ALIGN 4096u

/* Opens `path`; *out gets a handle with one reference. */
STOKER_EXPORT int stoker_file_open (StokerDisk *d, const char *path, unsigned flags, StokerFile **out);
STOKER_EXPORT StokerFile *stoker_file_ref (StokerFile *f);
/* The last one closes the descriptor. NULL is allowed. */
STOKER_EXPORT void stoker_file_unref (StokerFile *f);
/* Reads up to `len` bytes; fewer only at the end of the file. */
STOKER_EXPORT ssize_t stoker_file_pread (StokerFile *f, void *buf, size_t len, uint64_t pos);
/* Writes all of it or fails; after a failure any part may have been written. n <= 1024 vectors. */
STOKER_EXPORT int stoker_file_pwritev (StokerFile *f, const struct iovec *iov, int n, uint64_t pos);
STOKER_EXPORT int stoker_file_pwrite (StokerFile *f, const void *buf, size_t len, uint64_t pos);
/* fdatasync. After a failure the file must not be trusted and the call not be repeated. */
STOKER_EXPORT int stoker_file_sync (StokerFile *f);
/* syncfs: what was written to any file of the file system that holds `f` before the call, and every name in it. Reports every failure to
 * write back since `f` was opened, once. -EOPNOTSUPP where there is no such call. */
STOKER_EXPORT int stoker_file_sync_all (StokerFile *f);
/* Begins to write the range to the disk and does not wait for the end of it: what the page cache holds back stays little, and a later
 * flush is short. A hint: promises nothing and reports nothing. May wait for the disk's queue: not for I/O threads. */
STOKER_EXPORT void stoker_file_writeback (StokerFile *f, uint64_t pos, uint64_t len);
/* What of the range is in memory and on the disk need not stay in memory (fadvise DONTNEED): who reads much that nobody else wants keeps it
 * from driving out what is wanted. A hint. */
STOKER_EXPORT void stoker_file_forget (StokerFile *f, uint64_t pos, uint64_t len);
/* Reserves blocks without changing the size (fallocate KEEP_SIZE); -EOPNOTSUPP where the file system cannot. */
STOKER_EXPORT int stoker_file_reserve (StokerFile *f, uint64_t pos, uint64_t len);
/* Sets the size; also gives back blocks reserved beyond it. */
STOKER_EXPORT int stoker_file_truncate (StokerFile *f, uint64_t size);
STOKER_EXPORT int64_t stoker_file_size (StokerFile *f);
/* stoker_file_pread of what is in memory already (preadv2 RWF_NOWAIT): never waits for the disk. The bytes read, fewer
 * than `len` where the rest is not in memory or the file ends, -EAGAIN when nothing is in memory. */
STOKER_EXPORT ssize_t stoker_file_pread_resident (StokerFile *f, void *buf, size_t len, uint64_t pos);
/* True when the first and last page of the range are in the page cache; a hint, never wrong data. Does not block. */
STOKER_EXPORT bool stoker_file_resident (StokerFile *f, uint64_t pos, size_t len);
/* The descriptor for sendfile, or -1 when there is none (simulated disk). Borrowed. */
STOKER_EXPORT int stoker_file_fd (StokerFile *f);

/* Does this result (a negative errno) say that the disk itself, or the way to it, is broken? Not for a full one, nor for the process's own
 * limits, nor for a name that is not there. */
STOKER_EXPORT bool stoker_disk_broken (int error);

typedef struct StokerPathInfo
{
  bool is_dir;
  uint64_t size;
  int64_t mtime_ms; /* since 1970 */
} StokerPathInfo;

STOKER_EXPORT int stoker_disk_stat (StokerDisk *d, const char *path, StokerPathInfo *out);
STOKER_EXPORT int stoker_disk_rename (StokerDisk *d, const char *from, const char *to);
STOKER_EXPORT int stoker_disk_unlink (StokerDisk *d, const char *path);
/* Mode 0750; -EEXIST when it is there. */
STOKER_EXPORT int stoker_disk_mkdir (StokerDisk *d, const char *path);
STOKER_EXPORT int stoker_disk_rmdir (StokerDisk *d, const char *path);
/* Deletes a directory and the files in it; -ENOENT when there is none. What is in it must not be directories. */
STOKER_EXPORT int stoker_disk_remove_tree (StokerDisk *d, const char *path);
/* Calls `each (user, name)` for every entry but "." and "..", in no order; stops early when it returns false. */
STOKER_EXPORT int stoker_disk_list (StokerDisk *d, const char *dir, bool (*each) (void *user, const char *name), void *user);
/* Makes renames, creations and deletions in `dir` durable (fsync of the directory). */
STOKER_EXPORT int stoker_disk_sync_dir (StokerDisk *d, const char *dir);
STOKER_EXPORT int stoker_disk_set_mtime (StokerDisk *d, const char *path, int64_t mtime_ms);
/* Takes an exclusive lock on the file (created when missing) that lasts until the handle is closed or the process
 * ends; -EAGAIN when somebody else (another process, or this one) holds it. */
STOKER_EXPORT int stoker_disk_lock (StokerDisk *d, const char *path, StokerFile **out);
/* Free and total bytes of the file system that holds `path`. */
STOKER_EXPORT int stoker_disk_space (StokerDisk *d, const char *path, uint64_t *out_free, uint64_t *out_total);
/* Writes `path`.tmp, flushes it, renames it over `path` and flushes the directory: readers see the old or the new. */
STOKER_EXPORT int stoker_disk_write_atomic (StokerDisk *d, const char *path, const void *data, size_t len);
/* Reads a whole file of at most `max` bytes into `to`; -EFBIG when it is larger. */
STOKER_EXPORT int stoker_disk_read_all (StokerDisk *d, const char *path, size_t max, StokerBuf *to);

STOKER_END_DECLS

#endif
