/* SPDX-License-Identifier: Apache-2.0
 *
 * One handle of the library, and so one session of ZooKeeper: made and closed on a disk thread (both may block: names are looked up, a
 * last packet is sent), used on the control thread. It is dead when its session has expired; then another is made.
 */
#ifndef ZOOKEEPER_HANDLE_H
#define ZOOKEEPER_HANDLE_H

#include "call.h"

typedef struct HandleConf
{
  StokerHost *host;
  Inbox *inbox;
  const char *hosts;
  const char *auth; /* "user:password" for digest; NULL: none */
  const char *former; /* the file of the session; NULL: none */
  int timeout_ms;     /* of the session, as wished */
  /* Holds what all these belong to while a thread works. */
  void (*ref) (void *owner);
  void (*unref) (void *owner);
  void *owner;
} HandleConf;

typedef struct Handle
{
  HandleConf conf;
  zhandle_t *zh; /* NULL: not known yet. Control thread */
  bool made;     /* MESSAGE_HANDLE has come: authentication is on its way, too */
  bool connected;
  bool rooted;   /* its chroot is there: it can be used */
  bool closing;
} Handle;

/* Begins to make one: MESSAGE_HANDLE comes, and MESSAGE_SESSION whenever its state changes. `conf` is copied; what it points to outlives it. */
Handle *zk_handle_new (const HandleConf *conf);
/* Begins to close it: MESSAGE_CLOSED comes, after the answers to all its calls; then zk_handle_free. Not before MESSAGE_HANDLE.
 * `last`: the next start will find no session of ours. */
void zk_handle_close (Handle *h, bool last);
/* Writes down its session, for the next start. */
void zk_handle_save (Handle *h);
void zk_handle_free (Handle *h);
/* Both at once, on this thread, when the inbox is shut. `zh`: what is to be closed; NULL: nothing. */
void zk_handle_end (Handle *h, zhandle_t *zh);
/* The watcher for its calls. */
void zk_handle_on_event (zhandle_t *zh, int type, int state, const char *path, void *handle);

#endif
