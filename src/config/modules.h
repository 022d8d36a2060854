/* SPDX-License-Identifier: Apache-2.0
 *
 * From the lines of a configuration to loaded modules and configured instances: `load`, `KIND.INSTANCE.use`,
 * `KIND.INSTANCE.option`, `KIND.default.use`, the standard modules, and `zookeeper.connect`.
 */
#ifndef STK_CONFIG_MODULES_H
#define STK_CONFIG_MODULES_H

#include "config/broker_config.h"
#include "module/registry.h"

typedef enum StkModulesFor
{
  STK_MODULES_START = 0,
  STK_MODULES_CHECK
  = 1, /* --check-config: what only a start needs (a coordinator for zookeeper.connect) is a warning */
} StkModulesFor;

/* Loads everything into the empty registry and adds the instances; none is initialised. Everything wrong goes to
 * `report`; true when nothing is. */
bool stk_config_modules (const StkBrokerConfig *c, StkRegistry *r, StkModulesFor purpose, StkReport *report);

/* The new configuration of one instance, from the instance lines of `c`; checked, for stk_instance_reconfigure. NULL
 * with *report. */
void *stk_config_instance_conf (const StkBrokerConfig *c, const StokerInstance *i, StkReport *report);

#endif
