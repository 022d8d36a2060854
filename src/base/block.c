/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/memory.h>

#include <glib.h>
#include <stdatomic.h>

struct StokerBlock
{
  _Atomic int refs;
  size_t len;
  uint8_t *data;
  void (*free_fn) (void *user);
  void *user;
  max_align_t body[];
};

StokerBlock *
stoker_block_new (size_t len)
{
  StokerBlock *b = g_malloc (sizeof *b + len);

  *b = (StokerBlock){ .refs = 1, .len = len };
  b->data = (uint8_t *)b->body;
  return b;
}

StokerBlock *
stoker_block_wrap (void *data, size_t len, void (*free_fn) (void *user), void *user)
{
  StokerBlock *b = g_malloc (sizeof *b);

  *b = (StokerBlock){ .refs = 1, .len = len, .data = data, .free_fn = free_fn, .user = user };
  return b;
}

StokerBlock *
stoker_block_ref (StokerBlock *b)
{
  atomic_fetch_add_explicit (&b->refs, 1, memory_order_relaxed);
  return b;
}

void
stoker_block_unref (StokerBlock *b)
{
  if (b == NULL || atomic_fetch_sub_explicit (&b->refs, 1, memory_order_acq_rel) != 1)
    return;
  if (b->free_fn)
    b->free_fn (b->user);
  g_free (b);
}

uint8_t *
stoker_block_data (StokerBlock *b)
{
  return b->data;
}

size_t
stoker_block_len (const StokerBlock *b)
{
  return b->len;
}
