/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker group reset-offsets: where a group is to read on, and how that is written.
 */
#ifndef STK_CLI_GROUP_RESET_H
#define STK_CLI_GROUP_RESET_H

#include "cli/group.h"

typedef enum ResetTo
{
  RESET_NONE,
  RESET_EARLIEST,
  RESET_LATEST,
  RESET_CURRENT,
  RESET_OFFSET, /* n */
  RESET_TIME,   /* ms */
  RESET_SHIFT,  /* n */
  RESET_FILE,   /* what it says stands in `new` of the places */
} ResetTo;

typedef struct Reset
{
  ResetTo to;
  int64_t n, ms;
} Reset;

/* "1h", "90s", "P1DT2H30M", "PT0.5S" as milliseconds; false: that is none, or too long. */
bool cli_reset_duration (const char *text, int64_t *ms);
/* Reads lines "topic,partition,offset" (fields may stand in quotes) of a file, or of standard input ("-"), into the places. 0; -1 with
 * *err that names the line. */
int cli_reset_read (GroupPlaces *places, const char *path, StokerError *err);
/* Decides on `new` of each place; a note says what was not as asked for. code: why it cannot be. Asks the brokers. 0; -1 with *err. */
int cli_reset_decide (const Reset *r, GroupPlaces *places, Cluster *c, StokerError *err);

#endif
