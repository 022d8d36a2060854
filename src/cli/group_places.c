/* SPDX-License-Identifier: Apache-2.0
 *
 * The partitions that a group has to do with: which, what is committed, where their logs begin and end.
 */
#include "cli/group.h"

#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

CLIENT_API (offset_fetch, OffsetFetch, 9, 7);

/* What a text may name: a slip of the finger must not take the memory. */
#define MAX_NAMED 1000000

static guint
place_hash (gconstpointer p)
{
  const GroupPlace *x = p;
  guint h = (guint)x->partition * 2654435761u;

  for (size_t i = 0; i < x->topic.len; i++)
    h = h * 31 + (guchar)x->topic.data[i];
  return h;
}

static gboolean
place_equal (gconstpointer a, gconstpointer b)
{
  const GroupPlace *x = a, *y = b;

  return x->partition == y->partition && stoker_str_equal (x->topic, y->topic);
}

GroupPlaces *
cli_places_new (Cluster *c)
{
  GroupPlaces *p = g_new0 (GroupPlaces, 1);

  p->arena = cluster_arena (c);
  p->list = g_ptr_array_new ();
  p->index = g_hash_table_new (place_hash, place_equal);
  return p;
}

void
cli_places_free (GroupPlaces *p)
{
  g_ptr_array_free (p->list, TRUE);
  g_hash_table_destroy (p->index);
  g_free (p);
}

GroupPlace *
cli_places_get (GroupPlaces *p, StokerStr topic, int32_t partition)
{
  GroupPlace key = { .topic = topic, .partition = partition };
  GroupPlace *x = g_hash_table_lookup (p->index, &key);

  if (x)
    return x;
  x = stoker_arena_calloc (p->arena, 1, sizeof *x);
  *x = (GroupPlace){ .topic = topic, .partition = partition, .committed = -1, .start = -1, .end = -1, .found = -1, .new = -1 };
  g_ptr_array_add (p->list, x);
  g_hash_table_add (p->index, x);
  return x;
}

/* ---- as people write them */

/* Calls each partition of "0,2,5-7"; false: that is no such list. */
static bool
read_list (const char *text, GroupPlaces *p, StokerStr topic)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  int64_t left = MAX_NAMED;

  for (char **s = parts; *s; s++) {
    char *dash = strchr (*s, '-');
    int64_t from, to;
    if (dash)
      *dash++ = '\0';
    if (!g_ascii_isdigit (**s) || !cli_number (*s, &from) || (dash && (!g_ascii_isdigit (*dash) || !cli_number (dash, &to))))
      return false;
    to = dash ? to : from;
    if (from < 0 || to < from || to > INT32_MAX || to - from >= left)
      return false;
    left -= to - from + 1;
    for (; p && from <= to; from++)
      cli_places_get (p, topic, (int32_t)from);
  }
  return parts[0] != NULL;
}

bool
cli_places_spelt (const char *text)
{
  const char *colon = strchr (text, ':');

  return colon == NULL || (colon > text && read_list (colon + 1, NULL, STOKER_STR_NULL));
}

int
cli_places_add (GroupPlaces *p, Cluster *c, const char *text, StokerError *err)
{
  const char *colon = strchr (text, ':');
  KmMetadataResponse m;
  int16_t code;

  if (colon) {
    (void)read_list (colon + 1, p, stoker_arena_str (p->arena, (StokerStr){ text, (size_t)(colon - text) }));
    return 0;
  }
  if (cluster_metadata (c, &text, 1, &m, err))
    return -1;
  code = m.n_topics == 1 ? m.topics[0].error_code : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  if (code)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s: %s", text, stoker_code_name (code));
  for (int32_t i = 0; i < m.topics[0].n_partitions; i++)
    cli_places_get (p, m.topics[0].name, m.topics[0].partitions[i].partition_index);
  return 0;
}

/* ---- what the brokers say of them */

int
cli_places_committed (GroupPlaces *p, const Group *g, bool add, StokerError *err)
{
  KmOffsetFetchRequest in;
  KmOffsetFetchResponse out;

  km_offset_fetch_request_init (&in);
  in.group_id = g->id;
  in.n_topics = -1;
  if (client_call (g->coordinator, &client_api_offset_fetch, &in, &out, err))
    return -1;
  if (out.error_code)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "the offsets of group %.*s: %s", (int)g->id.len, g->id.data,
                             stoker_code_name (out.error_code));
  for (int32_t i = 0; i < out.n_topics; i++)
    for (int32_t j = 0; j < out.topics[i].n_partitions; j++) {
      const KmOffsetFetchResponseTopicsPartitions *from = &out.topics[i].partitions[j];
      GroupPlace key = { .topic = out.topics[i].name, .partition = from->partition_index };
      GroupPlace *x = g_hash_table_lookup (p->index, &key);
      if (x == NULL && !add)
        continue;
      x = x ? x : cli_places_get (p, key.topic, key.partition);
      x->committed = from->error_code ? -1 : from->committed_offset;
      x->metadata = from->metadata;
    }
  return 0;
}

static void
take (GroupPlaces *p, const KmMetadataResponseTopics *t, int64_t timestamp, const int64_t *offsets, const int16_t *codes)
{
  for (int32_t i = 0; i < t->n_partitions; i++) {
    GroupPlace key = { .topic = t->name, .partition = i }, *x = g_hash_table_lookup (p->index, &key);
    if (x == NULL)
      continue;
    x->code = codes[i];
    *(timestamp == -2 ? &x->start : timestamp == -1 ? &x->end : &x->found) = offsets[i];
  }
}

int
cli_places_log (GroupPlaces *p, Cluster *c, int64_t timestamp, StokerError *err)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  KmMetadataResponse m;

  for (guint i = 0; i < p->list->len; i++) {
    GroupPlace *x = cli_place_at (p, i);
    char *name = g_strndup (x->topic.data, x->topic.len);
    x->code = STOKER_UNKNOWN_TOPIC_OR_PARTITION;
    if (g_hash_table_contains (seen, name)) {
      g_free (name);
      continue;
    }
    g_hash_table_add (seen, name);
    g_ptr_array_add (names, name);
  }
  if (names->len == 0)
    return 0;
  if (cluster_metadata (c, (const char *const *)names->pdata, (int32_t)names->len, &m, err))
    return -1;
  for (int32_t i = 0; i < m.n_topics; i++) {
    const KmMetadataResponseTopics *t = &m.topics[i];
    g_autofree int64_t *offsets = g_new (int64_t, MAX (t->n_partitions, 1));
    g_autofree int16_t *codes = g_new0 (int16_t, MAX (t->n_partitions, 1));
    if (t->error_code)
      continue;
    if (cluster_list_offsets (c, t, timestamp, offsets, codes, err))
      return -1;
    take (p, t, timestamp, offsets, codes);
  }
  return 0;
}

static int
by_place (const void *a, const void *b)
{
  const GroupPlace *x = *(GroupPlace *const *)a, *y = *(GroupPlace *const *)b;
  int c = memcmp (x->topic.data, y->topic.data, MIN (x->topic.len, y->topic.len));

  if (c == 0)
    c = (x->topic.len > y->topic.len) - (x->topic.len < y->topic.len);
  return c ? c : (x->partition > y->partition) - (x->partition < y->partition);
}

void
cli_places_sort (GroupPlaces *p)
{
  if (p->list->len)
    qsort (p->list->pdata, p->list->len, sizeof (gpointer), by_place);
}

static int
by_number (const void *a, const void *b)
{
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

  return (x > y) - (x < y);
}

char *
cli_partition_ranges (const int32_t *v, int32_t n)
{
  GString *s = g_string_new (NULL);
  g_autofree int32_t *sorted = g_memdup2 (v, (gsize)MAX (n, 0) * sizeof *v);

  if (n > 0)
    qsort (sorted, (size_t)n, sizeof *sorted, by_number);
  for (int32_t i = 0, last; i < n; i = last + 1) {
    for (last = i; last + 1 < n && (int64_t)sorted[last + 1] - sorted[last] <= 1;)
      last++;
    g_string_append_printf (s, "%s%d", i ? "," : "", sorted[i]);
    if (sorted[last] != sorted[i])
      g_string_append_printf (s, "-%d", sorted[last]);
  }
  return g_string_free (s, FALSE);
}
