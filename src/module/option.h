/* SPDX-License-Identifier: Apache-2.0
 *
 * Option tables. A row (StokerOption, stoker/module.h) says how the text of one setting becomes a field of a struct.
 * The same code serves module options, broker settings and topic settings: parse, check, print, compare, describe.
 *
 * A conf struct starts zeroed; stk_options_defaults fills it, stk_option_parse replaces single fields,
 * stk_options_clear frees the strings and lists in it (not the struct). Errors say what is wrong with the value; the
 * caller puts file, line and key in front. Values of SECRET rows never appear in an error or a text.
 *
 * Thread: pure functions of their arguments.
 */
#ifndef STK_MODULE_OPTION_H
#define STK_MODULE_OPTION_H

#include <stoker/module.h>

/* Reads `text` (trimmed by the caller) into the row's field of `conf`, freeing what was there. base_dir: what a
 * relative PATH starts from, NULL: it stays relative. 0, or -1 with *err and the field unchanged. */
int stk_option_parse (const StokerOption *row, const char *text, const char *base_dir, void *conf, StokerError *err);
/* All defaults. REQUIRED rows stay zero. -1 only if a default is not valid, which is the table's fault. */
int stk_options_defaults (const StokerOption *rows, size_t n, void *conf, StokerError *err);
void stk_options_clear (const StokerOption *rows, size_t n, void *conf);
/* Copies all fields of `from` to the zeroed `to`, strings and lists too. */
void stk_options_copy (const StokerOption *rows, size_t n, const void *from, void *to);

/* NULL: no row of that name. */
const StokerOption *stk_option_find (const StokerOption *rows, size_t n, const char *name);
bool stk_option_equal (const StokerOption *row, const void *a, const void *b);
/* The value as an operator would write it ("64MiB", "7d", "a, b"); "" for an absent string; "[hidden]" for a secret.
 * g_free. */
char *stk_option_format (const StokerOption *row, const void *conf);
/* The value in Kafka's spelling: bare numbers in the row's unit, lists without blanks. g_free. For DescribeConfigs. */
char *stk_option_format_bare (const StokerOption *row, const void *conf);
/* What the row accepts, for messages and --describe: "a size from 1KiB to 1GiB", "one of: a b c". g_free. */
char *stk_option_accepts (const StokerOption *row);
const char *stk_option_type_name (uint32_t type); /* "size"; NULL: no such type */

/* Is the table itself sane: names, types, offsets inside conf_size, defaults and bounds that parse, min <= default <=
 * max, nothing twice? 0, or -1 with *err that names the row. */
int stk_options_check_table (const StokerOption *rows, size_t n, size_t conf_size, StokerError *err);

#endif
