/* SPDX-License-Identifier: Apache-2.0
 *
 * One-shot watches by path, for both coordinators. Data watches (get, exists) and child watches are apart; the same watch armed twice on a
 * path counts once, also when it was armed as both.
 */
#ifndef COORD_WATCH_H
#define COORD_WATCH_H

#include <stoker/coordinator.h>

#include <glib.h>

typedef struct Watches
{
  GHashTable *data, *child; /* path -> GArray of StokerCoordWatch */
} Watches;

void coord_watches_init (Watches *w);
void coord_watches_clear (Watches *w);
void coord_watches_add (GHashTable *table, const char *path, StokerCoordWatch watch);
/* Calls every armed watch with STOKER_COORD_SESSION; none is taken out. */
void coord_watches_lost (Watches *w);
/* Takes out the watches that `event` at `path` fires; an array of StokerCoordWatch to unref, NULL: none. */
GArray *coord_watches_take (Watches *w, StokerCoordEvent event, const char *path);

#endif
