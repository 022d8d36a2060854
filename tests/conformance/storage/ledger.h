/* SPDX-License-Identifier: Apache-2.0
 *
 * What a log must hold through power cuts of a simulated machine: batches of two records of one idempotent producer,
 * told apart by their timestamp. A test does things to the log through these, cuts the power, starts the engine again,
 * and asks whether what was promised is there.
 */
#ifndef STORAGE_LEDGER_H
#define STORAGE_LEDGER_H

#include "kit.h"
#include "sim/sim.h"

typedef struct Ledger
{
  GRand *dice;     /* sizes and places */
  GArray *stamps;  /* int64_t: of the batch at offset 2 * i */
  int64_t next;    /* stamp */
  int64_t durable; /* the end that was promised */
  int64_t start;
  bool journal; /* what is appended is promised by the journal */
} Ledger;

void ledger_init (Ledger *l, guint32 seed, bool journal);
void ledger_clear (Ledger *l);
/* Where the log is to end. */
int64_t ledger_end (const Ledger *l);
/* All of it was flushed. */
void ledger_flushed (Ledger *l);
/* Appends a batch. False: the disk is gone, and whether the batch is there nobody knows. */
bool ledger_put (Ledger *l, Kit *k);
/* Cuts the log somewhere / moves its start up a little. */
void ledger_truncate (Ledger *l, Kit *k);
void ledger_set_start (Ledger *l, Kit *k);
/* After the cut: every batch from the start on is the one that was written, and none that was promised is missing. */
void ledger_check (const Ledger *l, Kit *k);
/* After that the producer sends again what it has no answer for; what is there is recognised. The ledger then says what
 * the log has. False: nothing is there, and so the producer is not known either. */
bool ledger_retry (Ledger *l, Kit *k);

/* A kit over the machine's disk, with small segments; not started. */
Kit *ledger_kit (StkWorld *machine, const StokerModule *module, const char *conf, const char *path);
/* Calls one_life for each seed: 60 of them, 3000 with LONG=1, $STOKER_POWER_CUTS, or the one in $STOKER_SEED. How many. */
guint32 ledger_each_seed (void (*one_life) (guint32 seed, void *user), void *user);
/* One seed was asked for: what happens is to be told. */
bool ledger_verbose (void);

#endif
