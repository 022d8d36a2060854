/* SPDX-License-Identifier: Apache-2.0
 *
 * A log that is appended to and compacted, beside a model that knows every record that was ever in it: what tests of
 * compaction share. Everything is drawn from one seed.
 */
#ifndef TEST_COMPACTION_H
#define TEST_COMPACTION_H

#include "broker/clean_log.h"
#include "tests/conformance/storage/kit.h"

#define SCENE_KEYS 40
#define SCENE_PRODUCERS 4 /* idempotent ones; as many transactional ones */

typedef enum Fate
{
  FATE_SURE, /* no transaction, or a committed one */
  FATE_OPEN,
  FATE_ABORTED,
} Fate;

typedef struct Row /* a record */
{
  int key;   /* -1: none (a marker, or null) */
  int value; /* -1: a tombstone */
  int64_t stamp;
  int64_t producer;
  Fate fate;
  bool marker;
  int64_t met_ms; /* a tombstone: when a run first went past it; -1 */
} Row;

typedef struct Scene
{
  Kit *k;
  GRand *dice;
  GArray *rows; /* of Row, by offset */
  StokerInstance *compact;
  bool codecs;
  size_t memory; /* of a run */
  int64_t first_dirty;
  int64_t tried;                         /* how far runs have come that may not have come to their end */
  int32_t sequence[2 * SCENE_PRODUCERS]; /* next ones */
  bool open[2 * SCENE_PRODUCERS];        /* transactions */
  unsigned runs, commits;
} Scene;

/* `k` is prepared, its clock is fake; starts the engine and opens the log. */
void scene_init (Scene *s, Kit *k, guint32 seed);
void scene_clear (Scene *s);
/* Appends something. */
void scene_put (Scene *s);
/* Ends every open transaction. */
void scene_settle (Scene *s);
/* One run, when the cleaner wants one. With `stop` (NULL: never), which is asked after every step, it may end early. */
StkCleanState scene_clean (Scene *s, bool (*stop) (Scene *s));
/* Compares the log with the model. */
void scene_check (Scene *s);

#endif
