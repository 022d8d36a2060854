/* SPDX-License-Identifier: Apache-2.0
 *
 * One line on the terminal that says how far a long command is: written over and over, gone at the end. Nothing when standard
 * error is no terminal.
 */
#ifndef STK_CLI_PROGRESS_H
#define STK_CLI_PROGRESS_H

#include <stoker/types.h>

#include <glib.h>

typedef struct CliProgress CliProgress;

CliProgress *cli_progress_new (bool wanted);
/* At most five times a second something is written. One thread at a time. */
void cli_progress (CliProgress *p, const char *fmt, ...) G_GNUC_PRINTF (2, 3);
/* Takes the line away before something else is written to the terminal. */
void cli_progress_clear (CliProgress *p);
/* Clears. NULL is allowed. */
void cli_progress_free (CliProgress *p);

#endif
