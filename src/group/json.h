/* SPDX-License-Identifier: Apache-2.0
 *
 * The little JSON that groups keep in the tree. What is read there may have been written by anybody: a member of
 * another type counts as absent.
 */
#ifndef STK_GROUP_JSON_H
#define STK_GROUP_JSON_H

#include <json-glib/json-glib.h>
#include <stoker/memory.h>

/* A JSON string, quotes included; bytes that are not UTF-8 become U+FFFD. */
void stk_json_put_text (StokerBuf *out, StokerStr s);
/* Borrowed; null when there is none. */
StokerStr stk_json_text (JsonObject *o, const char *key);
int64_t stk_json_int (JsonObject *o, const char *key, int64_t def);

#endif
