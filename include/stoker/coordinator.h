/* SPDX-License-Identifier: Apache-2.0
 *
 * Module kind `coordinator`: where the state that brokers share lives. The interface is ZooKeeper's data model, asynchronous:
 * a tree of nodes with data and versions, ephemeral and sequential nodes, one-shot watches, multi, session events.
 * `zookeeper` maps it one to one; `local` keeps the tree in memory and commits it to SQLite. Unstable interface.
 *
 * What the code above relies on (and the conformance suite tests):
 *  - one transaction id (zxid) per committed change or multi, never reused, source of czxid, mzxid and pzxid
 *  - a sequence suffix (10 digits) counts the children ever created under the parent
 *  - in a multi each operation sees the ones before it; all or nothing; watches fire after the commit, none on failure
 *  - requests of a session are answered in the order they were made; a watch event comes before any reply that shows the
 *    change; no callback runs inside the call that asked for it
 *  - watches are armed by successful reads (by exists also when there is no node), fire once, also when a set wrote the same value;
 *    the same watch (fn and user) armed more than once on a node, whatever for, fires once
 *  - at open the ephemerals of former sessions are gone before the first read
 *
 * Thread: everything is called on the control thread, and calls back on the control thread. Strings and data passed in
 * are copied; those handed to callbacks live for the call.
 */
#ifndef STOKER_COORDINATOR_H
#define STOKER_COORDINATOR_H

#include <stoker/host.h>

STOKER_BEGIN_DECLS

#define STOKER_COORDINATOR_VERSION 1u

typedef enum StokerCoordCode
{
  STOKER_COORD_OK = 0,
  STOKER_COORD_RUNTIME_INCONSISTENCY = -2, /* multi: an operation after the one that failed */
  STOKER_COORD_CONNECTION_LOSS = -4,       /* outcome unknown: read before you write again */
  STOKER_COORD_BAD_ARGUMENTS = -8,         /* path not absolute, empty component, trailing slash, too much data .. */
  STOKER_COORD_NO_NODE = -101,
  STOKER_COORD_NO_AUTH = -102,
  STOKER_COORD_BAD_VERSION = -103,
  STOKER_COORD_NO_CHILDREN_FOR_EPHEMERALS = -108,
  STOKER_COORD_NODE_EXISTS = -110,
  STOKER_COORD_NOT_EMPTY = -111,
  STOKER_COORD_SESSION_EXPIRED = -112,
  STOKER_COORD_CLOSED = -116, /* stop was called */
} StokerCoordCode;

STOKER_EXPORT const char *stoker_coord_code_name (int code);

typedef struct StokerCoordStat
{
  int64_t czxid, mzxid, pzxid;
  int64_t ctime_ms, mtime_ms;
  int32_t version, cversion, aversion;
  int64_t ephemeral_owner; /* session id; 0: persistent */
  int32_t data_length, num_children;
} StokerCoordStat;

enum
{
  STOKER_COORD_EPHEMERAL = 1,
  STOKER_COORD_SEQUENCE = 2,
};

typedef enum StokerCoordEvent
{
  STOKER_COORD_CREATED = 1,
  STOKER_COORD_DELETED = 2,
  STOKER_COORD_CHANGED = 3,
  STOKER_COORD_CHILD = 4,
  STOKER_COORD_SESSION = -1, /* to every armed watch when the session is lost; it is disarmed then */
} StokerCoordEvent;

/* A one-shot watch. fn NULL: none. */
typedef struct StokerCoordWatch
{
  void (*fn) (void *user, StokerCoordEvent event, const char *path);
  void *user;
} StokerCoordWatch;

/* The answer to one request. */
typedef struct StokerCoordReply
{
  int code; /* StokerCoordCode */
  StokerStr path;              /* create: the name made */
  StokerBytes data;            /* get; data.data NULL: the node's data is null */
  StokerCoordStat stat;        /* get, exists, set, create */
  const StokerStr *children;   /* children: names, no order */
  size_t n_children;
  const int *codes;            /* multi: one per operation */
  size_t n_codes;
} StokerCoordReply;

typedef void (*StokerCoordDone) (void *user, const StokerCoordReply *reply);

typedef enum StokerCoordOpKind
{
  STOKER_COORD_OP_CREATE = 1,
  STOKER_COORD_OP_SET = 2,
  STOKER_COORD_OP_DELETE = 3,
  STOKER_COORD_OP_CHECK = 4,
} StokerCoordOpKind;

/* One operation of a multi. */
typedef struct StokerCoordOp
{
  StokerCoordOpKind kind;
  const char *path;
  StokerBytes data; /* CREATE, SET */
  uint32_t flags;   /* CREATE */
  int32_t version;  /* SET, DELETE, CHECK; -1: any */
} StokerCoordOp;

typedef enum StokerCoordState
{
  STOKER_COORD_CONNECTED = 1,  /* a new or resumed session is usable; session id in the event */
  STOKER_COORD_SUSPENDED = 2,  /* no server answers; the session may live on */
  STOKER_COORD_EXPIRED = 3,    /* the session is gone with its ephemerals; a new one is being made */
} StokerCoordState;

typedef struct StokerCoordSession
{
  /* Session events. */
  void (*fn) (void *user, StokerCoordState state, int64_t session_id);
  void *user;
} StokerCoordSession;

typedef struct StokerCoordinatorOps
{
  StokerOpsHead head;
  /* Begins a session; the answer is the CONNECTED event. Called once, after start. */
  int (*open) (StokerInstance *self, const StokerCoordSession *session, StokerError *err);
  /* Ends the session: its ephemerals go, every open request is answered CLOSED, then `done` is called. */
  void (*close) (StokerInstance *self, void (*done) (void *user), void *user);
  void (*create) (StokerInstance *self, const char *path, StokerBytes data, uint32_t flags, StokerCoordDone done, void *user);
  void (*get) (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user);
  void (*exists) (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user);
  void (*children) (StokerInstance *self, const char *path, StokerCoordWatch watch, StokerCoordDone done, void *user);
  void (*set) (StokerInstance *self, const char *path, StokerBytes data, int32_t version, StokerCoordDone done, void *user);
  void (*remove) (StokerInstance *self, const char *path, int32_t version, StokerCoordDone done, void *user);
  void (*multi) (StokerInstance *self, const StokerCoordOp *ops, size_t n, StokerCoordDone done, void *user);
} StokerCoordinatorOps;

STOKER_END_DECLS

#endif
