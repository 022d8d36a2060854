/* SPDX-License-Identifier: Apache-2.0
 *
 * A compacted segment takes the place of those that it was made of.
 */
#ifndef SEG_SWAP_H
#define SEG_SWAP_H

#include "rewrite.h"

/* All of it is written and flushed under names that end in .cleaned: to its place. 0, 1 (an old segment is gone,
 * nothing was changed), or a negative errno. */
int seg_swap (StokerRewrite *rw);

#endif
