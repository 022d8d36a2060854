/* SPDX-License-Identifier: Apache-2.0
 *
 * The second half of reading the broker's settings: what follows from several of them together (synonyms, listeners,
 * directories, modules). Private to src/config.
 */
#ifndef STK_CONFIG_FINISH_H
#define STK_CONFIG_FINISH_H

#include "config/broker_config.h"
#include "config/dynamic.h"

#include <glib.h>

typedef struct StkBrokerOwn
{
  StkConfigText *text;   /* what strings and entries are borrowed from */
  StkConfigText *latest; /* the text of the newest reload: what settings are made from when dynamic ones change */
  GHashTable *given;     /* row name -> StkConfigEntry */
  GArray *dynamic[STK_DYNAMIC_LAYERS]; /* StkDynamicPair; never NULL, never changed once it is made */
  GStringChunk *strings;
  GArray *loads;          /* StkLoadLine */
  GArray *instance_lines; /* StkInstanceLine */
  GSList *retired;        /* StkBrokerConfig whose strings are still borrowed here, after reloads */
} StkBrokerOwn;

StkBrokerOwn *stk_broker_config_own (const StkBrokerConfig *c);
/* The line that set the row, NULL when it is the default. */
const StkConfigEntry *stk_broker_config_entry (const StkBrokerConfig *c, const char *name);

/* The settings anew from the latest text of `like`, under these dynamic ones (references are taken). Everything wrong goes to
 * `report`; never NULL, as stk_broker_config_read. */
StkBrokerConfig *stk_broker_config_layered (const StkBrokerConfig *like, GArray *const *dynamic, StkReport *report);

/* Keeps `old` alive as long as `c`. */
void stk_broker_config_retire (StkBrokerConfig *c, StkBrokerConfig *old);

/* Fills the second part of the struct; unfinish frees it. */
void stk_broker_config_finish (StkBrokerConfig *c, const char *cwd, StkReport *report);
void stk_broker_config_unfinish (StkBrokerConfig *c);

#endif
