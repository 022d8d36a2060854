/* SPDX-License-Identifier: Apache-2.0
 *
 * Kafka's small text files: checkpoints (a version, a count, that many lines) and partition.metadata.
 */
#ifndef SEG_CHECKPOINT_H
#define SEG_CHECKPOINT_H

#include "engine.h"

/* Reads a checkpoint of version 0 with `columns` words a line; each (user, words) is called per line. 0, -ENOENT, or
 * another negative number with *err set when it is damaged or unreadable. */
int seg_checkpoint_read (StokerDisk *disk, const char *path, unsigned columns, void (*each) (void *user, char **words),
                         void *user, StokerError *err);
/* Begins the text of one with n lines. */
void seg_checkpoint_begin (StokerBuf *b, size_t n);
/* partition.metadata: 0, -ENOENT, or -EINVAL. */
int seg_metadata_read (StokerDisk *disk, const char *dir, StokerUuid *out);
/* fresh: into a directory that was just made, unflushed; else it replaces what is there, and is flushed. */
int seg_metadata_write (StokerDisk *disk, const char *dir, StokerUuid id, bool fresh);
/* Flushes it; 0 when there is none, for a topic without id. */
int seg_metadata_sync (StokerDisk *disk, const char *dir);

#endif
