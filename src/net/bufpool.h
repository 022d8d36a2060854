/* SPDX-License-Identifier: Apache-2.0
 *
 * Read buffers of one I/O actor. A connection has one only while bytes of it are pending, so a busy actor needs a
 * handful and an idle one none: what is given back is kept for the next taker for some seconds, then returned to the
 * system.
 */
#ifndef STK_NET_BUFPOOL_H
#define STK_NET_BUFPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STK_BUF_CLASSES 4
#define STK_BUF_SMALL ((size_t)64 << 10) /* what a read usually gets */
#define STK_BUF_BULK ((size_t)256 << 10) /* a connection that fills the small one */

typedef struct StkBufPool
{
  struct
  {
    void *free;      /* chained through their first word */
    unsigned n, low; /* low: how few lay here since the last trim */
  } classes[STK_BUF_CLASSES];
} StkBufPool;

/* A buffer of at least `size` bytes (its size is in *out_cap); content undefined. */
uint8_t *stk_bufpool_take (StkBufPool *p, size_t size, size_t *out_cap);
/* `cap` as it was told by take. */
void stk_bufpool_give (StkBufPool *p, uint8_t *buf, size_t cap);
/* Returns to the system what was not needed since the last trim; true when there is still something. */
bool stk_bufpool_trim (StkBufPool *p);
bool stk_bufpool_is_empty (const StkBufPool *p);
void stk_bufpool_clear (StkBufPool *p);

#endif
