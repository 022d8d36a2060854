/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rdk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
rdk_set (rd_kafka_conf_t *conf, const char *key, const char *value, StokerError *err)
{
  char text[400];

  if (rd_kafka_conf_set (conf, key, value, text, sizeof text) != RD_KAFKA_CONF_OK)
    return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s=%s: %s", key, value, text);
  return 0;
}

int
rdk_conf (rd_kafka_conf_t *conf, const CliCommon *common, StokerError *err)
{
  if (rdk_set (conf, "bootstrap.servers", common->bootstrap, err) || rdk_set (conf, "client.id", "stoker", err))
    return -1;
  for (guint i = 0; common->settings && i < common->settings->len; i++) {
    const char *text = common->settings->pdata[i], *eq = strchr (text, '=');
    g_autofree char *key = g_strndup (text, (gsize)(eq - text));
    if (rdk_set (conf, key, eq + 1, err))
      return -1;
  }
  return 0;
}

rd_kafka_t *
rdk_new (rd_kafka_type_t type, rd_kafka_conf_t *conf, StokerError *err)
{
  char text[400];
  rd_kafka_t *rk = rd_kafka_new (type, conf, text, sizeof text);

  if (rk == NULL) {
    /* Settings that exclude each other are found only here. */
    bool refused = rd_kafka_last_error () == RD_KAFKA_RESP_ERR__INVALID_ARG;
    rd_kafka_conf_destroy (conf);
    stoker_error_set (err, refused ? STOKER_ERROR_CONFIG : STOKER_ERROR_FAILED, "librdkafka: %s", text);
  }
  return rk;
}

/* ---- progress */

void
cli_progress_begin (CliProgress *p, const char *verb, bool wanted)
{
  *p = (CliProgress){ .verb = verb, .on = wanted || isatty (STDERR_FILENO) };
  p->start_us = g_get_monotonic_time ();
  p->next_us = p->start_us + G_USEC_PER_SEC;
}

static void
show (CliProgress *p, int64_t now, bool last)
{
  double s = MAX ((double)(now - p->start_us) / 1e6, 1e-6);
  bool terminal = isatty (STDERR_FILENO);

  fprintf (stderr, "%s%s %" G_GINT64_FORMAT " records, %.1f MB in %.2f s: %.0f records/s, %.1f MB/s%s",
           terminal ? "\r" : "", p->verb, p->records, (double)p->bytes / 1e6, s, (double)p->records / s,
           (double)p->bytes / 1e6 / s, terminal && !last ? "  " : "\n");
  fflush (stderr);
  p->shown = true;
}

void
cli_progress_tick (CliProgress *p)
{
  int64_t now;

  if (!p->on || (p->records & 1023))
    return;
  now = g_get_monotonic_time ();
  if (now < p->next_us)
    return;
  p->next_us = now + G_USEC_PER_SEC;
  show (p, now, false);
}

void
cli_progress_end (CliProgress *p, bool always)
{
  if ((p->on && p->shown) || always)
    show (p, g_get_monotonic_time (), true);
}
