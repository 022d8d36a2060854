/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration changes (kafka-facts 6.4): whoever changes settings writes them and then a numbered note in
 * /config/changes. Every broker watches the notes, reads what each new one names again, and clears away those that are
 * older than a quarter of an hour.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

#define NOTE_LIFE_MS (15 * 60 * 1000)

static void scan (StkController *c);

/* ---- one topic's settings */
typedef struct Refresh
{
  StkController *c;
  char *name;
  void (*then) (void *user);
  void *user;
} Refresh;

static bool
same_pairs (const StkTopicState *t, const StkMetaPair *pairs, size_t n)
{
  if (t->n_overrides != n)
    return false;
  for (size_t i = 0; i < n; i++) {
    bool found = false;
    for (size_t k = 0; k < n && !found; k++)
      found = strcmp (t->overrides[k].name, pairs[i].name) == 0 && strcmp (t->overrides[k].value, pairs[i].value) == 0;
    if (!found)
      return false;
  }
  return true;
}

static void
on_config (void *user, const StokerCoordReply *reply)
{
  Refresh *r = user;
  StkController *c = r->c;
  StkTopicState *t = g_hash_table_lookup (c->topics, r->name);
  StkMetaPair *pairs = NULL;
  StokerError err = { 0 };
  size_t n = 0;
  bool readable = reply->code == STOKER_COORD_NO_NODE
                  || (reply->code == STOKER_COORD_OK
                      && (reply->data.len == 0 || stk_json_read_config (reply->data, &pairs, &n, &err)));

  if (!readable && reply->code == STOKER_COORD_OK)
    stk_ctl_log (c, STOKER_LOG_ERROR, "topic-unreadable",
                 "the settings of a topic cannot be read from the coordinator's tree: %s | topic=%s", err.text,
                 r->name);
  if (t && readable && !same_pairs (t, pairs, n)) {
    stk_pairs_free (t->overrides, t->n_overrides);
    t->overrides = pairs;
    t->n_overrides = n;
    t->dirty = true;
  } else
    stk_pairs_free (pairs, n);
  if (r->then)
    stk_ctl_after_publish (c, r->then, r->user);
  else if (t && t->dirty)
    stk_ctl_publish (c);
  g_free (r->name);
  g_free (r);
}

void
stk_ctl_refresh_config (StkController *c, const char *name, void (*then) (void *user), void *user)
{
  g_autofree char *path = g_strconcat ("/config/topics/", name, NULL);
  Refresh *r = g_new (Refresh, 1);

  *r = (Refresh){ c, g_strdup (name), then, user };
  stk_tree_get (&c->tree, path, STK_NO_WATCH, on_config, r);
}

/* ---- the notes */
typedef struct Note
{
  StkController *c;
  char *name;
  bool news; /* it was not there when we read the settings */
} Note;

static void
clear_away (StkController *c, const char *name)
{
  g_autofree char *path = g_strconcat ("/config/changes/", name, NULL);

  stk_tree_remove (&c->tree, path, -1, NULL, NULL);
}

static void
on_note (void *user, const StokerCoordReply *reply)
{
  Note *note = user;
  StkController *c = note->c;
  StokerError err = { 0 };
  g_autofree char *entity = NULL;

  if (reply->code == STOKER_COORD_OK) {
    g_hash_table_replace (c->changes, g_strdup (note->name), g_memdup2 (&reply->stat.ctime_ms, sizeof (int64_t)));
    entity = note->news ? stk_json_read_config_change (reply->data, &err) : NULL;
    if (note->news && entity == NULL)
      stk_ctl_log (c, STOKER_LOG_WARN, "change-unreadable",
                   "a note of a configuration change cannot be read: %s | note=%s", err.text, note->name);
  }
  if (entity && g_str_has_prefix (entity, "topics/"))
    stk_ctl_refresh_config (c, entity + strlen ("topics/"), NULL, NULL);
  else if (entity && g_str_has_prefix (entity, "brokers/"))
    stk_ctl_broker_changed (c, entity);
  g_free (note->name);
  g_free (note);
}

static void
look_at (StkController *c, char *name)
{
  g_autofree char *path = g_strconcat ("/config/changes/", name, NULL);
  Note *note = g_new (Note, 1);

  *note = (Note){ c, name, c->changes_read };
  g_hash_table_replace (c->changes, g_strdup (name), g_new0 (int64_t, 1));
  stk_tree_get (&c->tree, path, STK_NO_WATCH, on_note, note);
}

static int
compare (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static void
scan_again (void *user, bool dropped)
{
  StkController *c = user;

  c->change_scan.running = false;
  if (!dropped)
    scan (c);
}

static void
on_children (void *user, const StokerCoordReply *reply)
{
  StkController *c = user;
  int64_t now = stk_world_now_ms (c->b->world);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GHashTable) there = g_hash_table_new (g_str_hash, g_str_equal);
  bool again = c->change_scan.again;
  GHashTableIter it;
  void *key;

  c->change_scan = (StkScan){ false, false };
  if (stk_ctl_lost (c, reply)) {
    c->change_scan.running = true;
    stk_ctl_again (c, scan_again, c);
    return;
  }
  if (reply->code != STOKER_COORD_OK)
    return;
  for (size_t i = 0; i < reply->n_children; i++)
    g_ptr_array_add (names, g_strndup (reply->children[i].data, reply->children[i].len));
  g_ptr_array_sort (names, compare);
  for (guint i = 0; i < names->len; i++)
    g_hash_table_add (there, names->pdata[i]);
  g_hash_table_iter_init (&it, c->changes);
  while (g_hash_table_iter_next (&it, &key, NULL))
    if (!g_hash_table_contains (there, key))
      g_hash_table_iter_remove (&it);
  for (guint i = 0; i < names->len; i++) {
    const int64_t *made = g_hash_table_lookup (c->changes, names->pdata[i]);
    if (made == NULL) {
      look_at (c, names->pdata[i]);
      continue;
    }
    if (*made > 0 && now - *made > NOTE_LIFE_MS)
      clear_away (c, names->pdata[i]);
    g_free (names->pdata[i]);
  }
  c->changes_read = true;
  if (again)
    scan (c);
}

static void
on_event (void *user, StokerCoordEvent event, const char *path)
{
  StkController *c = user;

  if (event != STOKER_COORD_SESSION && c->connected)
    scan (c);
}

static void
scan (StkController *c)
{
  if (c->change_scan.running) {
    c->change_scan.again = true;
    return;
  }
  c->change_scan = (StkScan){ .running = true };
  stk_tree_children (&c->tree, "/config/changes", (StokerCoordWatch){ on_event, c }, on_children, c);
}

void
stk_ctl_changes_begin (StkController *c)
{
  scan (c);
}
