/* SPDX-License-Identifier: Apache-2.0
 *
 * Log directories that fail.
 */
#ifndef STK_BROKER_DIR_FAILURE_H
#define STK_BROKER_DIR_FAILURE_H

#include "broker/replicas.h"

/* StokerLogDir.failed, with the replicas as `core`: posts. Any thread. */
void stk_dir_failed (void *replicas, int dir, int error, const char *what);
/* Says and remembers it, for a directory without open partitions. Control. */
void stk_dir_offline (StkReplicas *r, int dir, const char *why);

#endif
