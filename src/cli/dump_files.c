/* SPDX-License-Identifier: Apache-2.0
 *
 * The files beside a .log: indexes, producer state, checkpoints, small texts.
 */
#include "cli/dump.h"

#include <inttypes.h>
#include <string.h>

/* One entry: names and numbers. The first of an index may be all zeros; any other is space that was reserved. */
static void
entry (const Dump *d, int n, const char *const *names, const int64_t *values)
{
  CliJson j = { 0 };

  if (d->json) {
    cli_json_begin (&j, NULL, '{');
    for (int i = 0; i < n; i++)
      cli_json_int (&j, names[i], values[i]);
    cli_json_end (&j, '}');
    cli_json_print (&j);
    return;
  }
  for (int i = 0; i < n; i++)
    printf ("%s%s %" PRId64, i ? "  " : "", names[i], values[i]);
  printf ("\n");
}

/* Calls each for every entry up to the reserved zeros. */
static int
walk (Dump *d, size_t size, bool (*each) (Dump *d, const uint8_t *p, int64_t *last), const char *disorder)
{
  uint8_t p[64];
  int64_t last = INT64_MIN;
  uint64_t at = 0;
  size_t n;

  while ((n = fread (p, 1, size, d->file)) == size && !dump_stopped ()) {
    if (at > 0 && cli_is_zero (p, size)) {
      if (!d->json)
        printf ("zeros from %" PRIu64 " on: reserved space\n", at);
      return CLI_OK;
    }
    if (!each (d, p, &last))
      return dump_damage (d, at, disorder);
    at += size;
  }
  return n % size ? dump_damage (d, at, "the file ends inside an entry") : CLI_OK;
}

static bool
index_entry (Dump *d, const uint8_t *p, int64_t *last)
{
  int64_t offset = cli_big (p, 4);
  bool ok = offset >= 0 && offset > *last;

  entry (d, 2, (const char *[]){ "offset", "position" }, (int64_t[]){ d->base + offset, cli_big (p + 4, 4) });
  *last = offset;
  return ok;
}

int
dump_index (Dump *d)
{
  return walk (d, 8, index_entry, "offsets do not grow");
}

static bool
time_entry (Dump *d, const uint8_t *p, int64_t *last)
{
  int64_t t = cli_big (p, 8);
  bool ok = t >= *last;
  char when[32];

  cli_format_time (t, when);
  if (d->json)
    entry (d, 2, (const char *[]){ "timestamp", "offset" }, (int64_t[]){ t, d->base + cli_big (p + 8, 4) });
  else
    printf ("timestamp %" PRId64 " (%s)  offset %" PRId64 "\n", t, when, d->base + cli_big (p + 8, 4));
  *last = t;
  return ok;
}

int
dump_timeindex (Dump *d)
{
  return walk (d, 12, time_entry, "timestamps go back");
}

static bool
txn_entry (Dump *d, const uint8_t *p, int64_t *last)
{
  entry (d, 5, (const char *[]){ "version", "producer_id", "first_offset", "last_offset", "last_stable_offset" },
         (int64_t[]){ cli_big (p, 2), cli_big (p + 2, 8), cli_big (p + 10, 8), cli_big (p + 18, 8), cli_big (p + 26, 8) });
  return cli_big (p, 2) == 0;
}

int
dump_txnindex (Dump *d)
{
  return walk (d, 34, txn_entry, "an entry of another version than 0");
}

int
dump_snapshot (Dump *d)
{
  uint8_t head[10], p[46];
  g_autofree char *data = NULL;
  gsize len;
  uint32_t count;

  if (!g_file_get_contents (d->path, &data, &len, NULL) || len < sizeof head)
    return dump_damage (d, 0, "too short for a snapshot");
  memcpy (head, data, sizeof head);
  count = (uint32_t)cli_big (head + 6, 4);
  if (cli_big (head, 2) != 1)
    return dump_damage (d, 0, "a snapshot of another version than 1");
  if ((uint32_t)cli_big (head + 2, 4) != stoker_crc32c (0, data + 6, len - 6))
    return dump_damage (d, 2, "the CRC of the snapshot is wrong");
  if (count != (len - sizeof head) / sizeof p || (len - sizeof head) % sizeof p)
    return dump_damage (d, 6, "the count of producers does not fit the size");
  for (uint32_t i = 0; i < count; i++) {
    memcpy (p, data + sizeof head + i * sizeof p, sizeof p);
    entry (d, 8,
           (const char *[]){ "producer_id", "epoch", "last_sequence", "last_offset", "offset_delta", "last_timestamp",
                             "coordinator_epoch", "txn_first_offset" },
           (int64_t[]){ cli_big (p, 8), cli_big (p + 8, 2), cli_big (p + 10, 4), cli_big (p + 14, 8), cli_big (p + 22, 4), cli_big (p + 26, 8),
                        cli_big (p + 34, 4), cli_big (p + 38, 8) });
  }
  return CLI_OK;
}

/* Texts: version, count, then one entry a line. */
int
dump_checkpoint (Dump *d)
{
  g_autofree char *data = NULL;
  g_auto (GStrv) lines = NULL;
  gsize len;
  guint n;
  bool epochs = g_str_has_suffix (d->path, "leader-epoch-checkpoint");

  if (!g_file_get_contents (d->path, &data, &len, NULL))
    return cli_failed ("cannot read %s", d->path);
  lines = g_strsplit (data, "\n", -1);
  n = g_strv_length (lines);
  if (n && lines[n - 1][0] == '\0')
    n--;
  if (n < 2 || strcmp (lines[0], "0") != 0)
    return dump_damage (d, 0, "not a checkpoint of version 0");
  for (guint i = 2; i < n; i++) {
    g_auto (GStrv) words = g_strsplit (lines[i], " ", -1);
    guint count = g_strv_length (words);
    CliJson j = { 0 };
    if (count != (epochs ? 2 : 3))
      return dump_damage (d, (uint64_t)(i + 1), "a line with another number of words (the position is the line)");
    if (!d->json) {
      printf (epochs ? "epoch %s  start %s\n" : "topic %s  partition %s  offset %s\n", words[0], words[1],
              epochs ? "" : words[2]);
      continue;
    }
    cli_json_begin (&j, NULL, '{');
    if (!epochs)
      cli_json_text (&j, "topic", words[0]);
    cli_json_int (&j, epochs ? "epoch" : "partition", g_ascii_strtoll (words[epochs ? 0 : 1], NULL, 10));
    cli_json_int (&j, epochs ? "start" : "offset", g_ascii_strtoll (words[epochs ? 1 : 2], NULL, 10));
    cli_json_end (&j, '}');
    cli_json_print (&j);
  }
  if ((guint)g_ascii_strtoull (lines[1], NULL, 10) != n - 2)
    return dump_damage (d, 1, "the count in the second line is wrong");
  return CLI_OK;
}

int
dump_text (Dump *d)
{
  g_autofree char *data = NULL;
  gsize len;

  if (!g_file_get_contents (d->path, &data, &len, NULL))
    return cli_failed ("cannot read %s", d->path);
  if (d->json) {
    CliJson j = { 0 };
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "file", d->path);
    cli_json_str (&j, "text", (StokerStr){ data, len });
    cli_json_end (&j, '}');
    cli_json_print (&j);
  } else {
    fwrite (data, 1, len, stdout);
    if (len && data[len - 1] != '\n')
      printf ("\n");
  }
  return CLI_OK;
}
