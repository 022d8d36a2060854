/* SPDX-License-Identifier: Apache-2.0
 *
 * What the preloaded recorder (shim.c) writes down of a process, and replay.c reads: one entry after the other in one
 * file. Each is appended with one call, so that the file's order is the order of all threads, of one process after the
 * other, and of whoever adds notes.
 *
 * A change is entered when it is done, a flush when it begins and again when it is done: what it promises is what was
 * entered before it began. Names are relative to the folder that is watched.
 */
#ifndef SHIM_RECORD_H
#define SHIM_RECORD_H

#include <stdint.h>

typedef enum ShimKind
{
  SHIM_BOOT = 1, /* a process begins */
  SHIM_OPEN,     /* file, at: ORed SHIM_OPEN_*; name */
  SHIM_WRITE,    /* file, at: the place; the bytes */
  SHIM_SIZE,     /* file, at: cut or grown to it */
  SHIM_SYNC,     /* file, at: a number of this flush; name when it is a folder */
  SHIM_SYNC_ALL, /* at: a number of this flush */
  SHIM_SYNCED,   /* at: the flush of this number is done */
  SHIM_RENAME,   /* two names, each with its NUL */
  SHIM_LINK,     /* two names, each with its NUL */
  SHIM_UNLINK,   /* name */
  SHIM_MKDIR,    /* name */
  SHIM_RMDIR,    /* name */
  SHIM_NOTE,     /* text for people */
} ShimKind;

enum
{
  SHIM_OPEN_CREATE = 1,
  SHIM_OPEN_TRUNCATE = 2,
};

typedef struct ShimEntry
{
  uint64_t bytes; /* with this head */
  uint32_t kind, zero;
  uint64_t file; /* its inode number; a file that is opened under one that was there before takes its place */
  uint64_t at;
} ShimEntry;

#endif
