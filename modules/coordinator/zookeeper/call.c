/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include <string.h>

Call *
zk_call_new (CallKind kind, const Connect *connect, const char *path, StokerBytes data, StokerCoordDone done, void *user)
{
  Call *c = g_new0 (Call, 1);

  c->kind = kind;
  c->done = done;
  c->user = user;
  c->path = g_strdup (path);
  c->full = zk_connect_full (connect, path);
  c->len = data.data ? (int32_t)data.len : -1;
  c->data = data.data ? g_memdup2 (data.len ? data.data : (const uint8_t *)"", MAX (data.len, 1)) : NULL;
  return c;
}

static void
init_op (Call *c, int i, const StokerCoordOp *op, const struct ACL_vector *acl)
{
  const char *value = (const char *)op->data.data;
  int len = value ? (int)op->data.len : -1;

  c->results[i].stat = &c->stats[i];
  switch (op->kind) {
  case STOKER_COORD_OP_CREATE:
    zoo_create_op_init (&c->ops[i], c->paths[i], value, len, acl, (int)op->flags, NULL, 0);
    break;
  case STOKER_COORD_OP_SET:
    zoo_set_op_init (&c->ops[i], c->paths[i], value, len, op->version, &c->stats[i]);
    break;
  case STOKER_COORD_OP_DELETE:
    zoo_delete_op_init (&c->ops[i], c->paths[i], op->version);
    break;
  case STOKER_COORD_OP_CHECK:
    zoo_check_op_init (&c->ops[i], c->paths[i], op->version);
    break;
  }
}

/* The values of all operations, one after the other in c->data: it may wait before it is sent. */
static StokerCoordOp
keep_value (Call *c, const StokerCoordOp *op, size_t *at)
{
  StokerCoordOp kept = *op;

  if (op->data.data) {
    kept.data.data = c->data + *at;
    if (op->data.len)
      memcpy (c->data + *at, op->data.data, op->data.len);
    *at += op->data.len;
  }
  return kept;
}

Call *
zk_call_new_multi (const Connect *connect, const Acls *acls, const StokerCoordOp *ops, size_t n, StokerCoordDone done, void *user)
{
  Call *c = g_new0 (Call, 1);
  size_t bytes = 0, at = 0;

  for (size_t i = 0; i < n; i++)
    bytes += ops[i].data.data ? ops[i].data.len : 0;
  c->kind = CALL_MULTI;
  c->done = done;
  c->user = user;
  c->n = (int)n;
  c->ops = g_new0 (zoo_op_t, n);
  c->results = g_new0 (zoo_op_result_t, n);
  c->stats = g_new0 (struct Stat, n);
  c->paths = g_new0 (char *, n + 1);
  c->codes = g_new0 (int, n);
  c->data = g_malloc (bytes + 1);
  c->len = (int32_t)bytes;
  for (size_t i = 0; i < n; i++) {
    StokerCoordOp kept = keep_value (c, &ops[i], &at);
    c->paths[i] = zk_connect_full (connect, ops[i].path);
    init_op (c, (int)i, &kept, zk_acls_of (acls, ops[i].path));
  }
  return c;
}

void
zk_call_free (Call *c)
{
  g_free (c->path);
  g_free (c->full);
  g_free (c->data);
  g_free (c->ops);
  g_free (c->results);
  g_free (c->stats);
  g_strfreev (c->paths);
  g_free (c->codes);
  g_free (c->made);
  g_free (c->memory);
  g_free (c);
}

size_t
zk_call_size (const Call *c)
{
  size_t size = 64 + (c->len > 0 ? (size_t)c->len : 0) + (c->full ? strlen (c->full) : 0);

  for (int i = 0; i < c->n; i++)
    size += strlen (c->paths[i]) + 64;
  return size;
}

/* ---- answers */

/* The library's code as one of ours: what it found out by itself means that the outcome is not known. */
static int
code_of (int rc)
{
  switch (rc) {
  case ZOPERATIONTIMEOUT:
  case ZMARSHALLINGERROR:
  case ZSESSIONMOVED:
    return STOKER_COORD_CONNECTION_LOSS;
  case ZINVALIDSTATE:
    return STOKER_COORD_SESSION_EXPIRED;
  case ZCLOSING:
    return STOKER_COORD_CLOSED;
  default:
    return rc;
  }
}

void
zk_call_fail (Call *c, int code)
{
  memset (&c->reply, 0, sizeof c->reply);
  c->reply.code = code;
  for (int i = 0; i < c->n; i++)
    c->codes[i] = code;
  c->reply.codes = c->n ? c->codes : NULL;
  c->reply.n_codes = (size_t)c->n;
}

static void
answer (Call *c, int rc)
{
  Message m = { .kind = MESSAGE_REPLY, .handle = c->handle, .subject = c };

  c->reply.code = code_of (rc);
  if (!zk_inbox_put (c->inbox, &m) && c->internal) /* whoever shut it frees the others */
    zk_call_free (c);
}

static void
take_stat (Call *c, const struct Stat *s)
{
  if (s)
    c->reply.stat = (StokerCoordStat){ s->czxid,   s->mzxid,    s->pzxid,    s->ctime,          s->mtime,      s->version,
                                       s->cversion, s->aversion, s->ephemeralOwner, s->dataLength, s->numChildren };
}

static void
on_created (int rc, const char *value, const struct Stat *stat, const void *data)
{
  Call *c = (Call *)(uintptr_t)data;

  if (rc == ZOK) {
    c->made = g_strdup (value);
    take_stat (c, stat);
  }
  answer (c, rc);
}

static void
on_data (int rc, const char *value, int len, const struct Stat *stat, const void *data)
{
  Call *c = (Call *)(uintptr_t)data;

  if (rc == ZOK) {
    take_stat (c, stat);
    if (len >= 0) {
      c->memory = g_malloc ((gsize)len + 1);
      if (len > 0)
        memcpy (c->memory, value, (size_t)len);
      c->reply.data = (StokerBytes){ c->memory, (size_t)len };
    }
  }
  answer (c, rc);
}

static void
on_stat (int rc, const struct Stat *stat, const void *data)
{
  Call *c = (Call *)(uintptr_t)data;

  if (rc == ZOK)
    take_stat (c, stat);
  answer (c, rc);
}

/* One block: the names' places, then the names. */
static void
on_children (int rc, const struct String_vector *names, const struct Stat *stat, const void *data)
{
  Call *c = (Call *)(uintptr_t)data;

  if (rc == ZOK && names && names->count > 0) {
    size_t n = (size_t)names->count, bytes = n * sizeof (StokerStr);
    StokerStr *list;
    char *at;
    for (size_t i = 0; i < n; i++)
      bytes += strlen (names->data[i]) + 1;
    c->memory = list = g_malloc (bytes);
    at = (char *)(list + n);
    for (size_t i = 0; i < n; i++) {
      size_t len = strlen (names->data[i]);
      memcpy (at, names->data[i], len + 1);
      list[i] = (StokerStr){ at, (int32_t)len };
      at += len + 1;
    }
    c->reply.children = list;
    c->reply.n_children = n;
  }
  if (rc == ZOK)
    take_stat (c, stat);
  answer (c, rc);
}

static void
on_removed (int rc, const void *data)
{
  answer ((Call *)(uintptr_t)data, rc);
}

static void
on_multi (int rc, const void *data)
{
  Call *c = (Call *)(uintptr_t)data;
  bool told = false;

  for (int i = 0; i < c->n; i++) {
    c->codes[i] = code_of (c->results[i].err);
    told = told || c->codes[i] != STOKER_COORD_OK;
  }
  if (rc != ZOK && !told) /* it failed as a whole: nothing is known of any */
    for (int i = 0; i < c->n; i++)
      c->codes[i] = code_of (rc);
  c->reply.codes = c->codes;
  c->reply.n_codes = (size_t)c->n;
  answer (c, rc);
}

/* ---- to the library */

static int
hand_over (Call *c, zhandle_t *zh, CallWatcher watcher)
{
  const char *value = (const char *)c->data;
  watcher_fn fn = c->watch.fn ? watcher : NULL;

  switch (c->kind) {
  case CALL_CREATE:
    return zoo_acreate2 (zh, c->full, value, c->len, c->acl, (int)c->flags, on_created, c);
  case CALL_GET:
    return zoo_awget (zh, c->full, fn, c->handle, on_data, c);
  case CALL_EXISTS:
    return zoo_awexists (zh, c->full, fn, c->handle, on_stat, c);
  case CALL_CHILDREN:
    return zoo_awget_children2 (zh, c->full, fn, c->handle, on_children, c);
  case CALL_SET:
    return zoo_aset (zh, c->full, value, c->len, c->version, on_stat, c);
  case CALL_REMOVE:
    return zoo_adelete (zh, c->full, c->version, on_removed, c);
  case CALL_MULTI:
    return zoo_amulti (zh, c->n, c->ops, c->results, on_multi, c);
  }
  return ZBADARGUMENTS;
}

void
zk_call_send (Call *c, zhandle_t *zh, CallWatcher watcher)
{
  int rc = hand_over (c, zh, watcher);

  if (rc != ZOK) {
    zk_call_fail (c, code_of (rc));
    answer (c, c->reply.code);
  }
}
