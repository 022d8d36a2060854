/* SPDX-License-Identifier: Apache-2.0
 *
 * Straight from mmap: what is given back to the system is really gone, and a large buffer costs only the pages that a
 * peer has filled.
 */
#include "config.h"

#include "net/bufpool.h"

#include <errno.h>
#include <glib.h>
#include <sys/mman.h>

/* A little over 1 and 4 MiB: clients that fill their request to such a limit add a header. */
static const size_t sizes[STK_BUF_CLASSES] = { STK_BUF_SMALL, STK_BUF_BULK, (1024 + 64) << 10, (4096 + 64) << 10 };
static const unsigned keep[STK_BUF_CLASSES] = { 16, 8, 4, 2 };

static int
class_of (size_t size)
{
  for (int i = 0; i < STK_BUF_CLASSES; i++)
    if (size <= sizes[i])
      return i;
  return -1;
}

static uint8_t *
map (size_t size)
{
  void *p = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (p == MAP_FAILED)
    g_error ("cannot get a buffer of %zu bytes: %s", size, g_strerror (errno));
  return p;
}

uint8_t *
stk_bufpool_take (StkBufPool *p, size_t size, size_t *out_cap)
{
  int k = class_of (size);
  void *b;

  if (k < 0) {
    *out_cap = (size + 0xffff) & ~(size_t)0xffff;
    return map (*out_cap);
  }
  *out_cap = sizes[k];
  if ((b = p->classes[k].free) == NULL)
    return map (sizes[k]);
  p->classes[k].free = *(void **)b;
  if (--p->classes[k].n < p->classes[k].low)
    p->classes[k].low = p->classes[k].n;
  return b;
}

void
stk_bufpool_give (StkBufPool *p, uint8_t *buf, size_t cap)
{
  int k = class_of (cap);

  if (k < 0 || p->classes[k].n >= keep[k]) {
    munmap (buf, cap);
    return;
  }
  *(void **)buf = p->classes[k].free;
  p->classes[k].free = buf;
  p->classes[k].n++;
}

bool
stk_bufpool_trim (StkBufPool *p)
{
  bool any = false;

  for (int k = 0; k < STK_BUF_CLASSES; k++) {
    for (unsigned i = p->classes[k].low; i > 0; i--) {
      void *b = p->classes[k].free;
      p->classes[k].free = *(void **)b;
      p->classes[k].n--;
      munmap (b, sizes[k]);
    }
    p->classes[k].low = p->classes[k].n;
    any = any || p->classes[k].n > 0;
  }
  return any;
}

bool
stk_bufpool_is_empty (const StkBufPool *p)
{
  unsigned n = 0;

  for (int k = 0; k < STK_BUF_CLASSES; k++)
    n += p->classes[k].n;
  return n == 0;
}

void
stk_bufpool_clear (StkBufPool *p)
{
  for (int k = 0; k < STK_BUF_CLASSES; k++)
    p->classes[k].low = p->classes[k].n;
  (void)stk_bufpool_trim (p);
}
