/* SPDX-License-Identifier: Apache-2.0
 *
 * Modules inside the tool: partitioners that choose, codecs that decompress. The same files as the broker loads.
 */
#ifndef STK_CLI_MODULES_H
#define STK_CLI_MODULES_H

#include <stoker/host.h>

typedef struct CliModules CliModules;

CliModules *cli_modules_new (void);
void cli_modules_free (CliModules *m); /* NULL is allowed */
StokerHost *cli_modules_host (CliModules *m);
/* Loads and starts KIND/NAME. NULL with *err. Once per CliModules. */
StokerInstance *cli_modules_start (CliModules *m, uint32_t kind, const char *name, StokerError *err);
/* Loads and starts what codecs there are; the host knows them then. */
int cli_modules_start_codecs (CliModules *m, StokerError *err);
/* Gives modules that are started later this machine's disk, metrics that nobody reads, and a log whose warnings and errors (with
 * `verbose` all it says) go to standard error. Work that they post waits for cli_modules_work then. */
void cli_modules_use_disk (CliModules *m, bool verbose);
/* How many lines that say an error were logged since. */
unsigned cli_modules_errors (const CliModules *m);
/* Runs what was posted, until nothing is left. Any thread, many at once. */
void cli_modules_work (CliModules *m);

/* Gives modules that are started later a control thread, which is the caller's as long as cli_modules_turn runs, its timers, and other
 * threads for their work. After cli_modules_use_disk, instead of cli_modules_work. */
void cli_modules_use_control (CliModules *m);
/* Runs what was posted to the control thread and what its timers call; returns after the first, or at until_us of the monotonic clock. */
void cli_modules_turn (CliModules *m, int64_t until_us);
/* As cli_modules_start; `settings` are name and value by turns, NULL-terminated, of the module's options. */
StokerInstance *cli_modules_start_with (CliModules *m, uint32_t kind, const char *name, const char *const *settings, StokerError *err);

#endif
