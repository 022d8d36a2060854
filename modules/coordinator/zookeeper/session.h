/* SPDX-License-Identifier: Apache-2.0
 *
 * What one instance of coordinator/zookeeper is: the session that the broker sees, over as many of ZooKeeper's as it takes; the requests
 * that wait for an answer, in order; the armed watches. Control thread; the handles' threads only fill the inbox.
 */
#ifndef ZOOKEEPER_SESSION_H
#define ZOOKEEPER_SESSION_H

#include "../watch.h"
#include "handle.h"

typedef struct Conf
{
  const char *connect, *auth, *directory;
  int64_t session_timeout_ms, retry_ms;
  int64_t max_in_flight, max_data;
  bool set_acl, read_only;
} Conf;

typedef struct Session Session;

/* A session that is not open. NULL with *err. */
Session *zk_session_new (StokerInstance *self, StokerError *err);
/* Ends everything at once, without close as a crash would, but that ZooKeeper is told. */
void zk_session_free (Session *s);
/* As in StokerCoordinatorOps. */
int zk_session_open (Session *s, const StokerCoordSession *session, StokerError *err);
void zk_session_close (Session *s, void (*done) (void *user), void *user);

/* Takes over a request; it is answered later, in order. */
void zk_session_add (Session *s, Call *c);
const Connect *zk_session_connect (const Session *s);
const Acls *zk_session_acls (const Session *s);

#endif
