/* SPDX-License-Identifier: Apache-2.0
 *
 * What was recorded of a process (record.h), done again on the simulated disk, which knows what a power cut leaves.
 */
#ifndef SHIM_REPLAY_H
#define SHIM_REPLAY_H

#include "sim/sim.h"

typedef struct Replay Replay;

/* On this machine's disk, which has what the folder had when the record began. A record that does not fit ends the
 * program with a message, here and below. */
Replay *replay_new (StkWorld *machine, const char *record);
void replay_free (Replay *r);
/* Where the record ends now. */
uint64_t replay_end (const Replay *r);
/* Where the replay stands. */
uint64_t replay_at (const Replay *r);
/* How many whole entries lie between it and `end`. */
uint64_t replay_count (const Replay *r, uint64_t end);
/* The next n entries. */
void replay_step (Replay *r, uint64_t n);

/* Makes a folder with what the machine's disk holds. */
void replay_write_out (StkWorld *machine, const char *folder);
/* Does the folder hold the same? NULL, or the first difference in words; g_free. */
char *replay_compare (StkWorld *machine, const char *folder);

#endif
