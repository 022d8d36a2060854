/* SPDX-License-Identifier: Apache-2.0
 *
 * A compacted segment takes the place of those that it was made of. The steps, each flushed before the next:
 *
 *   1. NNN.*.cleaned become NNN.*.swap        from here on a crash ends with the new segment, before with the old ones
 *   2. the journal forgets the old files      else its replay would write old bytes into the new file
 *   3. readers see the new segment            its file is open, its index in memory: no name is needed
 *   4. the old files go
 *   5. NNN.log.swap becomes NNN.log           over the old one of the same name
 *   6. the other .swap files get their names
 *
 * Recovery (listing.c) goes by the names alone: a .cleaned means that step 1 was not done; a .log.swap, that steps 4
 * to 6 are to be done; another .swap, that step 6 is. Appends and reads go on all the time; nothing but step 3 takes
 * the claim.
 */
#include "swap.h"
#include "drop.h"
#include "files.h"
#include "index.h"
#include "journaled.h"
#include "log.h"
#include "rewrite.h"

#include <errno.h>

static const char *const suffixes[] = { ".log", ".index", ".timeindex", ".txnindex" };

static int
rename_one (StokerLog *log, int64_t base, const char *suffix, const char *from, const char *to)
{
  g_autofree char *path = seg_path (log, base, suffix);
  g_autofree char *old = g_strconcat (path, from, NULL), *new = g_strconcat (path, to, NULL);

  return stoker_disk_rename (seg_disk (log), old, new);
}

static int
sync_names (StokerLog *log)
{
  g_autofree char *path = g_build_filename (log->dir->path, log->name, NULL);
  return stoker_disk_sync_dir (seg_disk (log), path);
}

static int
announce (StokerRewrite *rw)
{
  int rc = sync_names (rw->log); /* the names that end in .cleaned: what .swap stands for must be whole */

  for (unsigned i = 0; i < G_N_ELEMENTS (suffixes) && rc == 0; i++)
    rc = rename_one (rw->log, rw->fresh->base, suffixes[i], ".cleaned", ".swap");
  if (rc == 0)
    rc = sync_names (rw->log);
  return rc == 0 ? seg_journal_forget (rw->log, rw->to) : rc;
}

static void
show (StokerRewrite *rw)
{
  StokerLog *log = rw->log;
  uint32_t at = 0;
  bool valid;

  pthread_mutex_lock (&log->lock);
  seg_claim (log);
  valid = seg_rewrite_valid (rw, &at); /* nobody else changes the structure now */
  g_assert (valid);
  seg_detach_segments (log, at + 1, rw->n_old - 1);
  rw->old[0]->dropped = true;
  log->segs[at] = seg_segment_ref (rw->fresh);
  rw->fresh->pinned = true;
  seg_unclaim (log);
  pthread_mutex_unlock (&log->lock);
  seg_file_adopt (log, rw->fresh, stoker_file_ref (rw->file));
  for (uint32_t i = 0; i < rw->n_old; i++) {
    seg_file_drop (log, rw->old[i]);
    seg_segment_unref (rw->old[i]); /* the log's */
  }
}

/* Everything of number i but its .log. */
static int
unlink_rest (StokerRewrite *rw, uint32_t i)
{
  int rc = 0;

  for (unsigned k = 1; k < G_N_ELEMENTS (suffixes) && rc == 0; k++) {
    g_autofree char *path = seg_path (rw->log, rw->old[i]->base, suffixes[k]);
    rc = stoker_disk_unlink (seg_disk (rw->log), path);
    rc = rc == -ENOENT ? 0 : rc;
  }
  if (i > 0) { /* the producers as of a segment that is none any more */
    g_autofree char *path = seg_path (rw->log, rw->old[i]->base, ".snapshot");
    stoker_disk_unlink (seg_disk (rw->log), path);
  }
  return rc;
}

/* Those that begin below the end of the last batch that is left are known to be replaced: recovery deletes them too.
 * The others could come back in a crash, which does no harm as long as none comes back without all that are newer (a
 * deletion would be undone), nor without its .txnindex: so they go one after the other, the oldest first. */
static int
unlink_old (StokerRewrite *rw)
{
  int rc = 0;

  for (uint32_t i = 0; i < rw->n_old && rc == 0; i++) {
    g_autofree char *path = seg_path (rw->log, rw->old[i]->base, ".log");
    if (i > 0) /* the first is renamed over */
      rc = stoker_disk_unlink (seg_disk (rw->log), path);
    if (rc == 0 && i > 0 && rw->old[i]->base >= rw->next)
      rc = sync_names (rw->log);
    if (rc == 0)
      rc = unlink_rest (rw, i);
  }
  return rc == 0 ? sync_names (rw->log) : rc;
}

static int
take_names (StokerRewrite *rw)
{
  StokerLog *log = rw->log;
  int rc = rename_one (log, rw->fresh->base, ".log", ".swap", "");

  if (rc == 0)
    rc = sync_names (log);
  for (unsigned i = 1; i < G_N_ELEMENTS (suffixes) && rc == 0; i++)
    rc = rename_one (log, rw->fresh->base, suffixes[i], ".swap", "");
  if (rc == 0 && !rw->fresh->has_txn) {
    g_autofree char *path = seg_path (log, rw->fresh->base, ".txnindex");
    rc = stoker_disk_unlink (seg_disk (log), path);
  }
  return rc == 0 ? sync_names (log) : rc;
}

static void
unpin (StokerRewrite *rw)
{
  pthread_mutex_lock (&rw->log->lock);
  rw->fresh->pinned = false;
  seg_index_saved (rw->fresh);
  stoker_buf_clear (&rw->fresh->pinned_txn);
  pthread_mutex_unlock (&rw->log->lock);
}

int
seg_swap (StokerRewrite *rw)
{
  int rc = announce (rw);

  if (rc == 0) {
    show (rw);
    rc = unlink_old (rw);
    if (rc == 0)
      rc = take_names (rw);
    if (rc == 0)
      unpin (rw);
  }
  if (rc < 0) { /* half of it is done: the next open finishes it */
    pthread_mutex_lock (&rw->log->lock);
    rw->log->failed = true;
    pthread_mutex_unlock (&rw->log->lock);
  }
  return rc;
}
