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

#endif
