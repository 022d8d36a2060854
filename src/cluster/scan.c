/* SPDX-License-Identifier: Apache-2.0
 *
 * Which topics there are: the children of /brokers/topics, read again whenever they change; and what a change of one
 * topic's node means.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

#include "broker/replicas.h"

static void scan (StkController *c);

StkTopicState *
stk_ctl_topic (StkController *c, StokerStr name)
{
  g_autofree char *text = g_strndup (name.data ? name.data : "", name.len);

  return g_hash_table_lookup (c->topics, text);
}

void
stk_ctl_topic_forget (StkController *c, StkTopicState *t)
{
  StokerStr name = stoker_str (t->name);

  t->gone = true;
  c->offline_partitions -= t->offline;
  g_ptr_array_add (c->removed, g_strdup (t->name));
  if (c->topic_deleted)
    c->topic_deleted (c->topic_deleted_user, name);
  g_hash_table_remove (c->topics, t->name);
}

/* ---- ids for topics that an old Kafka made */
typedef struct Naming
{
  StkController *c;
  StkTopicState *t;
} Naming;

static void
on_id_written (void *user, const StokerCoordReply *reply)
{
  Naming *n = user;

  if (!stk_ctl_deposed (n->c, reply) && reply->code != STOKER_COORD_OK)
    stk_ctl_log (n->c, STOKER_LOG_WARN, "topic-id", "a topic's new id could not be written: %s | topic=%s",
                 stoker_coord_code_name (reply->code), n->t->name);
  stk_topic_state_unref (n->t);
  g_free (n);
}

static void
give_id (StkController *c, StkTopicState *t)
{
  g_autofree char *path = g_strconcat ("/brokers/topics/", t->name, NULL);
  StkMulti *m = stk_ctl_multi (c);
  Naming *n = g_new (Naming, 1);

  *n = (Naming){ c, stk_topic_state_ref (t) };
  stk_ctl_random_id (c, &t->id);
  stk_multi_set (m, path, stk_json_topic (t), t->version++);
  stk_multi_send (m, &c->tree, on_id_written, n);
}

/* ---- the list */
static void
end_scan (StkController *c)
{
  bool first = !c->loaded;

  c->topic_scan.running = false;
  if (first) {
    c->loaded = true;
    stk_ctl_deletions_begin (c);
    stk_ctl_publish (c);
  } else if (c->delete_scan.again)
    stk_ctl_deletions_begin (c);
  if (c->topic_scan.again)
    scan (c);
}

static void
on_loaded (void *user, GPtrArray *topics)
{
  StkController *c = user;

  for (guint i = 0; i < topics->len; i++) {
    StkTopicState *t = topics->pdata[i];
    g_hash_table_replace (c->topics, t->name, t);
    if (stoker_uuid_is_zero (t->id))
      give_id (c, t);
  }
  stk_ctl_online (c, (StkTopicState *const *)topics->pdata, topics->len);
  g_ptr_array_unref (topics);
  end_scan (c);
}

static void
on_event (void *user, StokerCoordEvent event, const char *path)
{
  StkController *c = user;

  if (event != STOKER_COORD_SESSION && c->connected && c->active)
    scan (c);
}

static void
scan_again (void *user, bool dropped)
{
  StkController *c = user;

  c->topic_scan.running = false;
  if (!dropped)
    scan (c);
}

static void
forget_others (StkController *c, GHashTable *there)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();
  GHashTableIter it;
  void *value;

  g_hash_table_iter_init (&it, c->topics);
  while (g_hash_table_iter_next (&it, NULL, &value))
    if (!g_hash_table_contains (there, ((StkTopicState *)value)->name) && !((StkTopicState *)value)->deleting)
      g_ptr_array_add (gone, value);
  for (guint i = 0; i < gone->len; i++) {
    StkTopicState *t = stk_topic_state_ref (gone->pdata[i]);
    StokerStr name = stoker_str (t->name);
    stk_ctl_log (c, STOKER_LOG_WARN, "topic-vanished",
                 "a topic's node was deleted from the tree; its data goes too | topic=%s", t->name);
    stk_ctl_topic_forget (c, t);
    if (c->b->replicas)
      stk_replicas_remove (c->b->replicas, &name, &t->id, 1, NULL, NULL);
    stk_topic_state_unref (t);
  }
  if (gone->len > 0)
    stk_ctl_publish (c);
}

static void
on_children (void *user, const StokerCoordReply *reply)
{
  StkController *c = user;
  g_autoptr (GHashTable) there = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  if (stk_ctl_lost (c, reply)) {
    stk_ctl_again (c, scan_again, c);
    return;
  }
  if (reply->code != STOKER_COORD_OK) {
    c->topic_scan.running = false;
    if (!c->loaded)
      stk_ctl_fail (c, "read the list of topics", reply->code);
    return;
  }
  for (size_t i = 0; i < reply->n_children; i++) {
    char *name = g_strndup (reply->children[i].data, reply->children[i].len);
    g_hash_table_add (there, name);
    if (!g_hash_table_contains (c->topics, name))
      g_ptr_array_add (fresh, name);
  }
  forget_others (c, there);
  stk_ctl_load (c, (char *const *)fresh->pdata, fresh->len, on_loaded, c);
}

static void
scan (StkController *c)
{
  if (c->topic_scan.running) {
    c->topic_scan.again = true;
    return;
  }
  c->topic_scan = (StkScan){ .running = true };
  stk_tree_children (&c->tree, "/brokers/topics", (StokerCoordWatch){ on_event, c }, on_children, c);
}

void
stk_ctl_topics_begin (StkController *c)
{
  scan (c);
}

/* ---- one topic */

/* What was read takes the place of what was known; what the tree does not say is kept. */
static void
take_over (StkTopicState *t, StkTopicState *fresh)
{
  int32_t n = t->n_partitions;
  StkPartitionState *partitions = t->partitions;

  for (int32_t i = 0; i < fresh->n_partitions && i < n; i++) {
    fresh->partitions[i].broken = partitions[i].broken;
    fresh->partitions[i].writing = partitions[i].writing;
  }
  t->partitions = fresh->partitions;
  t->n_partitions = fresh->n_partitions;
  fresh->partitions = partitions;
  fresh->n_partitions = n;
  t->version = fresh->version;
  t->has_dir = fresh->has_dir;
  if (!stoker_uuid_is_zero (fresh->id))
    t->id = fresh->id;
  t->dirty = true;
}

static void
on_reloaded (void *user, GPtrArray *topics)
{
  StkController *c = user;

  for (guint i = 0; i < topics->len; i++) {
    StkTopicState *fresh = topics->pdata[i], *t = g_hash_table_lookup (c->topics, fresh->name);
    /* Partitions never get fewer; a tree that says so is not believed. */
    if (t && !t->deleting && fresh->n_partitions >= t->n_partitions) {
      take_over (t, fresh);
      stk_ctl_online (c, &t, 1);
    }
    stk_topic_state_unref (fresh);
  }
  g_ptr_array_unref (topics);
}

void
stk_ctl_topics_again (StkController *c)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter it;
  void *name;

  g_hash_table_iter_init (&it, c->topics);
  while (g_hash_table_iter_next (&it, &name, NULL))
    g_ptr_array_add (names, name);
  stk_ctl_load (c, (char *const *)names->pdata, names->len, on_reloaded, c);
}

void
stk_ctl_topic_changed (StkController *c, const char *name)
{
  char *names[] = { (char *)(uintptr_t)name };

  stk_ctl_load (c, names, 1, on_reloaded, c);
}
