/* SPDX-License-Identifier: Apache-2.0
 *
 * What stokerd does for options that print something and end: main calls one of these before anything is started (no
 * threads yet) and exits with the result: 0 well, 1 not. Output is appended to `out`, for main to print.
 */
#ifndef STK_CONFIG_CLI_H
#define STK_CONFIG_CLI_H

#include <stoker/disk.h>

#include <glib.h>

/* path: the configuration file, NULL: none; assignments: key=value of the command line, NULL-terminated, NULL: none.
 * The two that need module.path read them leniently: what is wrong with the file is no reason not to list. */
int stk_cli_list_modules (GString *out, StokerDisk *disk, const char *path, const char *const *assignments);
/* what: KIND/NAME, or the name of a setting. */
int stk_cli_describe (GString *out, StokerDisk *disk, const char *path, const char *const *assignments,
                      const char *what);
/* Reads, checks, loads the modules, makes and initialises their instances, and says what is wrong. */
int stk_cli_check_config (GString *out, StokerDisk *disk, const char *path, const char *const *assignments);
int stk_cli_version (GString *out);
int stk_cli_print_sample_conf (GString *out);

#endif
