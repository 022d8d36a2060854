/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/store.h"

#include <glib.h>
#include <stdatomic.h>

/* What one I/O thread holds; no two share a cache line. */
typedef struct Reader
{
  StkSnapshot *held;
  char apart[128 - sizeof (StkSnapshot *)];
} Reader;

struct StkMetaStore
{
  GMutex lock; /* orders taking a reference against publishing */
  StkSnapshot *current;
  _Atomic uint64_t version; /* of current: readers compare it with what they hold */
  Reader *readers;
  int n_io;
};

StkMetaStore *
stk_meta_store_new (int n_io)
{
  StkMetaStore *m = g_new0 (StkMetaStore, 1);

  g_mutex_init (&m->lock);
  m->current = stk_snapshot_new ();
  m->n_io = n_io;
  m->readers = g_new0 (Reader, (size_t)n_io);
  return m;
}

void
stk_meta_store_free (StkMetaStore *m)
{
  if (m == NULL)
    return;
  for (int i = 0; i < m->n_io; i++)
    stk_snapshot_unref (m->readers[i].held);
  stk_snapshot_unref (m->current);
  g_free (m->readers);
  g_mutex_clear (&m->lock);
  g_free (m);
}

void
stk_meta_store_publish (StkMetaStore *m, StkSnapshot *s)
{
  StkSnapshot *old;

  g_mutex_lock (&m->lock);
  g_assert (s->version > m->current->version);
  old = m->current;
  m->current = s;
  atomic_store_explicit (&m->version, s->version, memory_order_release);
  g_mutex_unlock (&m->lock);
  stk_snapshot_unref (old);
}

StkSnapshot *
stk_meta_store_get (StkMetaStore *m)
{
  StkSnapshot *s;

  g_mutex_lock (&m->lock);
  s = stk_snapshot_ref (m->current);
  g_mutex_unlock (&m->lock);
  return s;
}

const StkSnapshot *
stk_meta_store_peek (StkMetaStore *m, int io)
{
  Reader *r;

  if (io < 0)
    return m->current; /* control: the only one who changes it */
  g_assert (io < m->n_io);
  r = &m->readers[io];
  if (r->held == NULL || r->held->version != atomic_load_explicit (&m->version, memory_order_acquire)) {
    stk_snapshot_unref (r->held);
    r->held = stk_meta_store_get (m);
  }
  return r->held;
}
