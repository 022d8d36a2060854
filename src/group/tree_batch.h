/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes to the coordinator's tree, gathered: what is added while one multi is on its way goes out together in the
 * next, the latest value per node. Order is kept, because only one multi is on its way. A multi that meets a tree other
 * than expected (somebody deleted or made nodes) is corrected and sent again; one whose outcome is not known is sent
 * again after a while, which is safe because a corrected repetition ends in the same tree.
 */
#ifndef STK_GROUP_TREE_BATCH_H
#define STK_GROUP_TREE_BATCH_H

#include "group/store.h"

typedef struct StkTreeQueue StkTreeQueue;

StkTreeQueue *stk_tree_queue_new (const StkGroupsHost *host, const StkGroupsConfig *config);
void stk_tree_queue_free (StkTreeQueue *q);
/* May a change of about so many bytes be added? 0, 15 (too much is waiting, or stopped) or 28 (too large for a node).
 */
int16_t stk_tree_queue_room (const StkTreeQueue *q, size_t bytes, size_t largest);
/* Adds to the change `w` (NULL: nobody waits). Takes over `path`; copies `data`. CREATE also stands for "or set", SET
 * for "or create". */
void stk_tree_queue_add (StkTreeQueue *q, StkWrite *w, StokerCoordOpKind kind, char *path, StokerBytes data);
/* All of the change was added: send, or wait for the next multi. With nothing added, w is done soon all the same. */
void stk_tree_queue_send (StkTreeQueue *q, StkWrite *w);
void stk_tree_queue_stop (StkTreeQueue *q, void (*stopped) (void *user), void *user);

#endif
