/* SPDX-License-Identifier: Apache-2.0
 *
 * What is on its way to the caller: replies, watch events and session events, in the order in which they must arrive.
 * Each waits until the change it shows (or any before it) is committed.
 */
#ifndef LOCAL_QUEUE_H
#define LOCAL_QUEUE_H

#include "node.h"

typedef struct Entry Entry;
struct Entry
{
  Entry *next;
  int64_t zxid;         /* may go when this is committed */
  StokerCoordDone done; /* a reply */
  void *user;
  StokerCoordReply reply;
  StokerBlock *data;      /* holds reply.data */
  void *memory;           /* holds reply.children or reply.codes; g_free */
  char *path;             /* holds reply.path, or the path of the event */
  StokerCoordWatch watch; /* a watch event, when watch.fn */
  StokerCoordEvent event;
  StokerCoordState state; /* a session event, when not 0 */
};

typedef struct Queue
{
  Entry *head, **tail;
} Queue;

void local_queue_init (Queue *q);
/* A new entry at the end. */
Entry *local_queue_add (Queue *q, int64_t zxid);
/* A new entry before all others, that may go at once. */
Entry *local_queue_add_first (Queue *q);
/* Takes out the first when it may go with everything up to `committed` done; NULL: nothing may. */
Entry *local_queue_pop (Queue *q, int64_t committed);
void local_entry_free (Entry *e);
/* Makes the reply an answer with nothing but a code. */
void local_entry_fail (Entry *e, int code);
/* The names of n's children. */
void local_entry_children (Entry *e, const Node *n);

#endif
