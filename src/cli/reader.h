/* SPDX-License-Identifier: Apache-2.0
 *
 * A window over a file that grows to hold the largest batch. Reads with pread: a file that shrinks meanwhile is no harm.
 */
#ifndef STK_CLI_READER_H
#define STK_CLI_READER_H

#include <stoker/record.h>

/* Bytes that are to be written to a file. */
typedef struct CliPatch
{
  uint64_t pos;
  size_t len;
  uint8_t *data;
} CliPatch;

typedef struct CliReader
{
  int fd;
  uint64_t size, at; /* of the file as it was opened, with its patches; file position of buf.data */
  StokerBuf buf;
  const CliPatch *patches;
  size_t n_patches;
} CliReader;

/* `n` bytes (1 to 8), big endian, signed: a field of an index or a snapshot. */
int64_t cli_big (const uint8_t *p, int n);
/* Reserved space: nothing but zeros. */
bool cli_is_zero (const uint8_t *p, size_t n);
/* patches[0..n), borrowed: the file is read as if they had been written to it, in order (which makes one that is not there). 0 or an
 * errno. */
int cli_reader_open (CliReader *r, const char *path, const CliPatch *patches, size_t n);
void cli_reader_close (CliReader *r);
/* Bytes [pos, pos + len), valid until the next call; NULL: the file does not have them. */
const uint8_t *cli_reader_view (CliReader *r, uint64_t pos, size_t len);
/* Looks at the file's size again, forgets what was read. */
void cli_reader_refresh (CliReader *r);
/* The batch at pos, whole, its CRC right, its offsets in [min, max]. NULL: there is none, *why says what is wrong; b->length is 0 when
 * the length cannot be believed. */
const uint8_t *cli_reader_batch (CliReader *r, uint64_t pos, int64_t min, int64_t max, StokerBatch *b, const char **why);
/* The first position > pos where such a batch stands; r->size: nowhere. */
uint64_t cli_reader_resync (CliReader *r, uint64_t pos, int64_t min, int64_t max);

#endif
