/* SPDX-License-Identifier: Apache-2.0
 *
 * A real stokerd whose calls on the disk are recorded (shim.c), and power cuts of it: node.c (the process, its sockets,
 * the cut), replay.c (the disk), cuts.c (seeds and forks). What clients do and what is compared is that of
 * tests/fault/power.
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include "../power/power.h"

/* Gives the life a folder to run in, new below `dir`. */
void node_open (Life *l, const char *dir);
/* Kills what runs, removes the folder unless it is wanted. */
void node_close (Life *l, bool keep);
/* Of the process of this life: what is on the disk is what was recorded; NULL or the difference, g_free. */
char *node_compare (Life *l);
/* Where the next cut may be: nobody hears anything in the meantime. */
void node_aim (Life *l);
/* Makes what follows run in a folder of its own, beside a broker that goes on: in a child, before node_cut. */
void node_leave (Life *l, const char *name);
/* The broker is started, and loses its power before it can be asked for anything. */
void node_start_in_vain (Life *l);
/* What the broker said. */
const char *node_log (Life *l);

#endif
