/* SPDX-License-Identifier: Apache-2.0
 *
 * Option rows as text for people: the commented sample files, and --describe. Pure functions.
 */
#ifndef STK_CONFIG_SAMPLE_H
#define STK_CONFIG_SAMPLE_H

#include <stoker/module.h>

#include <glib.h>

/* conf/stoker.conf. */
void stk_sample_broker (GString *out);
/* conf/conf.d/KIND.NAME.conf: nothing when the module has no options. The module's name has dashes. */
void stk_sample_module (GString *out, const StokerModule *m);
/* What --describe KIND/NAME prints; file NULL: built in. */
void stk_describe_module (GString *out, const StokerModule *m, const char *file);
/* What --describe KEY prints for a setting of the broker; false: there is no such setting. */
bool stk_describe_setting (GString *out, const char *key);

#endif
