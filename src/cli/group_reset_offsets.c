/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker group reset-offsets: shows where a group would read on, and commits that when it is told to.
 */
#include "cli/cli.h"
#include "cli/group_reset.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>

CLIENT_API (offset_commit, OffsetCommit, 8, 8);

typedef struct Options
{
  CliCommon common;
  bool earliest, latest, current, execute, dry_run, export;
  int64_t offset, shift;
  const char *datetime, *duration, *file;
  Reset reset;
} Options;

/* ---- committing */

/* The places are sorted. code of each: what the coordinator says. */
static int
commit (const Group *g, GroupPlaces *places, StokerError *err)
{
  guint n = places->list->len;
  KmOffsetCommitRequestTopicsPartitions *parts = stoker_arena_calloc (places->arena, n, sizeof *parts);
  KmOffsetCommitRequest in;
  KmOffsetCommitResponse out;

  km_offset_commit_request_init (&in);
  in.group_id = g->id;
  in.topics = stoker_arena_calloc (places->arena, n, sizeof *in.topics);
  for (guint i = 0; i < n; i++) {
    GroupPlace *x = cli_place_at (places, i);
    if (i == 0 || !stoker_str_equal (x->topic, cli_place_at (places, i - 1)->topic))
      in.topics[in.n_topics++] = (KmOffsetCommitRequestTopics){ .name = x->topic, .partitions = &parts[i] };
    in.topics[in.n_topics - 1].n_partitions++;
    km_offset_commit_request_topics_partitions_init (&parts[i]);
    parts[i].partition_index = x->partition;
    parts[i].committed_offset = x->new;
    x->code = STOKER_UNKNOWN_SERVER_ERROR; /* until it is named in the answer */
  }
  if (client_call (g->coordinator, &client_api_offset_commit, &in, &out, err))
    return -1;
  for (int32_t i = 0; i < out.n_topics; i++)
    for (int32_t k = 0; k < out.topics[i].n_partitions; k++) {
      const KmOffsetCommitResponseTopicsPartitions *p = &out.topics[i].partitions[k];
      cli_places_get (places, out.topics[i].name, p->partition_index)->code = p->error_code;
    }
  return 0;
}

/* ---- what is printed */

static void
print_csv (const GroupPlaces *places)
{
  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    printf ("%.*s,%d,%" G_GINT64_FORMAT "\n", (int)x->topic.len, x->topic.data, x->partition, x->new);
  }
}

static void
print_table (const Options *o, const GroupPlaces *places)
{
  CliTable *t = cli_table_new ((const char *const[]){ "TOPIC", "PARTITION", "OLD", "NEW", NULL });

  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    cli_table_str (t, x->topic);
    cli_table_cell (t, "%d", x->partition);
    if (x->committed < 0)
      cli_table_cell (t, "-");
    else
      cli_table_cell (t, "%" G_GINT64_FORMAT, x->committed);
    cli_table_cell (t, "%" G_GINT64_FORMAT, x->new);
  }
  cli_table_print (t);
  if (!o->execute)
    printf ("\nA dry run: nothing was committed; --execute commits it.\n");
}

static void
print_json (const Options *o, const char *group, const GroupPlaces *places)
{
  CliJson j = { 0 };

  cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "group", group);
    cli_json_str (&j, "topic", x->topic);
    cli_json_int (&j, "partition", x->partition);
    cli_json_int (&j, "old", x->committed);
    cli_json_int (&j, "new", x->new);
    cli_json_int (&j, "start", x->start);
    cli_json_int (&j, "end", x->end);
    cli_json_str (&j, "note", x->note ? stoker_str (x->note) : STOKER_STR_NULL);
    cli_json_bool (&j, "committed", o->execute && x->code == 0);
    cli_json_end (&j, '}');
  }
  cli_json_end (&j, ']');
  cli_json_print (&j);
}

static void
print_notes (const GroupPlaces *places)
{
  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    if (x->note)
      fprintf (stderr, "stoker: %.*s [%d]: %s\n", (int)x->topic.len, x->topic.data, x->partition, x->note);
  }
}

/* ---- the command */

/* All or nothing: what cannot be decided on keeps the rest. */
static int
check (const GroupPlaces *places)
{
  int rc = CLI_OK;

  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    if (x->new < 0)
      rc = cli_failed ("%.*s [%d]: %s; nothing was committed", (int)x->topic.len, x->topic.data, x->partition,
                       x->note ? x->note : "no offset");
  }
  return rc;
}

static int
collect (const Options *o, const Group *g, Cluster *cluster, const GPtrArray *args, GroupPlaces *places, StokerError *err)
{
  bool all = args->len == 1 && !o->file;

  for (guint i = 1; i < args->len; i++)
    if (cli_places_add (places, cluster, args->pdata[i], err))
      return -1;
  if (cli_places_committed (places, g, all, err))
    return -1;
  if (places->list->len)
    return 0;
  if (stoker_str_is (g->state, "Dead"))
    return stoker_error_set (err, STOKER_ERROR_FAILED, "there is no group %s; one is made where topics are named",
                             (const char *)args->pdata[0]);
  return stoker_error_set (err, STOKER_ERROR_FAILED, "group %s has committed nothing; name the topics", (const char *)args->pdata[0]);
}

static int
execute (const Group *g, const char *name, GroupPlaces *places)
{
  int rc = CLI_OK;
  StokerError err;

  if (commit (g, places, &err))
    return cli_failed ("%s", err.text);
  for (guint i = 0; i < places->list->len; i++) {
    const GroupPlace *x = cli_place_at (places, i);
    g_autofree char *why = x->code ? cli_group_trouble (name, x->code) : NULL;
    if (why)
      rc = cli_failed ("%.*s [%d] was not committed: %s", (int)x->topic.len, x->topic.data, x->partition, why);
  }
  return rc;
}

static int
reset (const Options *o, Cluster *cluster, const GPtrArray *args, GroupPlaces *places)
{
  const char *name = args->pdata[0];
  StokerError err;
  Group g;
  int rc;

  if (cli_group_load (cluster, name, &g, &err))
    return cli_failed ("%s", err.text);
  if (g.n_members && o->execute)
    return cli_failed ("group %s has %d member%s, which would go on from where they are; stop them first (%.*s)", name, g.n_members,
                       cli_s ((uint64_t)g.n_members), (int)g.state.len, g.state.data);
  if (collect (o, &g, cluster, args, places, &err) || cli_reset_decide (&o->reset, places, cluster, &err))
    return cli_failed ("%s", err.text);
  cli_places_sort (places);
  rc = check (places);
  if (rc)
    return rc;
  if (!o->common.json)
    print_notes (places);
  if (g.n_members && !o->common.json)
    fprintf (stderr, "stoker: group %s has %d member%s now: --execute would be refused\n", name, g.n_members,
             cli_s ((uint64_t)g.n_members));
  if (o->execute)
    rc = execute (&g, name, places);
  if (o->export)
    print_csv (places);
  else if (o->common.json)
    print_json (o, name, places);
  else if (rc == CLI_OK)
    print_table (o, places);
  return rc;
}

/* Exactly one says where to. */
static int
read_target (const CliCommand *c, Options *o)
{
  int given = o->earliest + o->latest + o->current + (o->offset != CLI_NOT_GIVEN) + (o->shift != CLI_NOT_GIVEN) + !!o->datetime
              + !!o->duration + !!o->file;

  if (given != 1)
    return cli_usage (c, "%s one of --to-earliest, --to-latest, --to-current, --to-offset, --to-datetime, --by-duration, --shift-by and "
                         "--from-file", given ? "only" : "where to?");
  o->reset.to = o->earliest                   ? RESET_EARLIEST
                : o->latest                   ? RESET_LATEST
                : o->current                  ? RESET_CURRENT
                : o->offset != CLI_NOT_GIVEN  ? RESET_OFFSET
                : o->shift != CLI_NOT_GIVEN   ? RESET_SHIFT
                : o->file                     ? RESET_FILE
                                              : RESET_TIME;
  o->reset.n = o->reset.to == RESET_SHIFT ? o->shift : o->offset;
  if (o->reset.to == RESET_OFFSET && o->offset < 0)
    return cli_usage (c, "--to-offset must not be negative; --shift-by goes back");
  if (o->datetime && (!cli_time (o->datetime, &o->reset.ms) || o->reset.ms < 0))
    return cli_usage (c, "--to-datetime \"%s\" is no time: 2026-11-21T10:00:00Z, 1h (ago), or milliseconds since 1970", o->datetime);
  if (o->duration) {
    int64_t ms;
    if (!cli_reset_duration (o->duration, &ms))
      return cli_usage (c, "--by-duration \"%s\" is no duration: 90s, 30m, 1h, 7d, 1d12h, PT1H30M", o->duration);
    o->reset.ms = MAX (g_get_real_time () / 1000 - ms, 0);
  }
  return CLI_GO_ON;
}

static int
check_args (const CliCommand *c, const Options *o, const GPtrArray *args)
{
  if (args->len == 0)
    return cli_usage (c, "which group?");
  if (((const char *)args->pdata[0])[0] == '\0')
    return cli_usage (c, "the group has no name");
  for (guint i = 1; i < args->len; i++)
    if (!cli_places_spelt (args->pdata[i]))
      return cli_usage (c, "\"%s\" is not TOPIC or TOPIC:PARTITIONS, as in orders:0,2,5-7", (char *)args->pdata[i]);
  if (o->file && args->len > 1)
    return cli_usage (c, "the file of --from-file names the topics itself");
  if (o->execute && o->dry_run)
    return cli_usage (c, "--execute and --dry-run exclude each other");
  if (o->export && o->common.json)
    return cli_usage (c, "--export and --json exclude each other");
  return CLI_GO_ON;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  Options o = { .common = { .no_settings = true }, .offset = CLI_NOT_GIVEN, .shift = CLI_NOT_GIVEN };
  CliOpt opts[] = {
    { "to-earliest", 0, CLI_FLAG, &o.earliest, NULL, "to the first record there is" },
    { "to-latest", 0, CLI_FLAG, &o.latest, NULL, "to the end: only what comes from now on" },
    { "to-current", 0, CLI_FLAG, &o.current, NULL, "to what is committed (to the end where nothing is)" },
    { "to-offset", 0, CLI_INT, &o.offset, "N", "to this offset" },
    { "to-datetime", 0, CLI_STRING, &o.datetime, "TIME", "to the first record at or after TIME: an ISO time, ms since 1970" },
    { "by-duration", 0, CLI_STRING, &o.duration, "D", "to the first record of the last D: 90s, 30m, 1h, 7d, PT1H30M" },
    { "shift-by", 0, CLI_INT, &o.shift, "N", "N records on from what is committed; -N: back" },
    { "from-file", 0, CLI_STRING, &o.file, "FILE", "to what lines topic,partition,offset of FILE say (-: standard input)" },
    { "execute", 0, CLI_FLAG, &o.execute, NULL, "commit it; without it only shows what would be" },
    { "dry-run", 0, CLI_FLAG, &o.dry_run, NULL, "only show it (that is so anyway)" },
    { "export", 0, CLI_FLAG, &o.export, NULL, "print lines topic,partition,offset, for --from-file" },
  };
  int rc = cli_parse (c, &o.common, opts, G_N_ELEMENTS (opts), argc, argv, args);
  g_autoptr (GroupPlaces) places = NULL;
  Cluster *cluster;
  StokerError err;

  if (rc == CLI_GO_ON)
    rc = check_args (c, &o, args);
  if (rc == CLI_GO_ON)
    rc = read_target (c, &o);
  if (rc != CLI_GO_ON)
    return rc;
  cluster = cluster_open (o.common.bootstrap, (int)o.common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  places = cli_places_new (cluster);
  if (o.file && cli_reset_read (places, o.file, &err))
    rc = cli_failed ("%s", err.text);
  else
    rc = reset (&o, cluster, args, places);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_group_reset_offsets = {
  "group",
  "reset-offsets",
  "GROUP [TOPIC[:PARTITIONS]..]",
  "Let a group without members read on elsewhere; shows it first. Without TOPIC: of all that it committed.",
  "  stoker group reset-offsets billing --to-earliest                  # what would be\n"
  "  stoker group reset-offsets billing --to-earliest --execute\n"
  "  stoker group reset-offsets billing orders:0,2 --shift-by -10 --execute\n"
  "  stoker group reset-offsets billing orders --by-duration 1h --execute\n"
  "  stoker group reset-offsets billing --to-current --export > saved.csv\n"
  "  stoker group reset-offsets billing --from-file saved.csv --execute\n",
  run,
};
