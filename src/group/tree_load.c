/* SPDX-License-Identifier: Apache-2.0 */
#include "group/tree_load.h"

#include "group/json.h"
#include "group/tree_path.h"

#define IN_FLIGHT 256u /* requests at once: enough to keep a remote coordinator busy */
#define RETRY_US (200 * 1000)

typedef enum Kind
{
  GROUPS,     /* children of /consumers */
  STATE,      /* get /consumers/G/group */
  TOPICS,     /* children of /consumers/G/offsets */
  PARTITIONS, /* children of /consumers/G/offsets/T */
  OFFSET,     /* get /consumers/G/offsets/T/P */
  DETAIL,     /* get /consumers/G/offsets/T/P/detail */
} Kind;

/* One node to read. Items wait in a stack: depth first, so that few wait. */
typedef struct Item
{
  struct Item *next;
  StkTreeLoad *load; /* NULL: freed meanwhile */
  Kind kind;
  char *path;
  StkGroup *group;
  StkTopicOffsets *topic;
  int32_t partition;
} Item;

struct StkTreeLoad
{
  const StkGroupsHost *host;
  StkStoreSink sink;
  Item *todo;
  GHashTable *flying; /* Item */
  StkTimer retry;
  bool over;
};

static void pump (StkTreeLoad *l);

static Item *
push (StkTreeLoad *l, Kind kind, const Item *from, char *path)
{
  Item *it = g_new0 (Item, 1);

  it->load = l;
  it->kind = kind;
  it->path = path;
  if (from) {
    it->group = from->group;
    it->topic = from->topic;
    it->partition = from->partition;
  }
  it->next = l->todo;
  l->todo = it;
  return it;
}

static void
item_free (Item *it)
{
  g_free (it->path);
  g_free (it);
}

static char *
child_path (const Item *it, StokerStr name)
{
  return g_strdup_printf ("%s/%.*s", it->path, (int)name.len, name.data);
}

static void
complain (const StkTreeLoad *l, const Item *it, const char *what)
{
  g_autofree char *text = g_strdup_printf ("%s | path=%s", what, it->path);

  if (l->host->log)
    l->host->log (l->host->user, STOKER_LOG_WARN, "group.bad-node", text);
}

/* ---- what each kind of node means */

static void
on_group (StkTreeLoad *l, const Item *it, StokerStr child)
{
  size_t len;
  g_autofree char *name = stk_path_decode (child, &len);
  g_autofree char *canonical = stk_path_encode ((StokerStr){ name, len });
  g_autofree char *path = child_path (it, child);
  Item from = { 0 };

  /* Two nodes for one group would hide each other's offsets. */
  if (!stoker_str_is (child, canonical)) {
    Item odd = { .path = path };
    complain (l, &odd, "the name of a group is not written as it would be here; ignored");
    return;
  }

  /* A group of old consumers has neither node; it becomes known with its first offset. */
  from.group = l->sink.group (l->sink.user, (StokerStr){ name, len });
  from.group->made |= STK_MADE_NODE;
  push (l, STATE, &from, g_strdup_printf ("%s/group", path));
  push (l, TOPICS, &from, g_strdup_printf ("%s/offsets", path));
}

static void
on_topic (StkTreeLoad *l, const Item *it, StokerStr child)
{
  push (l, PARTITIONS, it, child_path (it, child));
}

static void
on_partition (StkTreeLoad *l, const Item *it, StokerStr child)
{
  const char *topic = strrchr (it->path, '/') + 1;
  int32_t partition;
  Item *next;

  if (!stk_path_partition (child, &partition))
    return;
  next = push (l, OFFSET, it, child_path (it, child));
  next->partition = partition;
  next->topic = stk_offsets_add_topic (&it->group->offsets, stoker_str (topic));
  next->topic->made |= STK_MADE_NODE;
  stk_offsets_add (next->topic, partition)->made |= STK_MADE_NODE;
}

static void
on_offset (StkTreeLoad *l, const Item *it, const StokerCoordReply *reply)
{
  StkOffset *o = stk_offsets_find (it->topic, it->partition);
  char text[24], *end;

  if (reply->data.len == 0 || reply->data.len >= sizeof text) {
    complain (l, it, "not an offset; ignored");
    return;
  }
  memcpy (text, reply->data.data, reply->data.len);
  text[reply->data.len] = '\0';
  o->offset = g_ascii_strtoll (text, &end, 10);
  if (*end) {
    o->offset = STK_NO_OFFSET;
    complain (l, it, "not an offset; ignored");
    return;
  }
  o->commit_ms = reply->stat.mtime_ms;
  if (reply->stat.num_children)
    push (l, DETAIL, it, g_strdup_printf ("%s/detail", it->path));
}

static void
on_detail (StkTreeLoad *l, const Item *it, StokerBytes data)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  StkOffset *o = stk_offsets_find (it->topic, it->partition);
  JsonNode *root;
  JsonObject *json;
  StokerStr metadata;
  int64_t epoch;

  o->made |= STK_MADE_DETAIL;
  if (!json_parser_load_from_data (parser, (const char *)data.data, (gssize)data.len, NULL)
      || (root = json_parser_get_root (parser)) == NULL || !JSON_NODE_HOLDS_OBJECT (root)) {
    complain (l, it, "not the detail of an offset; ignored");
    return;
  }
  json = json_node_get_object (root);
  epoch = stk_json_int (json, "leader_epoch", -1);
  o->leader_epoch = epoch >= 0 && epoch <= INT32_MAX ? (int32_t)epoch : -1;
  o->expire_ms = stk_json_int (json, "expire_timestamp", -1);
  metadata = stk_json_text (json, "metadata");
  if (metadata.len)
    o->metadata = g_strdup (metadata.data);
  if (json_object_has_member (json, "timestamp")) {
    o->commit_ms = stk_json_int (json, "timestamp", o->commit_ms);
    o->made |= STK_MADE_TIME;
  }
}

static void
take (StkTreeLoad *l, const Item *it, const StokerCoordReply *reply)
{
  switch (it->kind) {
  case GROUPS:
    for (size_t i = 0; i < reply->n_children; i++)
      on_group (l, it, reply->children[i]);
    break;
  case STATE:
    it->group->made |= STK_MADE_STATE;
    l->sink.state (l->sink.user, it->group, reply->data);
    break;
  case TOPICS:
    it->group->made |= STK_MADE_DETAIL;
    for (size_t i = 0; i < reply->n_children; i++)
      on_topic (l, it, reply->children[i]);
    break;
  case PARTITIONS:
    for (size_t i = 0; i < reply->n_children; i++)
      on_partition (l, it, reply->children[i]);
    break;
  case OFFSET:
    on_offset (l, it, reply);
    break;
  case DETAIL:
    on_detail (l, it, reply->data);
    break;
  }
}

/* ---- the pump */

static void
retry_now (StkTimer *t)
{
  pump ((StkTreeLoad *)((char *)t - offsetof (StkTreeLoad, retry)));
}

static void
answered (void *user, const StokerCoordReply *reply)
{
  Item *it = user;
  StkTreeLoad *l = it->load;

  if (l == NULL) {
    item_free (it);
    return;
  }
  g_hash_table_remove (l->flying, it);
  if (reply->code == STOKER_COORD_CONNECTION_LOSS || reply->code == STOKER_COORD_SESSION_EXPIRED) {
    it->next = l->todo;
    l->todo = it;
    l->host->timer_set (l->host->user, &l->retry, l->host->now_us (l->host->user) + RETRY_US);
    return;
  }
  if (reply->code == STOKER_COORD_OK)
    take (l, it, reply);
  else if (reply->code != STOKER_COORD_NO_NODE && reply->code != STOKER_COORD_CLOSED)
    complain (l, it, "the coordinator refuses to read a node of a group");
  if (reply->code == STOKER_COORD_CLOSED)
    l->over = true; /* the broker is going down */
  item_free (it);
  if (l->retry.slot == 0)
    pump (l);
}

static void
pump (StkTreeLoad *l)
{
  const StokerCoordinatorOps *coord = l->host->coordinator->module->ops;
  StokerCoordWatch none = { 0 };

  while (l->todo && g_hash_table_size (l->flying) < IN_FLIGHT) {
    Item *it = l->todo;
    l->todo = it->next;
    g_hash_table_add (l->flying, it);
    if (it->kind == GROUPS || it->kind == TOPICS || it->kind == PARTITIONS)
      coord->children (l->host->coordinator, it->path, none, answered, it);
    else
      coord->get (l->host->coordinator, it->path, none, answered, it);
  }
  if (l->todo == NULL && g_hash_table_size (l->flying) == 0 && !l->over) {
    l->over = true;
    l->sink.loaded (l->sink.user);
  }
}

StkTreeLoad *
stk_tree_load_new (const StkGroupsHost *host, const StkStoreSink *sink)
{
  StkTreeLoad *l = g_new0 (StkTreeLoad, 1);

  l->host = host;
  l->sink = *sink;
  l->flying = g_hash_table_new (NULL, NULL);
  l->retry.fire = retry_now;
  push (l, GROUPS, NULL, g_strdup ("/consumers"));
  pump (l);
  return l;
}

void
stk_tree_load_free (StkTreeLoad *l)
{
  GHashTableIter iter;
  void *p;

  if (l == NULL)
    return;
  l->host->timer_cancel (l->host->user, &l->retry);
  g_hash_table_iter_init (&iter, l->flying);
  while (g_hash_table_iter_next (&iter, &p, NULL))
    ((Item *)p)->load = NULL;
  g_hash_table_destroy (l->flying);
  while (l->todo) {
    Item *it = l->todo;
    l->todo = it->next;
    item_free (it);
  }
  g_free (l);
}
