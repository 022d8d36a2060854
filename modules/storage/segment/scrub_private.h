/* SPDX-License-Identifier: Apache-2.0
 *
 * The scrub of one log directory from inside (scrub.c says what it does).
 */
#ifndef SEG_SCRUB_PRIVATE_H
#define SEG_SCRUB_PRIVATE_H

#include "damage.h"
#include "engine.h"
#include "scrub.h"

/* Damage as the file has it, of a log that may not be open yet. */
typedef struct Known
{
  char *name;
  int64_t base;
  Damage d;
} Known;

struct Scrub
{
  _Atomic int refs;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  Engine *engine;
  LogDir *dir;        /* valid while `stop` is not set, or busy */
  _Atomic bool stop;  /* the directory is let go */
  bool posted, busy, changed;
  int64_t started_ms; /* of the newest pass; 0: never */
  int64_t saved_ms;
  bool passing;
  char *name;         /* the log in turn; NULL: from the first on */
  int64_t base;       /* the segment in turn: the first at or above */
  uint64_t pos;       /* in it */
  int64_t next;       /* offsets are at or above it from there on */
  StokerBuf buf;
  GArray *known; /* of Known */
};

/* ---- scrub_store.c: DIR/stoker.scrub, which remembers how far the scrub was and what is damaged */
void seg_scrub_load (Scrub *c);
/* Called with the scrub as the caller's: busy, or nobody else left. */
void seg_scrub_save (Scrub *c, int64_t now_ms);

#endif
