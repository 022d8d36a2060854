/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

typedef struct Note
{
  Client *client;
  const char *word;
} Note;

static void
on_session (void *user, StokerCoordState state, int64_t session_id)
{
  Client *c = user;

  if (state == STOKER_COORD_CONNECTED) {
    c->connected = true;
    c->session_id = session_id;
  }
}

static int
compare (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static void
on_answer (void *user, const StokerCoordReply *r)
{
  Client *c = user;

  g_assert_false (c->answered);
  c->code = r->code;
  c->stat = r->stat;
  g_free (c->path);
  g_free (c->data);
  c->path = r->path.data ? g_strndup (r->path.data, r->path.len) : NULL;
  c->data = r->data.data ? g_strndup ((char *)r->data.data, r->data.len) : NULL;
  g_ptr_array_set_size (c->children, 0);
  for (size_t i = 0; i < r->n_children; i++)
    g_ptr_array_add (c->children, g_strndup (r->children[i].data, r->children[i].len));
  g_ptr_array_sort (c->children, compare);
  g_assert_cmpuint (r->n_codes, <=, G_N_ELEMENTS (c->codes));
  c->n_codes = r->n_codes;
  for (size_t i = 0; i < r->n_codes; i++)
    c->codes[i] = r->codes[i];
  c->answered = true;
}

void
client_wait (Client *c)
{
  g_assert_false (c->answered); /* nothing may come inside the call */
  test_host_wait (c->host, &c->answered);
  c->answered = false;
}

Client *
client_again (const CoordFactory *f, const char *base)
{
  StokerCoordSession session;
  StokerError err = { 0 };
  Client *c = g_new0 (Client, 1);

  c->factory = f;
  c->base = g_strdup (base);
  c->journal = g_string_new (NULL);
  c->children = g_ptr_array_new_with_free_func (g_free);
  c->notes = g_ptr_array_new_with_free_func (g_free);
  c->host = test_host_new ();
  c->self = f->start (f->user, c->host);
  c->ops = c->self->module->ops;
  session = (StokerCoordSession){ on_session, c };
  if (c->ops->open (c->self, &session, &err) < 0)
    g_error ("%s", err.text);
  g_assert_false (c->connected);
  test_host_wait (c->host, &c->connected);
  return c;
}

static void
remove_below (Client *c, const char *below)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (client_children (c, below) != STOKER_COORD_OK)
    return;
  for (guint i = 0; i < c->children->len; i++)
    g_ptr_array_add (names, g_strdup (c->children->pdata[i]));
  for (guint i = 0; i < names->len; i++) {
    g_autofree char *child = g_strdup_printf ("%s/%s", below, (char *)names->pdata[i]);
    remove_below (c, child);
  }
  g_assert_cmpint (client_remove (c, below, -1), ==, STOKER_COORD_OK);
}

Client *
client_new (const CoordFactory *f, const char *base)
{
  Client *c = client_again (f, base);

  remove_below (c, "");
  g_assert_cmpint (client_create (c, "", NULL, 0), ==, STOKER_COORD_OK);
  return c;
}

static void
client_free (Client *c)
{
  g_ptr_array_unref (c->children);
  g_ptr_array_unref (c->notes);
  g_string_free (c->journal, TRUE);
  g_free (c->path);
  g_free (c->data);
  g_free (c->base);
  g_free (c);
}

static void
on_closed (void *user)
{
  Client *c = user;

  c->answered = true;
}

void
client_close (Client *c)
{
  c->ops->close (c->self, on_closed, c);
  client_wait (c);
  test_host_free (c->host);
  client_free (c);
}

void
client_crash (Client *c)
{
  c->factory->crash (c->factory->user, c->host, c->self);
  client_free (c);
}

const char *
at (Client *c, const char *below)
{
  g_autofree char *path = g_strconcat (c->base, below, NULL);

  return g_intern_string (path);
}

static StokerBytes
bytes (const char *s)
{
  return s ? (StokerBytes){ (uint8_t *)(uintptr_t)s, strlen (s) } : STOKER_BYTES_NULL;
}

int
client_create (Client *c, const char *below, const char *data, uint32_t flags)
{
  c->ops->create (c->self, at (c, below), bytes (data), flags, on_answer, c);
  client_wait (c);
  return c->code;
}

static const StokerCoordWatch no_watch = { NULL, NULL };

int
client_get (Client *c, const char *below)
{
  c->ops->get (c->self, at (c, below), no_watch, on_answer, c);
  client_wait (c);
  return c->code;
}

int
client_exists (Client *c, const char *below)
{
  c->ops->exists (c->self, at (c, below), no_watch, on_answer, c);
  client_wait (c);
  return c->code;
}

int
client_children (Client *c, const char *below)
{
  c->ops->children (c->self, at (c, below), no_watch, on_answer, c);
  client_wait (c);
  return c->code;
}

int
client_set (Client *c, const char *below, const char *data, int32_t version)
{
  c->ops->set (c->self, at (c, below), bytes (data), version, on_answer, c);
  client_wait (c);
  return c->code;
}

int
client_remove (Client *c, const char *below, int32_t version)
{
  c->ops->remove (c->self, at (c, below), version, on_answer, c);
  client_wait (c);
  return c->code;
}

int
client_multi (Client *c, const StokerCoordOp *ops, size_t n)
{
  c->ops->multi (c->self, ops, n, on_answer, c);
  client_wait (c);
  return c->code;
}

static void *
note_new (Client *c, const char *word)
{
  Note *n;

  for (guint i = 0; i < c->notes->len; i++) /* the same word is the same watch */
    if (strcmp ((n = c->notes->pdata[i])->word, word) == 0)
      return n;
  n = g_new (Note, 1);
  *n = (Note){ c, word };
  g_ptr_array_add (c->notes, n);
  return n;
}

static void
on_event (void *user, StokerCoordEvent event, const char *path)
{
  static const char *const names[] = { "", "created", "deleted", "changed", "child" };
  Note *n = user;

  g_string_append_printf (n->client->journal, "%s:%s ", n->word, event > 0 ? names[event] : "session");
}

StokerCoordWatch
client_watch (Client *c, const char *word)
{
  return (StokerCoordWatch){ on_event, note_new (c, word) };
}

void
client_note (void *user, const StokerCoordReply *reply)
{
  Note *n = user;

  g_string_append_printf (n->client->journal, "%s:%s ", n->word, stoker_coord_code_name (reply->code));
}

void *
client_note_as (Client *c, const char *word)
{
  return note_new (c, word);
}

void
client_flush (Client *c, const char *journal)
{
  (void)client_exists (c, ""); /* what was asked for before is answered before */
  g_assert_cmpstr (c->journal->str, ==, journal);
  g_string_truncate (c->journal, 0);
}
