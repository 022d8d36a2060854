/* SPDX-License-Identifier: Apache-2.0
 *
 * Which partition a record goes to: asks the partitioner module that the topic names, the same file that the broker
 * loads.
 */
#ifndef STK_CLI_PLACE_H
#define STK_CLI_PLACE_H

#include "cli/client.h"

typedef struct CliPlacer CliPlacer;

/* name: of the partitioner module; NULL: the topic's setting `partitioner`, or round-robin. NULL with *err. */
CliPlacer *cli_placer_new (Cluster *c, const KmMetadataResponseTopics *topic, const char *name, StokerError *err);
void cli_placer_free (CliPlacer *p);
void cli_placer_pick (CliPlacer *p, const StokerBytes *keys, size_t n, int32_t *out);

#endif
