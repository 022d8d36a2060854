/* SPDX-License-Identifier: Apache-2.0
 *
 * A real ZooKeeper for tests: Debian's package, one server or an ensemble, on loopback with private data; ends with the test. Numbers of
 * servers count from 0.
 */
#ifndef CONFORMANCE_COORDINATOR_ENSEMBLE_H
#define CONFORMANCE_COORDINATOR_ENSEMBLE_H

#include <stdbool.h>

typedef struct Ensemble Ensemble;

/* Why there can be none here: no java, no package. NULL: there can. */
const char *ensemble_missing (void);
/* `n` servers (1 or 3) that serve. */
Ensemble *ensemble_new (int n);
void ensemble_free (Ensemble *e);
/* HOST:PORT,.. of all; of one. */
const char *ensemble_connect (const Ensemble *e);
const char *ensemble_server (const Ensemble *e, int i);

/* SIGKILL, and a start anew that waits until it serves; SIGSTOP, SIGCONT. */
void ensemble_kill (Ensemble *e, int i);
void ensemble_start (Ensemble *e, int i);
void ensemble_pause (Ensemble *e, int i);
void ensemble_continue (Ensemble *e, int i);
/* Which one leads; 0 when there is only one. */
int ensemble_leader (Ensemble *e);

#endif
