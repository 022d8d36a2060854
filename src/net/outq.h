/* SPDX-License-Identifier: Apache-2.0
 *
 * What a connection has yet to write: a list of messages and how far the first one has got.
 */
#ifndef STK_NET_OUTQ_H
#define STK_NET_OUTQ_H

#include "world/world.h"

#include <stoker/out.h>

typedef struct StkOutNode StkOutNode;

typedef struct StkOutq
{
  StkOutNode *first, *last;
  size_t bytes; /* not yet taken by the stream */
} StkOutq;

/* Takes over the content of *out, which is empty afterwards. */
void stk_outq_push (StkOutq *q, StokerOut *out);
/* Writes as much as the stream takes, at most about `budget` bytes. 0: all is written; 1: go on when the stream is
 * writable; or a negative errno. */
int stk_outq_write (StkOutq *q, StkStream *s, size_t budget);
void stk_outq_clear (StkOutq *q);

#endif
