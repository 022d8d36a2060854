/* SPDX-License-Identifier: Apache-2.0
 *
 * What cleaners are shown in tests: a log "t" of four segments of 100 bytes and ten offsets each, the last active, whose largest
 * timestamps are 1000, 2000, 3000 and 4000; now is 5000.
 */
#ifndef CLEANER_KIT_H
#define CLEANER_KIT_H

#include <stoker/cleaner.h>

enum
{
  CLEANER_SEGMENTS = 4
};

/* The view refers to the rows and the configuration. */
static inline void
cleaner_view_init (StokerCleanerView *view, StokerSegmentRow rows[CLEANER_SEGMENTS], const StokerTopicConfig *config)
{
  for (int i = 0; i < CLEANER_SEGMENTS; i++)
    rows[i] = (StokerSegmentRow){ .base = i * 10,
                                  .next = i * 10 + 10,
                                  .bytes = 100,
                                  .first_timestamp = i * 1000 + 500,
                                  .largest_timestamp = (i + 1) * 1000,
                                  .modified_ms = 4900,
                                  .active = i == CLEANER_SEGMENTS - 1 };
  *view = (StokerCleanerView){ .topic = STOKER_STR_LIT ("t"),
                               .config = config,
                               .ends = { 0, 40, 40, 40, 40 },
                               .segments = rows,
                               .n_segments = CLEANER_SEGMENTS,
                               .now_ms = 5000 };
}

#endif
