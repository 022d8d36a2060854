/* SPDX-License-Identifier: Apache-2.0
 *
 * What produce and consume share about librdkafka.
 */
#ifndef STK_CLI_RDK_H
#define STK_CLI_RDK_H

#include "cli/cli.h"

#include <librdkafka/rdkafka.h>

/* Applies bootstrap and the -X settings (over what is set already). 0; -1 with *err. */
int rdk_conf (rd_kafka_conf_t *conf, const CliCommon *common, StokerError *err);
int rdk_set (rd_kafka_conf_t *conf, const char *key, const char *value, StokerError *err);
/* Takes over conf in any case. NULL with *err. */
rd_kafka_t *rdk_new (rd_kafka_type_t type, rd_kafka_conf_t *conf, StokerError *err);

/* Counts, and says how it goes: a line on standard error, once a second, when that is a terminal or it was asked for.
 */
typedef struct CliProgress
{
  const char *verb; /* "sent" */
  bool on;
  int64_t records, bytes;
  int64_t start_us, next_us;
  bool shown;
} CliProgress;

void cli_progress_begin (CliProgress *p, const char *verb, bool wanted);
void cli_progress_tick (CliProgress *p); /* cheap */
/* The last line, if any was shown or `always`. */
void cli_progress_end (CliProgress *p, bool always);

#endif
