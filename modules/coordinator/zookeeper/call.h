/* SPDX-License-Identifier: Apache-2.0
 *
 * One request: what was asked, on its way through the library, and its answer. Made and freed on the control thread; between
 * zk_call_send and its message in the inbox it belongs to the library's threads.
 */
#ifndef ZOOKEEPER_CALL_H
#define ZOOKEEPER_CALL_H

#include "acl.h"
#include "connect.h"
#include "inbox.h"

typedef enum CallKind
{
  CALL_CREATE,
  CALL_GET,
  CALL_EXISTS,
  CALL_CHILDREN,
  CALL_SET,
  CALL_REMOVE,
  CALL_MULTI,
} CallKind;

typedef struct Call Call;
struct Call
{
  Call *next;
  CallKind kind;
  StokerCoordDone done;
  void *user;
  StokerCoordWatch watch;
  char *path, *full; /* as the caller and as the servers know it; NULL for a multi */
  uint8_t *data;     /* NULL: null */
  int32_t len;       /* -1 with null data */
  uint32_t flags;
  int32_t version;
  const struct ACL_vector *acl;
  /* A multi: everything the library reads or writes lives here. */
  int n;
  zoo_op_t *ops;
  zoo_op_result_t *results;
  struct Stat *stats;
  char **paths; /* NULL-terminated */
  int *codes;
  /* Where it is. */
  Inbox *inbox;
  void *handle;
  int64_t sent_us; /* 0: not yet */
  bool internal;   /* nobody asked for it: the chroot */
  int ended;       /* not 0: the code it is answered with, whatever the library says */
  /* The answer. */
  bool answered;
  StokerCoordReply reply;
  char *made;
  void *memory;
};

/* Watches of the library are armed with this and `handle`. */
typedef void (*CallWatcher) (zhandle_t *zh, int type, int state, const char *path, void *handle);

/* A request about one node; path and data are copied. */
Call *zk_call_new (CallKind kind, const Connect *connect, const char *path, StokerBytes data, StokerCoordDone done, void *user);
Call *zk_call_new_multi (const Connect *connect, const Acls *acls, const StokerCoordOp *ops, size_t n, StokerCoordDone done, void *user);
void zk_call_free (Call *c);
/* Bytes that it puts into one packet, about. */
size_t zk_call_size (const Call *c);
/* Hands it to the library. Later the inbox holds the filled call; also when the library refuses it. */
void zk_call_send (Call *c, zhandle_t *zh, CallWatcher watcher);
/* An answer that is nothing but a code. */
void zk_call_fail (Call *c, int code);

#endif
