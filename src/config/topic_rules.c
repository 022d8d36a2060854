/* SPDX-License-Identifier: Apache-2.0 */
#include "config/topic_rules.h"

#include <glib.h>
#include <string.h>

/* -1 is zlib's default, 1 its fastest; what 0 means (stored, not compressed) Kafka refuses. */
static int
gzip_level (const char *value, StokerError *err)
{
  return strcmp (value, "0") == 0 ? stoker_error_set (err, STOKER_ERROR_CONFIG, "it must be 1 to 9, or -1") : 0;
}

static const char *
digits (const char *p)
{
  const char *from = p;

  while (g_ascii_isdigit (*p))
    p++;
  return p > from ? p : NULL;
}

/* "PARTITION:BROKER,..", or "*" for all. */
static int
throttled_replicas (const char *value, StokerError *err)
{
  g_auto (GStrv) pairs = g_strsplit (value, ",", -1);

  if (strcmp (value, "*") == 0)
    return 0;
  for (char **p = pairs; *p; p++) {
    const char *at = digits (g_strstrip (*p));
    if (**p == '\0')
      continue;
    at = at && *at == ':' ? digits (at + 1) : NULL;
    if (at == NULL || *at)
      return stoker_error_set (err, STOKER_ERROR_CONFIG, "it must be * or PARTITION:BROKER,PARTITION:BROKER,..");
  }
  return 0;
}

/* The releases and how many inter-broker protocol versions ("3.0-IV1") each has; 0: none but the release itself. */
static const struct
{
  const char *release;
  int versions;
} releases[] = {
  { "0.8.0", 0 },  { "0.8.1", 0 },  { "0.8.2", 0 }, { "0.9.0", 0 }, { "0.10.0", 2 }, { "0.10.1", 3 },
  { "0.10.2", 1 }, { "0.11.0", 3 }, { "1.0", 1 },   { "1.1", 1 },   { "2.0", 2 },    { "2.1", 3 },
  { "2.2", 2 },    { "2.3", 2 },    { "2.4", 2 },   { "2.5", 1 },   { "2.6", 1 },    { "2.7", 3 },
  { "2.8", 2 },    { "3.0", 2 },    { "3.1", 1 },   { "3.2", 1 },   { "3.3", 4 },    { "3.4", 1 },
  { "3.5", 3 },    { "3.6", 3 },    { "3.7", 5 },   { "3.8", 1 },   { "3.9", 1 },
};

/* A release, with its third number or without ("3.0", "3.0.1"; before 1.0 the fourth), or one of its versions. */
static int
format_version (const char *value, StokerError *err)
{
  g_auto (GStrv) parts = g_strsplit (value, ".", -1);
  guint own = g_str_has_prefix (value, "0.") ? 3 : 2; /* how many numbers name a release */
  g_autofree char *key = NULL;

  key = g_strv_length (parts) < own ? g_strdup (value)
        : own == 2                  ? g_strjoin (".", parts[0], parts[1], NULL)
                                    : g_strjoin (".", parts[0], parts[1], parts[2], NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (releases); i++) {
    size_t n = strlen (releases[i].release);
    const char *iv = key + n;
    if (strncmp (key, releases[i].release, n) != 0)
      continue;
    if (*iv == '\0'
        || (g_str_has_prefix (iv, "-IV") && g_ascii_isdigit (iv[3]) && iv[4] == '\0'
            && iv[3] - '0' < releases[i].versions))
      return 0;
  }
  return stoker_error_set (err, STOKER_ERROR_CONFIG,
                           "it must be a release of Kafka, 0.8.0 to 3.9, or one of its versions, as 3.0-IV1");
}

int
stk_topic_rule_check (const char *name, const char *value, StokerError *err)
{
  static const struct
  {
    const char *name;
    int (*check) (const char *value, StokerError *err);
  } rules[] = { { "compression.gzip.level", gzip_level },
                { "follower.replication.throttled.replicas", throttled_replicas },
                { "leader.replication.throttled.replicas", throttled_replicas },
                { "message.format.version", format_version } };

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (strcmp (rules[i].name, name) == 0)
      return rules[i].check (value, err);
  return 0;
}
