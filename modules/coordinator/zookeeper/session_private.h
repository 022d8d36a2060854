/* SPDX-License-Identifier: Apache-2.0
 *
 * A session from inside; for session.c (life, requests, messages) and link.c (its handles). Control thread.
 */
#ifndef ZOOKEEPER_SESSION_PRIVATE_H
#define ZOOKEEPER_SESSION_PRIVATE_H

#include "calls.h"
#include "session.h"

typedef enum Phase
{
  CLOSED,
  OPEN,
  CLOSING,
} Phase;

struct Session
{
  int refs;             /* atomic: the instance, posted pumps, threads that make or close a handle */
  StokerInstance *self; /* NULL: freed, only references are left */
  const Conf *conf;
  Connect connect;
  char *former; /* path of the file of the session; NULL: none */
  Acls acls;
  Inbox inbox;
  Watches watches;
  Phase phase;
  StokerCoordSession user;
  Handle *handle;     /* whose session is that of the user; NULL: none just now */
  GPtrArray *handles; /* all: also those that are being closed */
  bool suspended;     /* and the user knows it */
  unsigned chroot_left;
  Calls calls;
  StokerHostTimer *retry;
  void (*closed) (void *user);
  void *closed_user;
  StokerMetric *pending, *answered, *waited_us;
};

/* session.c */
void zk_session_ref (void *session);
void zk_session_unref (void *session);
/* Answers what can be answered. The session may be freed meanwhile (self is NULL then). */
void zk_session_answer (Session *s);

/* link.c. Begins to make a handle. */
void zk_link_make (void *session);
/* What its session's part of the chroot says. */
void zk_link_root_part (Session *s, Call *c);
/* A state of the library's; a handle that was made, or could not be. */
void zk_link_state (Session *s, const Message *m);
void zk_link_made (Session *s, const Message *m);

#endif
