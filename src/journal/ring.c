/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring's files. A slot is used from its beginning to its end, then the next free one; it is free when all commits in it
 * are older than the tail. Commits start on blocks of their own: rewriting a half-full block could tear what was
 * acknowledged.
 */
#include "journal/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DONE STK_JOURNAL_DIR ".done"
#define AHEAD ((uint64_t)256 << 10)

static char *
slot_path (const Ring *r, unsigned i)
{
  return g_strdup_printf ("%s/%08u.ring", r->path, i);
}

void
stk_ring_init (Ring *r, StokerDisk *disk, const char *dir, uint64_t max_bytes, uint64_t run)
{
  *r = (Ring){ .disk = disk, .slot_bytes = (size_t)CLAMP (max_bytes / 8, 1u << 20, 16u << 20), .run = run };
  r->slot_bytes -= r->slot_bytes % STK_JOURNAL_BLOCK;
  r->max = (unsigned)MAX (max_bytes / r->slot_bytes, 2);
  r->path = g_build_filename (dir, STK_JOURNAL_DIR, NULL);
  r->slots = g_new0 (Slot, r->max);
}

void
stk_ring_empty (Ring *r)
{
  for (unsigned i = 0; i < r->n; i++)
    stoker_file_unref (r->slots[i].file);
  r->n = r->now = 0;
  r->made = false;
}

void
stk_ring_clear (Ring *r)
{
  stk_ring_empty (r);
  g_free (r->slots);
  g_free (r->path);
  *r = (Ring){ 0 };
}

static bool
is_free (const Slot *s, uint64_t tail)
{
  return s->first == 0 || s->last < tail;
}

/* The last block of a slot is kept for a commit that does nothing but name the tail. */
static bool
fits (const Ring *r, size_t len)
{
  return r->n > 0 && r->slots[r->now].written + len + STK_JOURNAL_BLOCK <= r->slot_bytes;
}

bool
stk_ring_frees (const Ring *r, uint64_t tail)
{
  if (r->n == 0 || r->slots[r->now].written + STK_JOURNAL_BLOCK > r->slot_bytes)
    return false;
  for (unsigned i = 0; i < r->n; i++)
    if (i != r->now && is_free (&r->slots[i], tail))
      return true;
  return false;
}

unsigned
stk_ring_used (const Ring *r, uint64_t tail)
{
  unsigned used = 0;

  for (unsigned i = 0; i < r->n; i++)
    used += !is_free (&r->slots[i], tail);
  return used;
}

/* One more file, its space reserved: a full disk is met here, not in the middle of a commit. */
static int
add_slot (Ring *r)
{
  g_autofree char *path = slot_path (r, r->n);
  StokerFile *f;
  int rc = 0;

  if (!r->made) {
    g_autofree char *parent = g_path_get_dirname (r->path);
    rc = stoker_disk_mkdir (r->disk, r->path);
    if (rc == 0 || rc == -EEXIST)
      rc = stoker_disk_sync_dir (r->disk, parent);
    if (rc < 0)
      return rc;
    r->made = true;
  }
  rc = stoker_file_open (r->disk, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE | STOKER_OPEN_TRUNCATE | STOKER_OPEN_DIRECT, &f);
  if (rc < 0)
    return rc;
  /* The size is set first: a flush that need not write it too is faster. */
  rc = stoker_file_truncate (f, r->slot_bytes);
  if (rc == 0)
    rc = stoker_file_reserve (f, 0, r->slot_bytes);
  if (rc == -EOPNOTSUPP)
    rc = 0;
  if (rc == 0)
    rc = stoker_disk_sync_dir (r->disk, r->path);
  if (rc < 0) {
    stoker_file_unref (f);
    return rc;
  }
  r->slots[r->n] = (Slot){ .file = f };
  r->now = r->n++;
  return 0;
}

/* Goes on to a slot that may be overwritten. */
static int
next_slot (Ring *r, uint64_t tail)
{
  for (unsigned i = 1; i < r->n; i++) {
    unsigned k = (r->now + i) % r->n;
    if (is_free (&r->slots[k], tail)) {
      r->now = k;
      r->slots[k].first = r->slots[k].written = 0;
      return 0;
    }
  }
  return r->n < r->max ? add_slot (r) : -ENOSPC;
}

int
stk_ring_prepare (Ring *r, size_t len, uint64_t tail)
{
  return fits (r, len) ? 0 : next_slot (r, tail);
}

/* The first flush of a block is a slow one: the file system writes down that the block is in use now. So small commits find
 * theirs written already, a few dozen at a time. */
static int
write_ahead (Slot *s, uint64_t end, size_t slot_bytes)
{
  uint64_t from = MAX (end, s->ready), to = MIN (end + AHEAD, slot_bytes);
  uint8_t *zeros;
  int rc;

  if (end <= s->ready)
    return 0;
  s->ready = end;
  if (from >= to)
    return 0;
  zeros = aligned_alloc (STOKER_DIRECT_ALIGN, to - from);
  g_assert (zeros != NULL);
  memset (zeros, 0, to - from);
  rc = stoker_file_pwrite (s->file, zeros, to - from, from);
  free (zeros);
  if (rc == 0)
    s->ready = to;
  return rc;
}

int
stk_ring_write (Ring *r, const StokerBuf *commit, uint64_t seq)
{
  Slot *s = &r->slots[r->now];
  int rc = stoker_file_pwrite (s->file, commit->data, commit->len, s->written);
  if (rc == 0 && commit->len < AHEAD)
    rc = write_ahead (s, s->written + commit->len, r->slot_bytes);
  if (rc == 0)
    rc = stoker_file_sync (s->file);
  if (rc < 0)
    return rc;
  if (s->first == 0)
    s->first = seq;
  s->last = seq;
  s->written += commit->len;
  s->ready = MAX (s->ready, s->written);
  return 0;
}

int
stk_ring_delete (StokerDisk *disk, const char *dir)
{
  g_autofree char *path = g_build_filename (dir, STK_JOURNAL_DIR, NULL);
  g_autofree char *done = g_build_filename (dir, DONE, NULL);
  int rc = stoker_disk_remove_tree (disk, done); /* what an earlier one may have left */

  /* Half a journal must never be replayed: its beginning without its end would bring back what was cut since. */
  if (rc == 0 || rc == -ENOENT)
    rc = stoker_disk_rename (disk, path, done);
  if (rc == -ENOENT)
    return 0;
  if (rc == 0)
    rc = stoker_disk_sync_dir (disk, dir);
  return rc < 0 ? rc : stoker_disk_remove_tree (disk, done);
}
