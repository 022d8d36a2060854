/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads configuration text: one `key = value` a line, '#' as the first character begins a comment, empty lines are
 * nothing. The value is the rest of the line without the blanks around it: no quotes, escapes, continuation or
 * variables. `include = PATTERN` reads other files at that place: relative to the including file, '*' and '?' in the
 * last component, sorted by name; a pattern may match nothing, a plain name must exist. Only `load` and `include` may
 * repeat.
 *
 * Knows nothing of what keys mean.
 */
#ifndef STK_CONFIG_READER_H
#define STK_CONFIG_READER_H

#include "config/report.h"

#include <stoker/disk.h>

#define STK_CONFIG_MAX_FILE (1u << 20)
#define STK_CONFIG_MAX_FILES 256
#define STK_CONFIG_MAX_DEPTH 8

typedef struct StkConfigEntry
{
  const char *key, *value;
  const char *file; /* as it was named; NULL: given on the command line */
  unsigned line;
  const char *dir; /* folder of the file; NULL: none */
} StkConfigEntry;

typedef struct StkConfigText StkConfigText; /* entries in the order in which they stand */

StkConfigText *stk_config_text_new (void);
/* Counted, on one thread: settings in force are made again from the same text when others than the file's change. */
StkConfigText *stk_config_text_ref (StkConfigText *t);
void stk_config_text_unref (StkConfigText *t);
/* Both report what is wrong and go on. `name` stands in messages. disk NULL: includes are refused. */
void stk_config_text_read (StkConfigText *t, StokerDisk *disk, const char *path, StkReport *report);
void stk_config_text_parse (StkConfigText *t, StokerDisk *disk, const char *name, const char *data, size_t len,
                            StkReport *report);
/* "key=value" of the command line: replaces an entry of that key. */
void stk_config_text_override (StkConfigText *t, const char *assignment, StkReport *report);

size_t stk_config_text_count (const StkConfigText *t);
const StkConfigEntry *stk_config_text_entry (const StkConfigText *t, size_t i);

#endif
