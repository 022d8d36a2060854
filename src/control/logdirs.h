/* SPDX-License-Identifier: Apache-2.0
 *
 * The log directories of a broker: making and locking them, whose they are (meta.properties), and whether the last stop was
 * clean (kafka-facts 5.1). What lies inside belongs to the storage engines.
 *
 * In two steps, because the cluster's id may be known only after the embedded coordinator, which lives in the first
 * directory, is open: stk_logdirs_open, then stk_logdirs_bind.
 *
 * Thread: control or a disk thread, one at a time; every call may block.
 */
#ifndef STK_CONTROL_LOGDIRS_H
#define STK_CONTROL_LOGDIRS_H

#include <stoker/storage.h>

typedef struct StkLogDirs StkLogDirs;

/* Makes the directories that are not there, locks all, and reads what they say of themselves, the clean-shutdown marker included.
 * An error for the first that is not for us: in use by another broker, not a log directory, of another broker or of a KRaft cluster. One
 * that cannot be read or written is marked (StokerLogDir.unusable) and the others go on; an error when none is left.
 * `paths`: absolute. */
StkLogDirs *stk_logdirs_open (StokerDisk *disk, const char *const *paths, int n, int32_t broker_id, StokerError *err);
/* The cluster id that the directories carry, NULL: all are new. */
const char *stk_logdirs_cluster_id (const StkLogDirs *d);
/* May they be used with a tree that was never used before? Not when they are of a cluster already and hold logs: the tree of that
 * cluster is missing, and new topics would get in the way of those logs. -1 with an error that names one. */
int stk_logdirs_new_tree (StkLogDirs *d, StokerError *err);
/* Makes them this cluster's: takes the clean-shutdown markers away and writes meta.properties where there is none; an error when one
 * belongs to another cluster. Before it nothing in them was changed. */
int stk_logdirs_bind (StkLogDirs *d, const char *cluster_id, StokerError *err);
/* Gives every directory its journal, of at most max_bytes. Before the directories are attached. */
void stk_logdirs_add_journals (StkLogDirs *d, StokerHost *host, uint64_t max_bytes);
/* Who is told when one of them fails (StokerLogDir.failed). Before the directories are attached. */
void stk_logdirs_on_failure (StkLogDirs *d, void (*failed) (void *core, int index, int error, const char *what), void *core);
/* Nothing is written to it any more. */
void stk_logdirs_give_up (StkLogDirs *d, int i, const char *why);
/* One entry per directory, in the order of the paths; borrowed. */
const StokerLogDir *stk_logdirs_list (const StkLogDirs *d, int *n);
/* After everything in them is flushed and closed: empties the journals and writes the clean-shutdown markers. */
int stk_logdirs_mark_clean (StkLogDirs *d, int64_t broker_epoch, StokerError *err);
/* Unlocks and frees; without mark_clean the next start recovers. NULL is allowed. */
void stk_logdirs_free (StkLogDirs *d);

#endif
