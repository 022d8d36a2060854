/* SPDX-License-Identifier: Apache-2.0
 *
 * What Kafka asks of values of topic settings beyond type and range.
 *
 * Thread: pure functions of their arguments.
 */
#ifndef STK_CONFIG_TOPIC_RULES_H
#define STK_CONFIG_TOPIC_RULES_H

#include <stoker/error.h>

/* `value` as stk_topic_config_check keeps it, of the topic setting `name`. 0; -1 with a text that says what is wanted.
 */
int stk_topic_rule_check (const char *name, const char *value, StokerError *err);

#endif
