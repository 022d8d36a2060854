/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

struct Writer
{
  StokerHostTimer *retry; /* after a full disk */
  int refs;   /* ours, and one per message that is under way; control thread only */
  bool freed; /* local_writer_free was called: messages that arrive only give back their reference */
  StokerHost *host;
  Db *db;
  Tree *tree;
  int64_t *sessions;
  WriterUser user;
  GHashTable *dirty; /* paths */
  bool kicked;       /* a kick is posted */
  bool running;      /* a transaction is on the disk thread */
  bool broken;
  /* The transaction: written by control before it starts and after it ended, by the disk thread in between. */
  Row *rows;
  size_t n_rows;
  int64_t zxid, session_count;
  bool closing; /* and close the database */
  DbResult result;
  StokerError err;
  void (*closed) (void *user);
  void *closed_user;
};

#define RETRY_MS 1000

static void begin (Writer *w);

/* Nothing else may come that would try again: a broker that starts on a full disk, or whose clients wait. */
static void
on_retry (void *user)
{
  begin (user);
}

Writer *
local_writer_new (StokerHost *host, Db *db, Tree *tree, int64_t *sessions, WriterUser user)
{
  Writer *w = g_new0 (Writer, 1);

  w->refs = 1;
  w->host = host;
  w->db = db;
  w->tree = tree;
  w->sessions = sessions;
  w->user = user;
  w->dirty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  w->retry = stoker_host_timer_new (host, on_retry, w);
  return w;
}

static void
drop_rows (Writer *w)
{
  for (size_t i = 0; i < w->n_rows; i++)
    local_row_clear (&w->rows[i]);
  g_clear_pointer (&w->rows, g_free);
  w->n_rows = 0;
}

static bool
unref (Writer *w)
{
  bool freed = w->freed;

  if (--w->refs == 0) {
    local_db_close (w->db);
    drop_rows (w);
    g_hash_table_unref (w->dirty);
    g_free (w);
  }
  return freed;
}

void
local_writer_dirty (Writer *w, const char *path)
{
  if (!g_hash_table_contains (w->dirty, path))
    g_hash_table_add (w->dirty, g_strdup (path));
}

static void
fill_row (Row *r, char *path, const Node *n)
{
  *r = (Row){ .path = path, .gone = n == NULL };
  if (n == NULL)
    return;
  r->czxid = n->czxid;
  r->mzxid = n->mzxid;
  r->pzxid = n->pzxid;
  r->ctime_ms = n->ctime_ms;
  r->mtime_ms = n->mtime_ms;
  r->owner = n->owner;
  r->version = n->version;
  r->created = n->created;
  r->data = n->data ? stoker_block_ref (n->data) : NULL;
}

/* Takes the present state of every changed node. */
static void
gather (Writer *w)
{
  GHashTableIter it;
  void *path;

  w->rows = g_renew (Row, w->rows, w->n_rows + g_hash_table_size (w->dirty) + 1);
  g_hash_table_iter_init (&it, w->dirty);
  while (g_hash_table_iter_next (&it, &path, NULL)) {
    fill_row (&w->rows[w->n_rows++], path, local_tree_find (w->tree, path));
    g_hash_table_iter_steal (&it);
  }
  w->zxid = w->tree->zxid;
  w->session_count = *w->sessions;
}

/* Control: the transaction ended. */
static void
ended (void *data)
{
  Writer *w = data;
  int64_t zxid = w->zxid;
  DbResult result = w->result; /* the next transaction may begin before we have told of this one */

  if (unref (w))
    return;
  w->running = false;
  w->broken = w->broken || result == DB_BROKEN;
  if (result == DB_OK)
    drop_rows (w);
  if (result != DB_OK)
    w->user.failed (w->user.user, !w->broken, &w->err);
  if (w->closing) {
    w->closed (w->closed_user);
    return;
  }
  if (result == DB_FULL)
    stoker_host_timer_set (w->retry, RETRY_MS);
  if (w->closed || (result == DB_OK && g_hash_table_size (w->dirty) > 0))
    begin (w);
  if (result == DB_OK)
    w->user.committed (w->user.user, zxid);
}

/* Disk thread. */
static void
transact (void *data)
{
  Writer *w = data;

  if (w->n_rows > 0 && !w->broken)
    w->result = local_db_write (w->db, w->rows, w->n_rows, w->zxid, w->session_count, &w->err);
  if (w->closing) {
    local_db_close (w->db);
    w->db = NULL;
  }
  stoker_host_post_control (w->host, ended, w);
}

static void
begin (Writer *w)
{
  if (w->running || (w->broken && !w->closed))
    return;
  gather (w);
  w->closing = w->closed != NULL;
  w->running = true;
  w->refs++;
  w->result = DB_OK;
  if (w->db && (w->n_rows > 0 || w->closing))
    stoker_host_work (w->host, -1, transact, w);
  else
    stoker_host_post_control (w->host, ended, w);
}

static void
kick_now (void *data)
{
  Writer *w = data;

  if (unref (w))
    return;
  w->kicked = false;
  begin (w);
}

void
local_writer_kick (Writer *w)
{
  if (w->kicked || w->running)
    return;
  w->kicked = true;
  w->refs++;
  stoker_host_post_control (w->host, kick_now, w);
}

void
local_writer_close (Writer *w, void (*done) (void *user), void *user)
{
  w->closed = done;
  w->closed_user = user;
  begin (w); /* or when the running one has ended */
}

void
local_writer_free (Writer *w)
{
  if (w == NULL)
    return;
  w->freed = true;
  stoker_host_timer_free (w->retry);
  (void)unref (w);
}
