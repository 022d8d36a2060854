/* SPDX-License-Identifier: Apache-2.0
 *
 * How far the logs of this broker are compacted: cleaner-offset-checkpoint of every log directory, in Kafka's format,
 * so that either broker goes on where the other one stopped. Any thread.
 */
#ifndef STK_BROKER_CLEAN_MARKS_H
#define STK_BROKER_CLEAN_MARKS_H

#include <stoker/disk.h>

typedef struct StkCleanMarks StkCleanMarks;

StkCleanMarks *stk_clean_marks_new (StokerDisk *disk);
void stk_clean_marks_free (StkCleanMarks *m);
/* Reads the file of directory `dir`. 0 (also when there is none), or -1 with *err: it is not used then. May block. */
int stk_clean_marks_load (StkCleanMarks *m, int dir, const char *path, StokerError *err);
/* The end of the last run; -1: none is known. */
int64_t stk_clean_marks_get (StkCleanMarks *m, const char *topic, int32_t partition);
/* Sets it and writes the file of the directory. May block. 0, or -1 with *err. */
int stk_clean_marks_set (StkCleanMarks *m, const char *topic, int32_t partition, int dir, int64_t offset,
                         StokerError *err);
/* The log is gone: the next write leaves it out. */
void stk_clean_marks_forget (StkCleanMarks *m, const char *topic, int32_t partition);

#endif
