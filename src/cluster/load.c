/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading topics from the tree: of each its assignment, its settings and the states of its partitions. Everything is
 * asked for at once; answers come in the order of the questions.
 */
#include "cluster/internal.h"
#include "cluster/json.h"

typedef struct Load
{
  StkController *c;
  char **names;
  GPtrArray *topics; /* StkTopicState, a reference each */
  unsigned pending;
  bool lost; /* an answer */
  StkLoaded loaded;
  void *user;
} Load;

typedef struct LoadTopic
{
  Load *load;
  StkTopicState *t;
  int32_t partition; /* of a state */
  bool good;
} LoadTopic;

static void ask (Load *l);

static void
forget (Load *l)
{
  for (guint i = 0; i < l->topics->len; i++)
    stk_topic_state_unref (l->topics->pdata[i]);
  g_ptr_array_set_size (l->topics, 0);
}

static void
ask_again (void *user, bool dropped)
{
  Load *l = user;

  if (!dropped) {
    ask (l);
    return;
  }
  g_ptr_array_unref (l->topics);
  g_strfreev (l->names);
  g_free (l);
}

static void
settled (Load *l)
{
  if (--l->pending > 0)
    return;
  if (l->lost && !l->c->stopping) { /* half of a topic is none */
    forget (l);
    stk_ctl_again (l->c, ask_again, l);
    return;
  }
  l->loaded (l->user, l->topics);
  g_strfreev (l->names);
  g_free (l);
}

static void
unreadable (StkController *c, const char *what, const StkTopicState *t, int32_t partition, const StokerError *err)
{
  stk_ctl_log (c, STOKER_LOG_ERROR, "topic-unreadable",
               "the %s of a topic cannot be read from the coordinator's tree: %s | topic=%s partition=%d", what,
               err->text, t->name, partition);
}

static void
on_state (void *user, const StokerCoordReply *reply)
{
  LoadTopic *lt = user;
  Load *l = lt->load;
  StkPartitionState *p = &lt->t->partitions[lt->partition];
  StokerError err = { 0 };

  l->lost |= stk_ctl_lost (l->c, reply);
  if (reply->code == STOKER_COORD_OK) {
    if (stk_json_read_state (reply->data, p, &err))
      p->version = reply->stat.version;
    else {
      unreadable (l->c, "state", lt->t, lt->partition, &err);
      p->leader = -1;
      p->leader_epoch = INT32_MAX; /* neither new nor to be elected: somebody must look at it */
    }
  } else if (reply->code != STOKER_COORD_NO_NODE) {
    p->leader = -1;
    p->leader_epoch = INT32_MAX;
  }
  g_free (lt);
  settled (l);
}

static void
ask_state (Load *l, StkTopicState *t, int32_t partition)
{
  g_autofree char *path = g_strdup_printf ("/brokers/topics/%s/partitions/%d/state", t->name, partition);
  LoadTopic *lt = g_new0 (LoadTopic, 1);

  *lt = (LoadTopic){ .load = l, .t = t, .partition = partition };
  l->pending++;
  stk_tree_get (&l->c->tree, path, STK_NO_WATCH, on_state, lt);
}

static void
on_partitions (void *user, const StokerCoordReply *reply)
{
  LoadTopic *lt = user;
  Load *l = lt->load;
  StkTopicState *t = lt->t;

  l->lost |= stk_ctl_lost (l->c, reply);
  if (lt->good) {
    t->has_dir = reply->code == STOKER_COORD_OK;
    g_ptr_array_add (l->topics, t);
    for (size_t i = 0; i < reply->n_children; i++) {
      g_autofree char *name = g_strndup (reply->children[i].data, reply->children[i].len);
      int64_t partition;
      if (!g_ascii_string_to_signed (name, 10, 0, t->n_partitions - 1, &partition, NULL))
        continue;
      t->partitions[partition].has_dir = true;
      ask_state (l, t, (int32_t)partition);
    }
  } else
    stk_topic_state_unref (t);
  g_free (lt);
  settled (l);
}

static void
on_config (void *user, const StokerCoordReply *reply)
{
  LoadTopic *lt = user;
  StokerError err = { 0 };

  lt->load->lost |= stk_ctl_lost (lt->load->c, reply);
  if (reply->code == STOKER_COORD_OK && reply->data.len > 0
      && !stk_json_read_config (reply->data, &lt->t->overrides, &lt->t->n_overrides, &err))
    unreadable (lt->load->c, "settings", lt->t, -1, &err);
  else if (reply->code != STOKER_COORD_OK && reply->code != STOKER_COORD_NO_NODE)
    lt->good = false; /* not known is not the same as none */
}

static void
on_topic (void *user, const StokerCoordReply *reply)
{
  LoadTopic *lt = user;
  StokerError err = { 0 };

  lt->load->lost |= stk_ctl_lost (lt->load->c, reply);
  if (reply->code != STOKER_COORD_OK)
    return; /* it went away just now, or the answer is lost */
  lt->good = stk_json_read_topic (reply->data, lt->t, &err);
  lt->t->version = reply->stat.version;
  if (!lt->good)
    unreadable (lt->load->c, "assignment", lt->t, -1, &err);
}

static void
on_topic_event (void *user, StokerCoordEvent event, const char *path)
{
  StkController *c = user;

  if (event == STOKER_COORD_CHANGED && c->connected && c->active)
    stk_ctl_topic_changed (c, strrchr (path, '/') + 1);
}

static void
ask (Load *l)
{
  StkController *c = l->c;

  l->pending = 1;
  l->lost = false;
  for (char **name = l->names; *name; name++) {
    g_autofree char *topic = g_strconcat ("/brokers/topics/", *name, NULL);
    g_autofree char *partitions = g_strconcat (topic, "/partitions", NULL);
    g_autofree char *config = g_strconcat ("/config/topics/", *name, NULL);
    LoadTopic *lt = g_new0 (LoadTopic, 1);
    *lt = (LoadTopic){ .load = l, .t = stk_topic_state_new (*name) };
    l->pending++;
    stk_tree_get (&c->tree, topic, (StokerCoordWatch){ on_topic_event, c }, on_topic, lt);
    stk_tree_get (&c->tree, config, STK_NO_WATCH, on_config, lt);
    stk_tree_children (&c->tree, partitions, STK_NO_WATCH, on_partitions, lt);
  }
  if (l->names[0])
    l->pending--;
  else
    settled (l);
}

void
stk_ctl_load (StkController *c, char *const *names, size_t n, StkLoaded loaded, void *user)
{
  Load *l = g_new0 (Load, 1);

  *l = (Load){ .c = c, .names = g_new0 (char *, n + 1), .topics = g_ptr_array_new (), .loaded = loaded, .user = user };
  for (size_t i = 0; i < n; i++)
    l->names[i] = g_strdup (names[i]);
  ask (l);
}
