/* SPDX-License-Identifier: Apache-2.0
 *
 * The readers of `stoker log dump`, one per kind of file.
 */
#ifndef STK_CLI_DUMP_H
#define STK_CLI_DUMP_H

#include "cli/cli.h"
#include "cli/modules.h"
#include "cli/out.h"
#include "cli/reader.h"
#include "record/record.h"

#include <errno.h>
#include <stdio.h>

typedef enum DumpDecoder
{
  DUMP_NO_DECODER,
  DUMP_CONSUMER_OFFSETS,
  DUMP_TRANSACTION_STATE,
} DumpDecoder;

typedef struct Dump
{
  const char *path;
  FILE *file;
  int64_t base; /* offset in the file's name */
  bool json, records, values, damaged;
  int64_t from, to;
  DumpDecoder decoder; /* of the topic that the file is of */
  CliModules *modules; /* for compressed batches, made when first needed */
  StkCodecContexts *codecs;
} Dump;

/* Each prints d->file and returns an exit code. */
int dump_batches (Dump *d); /* dump_log.c */
int dump_index (Dump *d);   /* dump_files.c */
int dump_timeindex (Dump *d);
int dump_txnindex (Dump *d);
int dump_snapshot (Dump *d);
int dump_checkpoint (Dump *d);
int dump_text (Dump *d);
int dump_ring (Dump *d); /* dump_journal.c */

/* dump_internal.c: the decoder for the partition folder that `path` lies in; what a record says as fields of `j`, or into `text`. False:
 * it is not known. */
DumpDecoder dump_decoder_for (const char *path);
bool dump_decode (DumpDecoder d, const StkRecord *r, CliJson *j, GString *text);

/* Says that the file is damaged there; CLI_FAILED. */
int dump_damage (Dump *d, uint64_t position, const char *what);
/* The same, of a .log, with the offset that should stand there. */
int dump_damage_at (Dump *d, uint64_t position, int64_t offset, const char *what);
/* Can no more be written (`| head` has what it wants)? Then there is no use in reading on. */
bool dump_stopped (void);
/* Frees what was made on the way. */
void dump_end (Dump *d);

#endif
