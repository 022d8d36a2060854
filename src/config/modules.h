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
 * `report`; true when nothing is. It goes on after an error, and leaves out what only follows from one. */
bool stk_config_modules (const StkBrokerConfig *c, StkRegistry *r, StkModulesFor purpose, StkReport *report);
/* Initialises all instances, also after one refused; true when none did. */
bool stk_config_init_modules (const StkBrokerConfig *c, StkRegistry *r, StkReport *report);
/* Both in a registry of its own, in which nothing happens, to find what is wrong; `c` may be one that has errors
 * (stk_broker_config_read). running: the registry of the broker that is to take the configuration over; its modules are not
 * looked for again. NULL: there is none. */
bool stk_config_check_modules (const StkBrokerConfig *c, const StkRegistry *running, StokerDisk *disk,
                               StkModulesFor purpose, StkReport *report);

/* The new configuration of one instance, from the instance lines of `c`; checked, for stk_instance_reconfigure. NULL
 * with *report. */
void *stk_config_instance_conf (const StkBrokerConfig *c, const StokerInstance *i, StkReport *report);

#endif
