/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#define OK STOKER_COORD_OK
#define EMPTY ((StokerBytes){ (uint8_t *)(uintptr_t) "", 0 })
#define STRICT_BYTES(s) ((StokerBytes){ (uint8_t *)(uintptr_t)(s), sizeof (s) - 1 })

typedef const CoordFactory *Factory;

static void
test_nodes (const void *f)
{
  Client *c = client_new (f, "/conformance-nodes");
  StokerCoordStat made, set;

  g_assert_cmpint (client_create (c, "/a", "one", 0), ==, OK);
  g_assert_cmpstr (c->path, ==, "/conformance-nodes/a");
  g_assert_cmpint (client_get (c, "/a"), ==, OK);
  g_assert_cmpstr (c->data, ==, "one");
  made = c->stat;
  g_assert_cmpint (made.version, ==, 0);
  g_assert_cmpint (made.cversion, ==, 0);
  g_assert_cmpint (made.czxid, >, 0);
  g_assert_cmpint (made.mzxid, ==, made.czxid);
  g_assert_cmpint (made.pzxid, ==, made.czxid);
  g_assert_cmpint (made.ephemeral_owner, ==, 0);
  g_assert_cmpint (made.data_length, ==, 3);
  g_assert_cmpint (made.num_children, ==, 0);
  g_assert_cmpint (made.ctime_ms, >, 0);

  g_assert_cmpint (client_set (c, "/a", "other", 0), ==, OK);
  set = c->stat;
  g_assert_cmpint (set.version, ==, 1);
  g_assert_cmpint (set.mzxid, >, made.mzxid);
  g_assert_cmpint (set.czxid, ==, made.czxid);
  g_assert_cmpint (set.pzxid, ==, made.pzxid);
  g_assert_cmpint (client_set (c, "/a", "third", -1), ==, OK);
  g_assert_cmpint (c->stat.version, ==, 2);

  g_assert_cmpint (client_create (c, "/a/child", "", 0), ==, OK);
  g_assert_cmpint (client_get (c, "/a"), ==, OK);
  g_assert_cmpstr (c->data, ==, "third");
  g_assert_cmpint (c->stat.pzxid, >, set.mzxid);
  g_assert_cmpint (c->stat.cversion, ==, 1);
  g_assert_cmpint (c->stat.num_children, ==, 1);
  g_assert_cmpint (c->stat.version, ==, 2);
  g_assert_cmpint (client_remove (c, "/a/child", -1), ==, OK);
  g_assert_cmpint (client_exists (c, "/a"), ==, OK);
  g_assert_cmpint (c->stat.cversion, ==, 2);
  g_assert_cmpint (c->stat.num_children, ==, 0);

  g_assert_cmpint (client_remove (c, "/a", 2), ==, OK);
  g_assert_cmpint (client_create (c, "/a", "anew", 0), ==, OK); /* begins at version 0 again */
  g_assert_cmpint (client_get (c, "/a"), ==, OK);
  g_assert_cmpint (c->stat.version, ==, 0);
  g_assert_cmpint (c->stat.czxid, >, set.mzxid);
  client_close (c);
}

static void
test_null (const void *f)
{
  Client *c = client_new (f, "/conformance-null");

  g_assert_cmpint (client_create (c, "/null", NULL, 0), ==, OK);
  g_assert_cmpint (client_create (c, "/empty", "", 0), ==, OK);
  g_assert_cmpint (client_get (c, "/null"), ==, OK);
  g_assert_null (c->data);
  g_assert_cmpint (client_get (c, "/empty"), ==, OK);
  g_assert_cmpstr (c->data, ==, "");
  g_assert_cmpint (client_set (c, "/empty", NULL, -1), ==, OK);
  g_assert_cmpint (client_get (c, "/empty"), ==, OK);
  g_assert_null (c->data);
  client_close (c);
}

static void
test_codes (const void *f)
{
  static const char *const bad[] = { "/", "//x", "/x/", "/./x", "/../x", "/x/..", "/x//y", "/a\001" };
  Client *c = client_new (f, "/conformance-codes");

  g_assert_cmpint (client_create (c, "/no/parent", "", 0), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_get (c, "/no"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_exists (c, "/no"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_children (c, "/no"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_set (c, "/no", "", -1), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_remove (c, "/no", -1), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_create (c, "/a", "", 0), ==, OK);
  g_assert_cmpint (client_create (c, "/a", "", 0), ==, STOKER_COORD_NODE_EXISTS);
  g_assert_cmpint (client_set (c, "/a", "", 3), ==, STOKER_COORD_BAD_VERSION);
  g_assert_cmpint (client_remove (c, "/a", 3), ==, STOKER_COORD_BAD_VERSION);
  g_assert_cmpint (client_create (c, "/a/b", "", 0), ==, OK);
  g_assert_cmpint (client_remove (c, "/a", -1), ==, STOKER_COORD_NOT_EMPTY);
  g_assert_cmpint (client_create (c, "/e", "", STOKER_COORD_EPHEMERAL), ==, OK);
  g_assert_cmpint (client_create (c, "/e/x", "", 0), ==, STOKER_COORD_NO_CHILDREN_FOR_EPHEMERALS);
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_cmpint (client_create (c, bad[i], "", 0), ==, STOKER_COORD_BAD_ARGUMENTS);
  g_assert_cmpint (client_get (c, "/x/"), ==, STOKER_COORD_BAD_ARGUMENTS);
  client_close (c);
}

static void
test_children (const void *f)
{
  Client *c = client_new (f, "/conformance-children");

  g_assert_cmpint (client_children (c, ""), ==, OK);
  g_assert_cmpuint (c->children->len, ==, 0);
  g_assert_cmpint (client_create (c, "/b", "", 0), ==, OK);
  g_assert_cmpint (client_create (c, "/a", "", 0), ==, OK);
  g_assert_cmpint (client_create (c, "/a/below", "", 0), ==, OK);
  g_assert_cmpint (client_children (c, ""), ==, OK);
  g_assert_cmpuint (c->children->len, ==, 2);
  g_assert_cmpstr (c->children->pdata[0], ==, "a");
  g_assert_cmpstr (c->children->pdata[1], ==, "b");
  client_close (c);
}

static void
test_sequence (const void *f)
{
  Client *c = client_new (f, "/conformance-sequence");

  g_assert_cmpint (client_create (c, "/n_", "", STOKER_COORD_SEQUENCE), ==, OK);
  g_assert_cmpstr (c->path, ==, "/conformance-sequence/n_0000000000");
  g_assert_cmpint (client_create (c, "/plain", "", 0), ==, OK); /* counts too */
  g_assert_cmpint (client_create (c, "/n_", "", STOKER_COORD_SEQUENCE | STOKER_COORD_EPHEMERAL), ==, OK);
  g_assert_cmpstr (c->path, ==, "/conformance-sequence/n_0000000002");
  g_assert_cmpint (client_remove (c, "/n_0000000002", -1), ==, OK);
  g_assert_cmpint (client_remove (c, "/n_0000000000", -1), ==, OK);
  g_assert_cmpint (client_create (c, "/m_", "", STOKER_COORD_SEQUENCE), ==, OK); /* what was deleted stays counted */
  g_assert_cmpstr (c->path, ==, "/conformance-sequence/m_0000000003");
  g_assert_cmpint (client_create (c, "/", "", STOKER_COORD_SEQUENCE), ==, OK);
  g_assert_cmpstr (c->path, ==, "/conformance-sequence/0000000004");
  client_close (c);
  if (((Factory)f)->forgets)
    return;
  c = client_again (f, "/conformance-sequence");
  g_assert_cmpint (client_create (c, "/n_", "", STOKER_COORD_SEQUENCE), ==, OK);
  g_assert_cmpstr (c->path, ==, "/conformance-sequence/n_0000000005");
  client_close (c);
}

static void
test_multi (const void *f)
{
  Client *c = client_new (f, "/conformance-multi");
  StokerCoordOp good[] = {
    { STOKER_COORD_OP_CREATE, at (c, "/a"), STRICT_BYTES ("1"), 0, 0 },
    { STOKER_COORD_OP_CREATE, at (c, "/a/b"), STRICT_BYTES ("2"), 0, 0 }, /* sees its parent */
    { STOKER_COORD_OP_CHECK, at (c, "/a"), EMPTY, 0, 0 },
    { STOKER_COORD_OP_SET, at (c, "/a"), STRICT_BYTES ("3"), 0, 0 },
    { STOKER_COORD_OP_CHECK, at (c, "/a"), EMPTY, 0, 1 }, /* sees the set */
    { STOKER_COORD_OP_DELETE, at (c, "/a/b"), EMPTY, 0, -1 },
  };
  StokerCoordOp bad[] = {
    { STOKER_COORD_OP_CREATE, at (c, "/x"), STRICT_BYTES ("1"), 0, 0 },
    { STOKER_COORD_OP_SET, at (c, "/a"), STRICT_BYTES ("9"), 0, -1 },
    { STOKER_COORD_OP_DELETE, at (c, "/seq"), EMPTY, 0, -1 },
    { STOKER_COORD_OP_CHECK, at (c, "/a"), EMPTY, 0, 7 }, /* this one fails */
    { STOKER_COORD_OP_DELETE, at (c, "/a"), EMPTY, 0, -1 },
  };
  StokerCoordStat before;
  int64_t zxid;

  g_assert_cmpint (client_multi (c, good, G_N_ELEMENTS (good)), ==, OK);
  g_assert_cmpuint (c->n_codes, ==, G_N_ELEMENTS (good));
  for (size_t i = 0; i < c->n_codes; i++)
    g_assert_cmpint (c->codes[i], ==, OK);
  g_assert_cmpint (client_get (c, "/a"), ==, OK);
  g_assert_cmpstr (c->data, ==, "3");
  g_assert_cmpint (c->stat.mzxid, ==, c->stat.czxid); /* one transaction id for all of it */
  g_assert_cmpint (c->stat.pzxid, ==, c->stat.czxid);
  g_assert_cmpint (c->stat.version, ==, 1);
  g_assert_cmpint (client_exists (c, "/a/b"), ==, STOKER_COORD_NO_NODE);
  zxid = c->stat.czxid;
  g_assert_cmpint (client_create (c, "/seq", "", 0), ==, OK);
  g_assert_cmpint (client_exists (c, ""), ==, OK);
  before = c->stat;
  g_assert_cmpint (before.pzxid, >, zxid);

  c->ops->get (c->self, at (c, "/a"), client_watch (c, "data"), client_note, client_note_as (c, "get"));
  c->ops->exists (c->self, at (c, "/x"), client_watch (c, "none"), client_note, client_note_as (c, "exists"));
  c->ops->children (c->self, at (c, ""), client_watch (c, "children"), client_note, client_note_as (c, "children"));
  client_flush (c, "get:OK exists:NO_NODE children:OK ");
  g_assert_cmpint (client_multi (c, bad, G_N_ELEMENTS (bad)), ==, STOKER_COORD_BAD_VERSION);
  g_assert_cmpuint (c->n_codes, ==, 5);
  g_assert_cmpint (c->codes[0], ==, OK);
  g_assert_cmpint (c->codes[3], ==, STOKER_COORD_BAD_VERSION);
  g_assert_cmpint (c->codes[4], ==, STOKER_COORD_RUNTIME_INCONSISTENCY);
  g_assert_cmpint (client_get (c, "/a"), ==, OK);
  g_assert_cmpstr (c->data, ==, "3");
  g_assert_cmpint (c->stat.version, ==, 1);
  g_assert_cmpint (client_exists (c, "/x"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_exists (c, "/seq"), ==, OK);
  g_assert_cmpint (client_exists (c, ""), ==, OK);
  g_assert_cmpmem (&c->stat, sizeof before, &before, sizeof before);
  client_flush (c, ""); /* no watch fired */
  g_assert_cmpint (client_multi (c, bad, 3), ==, OK);
  client_flush (c, "none:created children:child data:changed ");
  client_close (c);
}

static void
test_watches (const void *f)
{
  Client *c = client_new (f, "/conformance-watches");
  const char *a = at (c, "/a");
  void *w;

  c->ops->exists (c->self, a, client_watch (c, "exists"), client_note, w = client_note_as (c, "r"));
  c->ops->get (c->self, a, client_watch (c, "get"), client_note, w); /* an unsuccessful get arms nothing */
  client_flush (c, "r:NO_NODE r:NO_NODE ");
  g_assert_cmpint (client_create (c, "/a", "x", 0), ==, OK);
  client_flush (c, "exists:created ");
  g_assert_cmpint (client_set (c, "/a", "y", -1), ==, OK); /* they fire once */
  client_flush (c, "");

  c->ops->get (c->self, a, client_watch (c, "get"), client_note, w);
  client_flush (c, "r:OK ");
  g_assert_cmpint (client_set (c, "/a", "y", -1), ==, OK); /* also by the same value */
  client_flush (c, "get:changed ");
  c->ops->exists (c->self, a, client_watch (c, "exists"), client_note, w);
  client_flush (c, "r:OK ");
  g_assert_cmpint (client_create (c, "/a/b", "", 0), ==, OK); /* a child is not a change of the node */
  client_flush (c, "");
  g_assert_cmpint (client_set (c, "/a", "z", -1), ==, OK);
  client_flush (c, "exists:changed ");

  c->ops->children (c->self, a, client_watch (c, "children"), client_note, w);
  client_flush (c, "r:OK ");
  g_assert_cmpint (client_set (c, "/a", "z", -1), ==, OK);
  g_assert_cmpint (client_set (c, "/a/b", "z", -1), ==, OK); /* neither is a change of the children */
  client_flush (c, "");
  g_assert_cmpint (client_remove (c, "/a/b", -1), ==, OK);
  client_flush (c, "children:child ");

  c->ops->get (c->self, a, client_watch (c, "one"), client_note, w);
  c->ops->exists (c->self, a, client_watch (c, "one"), client_note, w); /* the same watch: it fires once */
  c->ops->children (c->self, a, client_watch (c, "one"), client_note, w);
  client_flush (c, "r:OK r:OK r:OK ");
  g_assert_cmpint (client_remove (c, "/a", -1), ==, OK);
  client_flush (c, "one:deleted ");
  g_assert_cmpint (client_create (c, "/a", "", 0), ==, OK);
  client_flush (c, "");
  client_close (c);
}

static void
test_order (const void *f)
{
  Client *c = client_new (f, "/conformance-order");
  const char *a = at (c, "/a");
  StokerCoordWatch none = { NULL, NULL };

  /* All asked for at once: answers in that order, each read sees what was asked before it, and an event comes before
   * any answer that shows the change. */
  c->ops->create (c->self, a, STRICT_BYTES ("1"), 0, client_note, client_note_as (c, "create"));
  c->ops->get (c->self, a, client_watch (c, "watch"), client_note, client_note_as (c, "get"));
  c->ops->exists (c->self, at (c, "/no"), none, client_note, client_note_as (c, "no"));
  c->ops->set (c->self, a, STRICT_BYTES ("2"), 0, client_note, client_note_as (c, "set"));
  c->ops->get (c->self, a, none, client_note, client_note_as (c, "get"));
  c->ops->remove (c->self, a, 0, client_note, client_note_as (c, "stale"));
  c->ops->remove (c->self, a, 1, client_note, client_note_as (c, "remove"));
  c->ops->get (c->self, a, none, client_note, client_note_as (c, "get"));
  g_assert_cmpstr (c->journal->str, ==, ""); /* nothing inside a call */
  client_flush (c, "create:OK get:OK no:NO_NODE watch:changed set:OK get:OK stale:BAD_VERSION remove:OK get:NO_NODE ");
  client_close (c);
}

static void
again (void *user, const StokerCoordReply *reply)
{
  Client *c = user;

  g_string_append_printf (c->journal, "first:%s ", stoker_coord_code_name (reply->code));
  c->ops->create (c->self, at (c, "/second"), EMPTY, 0, client_note, client_note_as (c, "second"));
  g_string_append (c->journal, "asked "); /* before the answer comes */
}

static void
test_nested (const void *f)
{
  Client *c = client_new (f, "/conformance-nested");

  c->ops->create (c->self, at (c, "/first"), EMPTY, 0, again, c);
  (void)client_exists (c, "");
  client_flush (c, "first:OK asked second:OK ");
  client_close (c);
}

static void
test_ephemeral (const void *f)
{
  Client *c = client_new (f, "/conformance-ephemeral");
  int64_t first = c->session_id;

  g_assert_cmpint (first, !=, 0);
  g_assert_cmpint (client_create (c, "/kept", "k", 0), ==, OK);
  g_assert_cmpint (client_create (c, "/gone", "g", STOKER_COORD_EPHEMERAL), ==, OK);
  g_assert_cmpint (client_get (c, "/gone"), ==, OK);
  g_assert_cmpint (c->stat.ephemeral_owner, ==, first);
  client_close (c);
  c = client_again (f, "/conformance-ephemeral");
  g_assert_cmpint (c->session_id, !=, first);
  g_assert_cmpint (client_exists (c, "/gone"), ==, STOKER_COORD_NO_NODE);
  g_assert_cmpint (client_get (c, "/kept"), ==, OK);
  g_assert_cmpstr (c->data, ==, "k");
  client_close (c);
}

static void
test_crash (const void *f)
{
  Client *c = client_new (f, "/conformance-crash");
  StokerCoordStat kept, base;

  g_assert_cmpint (client_create (c, "/kept", "k", 0), ==, OK);
  g_assert_cmpint (client_set (c, "/kept", "l", -1), ==, OK);
  g_assert_cmpint (client_create (c, "/null", NULL, 0), ==, OK);
  g_assert_cmpint (client_create (c, "/empty", "", 0), ==, OK);
  g_assert_cmpint (client_create (c, "/gone1", "", STOKER_COORD_EPHEMERAL), ==, OK);
  g_assert_cmpint (client_create (c, "/gone2", "", STOKER_COORD_EPHEMERAL), ==, OK);
  g_assert_cmpint (client_get (c, "/kept"), ==, OK);
  kept = c->stat;
  g_assert_cmpint (client_exists (c, ""), ==, OK);
  base = c->stat;
  client_crash (c);

  c = client_again (f, "/conformance-crash");
  g_assert_cmpint (client_children (c, ""), ==, OK); /* the first read finds none of them */
  g_assert_cmpuint (c->children->len, ==, 3);
  g_assert_cmpint (client_get (c, "/kept"), ==, OK);
  g_assert_cmpstr (c->data, ==, "l");
  g_assert_cmpmem (&c->stat, sizeof kept, &kept, sizeof kept);
  g_assert_cmpint (client_get (c, "/null"), ==, OK);
  g_assert_null (c->data);
  g_assert_cmpint (client_get (c, "/empty"), ==, OK);
  g_assert_cmpstr (c->data, ==, "");
  g_assert_cmpint (client_exists (c, ""), ==, OK);
  g_assert_cmpint (c->stat.pzxid, >, base.pzxid); /* their going is a change, with an id of its own */
  g_assert_cmpint (c->stat.cversion, ==, base.cversion + 2);
  base = c->stat;
  g_assert_cmpint (client_create (c, "/gone1", "", 0), ==, OK); /* and ids are never used again */
  g_assert_cmpint (client_get (c, "/gone1"), ==, OK);
  g_assert_cmpint (c->stat.czxid, >, base.pzxid);
  client_close (c);
}

static void
ignore (void *user)
{
}

static void
test_close (const void *f)
{
  Client *c = client_new (f, "/conformance-close");
  StokerCoordWatch none = { NULL, NULL };

  c->ops->create (c->self, at (c, "/a"), EMPTY, 0, client_note, client_note_as (c, "open"));
  c->ops->close (c->self, ignore, NULL);
  c->ops->get (c->self, at (c, "/a"), none, client_note, client_note_as (c, "late"));
  g_assert_cmpstr (c->journal->str, ==, "");
  test_host_drain_work (c->host);
  while (strstr (c->journal->str, "late") == NULL) {
    test_host_drain_work (c->host);
    (void)test_host_run_control (c->host);
  }
  g_assert_cmpstr (c->journal->str, ==, "open:CLOSED late:CLOSED ");
  client_crash (c);
}

static void
add (Factory f, const char *name, void (*test) (const void *))
{
  g_autofree char *path = g_strdup_printf ("/coordinator/%s/%s", f->name, name);

  g_test_add_data_func (path, f, test);
}

void
coordinator_conformance (const CoordFactory *f)
{
  add (f, "nodes", test_nodes);
  add (f, "null", test_null);
  add (f, "codes", test_codes);
  add (f, "children", test_children);
  add (f, "sequence", test_sequence);
  add (f, "multi", test_multi);
  add (f, "watches", test_watches);
  add (f, "order", test_order);
  add (f, "nested", test_nested);
  add (f, "close", test_close);
  if (f->forgets)
    return;
  add (f, "ephemeral", test_ephemeral);
  add (f, "crash", test_crash);
}
