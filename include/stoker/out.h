/* SPDX-License-Identifier: Apache-2.0
 *
 * Output: what a connection writes. A StokerOut is one message under construction: bytes, with ranges of files and
 * blocks of memory spliced in between, so that record data is never copied on its way from the log to the socket.
 * Plain TCP turns it into writev and sendfile, TLS into pread and SSL_write; who builds one never knows which.
 *
 * Thread: one owner at a time.
 */
#ifndef STOKER_OUT_H
#define STOKER_OUT_H

#include <stoker/memory.h>

STOKER_BEGIN_DECLS

typedef struct StokerFile StokerFile; /* stoker/disk.h */

typedef enum StokerSliceKind
{
  STOKER_SLICE_MEMORY = 0, /* borrowed memory; who hands it out says how long it lives */
  STOKER_SLICE_BLOCK = 1,  /* a range of a counted block */
  STOKER_SLICE_FILE = 2,   /* a range of a counted file handle */
} StokerSliceKind;

/* A range of bytes somewhere. A BLOCK or FILE slice holds a reference unless the place that gives it out says it is
 * borrowed. */
typedef struct StokerSlice
{
  StokerSliceKind kind;
  union
  {
    const uint8_t *memory;
    StokerBlock *block;
    StokerFile *file;
  } u;
  uint64_t pos; /* where the range starts in the block or file; unused for memory */
  size_t len;
} StokerSlice;

/* Gives back the reference that a BLOCK or FILE slice holds; does nothing for memory. */
STOKER_EXPORT void stoker_slice_release (StokerSlice *s);

/* Record data in a message: a list of slices, together `len` bytes. Decoding yields exactly one MEMORY slice over the
 * input. null_ is the protocol's null. */
typedef struct StokerRecords
{
  StokerSlice *slices;
  size_t n_slices;
  size_t len;
  bool is_null;
} StokerRecords;

/* A splice: `slice` belongs before byte `at` of the head. */
typedef struct StokerSplice
{
  size_t at;
  StokerSlice slice;
} StokerSplice;

/* Zero-initialised is an empty one. */
typedef struct StokerOut
{
  StokerBuf head;
  StokerSplice *splices;
  uint32_t n_splices, cap_splices;
  size_t spliced; /* bytes in splices */
} StokerOut;

/* Splices `s` in at the present end. Takes over the reference; MEMORY is copied into the head. */
STOKER_EXPORT void stoker_out_splice (StokerOut *o, StokerSlice *s);
/* Bytes in all. */
static inline size_t
stoker_out_size (const StokerOut *o)
{
  return o->head.len + o->spliced;
}
/* Copies everything, file ranges read in, to the end of `to`. 0, or a negative errno. May block: tests and tools only. */
STOKER_EXPORT int stoker_out_flatten (const StokerOut *o, StokerBuf *to);
/* Releases all references and memory and makes it empty. */
STOKER_EXPORT void stoker_out_clear (StokerOut *o);

STOKER_END_DECLS

#endif
