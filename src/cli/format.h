/* SPDX-License-Identifier: Apache-2.0
 *
 * How `stoker consume` prints a record.
 */
#ifndef STK_CLI_FORMAT_H
#define STK_CLI_FORMAT_H

#include "cli/cli.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>

typedef struct CliFormat CliFormat;

/* text: as --help of consume says; NULL: the value and a newline. NULL with *err when it is wrong. */
CliFormat *cli_format_new (const char *text, StokerError *err);
void cli_format_free (CliFormat *f);
void cli_format_write (const CliFormat *f, const rd_kafka_message_t *m, FILE *to);
/* One line of JSON. */
void cli_format_json (const rd_kafka_message_t *m, FILE *to);

#endif
