/* SPDX-License-Identifier: Apache-2.0
 *
 * One-shot watches by path. Data watches (get, exists) and child watches are apart; the same watch armed twice on a
 * path counts once, also when it was armed as both.
 */
#ifndef LOCAL_WATCH_H
#define LOCAL_WATCH_H

#include <stoker/coordinator.h>

#include <glib.h>

typedef struct Watches
{
  GHashTable *data, *child; /* path -> GArray of StokerCoordWatch */
} Watches;

void local_watches_init (Watches *w);
void local_watches_clear (Watches *w);
void local_watches_add (GHashTable *table, const char *path, StokerCoordWatch watch);
/* Takes out the watches that `event` at `path` fires; an array of StokerCoordWatch to unref, NULL: none. */
GArray *local_watches_take (Watches *w, StokerCoordEvent event, const char *path);

#endif
