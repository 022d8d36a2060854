/* SPDX-License-Identifier: Apache-2.0
 *
 * Moving partitions between log directories while they are written to. Thread: control for everything here.
 */
#ifndef STK_BROKER_MOVES_H
#define STK_BROKER_MOVES_H

#include "broker/partition.h"
#include "broker/replicas.h"

typedef struct StkMoves StkMoves;
struct StkHosted;
struct StkChange;

StkMoves *stk_moves_new (StkReplicas *r);
void stk_moves_free (StkMoves *m);

/* The partition is to lie in directory `to`: begins a move, ends one that goes elsewhere, or finds that nothing is to
 * be done. done (user, error) comes once, perhaps inside. */
void stk_moves_ask (StkMoves *m, const struct StkHosted *h, StkPartition *p, int to,
                    void (*done) (void *user, int16_t error), void *user);
/* p->future was opened with the log (a move that a restart had interrupted): goes on with it. */
void stk_moves_resume (StkMoves *m, StkPartition *p, int to);
/* Takes part in the change (a close): none is under way when it is done. */
void stk_moves_stop (StkMoves *m, struct StkChange *c);

/* Where a partition that does not exist yet shall be made. */
void stk_moves_prefer (StkMoves *m, StokerStr topic, int32_t partition, int dir);
/* That directory, -1: nobody asked, or it is offline. Asked for once. */
int stk_moves_preferred (StkReplicas *r, const char *topic, int32_t partition);

#endif
