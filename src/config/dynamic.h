/* SPDX-License-Identifier: Apache-2.0
 *
 * Dynamic settings: those that clients alter while the broker runs (AlterConfigs on brokers). They are kept in the coordinator's tree,
 * where every broker finds them, in two layers: of one broker, and defaults of all. Kafka's precedence: this broker's, then the
 * defaults of all, then the file and the command line, then the row's default.
 *
 * Only RELOADABLE rows can be altered. The tree may hold more: what brokers of another kind understand, or what is not valid
 * here. That is kept, shown, and not in force.
 *
 * Thread: control.
 */
#ifndef STK_CONFIG_DYNAMIC_H
#define STK_CONFIG_DYNAMIC_H

#include "config/broker_config.h"
#include "meta/snapshot.h"

#include <glib.h>

typedef enum StkDynamicLayer
{
  STK_DYNAMIC_BROKER = 0,
  STK_DYNAMIC_DEFAULT = 1,
} StkDynamicLayer;
#define STK_DYNAMIC_LAYERS 2

/* Where a value comes from, with DescribeConfigs' numbers. */
typedef enum StkSource
{
  STK_SOURCE_TOPIC = 1,
  STK_SOURCE_DYNAMIC_BROKER = 2,
  STK_SOURCE_DYNAMIC_DEFAULT = 3,
  STK_SOURCE_STATIC = 4,
  STK_SOURCE_DEFAULT = 5,
} StkSource;

typedef struct StkDynamicPair
{
  char *name, *value;
  const StokerOption *row; /* NULL: not in force here */
} StkDynamicPair;

/* May it be altered? */
bool stk_dynamic_alterable (const StokerOption *row);
/* Is `value` allowed for the setting `name`? The value in the spelling that is kept (g_free); or NULL, with the error code and a text
 * for the client: a setting that needs a restart or a value that is wrong is an INVALID_REQUEST, as Kafka has it; a name that
 * nobody knows is an INVALID_CONFIG. */
char *stk_dynamic_check (const char *name, const char *value, int16_t *code, StokerError *err);

/* StkDynamicPair of each; what cannot be in force is said in warnings. report NULL: not said. g_array_unref. */
GArray *stk_dynamic_pairs_new (const StkMetaPair *pairs, size_t n, StkReport *report);

/* The pairs of a layer, borrowed until the next change. */
const StkDynamicPair *stk_broker_config_dynamic (const StkBrokerConfig *c, StkDynamicLayer layer, size_t *n);
/* Where the value of the setting comes from. */
StkSource stk_broker_config_source (const StkBrokerConfig *c, const char *name);
/* The names that say the same in coarser units, the finest first: of log.retention.ms log.retention.minutes and log.retention.hours.
 * NULL-terminated, never NULL. They can be given in the file only. */
const char *const *stk_broker_config_coarse (const char *name);
/* As stk_broker_config_source, but of the value that is in force, which may come from a coarser name. */
StkSource stk_broker_config_value_source (const StkBrokerConfig *c, const char *name);
/* The setting's value in one place, whatever wins, in Kafka's spelling: g_free; NULL: it is not set there. */
char *stk_broker_config_value_in (const StkBrokerConfig *c, const StokerOption *row, StkSource source);

#endif
