/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that fails on demand, on top of another one.
 */
#ifndef FAULT_DISK_H
#define FAULT_DISK_H

#include <stoker/disk.h>

StokerDisk *fault_disk_new (StokerDisk *under);
void fault_disk_free (StokerDisk *d);
/* From now on `bytes` more may be written and then -ENOSPC comes, in the middle of a write, too; new files and reserved
 * blocks count as 4096 bytes. Negative: as many as one likes. */
void fault_disk_space (StokerDisk *d, int64_t bytes);
/* From now on writes (syncs) fail with this negative errno; 0: they do not. */
void fault_disk_fail_writes (StokerDisk *d, int error);
void fault_disk_fail_syncs (StokerDisk *d, int error);
/* From now on nothing is in memory until it is read: the n-th stoker_file_pread_resident, counted from here, and all that follow
 * answer -EAGAIN. Negative: as it is. */
void fault_disk_cold (StokerDisk *d, int64_t n);
/* Bytes of which writing back was begun. */
int64_t fault_disk_written_back (StokerDisk *d);
/* How often the disk was waited for so far (stoker_file_pread). */
int64_t fault_disk_waits (StokerDisk *d);

#endif
