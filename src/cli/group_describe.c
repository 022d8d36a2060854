/* SPDX-License-Identifier: Apache-2.0
 *
 * A group with its members, what they are assigned, what is committed, and how far that lies behind.
 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/out.h"

#include <stdio.h>
#include <stdlib.h>

CLIENT_API (describe_groups, DescribeGroups, 15, 5);
CLIENT_API (offset_fetch, OffsetFetch, 9, 7);

typedef struct Row
{
  StokerStr topic;
  int32_t partition;
  int64_t committed, end; /* -1: none, not known */
  StokerStr metadata;
  const KmDescribeGroupsResponseGroupsMembers *owner;
} Row;

static Row *
row_of (GArray *rows, StokerStr topic, int32_t partition)
{
  Row new = { topic, partition, -1, -1, STOKER_STR_NULL, NULL };

  for (guint i = 0; i < rows->len; i++) {
    Row *r = &g_array_index (rows, Row, i);
    if (r->partition == partition && stoker_str_equal (r->topic, topic))
      return r;
  }
  g_array_append_val (rows, new);
  return &g_array_index (rows, Row, rows->len - 1);
}

static void
add_assigned (GArray *rows, const KmDescribeGroupsResponseGroupsMembers *m, StokerArena *arena)
{
  KmConsumerProtocolAssignment a;
  KmReader r;
  int16_t version;

  km_reader_init (&r, m->member_assignment.data, m->member_assignment.len);
  version = km_r_i16 (&r);
  if (r.error || version < 0 || km_consumer_protocol_assignment_decode (&r, MIN (version, (int16_t)3), arena, &a))
    return;
  for (int32_t i = 0; i < a.n_assigned_partitions; i++)
    for (int32_t j = 0; j < a.assigned_partitions[i].n_partitions; j++)
      row_of (rows, a.assigned_partitions[i].topic, a.assigned_partitions[i].partitions[j])->owner = m;
}

static int
add_committed (GArray *rows, Client *cl, const char *group, StokerError *err)
{
  KmOffsetFetchRequest in;
  KmOffsetFetchResponse out;

  km_offset_fetch_request_init (&in);
  in.group_id = stoker_str (group);
  in.n_topics = -1;
  if (client_call (cl, &client_api_offset_fetch, &in, &out, err))
    return -1;
  if (out.error_code)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "the offsets of group %s: %s", group,
                             stoker_code_name (out.error_code));
  for (int32_t i = 0; i < out.n_topics; i++)
    for (int32_t j = 0; j < out.topics[i].n_partitions; j++) {
      const KmOffsetFetchResponseTopicsPartitions *p = &out.topics[i].partitions[j];
      Row *r = row_of (rows, out.topics[i].name, p->partition_index);
      r->committed = p->committed_offset;
      r->metadata = p->metadata;
    }
  return 0;
}

/* Topics that are gone have no end. */
static int
add_ends (GArray *rows, Cluster *cluster, StokerError *err)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  KmMetadataResponse m;

  for (guint i = 0; i < rows->len; i++) {
    const Row *r = &g_array_index (rows, Row, i);
    char *name = g_strndup (r->topic.data, r->topic.len);
    if (g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      g_free (name);
    else
      g_ptr_array_add (names, name);
  }
  if (names->len == 0)
    return 0;
  if (cluster_metadata (cluster, (const char *const *)names->pdata, (int32_t)names->len, &m, err))
    return -1;
  for (int32_t i = 0; i < m.n_topics; i++) {
    const KmMetadataResponseTopics *t = &m.topics[i];
    g_autofree int64_t *ends = g_new (int64_t, MAX (t->n_partitions, 1));
    if (t->error_code)
      continue;
    if (cluster_list_offsets (cluster, t, -1, ends, NULL, err))
      return -1;
    for (guint k = 0; k < rows->len; k++) {
      Row *r = &g_array_index (rows, Row, k);
      if (r->partition >= 0 && r->partition < t->n_partitions && stoker_str_equal (r->topic, t->name))
        r->end = ends[r->partition];
    }
  }
  return 0;
}

static int
by_place (const void *a, const void *b)
{
  const Row *x = a, *y = b;
  int c = memcmp (x->topic.data, y->topic.data, MIN (x->topic.len, y->topic.len));

  if (c == 0)
    c = (x->topic.len > y->topic.len) - (x->topic.len < y->topic.len);
  return c ? c : (x->partition > y->partition) - (x->partition < y->partition);
}

static void
number (CliTable *t, int64_t n)
{
  if (n < 0)
    cli_table_cell (t, "-");
  else
    cli_table_cell (t, "%" G_GINT64_FORMAT, n);
}

static void
print_text (const KmDescribeGroupsResponseGroups *g, const GArray *rows)
{
  CliTable *t = cli_table_new (
      (const char *const[]){ "TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER", "HOST", NULL });
  CliTable *members = cli_table_new ((const char *const[]){ "MEMBER", "INSTANCE", "CLIENT", "HOST", NULL });

  printf ("Group %.*s  state %.*s  protocol %.*s/%.*s  members %d\n", (int)g->group_id.len, g->group_id.data,
          (int)g->group_state.len, g->group_state.data, (int)g->protocol_type.len, g->protocol_type.data,
          (int)g->protocol_data.len, g->protocol_data.data, g->n_members);
  for (guint i = 0; i < rows->len; i++) {
    const Row *r = &g_array_index (rows, Row, i);
    cli_table_str (t, r->topic);
    cli_table_cell (t, "%d", r->partition);
    number (t, r->committed);
    number (t, r->end);
    number (t, r->committed >= 0 && r->end >= 0 ? MAX (r->end - r->committed, 0) : -1);
    cli_table_str (t, r->owner ? r->owner->member_id : STOKER_STR_NULL);
    cli_table_str (t, r->owner ? r->owner->client_host : STOKER_STR_NULL);
  }
  cli_table_print (t);
  for (int32_t i = 0; i < g->n_members; i++) {
    cli_table_str (members, g->members[i].member_id);
    cli_table_str (members, g->members[i].group_instance_id);
    cli_table_str (members, g->members[i].client_id);
    cli_table_str (members, g->members[i].client_host);
  }
  printf ("\n");
  cli_table_print (members);
}

static void
print_json (CliJson *j, const KmDescribeGroupsResponseGroups *g, const GArray *rows)
{
  cli_json_begin (j, NULL, '{');
  cli_json_str (j, "group", g->group_id);
  cli_json_str (j, "state", g->group_state);
  cli_json_str (j, "protocol_type", g->protocol_type);
  cli_json_str (j, "protocol", g->protocol_data);
  cli_json_begin (j, "members", '[');
  for (int32_t i = 0; i < g->n_members; i++) {
    const KmDescribeGroupsResponseGroupsMembers *m = &g->members[i];
    cli_json_begin (j, NULL, '{');
    cli_json_str (j, "member", m->member_id);
    cli_json_str (j, "instance", m->group_instance_id);
    cli_json_str (j, "client", m->client_id);
    cli_json_str (j, "host", m->client_host);
    cli_json_end (j, '}');
  }
  cli_json_end (j, ']');
  cli_json_begin (j, "partitions", '[');
  for (guint i = 0; i < rows->len; i++) {
    const Row *r = &g_array_index (rows, Row, i);
    cli_json_begin (j, NULL, '{');
    cli_json_str (j, "topic", r->topic);
    cli_json_int (j, "partition", r->partition);
    cli_json_int (j, "committed", r->committed);
    cli_json_str (j, "metadata", r->metadata);
    cli_json_int (j, "end", r->end);
    if (r->committed >= 0 && r->end >= 0)
      cli_json_int (j, "lag", MAX (r->end - r->committed, 0));
    else
      cli_json_null (j, "lag");
    cli_json_str (j, "member", r->owner ? r->owner->member_id : STOKER_STR_NULL);
    cli_json_end (j, '}');
  }
  cli_json_end (j, ']');
  cli_json_end (j, '}');
}

/* 0; 1 there is no such group; -1 with *err */
static int
describe_one (Cluster *cluster, const char *group, CliJson *j, bool json, StokerError *err)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));
  Client *cl = cluster_coordinator (cluster, group, err);
  StokerStr name = stoker_str (group);
  KmDescribeGroupsRequest in;
  KmDescribeGroupsResponse out;
  const KmDescribeGroupsResponseGroups *g;

  if (cl == NULL)
    return -1;
  km_describe_groups_request_init (&in);
  in.groups = &name;
  in.n_groups = 1;
  if (client_call (cl, &client_api_describe_groups, &in, &out, err))
    return -1;
  if (out.n_groups != 1 || out.groups[0].error_code)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "group %s: %s", group,
                             out.n_groups == 1 ? stoker_code_name (out.groups[0].error_code) : "no answer");
  g = &out.groups[0];
  for (int32_t i = 0; i < g->n_members; i++)
    if (stoker_str_is (g->protocol_type, "consumer"))
      add_assigned (rows, &g->members[i], cluster_arena (cluster));
  if (add_committed (rows, cl, group, err) || add_ends (rows, cluster, err))
    return -1;
  if (stoker_str_is (g->group_state, "Dead") && rows->len == 0)
    return 1;
  if (rows->len)
    qsort (rows->data, rows->len, sizeof (Row), by_place);
  if (json)
    print_json (j, g, rows);
  else
    print_text (g, rows);
  return 0;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  CliCommon common = { .no_settings = true };
  int rc = cli_parse (c, &common, NULL, 0, argc, argv, names);
  Cluster *cluster;
  StokerError err;
  CliJson j = { 0 };

  if (rc != CLI_GO_ON)
    return rc;
  if (names->len == 0)
    return cli_usage (c, "which group?");
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = CLI_OK;
  cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < names->len; i++) {
    int there = describe_one (cluster, names->pdata[i], &j, common.json, &err);
    if (there)
      rc = there > 0 ? cli_failed ("there is no group %s", (char *)names->pdata[i]) : cli_failed ("%s", err.text);
    else if (!common.json && i + 1 < names->len)
      printf ("\n");
  }
  cli_json_end (&j, ']');
  if (common.json)
    cli_json_print (&j);
  else
    g_string_free (j.out, TRUE);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_group_describe = {
  "group",
  "describe",
  "GROUP..",
  "Show groups: members, assignment, committed offsets, lag.",
  "  stoker group describe billing\n"
  "  stoker group describe billing --json | jq '[.[0].partitions[].lag] | add'\n",
  run,
};
