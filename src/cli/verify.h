/* SPDX-License-Identifier: Apache-2.0
 *
 * `stoker log verify` from inside: what is checked in which order, what was found. Reads only.
 *
 * A file that is written meanwhile (a broker runs) may show what looks like damage and is none: whatever is found then is looked
 * at again, and counts only when it stays.
 */
#ifndef STK_CLI_VERIFY_H
#define STK_CLI_VERIFY_H

#include "cli/cli.h"
#include "cli/modules.h"
#include "cli/progress.h"
#include "cli/reader.h"
#include "record/record.h"

#include <stoker/bookkeeping.h>

/* What a finding takes to be mended. */
typedef enum FindingKind
{
  FINDING_OTHER,   /* nothing that could be made anew */
  FINDING_LOST,    /* bytes [from, to) of a .log hold no batch */
  FINDING_DERIVED, /* the file can be made again from the log */
  FINDING_EPOCHS,  /* leader-epoch-checkpoint disagrees with the log */
  FINDING_STATE,   /* a producer snapshot disagrees with the log */
  FINDING_ENDS,    /* a checkpoint of the directory disagrees with the log */
  FINDING_CHECKPOINT, /* a checkpoint of the directory itself */
} FindingKind;

/* One thing that is wrong. */
typedef struct Finding
{
  FindingKind kind;
  uint64_t from, to;  /* FINDING_LOST */
  int64_t next;       /* .. the offset behind it; -1: nothing is behind it */
  bool newest;        /* .. in the newest segment */
  char *file;
  int64_t position;   /* byte, in checkpoints the line; -1: the file as a whole */
  int64_t offset;     /* of the log, -1: none */
  char *text;
} Finding;

typedef struct VerifyCounts
{
  uint64_t directories, partitions, segments, batches, records, bytes, other_files;
  uint64_t damaged; /* findings */
  uint64_t unsettled; /* bytes that only the journal has */
  uint64_t unread;  /* files that could not be read, batches without their codec */
} VerifyCounts;

/* What a journal would write. */
typedef struct VerifyUnsettled VerifyUnsettled;

typedef struct Verify
{
  const CliCommand *command;
  bool json;
  bool online; /* a broker holds the directory's lock */
  bool clean;  /* the marker of a clean stop is there: checkpoints must agree with the logs */
  bool unclean; /* a directory that was looked at holds a journal, and no broker runs */
  VerifyUnsettled *unsettled; /* what it holds for the segments; NULL: nothing, or a broker runs */
  VerifyCounts counts;
  VerifyCounts before;  /* as the present try began */
  GPtrArray *findings;  /* of Finding: the present try's */
  void (*sink) (void *user, const Finding *f); /* gets what is left of them instead of standard output; NULL: none */
  void *sink_user;
  bool gone;            /* a file vanished in the present try */
  CliProgress *progress;
  CliModules *modules; /* for compressed batches, made when first needed */
  StkCodecContexts *codecs;
  bool no_codecs; /* they could not be had */
} Verify;

/* What the checkpoints of the directory say of one partition; -1: nothing. */
typedef struct VerifyMarks
{
  int64_t recovery, start, hw;
} VerifyMarks;

/* ---- verify.c: findings */
void verify_finding_free (void *finding);
void verify_found (Verify *v, const char *file, int64_t position, int64_t offset, const char *fmt, ...)
    STOKER_PRINTF (5, 6);
/* The newest finding is of this kind. */
Finding *verify_is (Verify *v, FindingKind kind);
/* A file cannot be read (errno positive). ENOENT while a broker runs: it was just deleted. */
void verify_unread (Verify *v, const char *file, int error);
/* Runs one check and again while it finds something that a running broker may explain, then tells what is left. */
void verify_try (Verify *v, void (*check) (Verify *v, void *user), void *user);
/* The whole file, at most `max` bytes; NULL after verify_unread. g_free. */
uint8_t *verify_read (Verify *v, const char *path, size_t max, size_t *len);

/* ---- verify_segment.c */
typedef struct SegmentState
{
  int64_t next;      /* offsets must be at or above it; behind the segment: the next one */
  int32_t epoch;     /* the newest so far; -1 */
} SegmentState;

/* What is known of the partition while its segments are read. */
typedef struct PartitionFacts
{
  const char *path;          /* folder */
  StokerEpochs epochs;       /* leader-epoch-checkpoint; empty: none */
  GHashTable *last_batches;  /* int64_t last offset -> StokerProducerRow, from snapshots */
} PartitionFacts;

/* The .log `base` with its indexes. limit: the base of the segment after it, or INT64_MAX: it is the newest. *state moves on. */
void verify_segment (Verify *v, const PartitionFacts *p, int64_t base, int64_t limit, SegmentState *state);

/* ---- verify_index.c: entries, held against the batches as they come by */
typedef struct IndexWalk
{
  char *path, *time_path, *txn_path;
  uint8_t *index, *times, *txns; /* NULL: no such file */
  size_t n_index, n_times, n_txns;
  size_t at, time_at;
  int64_t base, max_timestamp;   /* of the batches so far */
  bool partly;                   /* something before here was not a batch that could be read: max_timestamp may be more */
  GHashTable *aborts;            /* int64_t offset of a marker -> its entry's number + 1 */
} IndexWalk;

/* Reads them (before the .log: what they name must be in it). */
void verify_indexes_begin (Verify *v, IndexWalk *w, const char *dir, int64_t base);
void verify_indexes_batch (Verify *v, IndexWalk *w, const uint8_t *data, const StokerBatch *b, uint64_t pos);
/* What stands before byte `to` cannot be held against them: damaged, or of an old format. */
void verify_indexes_skip (IndexWalk *w, uint64_t to);
/* The log ends at byte `size`, before offset `end`. */
void verify_indexes_end (Verify *v, IndexWalk *w, uint64_t size, int64_t end);

/* ---- verify_state.c: small files */
/* `file` of a partition's folder: producers into *last (may be NULL). */
void verify_snapshot (Verify *v, const char *path, int64_t offset, GHashTable *last);
void verify_epochs (Verify *v, const char *path, StokerEpochs *out);
void verify_metadata (Verify *v, const char *path);
/* A checkpoint of the directory; each line into `marks` ("topic-partition" -> VerifyMarks) at `field`, a byte offset in it. */
void verify_checkpoint (Verify *v, const char *path, GHashTable *marks, size_t field);
void verify_meta_properties (Verify *v, const char *path);

/* ---- verify_partition.c */
/* The offset in "00000000000000000042.log" (.index, .timeindex, .txnindex, .snapshot); -1: another name. */
int64_t verify_base_offset (const char *name);
/* marks NULL: not known. */
void verify_partition (Verify *v, const char *path, const VerifyMarks *marks);

/* ---- verify_directory.c */
/* Does the folder hold what only a log directory holds (also one without its meta.properties), or a partition's folder? */
bool verify_is_directory (const char *path);
bool verify_is_partition (const char *path);
/* Sees whether a broker runs on the log directory, whether it was left cleanly, and if not what its journal holds. */
void verify_look_at (Verify *v, const char *dir);
/* All of it. CLI_OK, or CLI_USAGE when it cannot be read. */
int verify_directory (Verify *v, const char *path);

/* ---- verify_unsettled.c: the journal of a directory that no broker runs on */
VerifyUnsettled *verify_unsettled_new (Verify *v, const char *dir);
void verify_unsettled_free (VerifyUnsettled *u); /* NULL is allowed, here and below */
/* What the .log `base` of a partition's folder lacks; borrowed. */
const CliPatch *verify_unsettled_of (const VerifyUnsettled *u, const char *folder, int64_t base, size_t *n);
/* Adds the bases (int64_t) of segments of the folder that are not there at all yet. */
void verify_unsettled_bases (const VerifyUnsettled *u, const char *folder, GArray *bases);

/* ---- verify_journal.c */
/* Its folder, or one file of it. */
void verify_journal (Verify *v, const char *path);

#endif
