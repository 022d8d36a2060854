/* SPDX-License-Identifier: Apache-2.0
 *
 * The offset store in the coordinator's tree (doc/internals/groups.md):
 *   /consumers/GROUP/offsets/TOPIC/PARTITION          the offset, decimal: what Kafka's old tools read and write
 *   /consumers/GROUP/offsets/TOPIC/PARTITION/detail   JSON: leader epoch, metadata, times; only where there is
 * something to say /consumers/GROUP/group                            JSON: generation, protocol, members with their
 * assignments
 */
#include "group/json.h"
#include "group/tree_batch.h"
#include "group/tree_load.h"
#include "group/tree_path.h"

#include <inttypes.h>

typedef struct Tree
{
  StkStore store;
  const StkGroupsHost *host;
  StkTreeQueue *queue;
  StkTreeLoad *load;
} Tree;

static char *
group_path (const StkGroup *g)
{
  g_autofree char *name = stk_path_encode (g->id);

  return g_strdup_printf ("/consumers/%s", name);
}

static void
add_parent (Tree *t, StkWrite *w, char *path)
{
  stk_tree_queue_add (t->queue, w, STOKER_COORD_OP_CREATE, path, STOKER_BYTES_NULL);
}

static void
add_data (Tree *t, StkWrite *w, bool there, char *path, const void *data, size_t len)
{
  stk_tree_queue_add (t->queue, w, there ? STOKER_COORD_OP_SET : STOKER_COORD_OP_CREATE, path,
                      (StokerBytes){ (uint8_t *)data, len });
}

static void
add_delete (Tree *t, StkWrite *w, char *path)
{
  stk_tree_queue_add (t->queue, w, STOKER_COORD_OP_DELETE, path, STOKER_BYTES_NULL);
}

/* ---- offsets */

static bool
same_detail (const StkOffset *now, const StkOffsetPut *put)
{
  const StkOffset *v = &put->value;

  /* With another write on its way what stands in the tree is not yet known; this write counts as one. */
  return now->pending == 1 && now->offset != STK_NO_OFFSET && !(now->made & STK_MADE_TIME) && !put->explicit_time
         && now->leader_epoch == v->leader_epoch && now->expire_ms == v->expire_ms
         && g_strcmp0 (now->metadata, v->metadata) == 0;
}

static void
write_detail (const StkOffsetPut *put, StokerBuf *out)
{
  const StkOffset *v = &put->value;

  stoker_buf_printf (out, "{\"version\":1");
  if (v->leader_epoch >= 0)
    stoker_buf_printf (out, ",\"leader_epoch\":%" PRId32, v->leader_epoch);
  if (v->metadata) {
    stoker_buf_printf (out, ",\"metadata\":");
    stk_json_put_text (out, stoker_str (v->metadata));
  }
  if (put->explicit_time)
    stoker_buf_printf (out, ",\"timestamp\":%" PRId64, v->commit_ms);
  if (v->expire_ms >= 0)
    stoker_buf_printf (out, ",\"expire_timestamp\":%" PRId64, v->expire_ms);
  stoker_buf_append (out, "}", 1);
}

static void
put_one (Tree *t, const char *topic_path, const StkOffsetPut *put, StkWrite *w)
{
  const StkOffset *v = &put->value;
  StkOffset *o = stk_offsets_find (put->topic, v->partition);
  char text[24];
  int len = g_snprintf (text, sizeof text, "%" PRId64, v->offset);
  bool plain = v->leader_epoch < 0 && v->metadata == NULL && !put->explicit_time && v->expire_ms < 0;

  add_data (t, w, o->made & STK_MADE_NODE, g_strdup_printf ("%s/%" PRId32, topic_path, v->partition), text,
            (size_t)len);
  o->made |= STK_MADE_NODE;
  if ((!plain || (o->made & STK_MADE_DETAIL)) && !same_detail (o, put)) {
    StokerBuf detail = { 0 };
    write_detail (put, &detail);
    add_data (t, w, o->made & STK_MADE_DETAIL, g_strdup_printf ("%s/%" PRId32 "/detail", topic_path, v->partition),
              detail.data, detail.len);
    stoker_buf_clear (&detail);
    o->made = (uint8_t)((o->made & ~STK_MADE_TIME) | STK_MADE_DETAIL | (put->explicit_time ? STK_MADE_TIME : 0));
  }
}

static int16_t
put_offsets (StkStore *s, StkGroup *g, const StkOffsetPut *puts, size_t n, StkWrite *w)
{
  Tree *t = (Tree *)s;
  g_autofree char *base = group_path (g), *topic_path = NULL;
  const StkTopicOffsets *topic = NULL;
  size_t bytes = 0, largest = 0;
  int16_t error;

  for (size_t i = 0; i < n; i++) {
    size_t one = strlen (base) + puts[i].topic->name.len + 256
                 + (puts[i].value.metadata ? strlen (puts[i].value.metadata) * 6 : 0);
    bytes += one;
    largest = MAX (largest, one);
  }
  error = stk_tree_queue_room (t->queue, bytes, largest);
  if (error)
    return error;
  if (!(g->made & STK_MADE_NODE))
    add_parent (t, w, g_strdup (base));
  if (!(g->made & STK_MADE_DETAIL))
    add_parent (t, w, g_strdup_printf ("%s/offsets", base));
  g->made |= STK_MADE_NODE | STK_MADE_DETAIL;
  for (size_t i = 0; i < n; i++) {
    if (puts[i].topic != topic) {
      topic = puts[i].topic;
      g_free (topic_path);
      topic_path = g_strdup_printf ("%s/offsets/%s", base, topic->name.data);
    }
    if (!(puts[i].topic->made & STK_MADE_NODE))
      add_parent (t, w, g_strdup (topic_path));
    puts[i].topic->made |= STK_MADE_NODE;
    put_one (t, topic_path, &puts[i], w);
  }
  stk_tree_queue_send (t->queue, w);
  return STOKER_OK;
}

/* ---- the group's state */

static int16_t
put_state (StkStore *s, StkGroup *g, StokerBytes record, StkWrite *w)
{
  Tree *t = (Tree *)s;
  g_autofree char *base = group_path (g);
  int16_t error = stk_tree_queue_room (t->queue, record.len + strlen (base) + 128, record.len + strlen (base) + 128);

  if (error)
    return error == STOKER_INVALID_COMMIT_OFFSET_SIZE ? STOKER_UNKNOWN_SERVER_ERROR : error;
  if (!(g->made & STK_MADE_NODE))
    add_parent (t, w, g_strdup (base));
  add_data (t, w, g->made & STK_MADE_STATE, g_strdup_printf ("%s/group", base), record.data, record.len);
  g->made |= STK_MADE_NODE | STK_MADE_STATE;
  stk_tree_queue_send (t->queue, w);
  return STOKER_OK;
}

/* ---- deleting */

static void
delete_offset (Tree *t, const char *base, const StkTopicOffsets *topic, StkOffset *o, StkWrite *w)
{
  if (o->made & STK_MADE_DETAIL)
    add_delete (t, w, g_strdup_printf ("%s/offsets/%s/%" PRId32 "/detail", base, topic->name.data, o->partition));
  if (o->made & STK_MADE_NODE)
    add_delete (t, w, g_strdup_printf ("%s/offsets/%s/%" PRId32, base, topic->name.data, o->partition));
  o->made = 0;
}

static void
delete_topic (Tree *t, const char *base, StkTopicOffsets *topic, StkWrite *w)
{
  if (topic->made & STK_MADE_NODE)
    add_delete (t, w, g_strdup_printf ("%s/offsets/%s", base, topic->name.data));
  topic->made = 0;
}

static int16_t
drop_offsets (StkStore *s, StkGroup *g, const StkOffsetKey *keys, size_t n, StkWrite *w)
{
  Tree *t = (Tree *)s;
  g_autofree char *base = group_path (g);
  int16_t error = stk_tree_queue_room (t->queue, n * (strlen (base) + 256), 0);
  size_t run = 0;

  if (error)
    return error;
  for (size_t i = 0; i < n; i++) {
    delete_offset (t, base, keys[i].topic, stk_offsets_find (keys[i].topic, keys[i].partition), w);
    run++;
    if (i + 1 < n && keys[i + 1].topic == keys[i].topic)
      continue;
    if (run == keys[i].topic->n)
      delete_topic (t, base, keys[i].topic, w);
    run = 0;
  }
  stk_tree_queue_send (t->queue, w);
  return STOKER_OK;
}

static int16_t
drop_group (StkStore *s, StkGroup *g, StkWrite *w)
{
  Tree *t = (Tree *)s;
  g_autofree char *base = group_path (g);
  int16_t error = stk_tree_queue_room (t->queue, 1024, 0);

  if (error)
    return error;
  for (uint32_t i = 0; i < g->offsets.n; i++) {
    StkTopicOffsets *topic = g->offsets.topics[i];
    for (uint32_t j = 0; j < topic->n; j++)
      delete_offset (t, base, topic, &topic->v[j], w);
    delete_topic (t, base, topic, w);
  }
  if (g->made & STK_MADE_DETAIL)
    add_delete (t, w, g_strdup_printf ("%s/offsets", base));
  if (g->made & STK_MADE_STATE)
    add_delete (t, w, g_strdup_printf ("%s/group", base));
  if (g->made & STK_MADE_NODE)
    add_delete (t, w, g_strdup (base)); /* stays where old consumers have nodes of their own in it */
  g->made = 0;
  stk_tree_queue_send (t->queue, w);
  return STOKER_OK;
}

/* ---- life */

static void
load (StkStore *s, const StkStoreSink *sink)
{
  Tree *t = (Tree *)s;

  t->load = stk_tree_load_new (t->host, sink);
}

static void
stop (StkStore *s, void (*stopped) (void *user), void *user)
{
  Tree *t = (Tree *)s;

  g_clear_pointer (&t->load, stk_tree_load_free);
  stk_tree_queue_stop (t->queue, stopped, user);
}

static void
tree_free (StkStore *s)
{
  Tree *t = (Tree *)s;

  stk_tree_load_free (t->load);
  stk_tree_queue_free (t->queue);
  g_free (t);
}

StkStore *
stk_store_tree_new (const StkGroupsHost *host, const StkGroupsConfig *config)
{
  static const StkStoreOps ops = { load, put_offsets, put_state, drop_offsets, drop_group, stop, tree_free };
  Tree *t = g_new0 (Tree, 1);

  t->store.ops = &ops;
  t->host = host;
  t->queue = stk_tree_queue_new (host, config);
  return &t->store;
}
