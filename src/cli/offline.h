/* SPDX-License-Identifier: Apache-2.0
 *
 * A log directory that no broker runs on, opened by the same loader, journal and storage engine as the daemon's: what the
 * engine does at a start (replay, recovery) and at a clean stop happens to it.
 */
#ifndef STK_CLI_OFFLINE_H
#define STK_CLI_OFFLINE_H

#include "cli/modules.h"

#include <stoker/storage.h>

#include <glib.h>

typedef struct CliOffline CliOffline;

typedef struct CliOfflineLog
{
  char *topic;
  int32_t partition;
  StokerUuid topic_id;
  StokerLogEnds ends; /* after it was opened */
  StokerError err;    /* with text: it could not be opened */
} CliOfflineLog;

/* Locks the directory. NULL with *err: not a log directory, of a KRaft cluster, in use. Changes nothing but `.lock`. */
CliOffline *cli_offline_open (const char *path, bool verbose, StokerError *err);
/* The last stop was clean and no journal is there. */
bool cli_offline_is_clean (const CliOffline *o);
/* How often the engine or the journal said, on standard error, that something acknowledged is damaged or missing. */
unsigned cli_offline_losses (const CliOffline *o);
/* Takes the clean marker away, replays the journal, opens (recovers) every log and closes it again; flushes everything; *n_logs
 * of CliOfflineLog in *logs, borrowed. each (may be NULL) is called after every log, from any thread, one at a time. 0; -1 with
 * *err: the directory itself failed. */
/* wanted NULL: every log, as a start would. Else only those whose names ("topic-partition") are keys, and each from its first byte on:
 * indexes, transactions, producers, epochs are made anew; the checkpoints are written as they are then. */
int cli_offline_recover (CliOffline *o, GHashTable *wanted, void (*each) (void *user, const CliOfflineLog *log, guint done, guint all),
                         void *user, GPtrArray **logs, StokerError *err);
/* Writes the marker of a clean stop; after a cli_offline_recover in which every log could be opened. */
int cli_offline_mark_clean (CliOffline *o, StokerError *err);
/* The directory, absolute. */
const char *cli_offline_path (const CliOffline *o);
/* Unlocks and frees. NULL is allowed. */
void cli_offline_free (CliOffline *o);

#endif
