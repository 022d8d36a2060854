/* SPDX-License-Identifier: Apache-2.0
 *
 * What compaction costs: a log of 100-byte values over a million keys in batches of 16 KiB, written and compacted by
 * the engine and the driver as the broker has them, without a broker. Processor time of the whole run, both passes and
 * the commits, per byte of input; the share of what is kept is printed with it. Usage: bench-compact [MIB [KEYS
 * [CODEC]]]. Not part of `make check`.
 */
#include "broker/clean_log.h"
#include "tests/conformance/storage/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const StokerModule stoker_module_storage_segment, stoker_module_cleaner_compact, stoker_module_codec_lz4,
    stoker_module_codec_zstd;

static double
used_s (clockid_t clock)
{
  struct timespec t;

  clock_gettime (clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
fill (Kit *k, int64_t bytes, guint32 keys, int codec)
{
  StkCodecContexts *codecs = stk_codec_contexts_new (test_host_get (k->host));
  g_autoptr (GRand) dice = g_rand_new_with_seed (1);
  uint8_t value[100];
  StokerBuf b = { 0 };

  for (int64_t done = 0; done < bytes; done += (int64_t)b.len) {
    StkBatchBuilder w;
    StokerAppend a;
    b.len = 0;
    stk_batch_begin (&w, &b);
    while (b.len < 16384) {
      char key[24];
      StokerBytes name = { (uint8_t *)key, (size_t)g_snprintf (key, sizeof key, "key-%08u", g_rand_int (dice) % keys) };
      for (size_t i = 0; i < sizeof value; i++)
        value[i] = (uint8_t)('a' + (codec ? g_rand_int (dice) % 16 : i % 26));
      stk_batch_add (&w, k->now_ms, name, (StokerBytes){ value, sizeof value }, STOKER_BYTES_NULL, 0);
    }
    g_assert_cmpint (stk_batch_end (&w, codecs, codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
    a = (StokerAppend){ .data = b.data, .len = b.len, .now_ms = k->now_ms, .control_type = -1, .control_epoch = -1 };
    g_assert_cmpint (stoker_batch_peek (b.data, b.len, &a.batch), ==, 0);
    k->ops->append (k->engine, k->log, &a, 1);
    g_assert_cmpint (a.error, ==, 0);
  }
  stoker_buf_clear (&b);
  stk_codec_contexts_free (codecs);
  k->ops->set_hw (k->engine, k->log, kit_ends (k).durable);
}

static void
run (Kit *k, StokerInstance *cleaner)
{
  const StokerCleanerOps *ops = cleaner->module->ops;
  StokerSegmentRow rows[256];
  StkCleanState state = STK_CLEAN_MORE;
  StokerError err = { 0 };
  StkCleanSpec spec
      = { .host = test_host_get (k->host),
          .cleaner = cleaner,
          .storage = k->engine,
          .log = k->log,
          .io_bytes = 512 << 10,
          .max_content = 128 << 20,
          .view
          = { .config = &k->config, .segments = rows, .now_ms = k->now_ms, .memory = 128 << 20, .load_factor = 0.9 } };
  double cpu = used_s (CLOCK_PROCESS_CPUTIME_ID), wall = used_s (CLOCK_MONOTONIC), scanned = 0;
  const StkCleanStats *s;
  StkClean *c;

  spec.view.n_segments = k->ops->segments (k->engine, k->log, rows, G_N_ELEMENTS (rows));
  k->ops->ends (k->engine, k->log, &spec.view.ends);
  g_assert_cmpint (ops->assess (cleaner, &spec.view, &spec.wish, &err), ==, 0);
  c = stk_clean_new (&spec, &err);
  g_assert_nonnull (c);
  s = stk_clean_stats (c);
  while (state == STK_CLEAN_MORE || state == STK_CLEAN_COMMIT) {
    state = state == STK_CLEAN_COMMIT ? stk_clean_commit (c, &err) : stk_clean_step (c, 4 << 20, &err);
    if (scanned == 0 && s->input > 0)
      scanned = used_s (CLOCK_PROCESS_CPUTIME_ID) - cpu;
  }
  g_assert_cmpstr (err.text, ==, "");
  cpu = used_s (CLOCK_PROCESS_CPUTIME_ID) - cpu;
  wall = used_s (CLOCK_MONOTONIC) - wall;
  printf ("input %.0f MB, %.1f M records, kept %.1f M (%.0f MB): %.2f CPU-s (first pass %.2f), %.2f CPU-s/GB, "
          "%.0f MB/s a core; %.1f s by the clock\n",
          (double)s->input / 1e6, (double)s->records / 1e6, (double)s->kept / 1e6, (double)s->output / 1e6, cpu,
          scanned, cpu * 1e9 / (double)s->input, (double)s->input / 1e6 / cpu, wall);
  stk_clean_free (c);
}

int
main (int argc, char **argv)
{
  int64_t mib = argc > 1 ? atoi (argv[1]) : 512;
  guint32 keys = argc > 2 ? (guint32)atoi (argv[2]) : 1000000;
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, NULL);
  StokerInstance *cleaner = test_host_instance (k->host, &stoker_module_cleaner_compact, NULL);

  test_host_add_codec (k->host, test_host_instance (k->host, &stoker_module_codec_lz4, NULL));
  test_host_add_codec (k->host, test_host_instance (k->host, &stoker_module_codec_zstd, NULL));
  k->config.cleanup_compact = true;
  k->config.segment_bytes = 128 << 20;
  k->config.max_compaction_lag_ms = INT64_MAX;
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  fill (k, mib << 20, keys, argc > 3 ? atoi (argv[3]) : 0);
  run (k, cleaner);
  kit_free (k);
  return 0;
}
