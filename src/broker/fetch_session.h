/* SPDX-License-Identifier: Apache-2.0
 *
 * Incremental fetch sessions (KIP-227, kafka-facts 3.2): the broker remembers which partitions a consumer follows, so
 * that its requests and answers name only what changed. One cache per broker; a session may be used from any
 * connection, by one request at a time.
 *
 * Thread: any; a session that was handed out belongs to that request until stk_sessions_done.
 */
#ifndef STK_BROKER_FETCH_SESSION_H
#define STK_BROKER_FETCH_SESSION_H

#include "broker/broker.h"

typedef struct StkFetchSessions StkFetchSessions;
typedef struct StkFetchSession StkFetchSession;
typedef struct StkSessionPartition StkSessionPartition;

struct StkSessionPartition
{
  StkSessionPartition *next, *prev; /* in the order in which they are read */
  char *topic;                      /* counted string; NULL: by an id that was never known */
  StokerUuid id;
  bool by_id;
  StokerFetchPartition ask;    /* the request fields only */
  int64_t told_hw, told_start; /* what the client was told last; -1: tell it again */
};

struct StkFetchSession
{
  int32_t id, epoch; /* epoch: of the next request */
  bool by_id, privileged;
  bool busy, dead;
  int64_t created_us, used_us;
  _Atomic int32_t n;
  StkSessionPartition *first, *last;
  void *index; /* GHashTable: the partitions as a set */
};

/* `slots`: how many sessions are kept (max.incremental.fetch.session.cache.slots). */
StkFetchSessions *stk_sessions_new (int slots);
void stk_sessions_free (StkFetchSessions *c);
size_t stk_sessions_count (StkFetchSessions *c);

/* What the request's session id and epoch mean. 0 and *out NULL: a full request (the session that it names was closed);
 * 0 and *out: an incremental one, merged into the session, which is the caller's until stk_sessions_done; else the
 * error of the whole request. */
int16_t stk_sessions_begin (StkFetchSessions *c, const StokerFetch *req, int64_t now_us, StkFetchSession **out);
/* For a full request with epoch 0: a new session (the caller's until done), empty; NULL: there is no room. */
StkFetchSession *stk_sessions_create (StkFetchSessions *c, const StokerFetch *req, int32_t n_partitions,
                                      uint64_t random, int64_t now_us);
/* Adds a partition at the end; NULL when it is there already. */
StkSessionPartition *stk_session_add (StkFetchSession *s, StokerStr topic, StokerUuid id,
                                      const StokerFetchPartition *ask);
/* Decides whether the answer must name the partition, and remembers what it says. */
bool stk_session_tell (StkFetchSession *s, StkSessionPartition *p, const StokerFetchPartition *answer);
/* The request is through. */
void stk_sessions_done (StkFetchSessions *c, StkFetchSession *s);

#endif
