/* SPDX-License-Identifier: Apache-2.0
 *
 * What the library's threads have to tell, on its way to the control thread, in order. Also answers that are ready at once go through
 * it, so that none is given inside the call.
 */
#ifndef ZOOKEEPER_INBOX_H
#define ZOOKEEPER_INBOX_H

#include <stoker/coordinator.h>

#include <glib.h>

typedef struct Message Message;
struct Message
{
  Message *next;
  enum
  {
    MESSAGE_SESSION, /* the library's state of a session */
    MESSAGE_EVENT,   /* a watch */
    MESSAGE_REPLY,   /* call is filled */
    MESSAGE_HANDLE,  /* a handle was made, or not */
    MESSAGE_CLOSED,  /* a handle is closed and freed */
  } kind;
  void *handle;  /* whose it is; compared only */
  void *subject; /* REPLY: the Call; HANDLE: the new zhandle_t, NULL: none */
  int number;    /* SESSION: the library's state; EVENT: the library's type; HANDLE: errno */
  int64_t session_id;
  char *path; /* EVENT: as the servers know it */
};

typedef struct Inbox
{
  GMutex lock;
  bool shut;
  Message *head, **tail;
  StokerHost *host;
  void (*ref) (void *user); /* before fn is posted: fn gives the reference back */
  void (*fn) (void *user);  /* posted to the control thread when there is something */
  void *user;
} Inbox;

void zk_inbox_init (Inbox *i, StokerHost *host, void (*ref) (void *user), void (*fn) (void *user), void *user);
/* After zk_inbox_shut. */
void zk_inbox_clear (Inbox *i);
/* From now on nothing is taken in or posted. Returns what is there, as zk_inbox_take does. Control thread. */
Message *zk_inbox_shut (Inbox *i);
/* Copies *m, and takes over what it points to; false: it is shut, and everything stays the caller's. Any thread. */
bool zk_inbox_put (Inbox *i, const Message *m);
/* All that is there, in order; the caller frees each with zk_message_free. Control thread. */
Message *zk_inbox_take (Inbox *i);
void zk_message_free (Message *m);

#endif
