/* SPDX-License-Identifier: Apache-2.0
 *
 * A group with its members, what they are assigned or why they wait, what is committed, and how far that lies behind.
 */
#include "cli/cli.h"
#include "cli/group.h"
#include "cli/out.h"

#include <stdio.h>

typedef struct Describe
{
  CliCommon common;
  bool members, offsets, state; /* none: all */
  CliJson j;
} Describe;

static void
number (CliTable *t, int64_t n)
{
  if (n < 0)
    cli_table_cell (t, "-");
  else
    cli_table_cell (t, "%" G_GINT64_FORMAT, n);
}

static int64_t
lag_of (const GroupPlace *x)
{
  return x->committed >= 0 && x->end >= 0 ? MAX (x->end - x->committed, 0) : -1;
}

/* ---- for people */

static void
print_offsets (const GroupPlaces *places)
{
  CliTable *t = cli_table_new (
      (const char *const[]){ "TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER", "CLIENT", "HOST", NULL });

  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    cli_table_str (t, x->topic);
    cli_table_cell (t, "%d", x->partition);
    number (t, x->committed);
    number (t, x->end);
    number (t, lag_of (x));
    cli_table_str (t, x->owner ? x->owner->id : STOKER_STR_NULL);
    cli_table_str (t, x->owner ? x->owner->client : STOKER_STR_NULL);
    cli_table_str (t, x->owner ? x->owner->host : STOKER_STR_NULL);
  }
  cli_table_print (t);
}

/* As `stoker group reset-offsets` takes it: "orders:0-2,5 audit:1". */
static void
assignment_cell (CliTable *t, const Group *g, const GroupMember *m)
{
  g_autoptr (GString) s = g_string_new (NULL);

  for (int32_t i = 0; i < m->assignment.n_assigned_partitions; i++) {
    const KmConsumerProtocolAssignmentAssignedPartitions *a = &m->assignment.assigned_partitions[i];
    g_autofree char *list = cli_partition_ranges (a->partitions, a->n_partitions);
    g_autofree char *topic = g_utf8_make_valid (a->topic.data, (gssize)a->topic.len);
    if (a->n_partitions > 0)
      g_string_append_printf (s, "%s%s:%s", s->len ? " " : "", topic, list);
  }
  if (s->len)
    cli_table_cell (t, "%s", s->str);
  else if (m->waits)
    cli_table_cell (t, "waits");
  else if (!g->consumers || (!m->readable && m->bytes))
    cli_table_cell (t, "%zu bytes of %.*s", m->bytes, g->type.len ? (int)g->type.len : 15,
                    g->type.len ? g->type.data : "an unknown type");
  else
    cli_table_cell (t, "-");
}

/* Members that wait for one reason are told of together. */
static void
print_waiting (const Group *g)
{
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  for (int32_t i = 0; i < g->n_members; i++) {
    const char *why = g->members[i].waits;
    int32_t n = 0;
    if (why == NULL || !g_hash_table_add (told, (void *)why))
      continue;
    for (int32_t k = i; k < g->n_members; k++)
      n += g_strcmp0 (g->members[k].waits, why) == 0;
    printf ("\n%d member%s without a partition: %s\n", n, n == 1 ? " waits" : "s wait", why);
  }
  if (stoker_str_is (g->state, "PreparingRebalance") || stoker_str_is (g->state, "CompletingRebalance"))
    printf ("\nThe group is being shared out anew; what each member gets is known when it is Stable.\n");
}

static void
print_members (const Group *g)
{
  CliTable *t = cli_table_new ((const char *const[]){ "MEMBER", "INSTANCE", "CLIENT", "HOST", "ASSIGNMENT", NULL });

  for (int32_t i = 0; i < g->n_members; i++) {
    const GroupMember *m = &g->members[i];
    cli_table_str (t, m->id);
    cli_table_str (t, m->instance);
    cli_table_str (t, m->client);
    cli_table_str (t, m->host);
    assignment_cell (t, g, m);
  }
  cli_table_print (t);
  print_waiting (g);
}

static void
print_text (const Describe *d, const Group *g, const GroupPlaces *places)
{
  g_autofree char *at = client_address (g->coordinator);

  printf ("Group %.*s  state %.*s  protocol %.*s/%.*s  members %d  coordinator %s\n", (int)g->id.len, g->id.data, (int)g->state.len,
          g->state.data, (int)g->type.len, g->type.data ? g->type.data : "", (int)g->protocol.len,
          g->protocol.data ? g->protocol.data : "", g->n_members, at);
  if (d->offsets)
    print_offsets (places);
  if (d->offsets && d->members)
    printf ("\n");
  if (d->members)
    print_members (g);
}

/* ---- for programs */

static void
json_member (CliJson *j, const GroupMember *m)
{
  cli_json_begin (j, NULL, '{');
  cli_json_str (j, "member", m->id);
  cli_json_str (j, "instance", m->instance);
  cli_json_str (j, "client", m->client);
  cli_json_str (j, "host", m->host);
  if (m->readable) {
    cli_json_begin (j, "assignment", '[');
    for (int32_t i = 0; i < m->assignment.n_assigned_partitions; i++) {
      const KmConsumerProtocolAssignmentAssignedPartitions *a = &m->assignment.assigned_partitions[i];
      cli_json_begin (j, NULL, '{');
      cli_json_str (j, "topic", a->topic);
      cli_json_ints (j, "partitions", a->partitions, a->n_partitions);
      cli_json_end (j, '}');
    }
    cli_json_end (j, ']');
  } else {
    cli_json_null (j, "assignment");
  }
  cli_json_int (j, "assignment_bytes", (int64_t)m->bytes);
  cli_json_str (j, "waits", m->waits ? stoker_str (m->waits) : STOKER_STR_NULL);
  cli_json_end (j, '}');
}

static void
json_offset (CliJson *j, const GroupPlace *x)
{
  cli_json_begin (j, NULL, '{');
  cli_json_str (j, "topic", x->topic);
  cli_json_int (j, "partition", x->partition);
  cli_json_int (j, "committed", x->committed);
  cli_json_str (j, "metadata", x->metadata);
  cli_json_int (j, "end", x->end);
  if (lag_of (x) >= 0)
    cli_json_int (j, "lag", lag_of (x));
  else
    cli_json_null (j, "lag");
  cli_json_str (j, "member", x->owner ? x->owner->id : STOKER_STR_NULL);
  cli_json_str (j, "client", x->owner ? x->owner->client : STOKER_STR_NULL);
  cli_json_str (j, "host", x->owner ? x->owner->host : STOKER_STR_NULL);
  cli_json_end (j, '}');
}

static void
print_json (Describe *d, const Group *g, const GroupPlaces *places)
{
  CliJson *j = &d->j;
  g_autofree char *at = client_address (g->coordinator);

  cli_json_begin (j, NULL, '{');
  cli_json_str (j, "group", g->id);
  cli_json_str (j, "state", g->state);
  cli_json_str (j, "protocol_type", g->type);
  cli_json_str (j, "protocol", g->protocol);
  cli_json_text (j, "coordinator", at);
  cli_json_int (j, "member_count", g->n_members);
  if (d->members) {
    cli_json_begin (j, "members", '[');
    for (int32_t i = 0; i < g->n_members; i++)
      json_member (j, &g->members[i]);
    cli_json_end (j, ']');
  }
  if (d->offsets) {
    cli_json_begin (j, "partitions", '[');
    for (guint i = 0; i < places->list->len; i++)
      json_offset (j, cli_place_at (places, i));
    cli_json_end (j, ']');
  }
  cli_json_end (j, '}');
}

/* ---- the command */

static void
add_owners (GroupPlaces *places, const Group *g)
{
  for (int32_t i = 0; i < g->n_members; i++) {
    const KmConsumerProtocolAssignment *a = &g->members[i].assignment;
    for (int32_t t = 0; t < a->n_assigned_partitions; t++)
      for (int32_t p = 0; p < a->assigned_partitions[t].n_partitions; p++)
        cli_places_get (places, a->assigned_partitions[t].topic, a->assigned_partitions[t].partitions[p])->owner = &g->members[i];
  }
}

/* 0; 1 there is no such group; -1 with *err */
static int
describe_one (Describe *d, Cluster *cluster, const char *name, StokerError *err)
{
  g_autoptr (GroupPlaces) places = cli_places_new (cluster);
  Group g;

  if (cli_group_load (cluster, name, &g, err))
    return -1;
  if (d->members && cli_group_explain (cluster, &g, err))
    return -1;
  add_owners (places, &g);
  if (cli_places_committed (places, &g, true, err) || (d->offsets && cli_places_log (places, cluster, -1, err)))
    return -1;
  if (stoker_str_is (g.state, "Dead") && places->list->len == 0)
    return 1;
  cli_places_sort (places);
  if (d->common.json)
    print_json (d, &g, places);
  else
    print_text (d, &g, places);
  return 0;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Describe d = { .common = { .no_settings = true } };
  CliOpt opts[] = {
    { "members", 0, CLI_FLAG, &d.members, NULL, "only the members: what each has, who waits and why" },
    { "offsets", 0, CLI_FLAG, &d.offsets, NULL, "only the partitions: committed offset, end, lag, who reads" },
    { "state", 0, CLI_FLAG, &d.state, NULL, "only the first line: state, protocol, number of members, coordinator" },
  };
  int rc = cli_parse (c, &d.common, opts, G_N_ELEMENTS (opts), argc, argv, names);
  Cluster *cluster;
  StokerError err;

  if (rc != CLI_GO_ON)
    return rc;
  if (names->len == 0)
    return cli_usage (c, "which group?");
  if (!d.members && !d.offsets && !d.state)
    d.members = d.offsets = true;
  cluster = cluster_open (d.common.bootstrap, (int)d.common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = CLI_OK;
  cli_json_begin (&d.j, NULL, '[');
  for (guint i = 0; i < names->len; i++) {
    int there = describe_one (&d, cluster, names->pdata[i], &err);
    if (there)
      rc = there > 0 ? cli_failed ("there is no group %s", (char *)names->pdata[i]) : cli_failed ("%s", err.text);
    else if (!d.common.json && i + 1 < names->len)
      printf ("\n");
  }
  cli_json_end (&d.j, ']');
  if (d.common.json)
    cli_json_print (&d.j);
  else
    g_string_free (d.j.out, TRUE);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_group_describe = {
  "group",
  "describe",
  "GROUP..",
  "Show groups: members, assignment, who waits and why, committed offsets, lag.",
  "  stoker group describe billing\n"
  "  stoker group describe billing --members               # who has what, who waits and why\n"
  "  stoker group describe billing --json | jq '[.[0].partitions[].lag] | add'\n",
  run,
};
