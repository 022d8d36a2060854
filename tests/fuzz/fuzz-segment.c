/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as the files of a partition. Input: flags (1: after a clean stop), then the lengths of six files (two bytes
 * each) and the files: log, index, time index, transaction index, producer snapshot, leader epochs. What can be opened
 * must be readable, take an append, and be the same after the next start.
 */
#include "tests/conformance/storage/kit.h"

#include <glib/gstdio.h>
#include <string.h>

extern const StokerModule stoker_module_storage_segment;
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char *const files[]
    = { "00000000000000000000.log",      "00000000000000000000.index",    "00000000000000000000.timeindex",
        "00000000000000000000.txnindex", "00000000000000000009.snapshot", "leader-epoch-checkpoint" };

static void
write_files (const char *dir, const uint8_t *data, size_t size)
{
  size_t at = 1 + 2 * G_N_ELEMENTS (files);

  for (size_t i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_build_filename (dir, files[i], NULL);
    size_t len = MIN ((size_t)data[1 + 2 * i] << 8 | data[2 + 2 * i], size - at);
    if (len > 0)
      g_assert_true (g_file_set_contents (path, (const char *)data + at, (gssize)len, NULL));
    at += len;
  }
}

static StokerLog *
try_open (Kit *k)
{
  StokerLogSpec spec = { .topic = STOKER_STR_LIT ("t"), .dir = &k->dir, .config = &k->config, .create = true };
  StokerLog *log = NULL;
  StokerError err = { 0 };

  return k->ops->open (k->engine, &spec, &log, &err) == 0 ? log : NULL;
}

static bool
any (void *user, const StokerAborted *a)
{
  return true;
}

static void
look_around (Kit *k)
{
  StokerLogEnds ends = kit_ends (k);
  StokerTimeFound f;
  StokerReadResult out;

  g_assert_cmpint (ends.start, <=, ends.hw);
  g_assert_cmpint (ends.hw, <=, ends.end);
  for (int64_t at = ends.start; at < ends.end && at < ends.start + 20; at++)
    for (size_t max = 1; max <= 100000; max *= 50)
      kit_read (k, &(StokerRead){ at, ends.end, max, true, max == 50 }, NULL, &out);
  k->ops->find_time (k->engine, k->log, INT64_MAX, ends.end, &f);
  k->ops->find_time (k->engine, k->log, 1000, ends.end, &f);
  k->ops->aborted (k->engine, k->log, 0, INT64_MAX, any, NULL);
  k->ops->segments (k->engine, k->log, NULL, 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Kit *k;
  g_autofree char *dir = NULL;
  Maker m = maker (1);

  if (size < 1 + 2 * G_N_ELEMENTS (files))
    return 0;
  k = kit_prepare (&stoker_module_storage_segment, NULL, true, NULL);
  dir = g_build_filename (k->path, "t-0", NULL);
  g_assert_cmpint (g_mkdir (dir, 0750), ==, 0);
  write_files (dir, data, size);
  test_host_inline_work (k->host);
  test_host_tolerate (k->host, "segment.damaged");
  test_host_tolerate (k->host, "segment.write_failed");
  test_host_tolerate (k->host, "segment.close_failed");
  kit_start (k, data[0] & 1);
  k->log = try_open (k);
  if (k->log) {
    look_around (k);
    if (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error == 0) {
      int64_t end = kit_ends (k).end;
      look_around (k);
      kit_stop (k, true);
      kit_start (k, data[0] & 1);
      k->log = try_open (k);
      g_assert_nonnull (k->log);
      g_assert_cmpint (kit_ends (k).end, ==, end);
    } else if (data[0] & 2) {
      k->ops->truncate (k->engine, k->log, kit_ends (k).end / 2, NULL);
      look_around (k);
    }
  }
  kit_free (k);
  return 0;
}
