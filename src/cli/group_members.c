/* SPDX-License-Identifier: Apache-2.0
 *
 * A group as its coordinator describes it, and why a member of it has no partition.
 */
#include "cli/group.h"

#include "cli/out.h"

#include <string.h>

CLIENT_API (describe_groups, DescribeGroups, 15, 5);

/* Versions above the known ones only add to the end. */
static bool
begin (KmReader *r, StokerBytes b, int16_t *version)
{
  km_reader_init (r, b.data, b.len);
  *version = km_r_i16 (r);
  if (r->error || *version < 0)
    return false;
  *version = MIN (*version, (int16_t)3);
  return true;
}

static void
read_bytes (GroupMember *m, const KmDescribeGroupsResponseGroupsMembers *from, StokerArena *arena)
{
  KmReader r;
  int16_t version;

  m->subscribed = begin (&r, from->member_metadata, &version)
                  && km_consumer_protocol_subscription_decode (&r, version, arena, &m->subscription) == 0;
  /* A leader may give a member no bytes at all: that is nothing. */
  m->readable = from->member_assignment.len == 0
                || (begin (&r, from->member_assignment, &version)
                    && km_consumer_protocol_assignment_decode (&r, version, arena, &m->assignment) == 0);
  if (!m->readable)
    m->assignment = (KmConsumerProtocolAssignment){ .n_assigned_partitions = 0 };
  for (int32_t i = 0; i < m->assignment.n_assigned_partitions; i++)
    m->n_assigned += MAX (m->assignment.assigned_partitions[i].n_partitions, 0);
}

static void
take (Group *out, const KmDescribeGroupsResponseGroups *g, StokerArena *arena)
{
  bool stable = stoker_str_is (g->group_state, "Stable");

  out->state = g->group_state;
  out->type = g->protocol_type;
  out->protocol = g->protocol_data;
  out->consumers = stoker_str_is (g->protocol_type, "consumer");
  out->n_members = g->n_members;
  out->members = stoker_arena_calloc (arena, (size_t)MAX (g->n_members, 0), sizeof *out->members);
  for (int32_t i = 0; i < g->n_members; i++) {
    const KmDescribeGroupsResponseGroupsMembers *from = &g->members[i];
    GroupMember *m = &out->members[i];
    m->id = from->member_id;
    m->instance = from->group_instance_id;
    m->client = from->client_id;
    m->host = from->client_host;
    m->bytes = from->member_assignment.len;
    if (out->consumers && stable)
      read_bytes (m, from, arena);
  }
}

int
cli_group_load (Cluster *c, const char *name, Group *out, StokerError *err)
{
  KmDescribeGroupsRequest in;
  KmDescribeGroupsResponse answer;
  int16_t code;

  *out = (Group){ .id = stoker_str (name), .coordinator = cluster_coordinator (c, name, err) };
  if (out->coordinator == NULL)
    return -1;
  km_describe_groups_request_init (&in);
  in.groups = &out->id;
  in.n_groups = 1;
  if (client_call (out->coordinator, &client_api_describe_groups, &in, &answer, err))
    return -1;
  if (answer.n_groups != 1)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "group %s: no answer", name);
  code = answer.groups[0].error_code;
  if (code == STOKER_GROUP_ID_NOT_FOUND) {
    out->state = stoker_str ("Dead");
    return 0;
  }
  if (code)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "group %s: %s", name, stoker_code_name (code));
  take (out, &answer.groups[0], cluster_arena (c));
  return 0;
}

char *
cli_group_trouble (const char *group, int16_t code)
{
  const char *name = stoker_code_name (code);

  switch (code) {
  case STOKER_GROUP_ID_NOT_FOUND:
    return g_strdup_printf ("there is no group %s (%s)", group, name);
  case STOKER_NON_EMPTY_GROUP:
    return g_strdup_printf ("group %s has members; stop them first (%s)", group, name);
  case STOKER_GROUP_SUBSCRIBED_TO_TOPIC:
    return g_strdup_printf ("members of group %s read this topic; stop them first (%s)", group, name);
  case STOKER_UNKNOWN_MEMBER_ID:
  case STOKER_ILLEGAL_GENERATION:
  case STOKER_REBALANCE_IN_PROGRESS:
    return g_strdup_printf ("group %s has got members meanwhile; only they may commit (%s)", group, name);
  default:
    return g_strdup (name);
  }
}

/* ---- why a member waits */

typedef struct Counts
{
  const Group *group;
  GHashTable *partitions; /* topic name -> how many + 1; what does not exist is not in it */
  GHashTable *known;      /* names of a subscription -> text */
} Counts;

static char *
key_of (const KmConsumerProtocolSubscription *s)
{
  GString *k = g_string_new (NULL);

  for (int32_t i = 0; i < s->n_topics; i++)
    g_string_append_printf (k, "%s%.*s", i ? ", " : "", (int)s->topics[i].len, s->topics[i].data);
  return g_string_free (k, FALSE);
}

static int32_t
partitions_of (const Counts *c, StokerStr topic)
{
  g_autofree char *name = g_strndup (topic.data, topic.len);

  return GPOINTER_TO_INT (g_hash_table_lookup (c->partitions, name)) - 1;
}

/* How many members subscribe to one of these topics. */
static int32_t
sharers (const Group *g, const KmConsumerProtocolSubscription *s)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  int32_t n = 0;

  for (int32_t i = 0; i < s->n_topics; i++)
    g_hash_table_add (names, g_strndup (s->topics[i].data, s->topics[i].len));
  for (int32_t i = 0; i < g->n_members; i++) {
    const GroupMember *m = &g->members[i];
    bool one = false;
    for (int32_t j = 0; m->subscribed && j < m->subscription.n_topics && !one; j++) {
      g_autofree char *name = g_strndup (m->subscription.topics[j].data, m->subscription.topics[j].len);
      one = g_hash_table_contains (names, name);
    }
    n += one;
  }
  return n;
}

static StokerStr
reason (const Counts *c, const KmConsumerProtocolSubscription *s, const char *topics, StokerArena *arena)
{
  int32_t members = sharers (c->group, s), there = 0, most = 0;
  int64_t all = 0;
  StokerStr strategy = c->group->protocol;

  for (int32_t i = 0; i < s->n_topics; i++) {
    int32_t n = partitions_of (c, s->topics[i]);
    there += n >= 0;
    all += MAX (n, 0);
    most = MAX (most, n);
  }
  if (s->n_topics == 0)
    return stoker_arena_printf (arena, "it subscribes to no topic");
  if (there == 0)
    return stoker_arena_printf (arena, "there is no topic %.200s", topics);
  if (members > all)
    return stoker_arena_printf (arena, "more consumers than partitions: %d share the %d partition%s of %.200s", members, (int)all,
                                cli_s ((uint64_t)all), topics);
  if (stoker_str_is (strategy, "range") && members > most)
    return stoker_arena_printf (arena,
                                "more consumers than partitions of a topic: %d share %.200s, none of which has more than %d, and range "
                                "divides each topic by itself (roundrobin or sticky divide them together)",
                                members, topics, most);
  return stoker_arena_printf (arena, "strategy %.*s gave it none of the %d partition%s of %.200s%s", (int)strategy.len, strategy.data,
                              (int)all, cli_s ((uint64_t)all), topics,
                              stoker_str_is (strategy, "cooperative-sticky") ? " yet; others give theirs back first" : "");
}

static const char *
explain (Counts *c, const GroupMember *m, StokerArena *arena)
{
  char *key;
  const char *text;

  if (!m->subscribed)
    return "what it subscribes to cannot be read";
  key = key_of (&m->subscription);
  text = g_hash_table_lookup (c->known, key);
  if (text) {
    g_free (key);
    return text;
  }
  text = reason (c, &m->subscription, key, arena).data;
  g_hash_table_insert (c->known, key, (void *)text);
  return text;
}

static bool
is_waiting (const GroupMember *m)
{
  return m->readable && m->n_assigned == 0;
}

static int
count_partitions (Cluster *c, Counts *counts, StokerError *err)
{
  const Group *g = counts->group;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  KmMetadataResponse meta;

  for (int32_t i = 0; i < g->n_members; i++)
    for (int32_t j = 0; is_waiting (&g->members[i]) && j < g->members[i].subscription.n_topics; j++) {
      StokerStr t = g->members[i].subscription.topics[j];
      char *name = g_strndup (t.data, t.len);
      if (g_hash_table_insert (counts->partitions, name, NULL)) /* frees the name where it is there already */
        g_ptr_array_add (names, name);
    }
  if (names->len == 0)
    return 0;
  if (cluster_metadata (c, (const char *const *)names->pdata, (int32_t)names->len, &meta, err))
    return -1;
  for (int32_t i = 0; i < meta.n_topics; i++)
    if (meta.topics[i].error_code == 0 && meta.topics[i].name.data)
      g_hash_table_replace (counts->partitions, g_strndup (meta.topics[i].name.data, meta.topics[i].name.len),
                            GINT_TO_POINTER (meta.topics[i].n_partitions + 1));
  return 0;
}

int
cli_group_explain (Cluster *c, Group *g, StokerError *err)
{
  g_autoptr (GHashTable) partitions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Counts counts = { g, partitions, known };

  if (count_partitions (c, &counts, err))
    return -1;
  for (int32_t i = 0; i < g->n_members; i++)
    if (is_waiting (&g->members[i]))
      g->members[i].waits = explain (&counts, &g->members[i], cluster_arena (c));
  return 0;
}

char *
cli_group_why (const char *bootstrap, int timeout_ms, const char *group, const char *member)
{
  StokerError err;
  Cluster *c = cluster_open (bootstrap, timeout_ms, &err);
  char *why = NULL;
  Group g;

  if (c && cli_group_load (c, group, &g, &err) == 0 && cli_group_explain (c, &g, &err) == 0)
    for (int32_t i = 0; i < g.n_members && why == NULL; i++)
      if (stoker_str_is (g.members[i].id, member))
        why = g_strdup (g.members[i].waits);
  cluster_free (c);
  return why;
}
