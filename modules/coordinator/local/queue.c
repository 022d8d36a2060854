/* SPDX-License-Identifier: Apache-2.0 */
#include "queue.h"

void
local_queue_init (Queue *q)
{
  q->head = NULL;
  q->tail = &q->head;
}

Entry *
local_queue_add (Queue *q, int64_t zxid)
{
  Entry *e = g_new0 (Entry, 1);

  e->zxid = zxid;
  *q->tail = e;
  q->tail = &e->next;
  return e;
}

Entry *
local_queue_add_first (Queue *q)
{
  Entry *e = g_new0 (Entry, 1);

  e->next = q->head;
  if (q->head == NULL)
    q->tail = &e->next;
  q->head = e;
  return e;
}

Entry *
local_queue_pop (Queue *q, int64_t committed)
{
  Entry *e = q->head;

  if (e == NULL || e->zxid > committed)
    return NULL;
  q->head = e->next;
  if (q->head == NULL)
    q->tail = &q->head;
  e->next = NULL;
  return e;
}

void
local_entry_free (Entry *e)
{
  if (e->data)
    stoker_block_unref (e->data);
  g_free (e->memory);
  g_free (e->path);
  g_free (e);
}

void
local_entry_fail (Entry *e, int code)
{
  e->reply = (StokerCoordReply){ .code = code };
}

void
local_entry_children (Entry *e, const Node *n)
{
  size_t count = local_node_n_children (n), bytes = 0, i = 0;
  GHashTableIter it;
  StokerStr *names;
  void *name;
  char *text;

  if (count == 0)
    return;
  g_hash_table_iter_init (&it, n->children);
  while (g_hash_table_iter_next (&it, &name, NULL))
    bytes += strlen (name) + 1;
  e->memory = names = g_malloc (count * sizeof *names + bytes);
  text = (char *)(names + count);
  g_hash_table_iter_init (&it, n->children);
  while (g_hash_table_iter_next (&it, &name, NULL)) {
    size_t len = strlen (name);
    memcpy (text, name, len + 1);
    names[i++] = (StokerStr){ text, len };
    text += len + 1;
  }
  e->reply.children = names;
  e->reply.n_children = count;
}
