/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening the logs that are there when the broker starts, beside everything else. Control actor.
 */
#ifndef STK_BROKER_REPLICA_START_H
#define STK_BROKER_REPLICA_START_H

#include "broker/replicas_private.h"

/* Before the first apply looks at its partitions: r->start is there from now on, until all are open. */
void stk_start_begin (StkReplicas *r);
/* A log to be opened by j->task; the job's change becomes another one. Takes over j. */
void stk_start_add (StkReplicas *r, StkJob *j);
/* The first apply is over: begins, as the next change. Takes over its specs. */
void stk_start_go (StkReplicas *r, StkChange *applied);
/* A job is back (before stk_job_done). False: it was given up because the broker stops, and is not worth a word. */
bool stk_start_opened (StkStart *s, const StkJob *j);

#endif
