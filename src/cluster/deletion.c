/* SPDX-License-Identifier: Apache-2.0
 *
 * Deleting topics (kafka-facts 7.7): whoever wants one gone makes a node in /admin/delete_topics; the controller takes
 * it from the snapshot, then from the disks, then from the tree.
 */
#include "cluster/internal.h"

#include "broker/replicas.h"

#define LARGEST_MULTI 900

typedef struct Deletion
{
  StkController *c;
  StkTopicState *t; /* a reference */
  GPtrArray *paths; /* all nodes of the topic, each after its parent */
  unsigned pending;
  guint left; /* paths[0 .. left) are still there */
} Deletion;

static void
deletion_free (Deletion *d)
{
  stk_topic_state_unref (d->t);
  g_ptr_array_unref (d->paths);
  g_free (d);
}

static void
gone (Deletion *d)
{
  StkController *c = d->c;

  stk_ctl_log (c, STOKER_LOG_INFO, "topic-deleted", "topic deleted | topic=%s", d->t->name);
  stk_ctl_topic_forget (c, d->t);
  deletion_free (d);
  if (c->published)
    c->published (c->published_user);
}

/* ---- third: the tree */
static void remove_some (Deletion *d);

static void
on_last (void *user, const StokerCoordReply *reply)
{
  Deletion *d = user;

  if (reply->code == STOKER_COORD_OK || reply->code == STOKER_COORD_NO_NODE)
    gone (d);
  else
    deletion_free (d);
}

static void
on_removed (void *user, const StokerCoordReply *reply)
{
  Deletion *d = user;
  StkController *c = d->c;
  g_autofree char *config = NULL, *admin = NULL;

  if (stk_ctl_deposed (c, reply) || reply->code != STOKER_COORD_OK) {
    if (reply->code != STOKER_COORD_CLOSED)
      stk_ctl_log (
          c, STOKER_LOG_WARN, "topic-deletion",
          "a topic could not be deleted from the tree; it will be tried again by the next controller: %s | topic=%s",
          stoker_coord_code_name (reply->code), d->t->name);
    deletion_free (d);
    return;
  }
  if (d->left > 0) {
    remove_some (d);
    return;
  }
  config = g_strconcat ("/config/topics/", d->t->name, NULL);
  admin = g_strconcat ("/admin/delete_topics/", d->t->name, NULL);
  stk_tree_remove (&c->tree, config, -1, NULL, NULL);
  stk_tree_remove (&c->tree, admin, -1, on_last, d);
}

static void
remove_some (Deletion *d)
{
  StkMulti *m = stk_ctl_multi (d->c);

  while (d->left > 0 && stk_multi_size (m) < LARGEST_MULTI)
    stk_multi_remove (m, d->paths->pdata[--d->left], -1);
  if (d->left == 0)
    stk_ctl_stray_note (d->c, m, d->t);
  stk_multi_send (m, &d->c->tree, on_removed, d);
}

typedef struct Listing
{
  Deletion *d;
  const char *path;
} Listing;

static void list (Deletion *d, char *path);

static void
on_listed (void *user, const StokerCoordReply *reply)
{
  Listing *l = user;
  Deletion *d = l->d;

  for (size_t i = 0; i < reply->n_children; i++)
    list (d, g_strdup_printf ("%s/%.*s", l->path, (int)reply->children[i].len, reply->children[i].data));
  g_free (l);
  if (--d->pending > 0)
    return;
  if (reply->code == STOKER_COORD_CLOSED || d->c->stopping) {
    deletion_free (d);
    return;
  }
  d->left = d->paths->len;
  remove_some (d);
}

static void
list (Deletion *d, char *path)
{
  Listing *l = g_new (Listing, 1);

  *l = (Listing){ d, path };
  g_ptr_array_add (d->paths, path);
  d->pending++;
  stk_tree_children (&d->c->tree, path, STK_NO_WATCH, on_listed, l);
}

/* ---- second: the logs */
static void
on_logs_gone (void *user)
{
  Deletion *d = user;

  if (d->c->stopping)
    deletion_free (d);
  else
    list (d, g_strconcat ("/brokers/topics/", d->t->name, NULL));
}

/* ---- first: nobody finds it any more */
static void
on_hidden (void *user)
{
  Deletion *d = user;
  StkController *c = d->c;
  StokerStr name = stoker_str (d->t->name);

  if (c->stopping)
    deletion_free (d);
  else if (c->b->replicas)
    stk_replicas_remove (c->b->replicas, &name, &d->t->id, 1, on_logs_gone, d);
  else
    on_logs_gone (d);
}

static void
begin (StkController *c, StkTopicState *t)
{
  Deletion *d = g_new0 (Deletion, 1);

  *d = (Deletion){ .c = c, .t = stk_topic_state_ref (t), .paths = g_ptr_array_new_with_free_func (g_free) };
  t->deleting = true;
  g_ptr_array_add (c->removed, g_strdup (t->name));
  stk_ctl_after_publish (c, on_hidden, d);
}

/* ---- what is asked for */
static void scan (StkController *c);

static void
refuse (StkController *c, const char *name, StokerLogLevel level, const char *why)
{
  g_autofree char *path = g_strconcat ("/admin/delete_topics/", name, NULL);

  stk_ctl_log (c, level, "topic-deletion", "a request to delete a topic is dropped: %s | topic=%s", why, name);
  stk_tree_remove (&c->tree, path, -1, NULL, NULL);
}

static void
scan_again (void *user, bool dropped)
{
  StkController *c = user;

  c->delete_scan.running = false;
  if (!dropped)
    scan (c);
}

static void
on_children (void *user, const StokerCoordReply *reply)
{
  StkController *c = user;
  bool again = c->delete_scan.again;

  c->delete_scan = (StkScan){ false, false };
  if (stk_ctl_lost (c, reply)) {
    c->delete_scan.running = true;
    stk_ctl_again (c, scan_again, c);
    return;
  }
  for (size_t i = 0; i < reply->n_children; i++) {
    g_autofree char *name = g_strndup (reply->children[i].data, reply->children[i].len);
    StkTopicState *t = g_hash_table_lookup (c->topics, name);
    if (t && !c->b->config->delete_topic_enable)
      refuse (c, name, STOKER_LOG_WARN, "delete.topic.enable is false");
    else if (t && !t->deleting)
      begin (c, t);
    else if (t == NULL && c->topic_scan.running)
      c->delete_scan.again = true; /* it may be among those that are being read */
    else if (t == NULL)
      refuse (c, name, STOKER_LOG_INFO, "there is no such topic");
  }
  if (again)
    scan (c);
}

static void
on_event (void *user, StokerCoordEvent event, const char *path)
{
  StkController *c = user;

  if (event != STOKER_COORD_SESSION && c->connected && c->active)
    scan (c);
}

static void
scan (StkController *c)
{
  if (c->delete_scan.running) {
    c->delete_scan.again = true;
    return;
  }
  c->delete_scan = (StkScan){ .running = true };
  stk_tree_children (&c->tree, "/admin/delete_topics", (StokerCoordWatch){ on_event, c }, on_children, c);
}

void
stk_ctl_deletions_begin (StkController *c)
{
  scan (c);
}
