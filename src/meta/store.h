/* SPDX-License-Identifier: Apache-2.0
 *
 * Holds the current snapshot and hands it to readers. Written by the control actor only, read on any thread. I/O
 * threads look at it through a place of their own, so that the common case is one atomic load and no shared cache line
 * is written.
 */
#ifndef STK_META_STORE_H
#define STK_META_STORE_H

#include "meta/snapshot.h"

typedef struct StkMetaStore StkMetaStore;

/* `n_io`: how many I/O threads will look (their indices are 0 .. n_io-1). Holds an empty snapshot. */
StkMetaStore *stk_meta_store_new (int n_io);
/* After all readers have ended. NULL is allowed. */
void stk_meta_store_free (StkMetaStore *m);

/* Makes `s` the current one; takes over the reference. Control actor. */
void stk_meta_store_publish (StkMetaStore *m, StkSnapshot *s);

/* The current snapshot, borrowed. io >= 0: called on that I/O thread; it lives until that thread calls again. io = -1:
 * called on the control actor; it lives until the next publish. */
const StkSnapshot *stk_meta_store_peek (StkMetaStore *m, int io);
/* The current snapshot with a reference of its own (stk_snapshot_unref). Any thread; takes a lock for nanoseconds. */
StkSnapshot *stk_meta_store_get (StkMetaStore *m);

#endif
