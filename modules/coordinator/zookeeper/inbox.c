/* SPDX-License-Identifier: Apache-2.0 */
#include "inbox.h"

void
zk_inbox_init (Inbox *i, StokerHost *host, void (*ref) (void *user), void (*fn) (void *user), void *user)
{
  g_mutex_init (&i->lock);
  i->shut = false;
  i->head = NULL;
  i->tail = &i->head;
  i->host = host;
  i->ref = ref;
  i->fn = fn;
  i->user = user;
}

void
zk_message_free (Message *m)
{
  g_free (m->path);
  g_free (m);
}

Message *
zk_inbox_shut (Inbox *i)
{
  g_mutex_lock (&i->lock);
  i->shut = true;
  g_mutex_unlock (&i->lock);
  return zk_inbox_take (i);
}

void
zk_inbox_clear (Inbox *i)
{
  g_mutex_clear (&i->lock);
}

bool
zk_inbox_put (Inbox *i, const Message *m)
{
  bool shut;

  g_mutex_lock (&i->lock);
  shut = i->shut;
  if (!shut) {
    Message *copy = g_memdup2 (m, sizeof *m);
    copy->next = NULL;
    if (i->head == NULL) { /* under the lock: whoever takes this message may end what the host belongs to */
      i->ref (i->user);
      stoker_host_post_control (i->host, i->fn, i->user);
    }
    *i->tail = copy;
    i->tail = &copy->next;
  }
  g_mutex_unlock (&i->lock);
  return !shut;
}

Message *
zk_inbox_take (Inbox *i)
{
  Message *all;

  g_mutex_lock (&i->lock);
  all = i->head;
  i->head = NULL;
  i->tail = &i->head;
  g_mutex_unlock (&i->lock);
  return all;
}
