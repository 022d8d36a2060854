/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that dies at its n-th change: from then on every call fails and does nothing, as for a process whose machine
 * has lost its power and does not know it yet.
 */
#ifndef CUT_DISK_H
#define CUT_DISK_H

#include <stoker/disk.h>

StokerDisk *cut_disk_new (StokerDisk *under);
void cut_disk_free (StokerDisk *d);
/* So many changes (writes, flushes, renames ..) are still carried out; negative: all. */
void cut_disk_after (StokerDisk *d, int64_t changes);
bool cut_disk_dead (StokerDisk *d);

#endif
