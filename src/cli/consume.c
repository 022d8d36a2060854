/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker consume: prints records, alone or as a member of a group. In a group an offset is committed only after its
 * record was written out.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/format.h"
#include "cli/group.h"
#include "cli/out.h"
#include "cli/rdk.h"

#include <signal.h>
#include <string.h>

#define BATCH 2000
/* How long a member that waits asks for the reason, at most: it has its group to attend to. */
#define WHY_MS 2000

typedef struct Consume
{
  CliCommon common;
  const char *group, *offset_text, *from_text, *format_text;
  GPtrArray *partitions;
  int64_t count; /* CLI_NOT_GIVEN: no limit */
  bool from_beginning, exit_at_end, verbose, progress;
  int64_t offset, from_ms; /* offset: librdkafka's; from_ms -1: not given */
  CliFormat *format;
  CliProgress progress_line;
  rd_kafka_t *rk;
  rd_kafka_topic_partition_list_t *at_end; /* assigned partitions; offset 1: at its end */
  int left;                                /* assigned ones that are not */
  bool assigned;
  int64_t moved_us; /* when something was last heard of an assigned partition, or was assigned */
  int64_t down_since_us;
  char failure[300];
  bool stop;
} Consume;

/* ---- what librdkafka tells */

/* A member that waits says why: it is asked of the group's coordinator, as librdkafka does not know. */
static void
say_waiting (Consume *c)
{
  char *id = c->group ? rd_kafka_memberid (c->rk) : NULL;
  g_autofree char *why
      = id ? cli_group_why (c->common.bootstrap, (int)MIN (c->common.timeout_ms, WHY_MS), c->group, id) : NULL;

  if (why)
    fprintf (stderr, "stoker: no partition for this member: %s; it waits\n", why);
  else
    fprintf (stderr, "stoker: no partition for this member; it waits\n");
  if (id)
    rd_kafka_mem_free (c->rk, id);
}

/* What this member has from now on, none of it known to be at its end but what was. */
static void
have (Consume *c, const rd_kafka_topic_partition_list_t *list)
{
  rd_kafka_topic_partition_list_t *now = rd_kafka_topic_partition_list_copy (list);

  c->left = 0;
  for (int i = 0; i < now->cnt; i++) {
    rd_kafka_topic_partition_t *p = &now->elems[i], *was = NULL;
    if (c->assigned && c->at_end)
      was = rd_kafka_topic_partition_list_find (c->at_end, p->topic, p->partition);
    p->offset = was ? was->offset : 0;
    c->left += p->offset == 0;
  }
  if (c->at_end)
    rd_kafka_topic_partition_list_destroy (c->at_end);
  c->at_end = now;
  c->assigned = true;
  c->moved_us = g_get_monotonic_time ();
}

static void
take_assignment (Consume *c, const rd_kafka_topic_partition_list_t *list)
{
  have (c, list);
  if (!c->verbose)
    return;
  if (list->cnt == 0)
    say_waiting (c);
  for (int i = 0; i < list->cnt; i++)
    fprintf (stderr, "stoker: assigned %s [%d]\n", list->elems[i].topic, list->elems[i].partition);
}

static void
say_given_back (const Consume *c, const rd_kafka_topic_partition_list_t *list)
{
  for (int i = 0; c->verbose && i < list->cnt; i++)
    fprintf (stderr, "stoker: given back %s [%d]\n", list->elems[i].topic, list->elems[i].partition);
}

/* The cooperative protocol: what comes and what goes, the rest is read on meanwhile. */
static void
rebalance_step (Consume *c, rd_kafka_t *rk, bool more, rd_kafka_topic_partition_list_t *list)
{
  rd_kafka_topic_partition_list_t *all
      = c->assigned && c->at_end ? rd_kafka_topic_partition_list_copy (c->at_end) : rd_kafka_topic_partition_list_new (list->cnt);
  rd_kafka_error_t *e;

  if (!more)
    (void)rd_kafka_commit (rk, NULL, 0);
  for (int i = 0; i < list->cnt; i++) {
    const rd_kafka_topic_partition_t *p = &list->elems[i];
    if (more)
      rd_kafka_topic_partition_list_add (all, p->topic, p->partition);
    else
      rd_kafka_topic_partition_list_del (all, p->topic, p->partition);
    if (more && c->verbose)
      fprintf (stderr, "stoker: assigned %s [%d]\n", p->topic, p->partition);
  }
  have (c, all);
  if (!more)
    say_given_back (c, list);
  else if (all->cnt == 0 && c->verbose)
    say_waiting (c);
  rd_kafka_topic_partition_list_destroy (all);
  e = more ? rd_kafka_incremental_assign (rk, list) : rd_kafka_incremental_unassign (rk, list);
  if (e && c->verbose)
    fprintf (stderr, "stoker: %s\n", rd_kafka_error_string (e));
  if (e)
    rd_kafka_error_destroy (e);
}

static void
on_rebalance (rd_kafka_t *rk, rd_kafka_resp_err_t e, rd_kafka_topic_partition_list_t *list, void *user)
{
  Consume *c = user;

  if (g_strcmp0 (rd_kafka_rebalance_protocol (rk), "COOPERATIVE") == 0) {
    rebalance_step (c, rk, e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, list);
    if (e != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
      c->assigned = c->at_end->cnt > 0; /* what takes their place comes next */
    return;
  }
  if (e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    take_assignment (c, list);
    rd_kafka_assign (rk, list);
    return;
  }
  c->assigned = false;
  say_given_back (c, list);
  (void)rd_kafka_commit (rk, NULL, 0);
  rd_kafka_assign (rk, NULL);
}

static void
on_error (rd_kafka_t *rk, int e, const char *reason, void *user)
{
  Consume *c = user;

  if (e == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && c->down_since_us == 0)
    c->down_since_us = g_get_monotonic_time ();
  if (c->verbose)
    fprintf (stderr, "stoker: %s\n", reason);
}

/* ---- starting */

static int
set_up (Consume *c, StokerError *err)
{
  static const char *const settings[][2] = {
    { "enable.auto.offset.store", "false" },
    { "enable.partition.eof", "true" },
    { "log_level", "2" },
    { "fetch.wait.max.ms", "100" },
    { "queued.min.messages", "200000" },
    { "fetch.message.max.bytes", "4194304" },
    { "receive.message.max.bytes", "500000000" },
  };
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  bool ok = true;

  rd_kafka_conf_set_opaque (conf, c);
  rd_kafka_conf_set_rebalance_cb (conf, on_rebalance);
  rd_kafka_conf_set_error_cb (conf, on_error);
  for (gsize i = 0; i < G_N_ELEMENTS (settings) && ok; i++)
    ok = rdk_set (conf, settings[i][0], settings[i][1], err) == 0;
  /* Without a group librdkafka wants a name all the same; nothing is committed under it. */
  ok = ok && rdk_set (conf, "group.id", c->group ? c->group : "stoker-consume", err) == 0;
  ok = ok && rdk_set (conf, "enable.auto.commit", c->group ? "true" : "false", err) == 0;
  ok = ok && rdk_set (conf, "auto.offset.reset", c->from_beginning ? "earliest" : "latest", err) == 0;
  if (!ok || rdk_conf (conf, &c->common, err)) {
    rd_kafka_conf_destroy (conf);
    return -1;
  }
  c->rk = rdk_new (RD_KAFKA_CONSUMER, conf, err);
  if (c->rk == NULL)
    return -1;
  return rd_kafka_poll_set_consumer (c->rk) ? stoker_error_set (err, STOKER_ERROR_FAILED, "librdkafka refuses a queue")
                                            : 0;
}

static bool
wanted (const Consume *c, int32_t partition)
{
  if (c->partitions == NULL)
    return true;
  for (guint i = 0; i < c->partitions->len; i++)
    if (g_ascii_strtoll (c->partitions->pdata[i], NULL, 10) == partition)
      return true;
  return false;
}

/* Every partition that was named must be there. */
static int
check_partitions (const Consume *c, const char *topic, int32_t n, StokerError *err)
{
  for (guint i = 0; c->partitions && i < c->partitions->len; i++)
    if (g_ascii_strtoll (c->partitions->pdata[i], NULL, 10) >= n)
      return stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s has %d partition%s; there is no %s", topic, n,
                               cli_s ((uint64_t)n), (const char *)c->partitions->pdata[i]);
  return 0;
}

static int
fill_list (Consume *c, const GPtrArray *topics, rd_kafka_topic_partition_list_t *list, StokerError *err)
{
  Cluster *cluster = cluster_open (c->common.bootstrap, (int)c->common.timeout_ms, err);
  int rc = cluster ? 0 : -1;

  for (guint i = 0; i < topics->len && rc == 0; i++) {
    const KmMetadataResponseTopics *t = cluster_topic (cluster, topics->pdata[i], false, err);
    rc = t ? check_partitions (c, topics->pdata[i], t->n_partitions, err) : -1;
    for (int32_t p = 0; rc == 0 && p < t->n_partitions; p++)
      if (c->group)
        (void)(p == 0 && rd_kafka_topic_partition_list_add (list, topics->pdata[i], RD_KAFKA_PARTITION_UA));
      else if (wanted (c, p))
        rd_kafka_topic_partition_list_add (list, topics->pdata[i], p)->offset = c->offset;
  }
  if (rc == 0 && c->group && cluster_coordinator (cluster, c->group, err) == NULL)
    rc = -1; /* librdkafka would wait for one, and say nothing */
  cluster_free (cluster);
  return rc;
}

static int
seek_times (Consume *c, rd_kafka_topic_partition_list_t *list, StokerError *err)
{
  rd_kafka_resp_err_t e;

  for (int i = 0; i < list->cnt; i++)
    list->elems[i].offset = c->from_ms;
  e = rd_kafka_offsets_for_times (c->rk, list, (int)c->common.timeout_ms);
  if (e)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "cannot look up the time: %s", rd_kafka_err2str (e));
  for (int i = 0; i < list->cnt; i++) {
    rd_kafka_topic_partition_t *p = &list->elems[i];
    if (p->err)
      return stoker_error_set (err, STOKER_ERROR_FAILED, "%s [%d]: cannot look up the time: %s", p->topic, p->partition,
                               rd_kafka_err2str (p->err));
    if (p->offset < 0)
      p->offset = RD_KAFKA_OFFSET_END; /* nothing that late */
  }
  return 0;
}

static int
begin (Consume *c, const GPtrArray *topics, StokerError *err)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new (8);
  rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;
  int rc = set_up (c, err); /* first: what -X says is checked before anybody is asked */

  if (rc == 0)
    rc = fill_list (c, topics, list, err);
  if (rc == 0 && c->from_ms >= 0)
    rc = seek_times (c, list, err);
  if (rc == 0 && c->group) {
    e = rd_kafka_subscribe (c->rk, list);
  } else if (rc == 0) {
    take_assignment (c, list);
    e = rd_kafka_assign (c->rk, list);
  }
  rd_kafka_topic_partition_list_destroy (list);
  if (e)
    rc = stoker_error_set (err, STOKER_ERROR_FAILED, "%s", rd_kafka_err2str (e));
  return rc;
}

/* ---- records */

static void
note_end (Consume *c, const rd_kafka_message_t *m, bool end)
{
  rd_kafka_topic_partition_t *p
      = c->at_end ? rd_kafka_topic_partition_list_find (c->at_end, rd_kafka_topic_name (m->rkt), m->partition) : NULL;

  if (p == NULL || (p->offset != 0) == end)
    return;
  p->offset = end;
  c->left += end ? -1 : 1;
}

static void
on_event (Consume *c, const rd_kafka_message_t *m)
{
  if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    c->down_since_us = 0;
    c->moved_us = g_get_monotonic_time ();
    note_end (c, m, true);
  } else if (m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || m->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
             || m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
             || m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || m->err == RD_KAFKA_RESP_ERR__FATAL) {
    g_strlcpy (c->failure, rd_kafka_message_errstr (m), sizeof c->failure);
    c->stop = true;
  } else if (m->err == RD_KAFKA_RESP_ERR_INVALID_MSG || m->err == RD_KAFKA_RESP_ERR__BAD_MSG) {
    /* What is damaged stays so: whoever wants what is behind it starts there. */
    g_snprintf (c->failure, sizeof c->failure, "%s [%d] at offset %" G_GINT64_FORMAT ": damaged: %s",
                rd_kafka_topic_name (m->rkt), m->partition, m->offset, rd_kafka_message_errstr (m));
    c->stop = true;
  }
}

/* Writes the records out; those that made it may be committed. */
static void
print (Consume *c, rd_kafka_message_t **m, ssize_t n)
{
  ssize_t printed = 0;
  CliOutput out;

  for (ssize_t i = 0; i < n && !c->stop; i++) {
    if (m[i]->err) {
      on_event (c, m[i]);
      continue;
    }
    if (c->exit_at_end && c->left < (c->at_end ? c->at_end->cnt : 0))
      note_end (c, m[i], false);
    if (c->common.json)
      cli_format_json (m[i], stdout);
    else
      cli_format_write (c->format, m[i], stdout);
    printed = i + 1;
    c->progress_line.records++;
    c->progress_line.bytes += (int64_t)(m[i]->len + m[i]->key_len);
    cli_progress_tick (&c->progress_line);
    if (c->progress_line.records == c->count)
      c->stop = true;
  }
  out = cli_output_flush ();
  if (out != CLI_OUTPUT_OK) {
    if (out == CLI_OUTPUT_LOST)
      g_strlcpy (c->failure, "cannot write the output", sizeof c->failure);
    c->stop = true;
    return;
  }
  for (ssize_t i = 0; c->group && i < printed; i++)
    if (m[i]->err == 0
        && (i + 1 == printed || m[i + 1]->err || m[i + 1]->partition != m[i]->partition || m[i + 1]->rkt != m[i]->rkt))
      (void)rd_kafka_offset_store (m[i]->rkt, m[i]->partition, m[i]->offset);
  if (printed) {
    c->down_since_us = 0;
    c->moved_us = g_get_monotonic_time ();
  }
}

/* The end of some partition does not come: says of one of them why, as far as the brokers know it. librdkafka asks again and again and
 * says nothing of errors that may pass. */
static void
name_trouble (Consume *c)
{
  StokerError err;
  Cluster *cluster = cluster_open (c->common.bootstrap, (int)c->common.timeout_ms, &err);
  const rd_kafka_topic_partition_t *first = NULL;
  g_autofree char *why = cluster ? NULL : g_strdup (err.text);

  for (int i = 0; i < c->at_end->cnt && why == NULL; i++) {
    const rd_kafka_topic_partition_t *p = &c->at_end->elems[i];
    if (p->offset)
      continue;
    first = first ? first : p;
    why = cluster_trouble (cluster, p->topic, &p->partition, 1);
  }
  cluster_free (cluster);
  if (why)
    g_snprintf (c->failure, sizeof c->failure, "the end was not reached: %s", why);
  else
    g_snprintf (c->failure, sizeof c->failure, "the end was not reached: nothing comes from %s [%d] within %" G_GINT64_FORMAT " ms",
                first ? first->topic : "?", first ? first->partition : -1, c->common.timeout_ms);
}

static bool
interrupted (void)
{
  sigset_t set;

  return sigpending (&set) == 0 && (sigismember (&set, SIGINT) || sigismember (&set, SIGTERM));
}

static void
loop (Consume *c)
{
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer (c->rk);
  rd_kafka_message_t *m[BATCH];

  while (!c->stop && !interrupted ()) {
    ssize_t n = rd_kafka_consume_batch_queue (queue, 100, m, BATCH);
    if (n > 0)
      print (c, m, n);
    for (ssize_t i = 0; i < n; i++)
      rd_kafka_message_destroy (m[i]);
    if (c->exit_at_end && c->assigned && c->left == 0)
      c->stop = true;
    if (c->exit_at_end && c->assigned && !c->stop && g_get_monotonic_time () - c->moved_us > c->common.timeout_ms * 1000) {
      name_trouble (c);
      c->stop = true;
    }
    if (c->down_since_us && g_get_monotonic_time () - c->down_since_us > c->common.timeout_ms * 1000) {
      g_strlcpy (c->failure, "no broker answers any more", sizeof c->failure);
      c->stop = true;
    }
  }
  rd_kafka_queue_destroy (queue);
}

/* Commits what was written, leaves the group. */
static void
end (Consume *c)
{
  rd_kafka_resp_err_t e = c->group ? rd_kafka_commit (c->rk, NULL, 0) : RD_KAFKA_RESP_ERR_NO_ERROR;

  if (e && e != RD_KAFKA_RESP_ERR__NO_OFFSET && c->failure[0] == '\0')
    g_snprintf (c->failure, sizeof c->failure, "the offsets were not committed: %s", rd_kafka_err2str (e));
  rd_kafka_consumer_close (c->rk);
}

static int
consume (const CliCommand *self, Consume *c, const GPtrArray *topics)
{
  StokerError err;
  sigset_t set;

  /* Ctrl-C ends it in order: the signals stay pending and the loop looks for them. librdkafka's threads inherit the
   * mask. */
  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  cli_progress_begin (&c->progress_line, "read", c->progress);
  if (!c->progress)
    c->progress_line.on = false; /* the records themselves are what is shown */
  if (begin (c, topics, &err)) {
    if (c->rk)
      rd_kafka_destroy (c->rk);
    return cli_error (self, &err);
  }
  setvbuf (stdout, NULL, _IOFBF, 256 << 10);
  loop (c);
  end (c);
  rd_kafka_destroy (c->rk);
  cli_progress_end (&c->progress_line, c->progress);
  return c->failure[0] ? cli_failed ("%s", c->failure) : CLI_OK;
}

/* ---- the command line */

static int
read_start (const CliCommand *self, Consume *c)
{
  int64_t n;

  c->from_ms = -1;
  c->offset = c->from_beginning ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
  if (!!c->from_beginning + !!c->offset_text + !!c->from_text > 1)
    return cli_usage (self, "--from-beginning, --offset and --from exclude each other");
  if (c->group && c->group[0] == '\0')
    return cli_usage (self, "--group is empty");
  if (c->group && (c->offset_text || c->from_text || c->partitions))
    return cli_usage (
        self, "a group knows its own offsets and partitions: --offset, --from and --partition go without --group");
  if (c->from_text && !cli_time (c->from_text, &c->from_ms))
    return cli_usage (self, "--from \"%s\" is no time: 1h, 2026-11-21T10:00:00Z, or milliseconds since 1970",
                      c->from_text);
  if (c->offset_text == NULL)
    return CLI_GO_ON;
  if (strcmp (c->offset_text, "beginning") == 0)
    c->offset = RD_KAFKA_OFFSET_BEGINNING;
  else if (strcmp (c->offset_text, "end") == 0)
    c->offset = RD_KAFKA_OFFSET_END;
  else if (cli_number (c->offset_text, &n))
    c->offset = n < 0 ? RD_KAFKA_OFFSET_TAIL (-n) : n;
  else
    return cli_usage (self, "--offset needs a number, -N, beginning or end, not \"%s\"", c->offset_text);
  return CLI_GO_ON;
}

static int
run (const CliCommand *self, int argc, char **argv)
{
  g_autoptr (GPtrArray) topics = g_ptr_array_new ();
  Consume c = { .count = CLI_NOT_GIVEN };
  CliOpt opts[] = {
    { "group", 'g', CLI_STRING, &c.group, "GROUP", "as a member of this group: shares the topic, commits offsets" },
    { "from-beginning", 0, CLI_FLAG, &c.from_beginning, NULL,
      "from the first record (in a group: where nothing is committed)" },
    { "offset", 'o', CLI_STRING, &c.offset_text, "N", "from this offset; -N: the last N; beginning, end" },
    { "from", 0, CLI_STRING, &c.from_text, "TIME",
      "from the first record at or after TIME: 1h (ago), an ISO time, ms since 1970" },
    { "partition", 'p', CLI_LIST, &c.partitions, "N", "only this partition; may be given again" },
    { "count", 'n', CLI_INT, &c.count, "N", "end after N records" },
    { "exit-at-end", 'e', CLI_FLAG, &c.exit_at_end, NULL, "end when all that is there was read" },
    { "format", 'f', CLI_STRING, &c.format_text, "TEXT",
      "%v value %k key %t topic %p partition %o offset %T ms %D time %h headers %S %K sizes; \\n \\t" },
    { "progress", 0, CLI_FLAG, &c.progress, NULL, "say on standard error how it goes" },
    { "verbose", 'v', CLI_FLAG, &c.verbose, NULL, "say what is assigned, why it waits without a partition, and troubles" },
  };
  int rc = cli_parse (self, &c.common, opts, G_N_ELEMENTS (opts), argc, argv, topics);
  StokerError err;
  int64_t n;

  if (rc == CLI_GO_ON && topics->len == 0)
    rc = cli_usage (self, "from which topic?");
  for (guint i = 0; rc == CLI_GO_ON && c.partitions && i < c.partitions->len; i++)
    if (!cli_number (c.partitions->pdata[i], &n) || n < 0)
      rc = cli_usage (self, "--partition needs a number, not \"%s\"", (char *)c.partitions->pdata[i]);
  if (rc == CLI_GO_ON && c.count != CLI_NOT_GIVEN && c.count < 1)
    rc = cli_usage (self, "--count must be at least 1");
  if (rc == CLI_GO_ON)
    rc = read_start (self, &c);
  if (rc == CLI_GO_ON && (c.format = cli_format_new (c.format_text, &err)) == NULL)
    rc = cli_usage (self, "%s", err.text);
  if (rc == CLI_GO_ON)
    rc = consume (self, &c, topics);
  cli_format_free (c.format);
  if (c.at_end)
    rd_kafka_topic_partition_list_destroy (c.at_end);
  return rc;
}

const CliCommand cli_consume = {
  NULL,
  "consume",
  "TOPIC..",
  "Print records, alone or as a member of a group.",
  "  stoker consume orders                                 # new records, until Ctrl-C\n"
  "  stoker consume orders --from-beginning --exit-at-end\n"
  "  stoker consume orders --from 1h --format '%D %k %v\\n'\n"
  "  stoker consume orders -o -10 -e --json                # the last 10 of each partition\n"
  "  stoker consume orders --group billing -v              # share the topic with other members\n",
  run,
};
