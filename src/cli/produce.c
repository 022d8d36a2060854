/* SPDX-License-Identifier: Apache-2.0
 *
 * stoker produce: records from lines or whole files. Lines are read and sent in blocks, with librdkafka's batch
 * interface, so that the tool is not what limits the rate.
 */
#include "config.h"

#include "cli/out.h"
#include "cli/place.h"
#include "cli/rdk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (256u << 10)
#define MAX_LINE (128u << 20)
#define BATCH 2048

typedef struct Produce
{
  CliCommon common;
  const char *separator_text, *key, *partitioner, *codec, *acks;
  int64_t partition;
  GPtrArray *headers;
  bool whole, empty_is_null, progress;
  char *separator;
  size_t separator_len;
  rd_kafka_t *rk;
  rd_kafka_topic_t *topic;
  rd_kafka_headers_t *header_list; /* NULL: none */
  CliPlacer *placer;               /* NULL: one partition was named */
  CliProgress progress_line;
  int64_t failed;
  char failure[300];
  /* what waits to be sent */
  rd_kafka_message_t messages[BATCH];
  StokerBytes keys[BATCH];
  int32_t partitions[BATCH];
  int n;
} Produce;

static void
note_failure (Produce *p, int64_t n, const char *why)
{
  if (p->failed == 0)
    g_strlcpy (p->failure, why, sizeof p->failure);
  p->failed += n;
}

static void
on_report (rd_kafka_t *rk, const rd_kafka_message_t *m, void *user)
{
  if (m->err)
    note_failure (user, 1, rd_kafka_err2str (m->err));
}

/* ---- sending */

static rd_kafka_resp_err_t
send_one (Produce *p, const rd_kafka_message_t *m)
{
  rd_kafka_headers_t *headers = rd_kafka_headers_copy (p->header_list);
  rd_kafka_resp_err_t e
      = rd_kafka_producev (p->rk, RD_KAFKA_V_RKT (p->topic), RD_KAFKA_V_PARTITION (m->partition),
                           RD_KAFKA_V_MSGFLAGS (RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE (m->payload, m->len),
                           RD_KAFKA_V_KEY (m->key, m->key_len), RD_KAFKA_V_HEADERS (headers), RD_KAFKA_V_END);

  if (e)
    rd_kafka_headers_destroy (headers);
  return e;
}

static int
send_batch (Produce *p, rd_kafka_message_t *m, int n)
{
  if (p->header_list == NULL)
    return rd_kafka_produce_batch (p->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, m,
                                   n);
  for (int i = 0; i < n; i++) {
    m[i].err = send_one (p, &m[i]);
    if (m[i].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      for (int j = i + 1; j < n; j++)
        m[j].err = RD_KAFKA_RESP_ERR__QUEUE_FULL;
      break;
    }
  }
  return 0;
}

/* Hands all that waits to librdkafka; while its queue is full, waits. Order is kept. */
static void
flush_messages (Produce *p)
{
  int from = 0;

  if (p->placer)
    cli_placer_pick (p->placer, p->keys, (size_t)p->n, p->partitions);
  for (int i = 0; i < p->n; i++)
    p->messages[i].partition = p->placer ? p->partitions[i] : (int32_t)p->partition;
  while (from < p->n) {
    int next = p->n;
    (void)send_batch (p, p->messages + from, p->n - from);
    for (int i = from; i < p->n; i++) {
      if (p->messages[i].err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        next = i;
        break;
      }
      if (p->messages[i].err)
        note_failure (p, 1, rd_kafka_err2str (p->messages[i].err));
    }
    from = next;
    rd_kafka_poll (p->rk, from < p->n ? 10 : 0);
  }
  p->n = 0;
}

static void
add (Produce *p, const uint8_t *key, size_t key_len, const uint8_t *value, size_t len)
{
  rd_kafka_message_t *m = &p->messages[p->n];

  *m = (rd_kafka_message_t){
    .payload = p->empty_is_null && len == 0 ? NULL : (void *)value, .len = len, .key = (void *)key, .key_len = key_len
  };
  p->keys[p->n++] = (StokerBytes){ (uint8_t *)key, key_len };
  p->progress_line.records++;
  p->progress_line.bytes += (int64_t)(len + key_len);
  cli_progress_tick (&p->progress_line);
  if (p->n == BATCH)
    flush_messages (p);
}

static void
add_line (Produce *p, const uint8_t *line, size_t len)
{
  const uint8_t *at = p->separator ? memmem (line, len, p->separator, p->separator_len) : NULL;
  const uint8_t *key = (const uint8_t *)p->key;
  size_t key_len = p->key ? strlen (p->key) : 0;

  if (at) {
    size_t skip = (size_t)(at - line) + p->separator_len;
    add (p, line, (size_t)(at - line), line + skip, len - skip);
  } else {
    add (p, key, key_len, line, len);
  }
}

/* ---- reading */

static int
read_lines (Produce *p, int fd, const char *name)
{
  StokerBuf buf = { 0 };
  int rc = CLI_OK;
  ssize_t n;

  while ((n = read (fd, stoker_buf_reserve (&buf, BLOCK), BLOCK)) != 0) {
    const uint8_t *line = buf.data, *end, *nl;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      rc = cli_failed ("cannot read %s: %s", name, g_strerror (errno));
      break;
    }
    buf.len += (size_t)n;
    end = buf.data + buf.len;
    while ((nl = memchr (line, '\n', (size_t)(end - line))) != NULL) {
      add_line (p, line, (size_t)(nl - line));
      line = nl + 1;
    }
    flush_messages (p); /* what it refers to moves now */
    buf.len = (size_t)(end - line);
    memmove (buf.data, line, buf.len);
    if (buf.len > MAX_LINE) {
      rc = cli_failed ("a line of %s is longer than %u MB", name, MAX_LINE >> 20);
      break;
    }
  }
  if (rc == CLI_OK && buf.len)
    add_line (p, buf.data, buf.len);
  flush_messages (p);
  stoker_buf_clear (&buf);
  return rc;
}

static int
read_whole (Produce *p, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *data = NULL;
  gsize len;

  if (!g_file_get_contents (name, &data, &len, &error))
    return cli_failed ("%s", error->message);
  add (p, (const uint8_t *)(p->key ? p->key : name), strlen (p->key ? p->key : name), (const uint8_t *)data, len);
  flush_messages (p);
  return CLI_OK;
}

static int
read_all (Produce *p, const GPtrArray *args)
{
  int rc = CLI_OK;

  if (args->len == 1)
    return read_lines (p, STDIN_FILENO, "standard input");
  for (guint i = 1; i < args->len && rc == CLI_OK; i++) {
    const char *name = args->pdata[i];
    int fd;
    if (p->whole) {
      rc = read_whole (p, name);
      continue;
    }
    fd = strcmp (name, "-") == 0 ? dup (STDIN_FILENO) : open (name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
      return cli_failed ("cannot open %s: %s", name, g_strerror (errno));
    rc = read_lines (p, fd, name);
    close (fd);
  }
  return rc;
}

/* ---- */

static int
set_up_headers (const CliCommand *c, Produce *p)
{
  if (cli_pairs (c, "header", p->headers) != CLI_GO_ON)
    return CLI_USAGE;
  if (p->headers == NULL)
    return CLI_GO_ON;
  p->header_list = rd_kafka_headers_new (p->headers->len);
  for (guint i = 0; i < p->headers->len; i++) {
    const char *text = p->headers->pdata[i], *eq = strchr (text, '=');
    rd_kafka_header_add (p->header_list, text, eq - text, eq + 1, -1);
  }
  return CLI_GO_ON;
}

static bool
acks_all (const Produce *p)
{
  return strcmp (p->acks, "all") == 0 || strcmp (p->acks, "-1") == 0;
}

static int
set_up (Produce *p, StokerError *err)
{
  static const char *const settings[][2] = {
    { "enable.idempotence", "true" },
    { "linger.ms", "10" },
    { "batch.num.messages", "100000" },
    { "queue.buffering.max.messages", "500000" },
    { "queue.buffering.max.kbytes", "262144" },
    { "delivery.report.only.error", "true" },
    { "message.timeout.ms", "60000" },
    { "message.max.bytes", "100000000" },
    { "log_level", "2" },
  };
  rd_kafka_conf_t *conf = rd_kafka_conf_new ();
  bool ok = true;

  rd_kafka_conf_set_opaque (conf, p);
  rd_kafka_conf_set_dr_msg_cb (conf, on_report);
  for (gsize i = 0; i < G_N_ELEMENTS (settings) && ok; i++)
    ok = rdk_set (conf, settings[i][0], settings[i][1], err) == 0;
  if (ok && p->acks && strcmp (p->acks, "0") != 0 && strcmp (p->acks, "1") != 0 && !acks_all (p))
    ok = stoker_error_set (err, STOKER_ERROR_CONFIG, "--acks needs 0, 1 or all, not \"%s\"", p->acks) == 0;
  if (ok && p->acks && !acks_all (p))
    ok = rdk_set (conf, "enable.idempotence", "false", err) == 0 && rdk_set (conf, "acks", p->acks, err) == 0;
  if (ok && p->codec)
    ok = rdk_set (conf, "compression.codec", p->codec, err) == 0;
  if (!ok || rdk_conf (conf, &p->common, err)) {
    rd_kafka_conf_destroy (conf);
    return -1;
  }
  p->rk = rdk_new (RD_KAFKA_PRODUCER, conf, err);
  return p->rk ? 0 : -1;
}

/* Waits for all answers. */
static void
finish (Produce *p)
{
  while (rd_kafka_flush (p->rk, 1000) == RD_KAFKA_RESP_ERR__TIMED_OUT && rd_kafka_outq_len (p->rk) > 0)
    if (rd_kafka_fatal_error (p->rk, p->failure, sizeof p->failure)) {
      note_failure (p, rd_kafka_outq_len (p->rk), p->failure);
      break;
    }
  rd_kafka_poll (p->rk, 0);
}

static int
report (Produce *p, int rc)
{
  if (p->common.json) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_json_int (&j, "records", p->progress_line.records - p->failed);
    cli_json_int (&j, "bytes", p->progress_line.bytes);
    cli_json_int (&j, "failed", p->failed);
    cli_json_int (&j, "milliseconds", (g_get_monotonic_time () - p->progress_line.start_us) / 1000);
    cli_json_end (&j, '}');
    cli_json_print (&j);
  } else {
    cli_progress_end (&p->progress_line, p->progress);
  }
  if (p->failed)
    return cli_failed ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " record%s not sent: %s", p->failed,
                       p->progress_line.records, cli_s ((uint64_t)p->progress_line.records), p->failure);
  return rc;
}

/* Makes the topic when it may, and finds who chooses partitions of it. */
static int
find_topic (Produce *p, const char *name, StokerError *err)
{
  Cluster *cluster = cluster_open (p->common.bootstrap, (int)p->common.timeout_ms, err);
  const KmMetadataResponseTopics *topic = cluster ? cluster_topic (cluster, name, true, err) : NULL;
  int rc = topic ? 0 : -1;

  if (topic && p->partition >= topic->n_partitions)
    rc = stoker_error_set (err, STOKER_ERROR_FAILED, "topic %s has %d partition%s; there is no %" G_GINT64_FORMAT, name,
                           topic->n_partitions, cli_s ((uint64_t)topic->n_partitions), p->partition);
  else if (topic && p->partition < 0 && (p->placer = cli_placer_new (cluster, topic, p->partitioner, err)) == NULL)
    rc = -1;
  cluster_free (cluster);
  return rc;
}

static int
produce (const CliCommand *c, Produce *p, const GPtrArray *args)
{
  const char *name = args->pdata[0];
  StokerError err;
  int rc;

  if (set_up (p, &err)) /* first: a wrong option is found before anybody is asked */
    return cli_error (c, &err);
  if (find_topic (p, name, &err)) {
    rd_kafka_destroy (p->rk);
    return cli_failed ("%s", err.text);
  }
  p->topic = rd_kafka_topic_new (p->rk, name, NULL);
  cli_progress_begin (&p->progress_line, "sent", p->progress);
  rc = read_all (p, args);
  finish (p);
  rc = report (p, rc);
  rd_kafka_topic_destroy (p->topic);
  rd_kafka_destroy (p->rk);
  return rc;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  Produce *p = g_new0 (Produce, 1);
  CliOpt opts[] = {
    { "key-separator", 'K', CLI_STRING, &p->separator_text, "TEXT",
      "what stands before it in a line is the key (\\t, \\x01 ..)" },
    { "key", 'k', CLI_STRING, &p->key, "KEY", "the key of records that bring none" },
    { "header", 'H', CLI_LIST, &p->headers, "NAME=VALUE", "a header of every record; may be given again" },
    { "partition", 'p', CLI_INT, &p->partition, "N", "all to this partition" },
    { "partitioner", 0, CLI_STRING, &p->partitioner, "NAME",
      "the module that chooses partitions (the topic's, else round-robin)" },
    { "whole", 0, CLI_FLAG, &p->whole, NULL, "each FILE is one record; its key is the file's name, unless --key" },
    { "empty-is-null", 'Z', CLI_FLAG, &p->empty_is_null, NULL,
      "an empty value is a null (deletes the key in a compacted topic)" },
    { "compression", 'z', CLI_STRING, &p->codec, "CODEC", "gzip, snappy, lz4 or zstd" },
    { "acks", 'a', CLI_STRING, &p->acks, "N", "0, 1 or all (all)" },
    { "progress", 0, CLI_FLAG, &p->progress, NULL, "say how it goes, also when standard error is no terminal" },
  };
  int rc;

  p->partition = CLI_NOT_GIVEN;
  rc = cli_parse (c, &p->common, opts, G_N_ELEMENTS (opts), argc, argv, args);
  if (rc == CLI_GO_ON && args->len == 0)
    rc = cli_usage (c, "to which topic?");
  if (rc == CLI_GO_ON && p->whole && args->len < 2)
    rc = cli_usage (c, "--whole needs files");
  if (rc == CLI_GO_ON && p->partition != CLI_NOT_GIVEN && (p->partition < 0 || p->partition > INT32_MAX))
    rc = cli_usage (c, "there is no partition %" G_GINT64_FORMAT, p->partition);
  if (rc == CLI_GO_ON && p->separator_text) {
    p->separator = cli_unescape (p->separator_text, &p->separator_len);
    if (p->separator_len == 0)
      rc = cli_usage (c, "--key-separator is empty");
  }
  if (rc == CLI_GO_ON)
    rc = set_up_headers (c, p);
  if (rc == CLI_GO_ON)
    rc = produce (c, p, args);
  if (p->header_list)
    rd_kafka_headers_destroy (p->header_list);
  cli_placer_free (p->placer);
  g_free (p->separator);
  g_free (p);
  return rc;
}

const CliCommand cli_produce = {
  NULL,
  "produce",
  "TOPIC [FILE..]",
  "Send records: one a line of standard input or of files.",
  "  echo hello | stoker produce greetings\n"
  "  stoker produce orders -K : < orders.txt              # key:value lines\n"
  "  stoker produce logs --progress --compression zstd /var/log/*.log\n"
  "  stoker produce documents --whole *.pdf               # each file is one record\n"
  "  stoker produce orders -p 3 -H source=import < orders.txt\n",
  run,
};
