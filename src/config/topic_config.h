/* SPDX-License-Identifier: Apache-2.0
 *
 * The settings of a topic: names, types, ranges (kafka-facts 11.2), where their defaults come from, and how overrides become the
 * StokerTopicConfig that storage engines and cleaners see.
 *
 * Precedence: the topic's own override > the broker's setting of the same meaning > the row's default. Values are kept in
 * the tree in Kafka's spelling (bare numbers), because Kafka's tools and brokers read them there.
 *
 * Thread: pure functions of their arguments.
 */
#ifndef STK_CONFIG_TOPIC_CONFIG_H
#define STK_CONFIG_TOPIC_CONFIG_H

#include "config/broker_config.h"
#include "meta/snapshot.h"

#include <stoker/topic_config.h>

/* Beside the option row: the broker setting that gives the default (NULL: none) and the type as DescribeConfigs numbers it. */
typedef struct StkTopicSetting
{
  const char *broker_name;
  int8_t kafka_type; /* 1 bool, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class */
} StkTopicSetting;

/* All settings, in name order. */
const StokerOption *stk_topic_rows (size_t *n);
const StkTopicSetting *stk_topic_setting (size_t i);
/* Index of the setting of that name, -1: there is none. */
int stk_topic_setting_find (StokerStr name);

/* Is `value` allowed for the setting `name`? 0 and, unless out_text is NULL, the value in the spelling that is kept (g_free);
 * or -1 with a text that names setting, value and rule, for INVALID_CONFIG. */
int stk_topic_config_check (StokerStr name, StokerStr value, char **out_text, StokerError *err);

/* Do the settings of a topic with these overrides, each of which is allowed, agree with one another and with what it inherits? 0; -1
 * with a text, for INVALID_CONFIG. */
int stk_topic_config_check_set (const StkBrokerConfig *broker, const StkMetaPair *overrides, size_t n, StokerError *err);

/* The effective settings. Overrides that are not known or not valid (another broker kind may have written them) count as
 * absent. *out is overwritten; free what it points to with stk_topic_config_clear. */
void stk_topic_config_make (const StkBrokerConfig *broker, const StkMetaPair *overrides, size_t n, StokerTopicConfig *out);
void stk_topic_config_copy (const StokerTopicConfig *from, StokerTopicConfig *to);
void stk_topic_config_clear (StokerTopicConfig *c);

/* What a topic without override has for setting `i`, in Kafka's spelling (g_free); *out_source as DescribeConfigs has it (StkSource):
 * 2, 3 set dynamically, 4 in the broker's file, 5 default. NULL: the setting has no value (an empty string). */
char *stk_topic_config_default (const StkBrokerConfig *broker, size_t i, int8_t *out_source);

#endif
