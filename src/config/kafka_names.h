/* SPDX-License-Identifier: Apache-2.0
 *
 * What becomes of a name that Kafka knows and that is no setting here: it means nothing (said once, with the reason),
 * or its neglect would weaken safety or security, and then it is refused until it is honoured.
 */
#ifndef STK_CONFIG_KAFKA_NAMES_H
#define STK_CONFIG_KAFKA_NAMES_H

#include <stdbool.h>
#include <string.h>

typedef enum StkKafkaFate
{
  STK_KAFKA_UNKNOWN = 0,  /* not a name of Kafka's, or a setting here */
  STK_KAFKA_NOTHING = 1,  /* warn */
  STK_KAFKA_REFUSED = 2,  /* error */
  STK_KAFKA_HARMLESS = 3, /* would be refused, but the value asks for nothing */
} StkKafkaFate;

/* *reason is static, set unless UNKNOWN. */
StkKafkaFate stk_kafka_name_fate (const char *name, const char *value, const char **reason);
/* All names (and patterns that end in ".*"). */
void stk_kafka_names_each (void (*each) (void *user, const char *name), void *user);

#endif
