/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings as clients see them: rows of DescribeConfigs and of the CreateTopics answer (kafka-facts 3.8). Pure functions of the
 * broker's settings and a topic's overrides; results lie in the arena.
 */
#ifndef STK_CLUSTER_CONFIG_ROWS_H
#define STK_CLUSTER_CONFIG_ROWS_H

#include "config/topic_config.h"

#include <stoker/service/topics.h>

typedef struct StkConfigRowsSpec
{
  const StkBrokerConfig *config;
  StokerArena *arena;
  const StokerStr *keys; /* only these; n_keys <= 0: all */
  int32_t n_keys;
  bool synonyms, documentation;
} StkConfigRowsSpec;

/* A topic's settings with these overrides, in name order. */
StokerConfigRow *stk_config_rows_topic (const StkConfigRowsSpec *s, const StkMetaPair *overrides, size_t n_overrides, int32_t *out_n);
/* This broker's settings. */
StokerConfigRow *stk_config_rows_broker (const StkConfigRowsSpec *s, int32_t *out_n);
/* The dynamic defaults of all brokers. */
StokerConfigRow *stk_config_rows_defaults (const StkConfigRowsSpec *s, int32_t *out_n);

#endif
