/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `cleaner`: what of a log's sealed segments may go? A cleaner never touches a log: it looks at what it is
 * shown and answers. Two ways of cleaning, and a module may offer either or both:
 *
 *   plan     whole segments from the oldest on: retention (cleaner/delete)
 *   assess, begin, scan, decide, end
 *            single records: compaction (cleaner/compact). The core reads batches, checks and decompresses them, shows
 *            their records, rebuilds batches from what stays (at the same offsets), throttles, replaces segments so
 *            that a crash leaves the old or the new ones, and remembers how far it has come. A module that does not
 *            offer it leaves these NULL.
 *
 * What a cleaner is not asked about, because readers and producers depend on it: control batches, which stay until the
 * data of their transaction has gone and delete.retention.ms has passed since; records of aborted transactions, which
 * go; the newest batch of every producer that the log knows, which stays, without records if need be; records at and
 * above the end that scanning has reached, which stay.
 *
 * Unstable interface: tied to the exact build.
 *
 * Threads. Disk threads. plan and assess may be called for several logs at once; begin, scan, decide and end of one run
 * come one after the other, on changing threads, and of several runs at once.
 */
#ifndef STOKER_CLEANER_H
#define STOKER_CLEANER_H

#include <stoker/host.h>
#include <stoker/storage.h>

STOKER_BEGIN_DECLS

#define STOKER_CLEANER_VERSION 1u

/* One log as a cleaner sees it; valid during the call. */
typedef struct StokerCleanerView
{
  StokerStr topic;
  int32_t partition;
  const StokerTopicConfig *config;
  StokerLogEnds ends;
  const StokerSegmentRow *segments; /* oldest first */
  size_t n_segments;
  int64_t now_ms;
  /* For assess and begin: */
  int64_t first_dirty; /* the end of the run before; in [ends.start, ends.end]: the log start when there was none */
  size_t memory;       /* bytes that a run may take (its share of log.cleaner.dedupe.buffer.size) */
  double load_factor;  /* how full a table in that memory may get (log.cleaner.io.buffer.load.factor) */
} StokerCleanerView;

typedef struct StokerCleanerPlan
{
  int64_t drop_below; /* segments whose next offset is <= this go; the log start when nothing does */
  const char *reason; /* a word for the log: "time", "size", "start"; static */
} StokerCleanerPlan;

/* Does a log want a run, and over what? */
typedef struct StokerCleanerWish
{
  int64_t from, to; /* scan is to see the records of [from, to). `to` is the end of a sealed segment that is not above
                     * ends.stable; segments below where scanning ends are then rewritten, from the oldest on */
  double urgency;   /* 0: no run now; else the log with the largest is taken first */
  double dirty;     /* how much of the log's sealed bytes is not clean, 0 to 1: for the metrics */
} StokerCleanerWish;

/* A batch that records are shown of. */
typedef struct StokerCleanerBatch
{
  const StokerBatch *head; /* as it stands in the log */
  int64_t horizon_ms;      /* from this time on its tombstones may go (it is in the batch); -1: not set yet */
} StokerCleanerBatch;

/* A record; points into the core's buffers and is valid during the call. */
typedef struct StokerCleanerRecord
{
  int64_t offset;
  int64_t timestamp;      /* -1: none */
  StokerBytes key, value; /* data NULL: null */
  StokerBytes headers;    /* n_headers times key and value, as they stand in the batch */
  int32_t n_headers;
} StokerCleanerRecord;

/* What becomes of a record. */
enum
{
  STOKER_CLEANER_DROP = 0,
  STOKER_CLEANER_KEEP = 1,
  /* Stays until its batch's horizon: a batch with such a record and no horizon gets one, now + delete.retention.ms. For tombstones,
   * which a cleaner drops when it meets them in a batch whose horizon has passed. */
  STOKER_CLEANER_KEEP_FOR_NOW = 2,
};

typedef struct StokerCleanerRun StokerCleanerRun; /* the cleaner's: what it keeps during a run */

typedef struct StokerCleanerOps
{
  StokerOpsHead head;
  /* The cleanup.policy word that it serves: "delete", "compact". Static. A log is shown to the cleaners whose word is
   * in its cleanup.policy; what lies below the log start is always up to those of "delete". */
  const char *policy;
  /* Decides which whole segments go. Returns 0, or -1 with *err (the log is then left alone and the error logged).
   * NULL: it drops no whole segments. */
  int (*plan) (StokerInstance *self, const StokerCleanerView *view, StokerCleanerPlan *out, StokerError *err);

  /* ---- runs; all or none are NULL */
  /* Should this log be cleaned, how urgently, and over what? Cheap: asked for every log again and again. 0, or -1 with
   * *err. */
  int (*assess) (StokerInstance *self, const StokerCleanerView *view, StokerCleanerWish *out, StokerError *err);
  /* Begins a run over what it wished for. NULL with *err. It ends with `end`. */
  StokerCleanerRun *(*begin) (StokerInstance *self, const StokerCleanerView *view, const StokerCleanerWish *wish,
                              StokerError *err);
  /* First pass: the records of one batch, oldest first, of [from, to); of one batch only those at or above from.
   * Returns how many of them it has taken note of; fewer than n: its memory is full. Scanning ends there, the run goes
   * up to the first record that was not taken, and the next run goes on with that. */
  size_t (*scan) (StokerInstance *self, StokerCleanerRun *run, const StokerCleanerBatch *batch,
                  const StokerCleanerRecord *records, size_t n);
  /* Second pass: what stays of the records of one batch? verdicts[0..n) is to be filled. Records of the whole log below
   * where scanning has ended are shown once, in order. */
  void (*decide) (StokerInstance *self, StokerCleanerRun *run, const StokerCleanerBatch *batch,
                  const StokerCleanerRecord *records, size_t n, uint8_t *verdicts);
  /* The run is over, whether or not it came to its end: frees it. */
  void (*end) (StokerInstance *self, StokerCleanerRun *run);
} StokerCleanerOps;

STOKER_END_DECLS

#endif
