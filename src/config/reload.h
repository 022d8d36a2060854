/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the configuration again, all or nothing: prepare reads and checks everything and finds the differences;
 * commit applies those that may change while running, or changes nothing. What needs a restart is left alone and can be
 * listed.
 *
 * Thread: control.
 */
#ifndef STK_CONFIG_RELOAD_H
#define STK_CONFIG_RELOAD_H

#include "config/broker_config.h"
#include "config/dynamic.h"
#include "module/registry.h"

typedef struct StkReload StkReload;

/* path, assignments: as in stk_broker_config_load, which made `now`. NULL with *report when anything is wrong. */
StkReload *stk_reload_prepare (const StkBrokerConfig *now, const StkRegistry *r, StokerDisk *disk, const char *path,
                               const char *const *assignments, StkReport *report);
/* The same for dynamic settings: the layer's pairs are replaced by these, the file is not read again. Pairs that cannot be in force are
 * warnings. */
StkReload *stk_reload_prepare_dynamic (const StkBrokerConfig *now, StkDynamicLayer layer, const StkMetaPair *pairs, size_t n,
                                       StkReport *report);
/* Keys that will change, and keys that changed but need a restart: "a, b", NULL when there are none. They live as long
 * as the reload. */
const char *stk_reload_changed (const StkReload *l);
const char *stk_reload_restart (const StkReload *l);
/* Was this setting of the broker changed, and may be? */
bool stk_reload_changes (const StkReload *l, const char *name);
/* Gives the instances their new options, then puts the new values into `now`. When an instance refuses, those that had
 * accepted get their old ones back: -1 with *err, and nothing has changed. Call it once. */
int stk_reload_commit (StkReload *l, StkBrokerConfig *now, StokerError *err);
void stk_reload_free (StkReload *l);

#endif
