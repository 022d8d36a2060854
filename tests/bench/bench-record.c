/* SPDX-License-Identifier: Apache-2.0
 *
 * Figures of the record path, one thread, in memory: CRC-32C by size, validation of a produced batch by codec,
 * conversion. Usage: bench-record; prints a table. Not part of `make check`.
 */
#include "tests/unit/record/kit.h"

#include "base/crc.h"
#include "record/topic_view.h"

#include <stdio.h>
#include <time.h>

#define RUN_US 200000

static volatile uint32_t sink;

/* Processor time: the machine has other work too. */
static int64_t
used_us (void)
{
  struct timespec t;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
bench_crc (void)
{
  static const size_t sizes[] = { 100, 1024, 16384, 1 << 20 };

  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree uint8_t *p = g_malloc0 (sizes[i]);
    for (int soft = 0; soft < 2; soft++) {
      int64_t begin = used_us (), now;
      double bytes = 0;
      do {
        for (size_t n = 0; n < (1 << 20) / sizes[i]; n++)
          sink = soft ? stk_crc32c_soft (sink, p, sizes[i]) : stoker_crc32c (sink, p, sizes[i]);
        bytes += (double)((1 << 20) / sizes[i] * sizes[i]);
        now = used_us ();
      } while (now - begin < RUN_US);
      printf ("crc32c%s %8zu B  %6.2f GB/s\n", soft ? " (no special instructions)" : "                          ",
              sizes[i], bytes / 1e3 / (double)(now - begin));
    }
  }
}

/* Records of 100 bytes value, JSON-like. */
static void
fill (Kit *k, StokerBuf *out, size_t target, int codec, size_t value_len)
{
  StkBatchBuilder w;
  g_autofree char *value = g_malloc (value_len + 64);
  int i = 0;

  out->len = 0;
  stk_batch_begin (&w, out);
  while (out->len < target) {
    int n = snprintf (value, value_len, "{\"id\":%d,\"name\":\"user-%d\",\"score\":%d,\"text\":\"", i, i * 7919 % 1000,
                      i % 17);
    for (size_t at = (size_t)n; at < value_len; at++)
      value[at] = (char)('a' + (at * (size_t)(i + 3)) % 23);
    stk_batch_add (&w, 1700000000000 + i, STOKER_BYTES_NULL, (StokerBytes){ (uint8_t *)value, value_len },
                   STOKER_BYTES_NULL, 0);
    i++;
  }
  g_assert_cmpint (stk_batch_end (&w, k->codecs, codec, STK_CODEC_LEVEL_DEFAULT, NULL), ==, 0);
}

static void
bench_validate (Kit *k, size_t target, int codec, int store, size_t value_len)
{
  static const char *const names[] = { "none", "gzip", "snappy", "lz4", "zstd" };
  StokerBuf in = { 0 };
  StokerBatch b;
  int64_t begin, now;
  double batches = 0, plain;

  fill (k, &in, target, codec, value_len);
  b = kit_peek (&in);
  plain = (double)b.record_count * (double)(value_len + 10);
  k->config.compression = store;
  k->config.max_message_bytes = 64 << 20;
  begin = used_us ();
  do {
    stk_record_validate (&k->spec, in.data, in.len, &k->out);
    g_assert_cmpint (k->out.error, ==, 0);
    batches++;
    now = used_us ();
  } while (now - begin < RUN_US);
  printf ("validate %7zu B of %zu B records, %-6s -> %-6s  %8.2f ns/record  %6.3f CPU-s/GB\n", target, value_len,
          names[codec], store < 0 ? "same" : names[store], (double)(now - begin) * 1e3 / batches / b.record_count,
          (double)(now - begin) / 1e6 / (batches * plain / 1e9));
  stoker_buf_clear (&in);
}

static void
bench_downconvert (Kit *k)
{
  StokerBuf in = { 0 }, out = { 0 };
  int64_t begin = used_us (), now;
  double records = 0;

  fill (k, &in, 16384, 0, 100);
  do {
    out.len = 0;
    g_assert_cmpint (stk_record_downconvert (k->codecs, in.data, in.len, 1, 0, &out, NULL), ==, 0);
    records += kit_peek (&in).record_count;
    now = used_us ();
  } while (now - begin < RUN_US);
  printf ("down-convert to magic 1, 100 B records                  %8.2f ns/record\n",
          (double)(now - begin) * 1e3 / records);
  stoker_buf_clear (&in);
  stoker_buf_clear (&out);
}

static void
bench_producers (void)
{
  StokerProducers *p = stoker_producers_new ();
  StokerBatch b = { .last_offset_delta = 9, .record_count = 10 };
  int64_t begin = used_us (), took;
  int n = 2000000;

  for (int i = 0; i < n; i++) {
    b.producer_id = i % 100;
    b.base_sequence = i / 100 * 10;
    b.base_offset = (int64_t)i * 10;
    if (stoker_producers_check (p, &b).error == 0)
      stoker_producers_update (p, &b, -1, -1);
  }
  took = used_us () - begin;
  printf ("producer state, check and update, 100 producers         %8.2f ns/batch\n", (double)took * 1e3 / n);
  stoker_producers_free (p);
}

int
main (int argc, char **argv)
{
  Kit k;

  kit_init (&k);
  bench_crc ();
  bench_validate (&k, 16384, 0, -1, 100);
  bench_validate (&k, 1 << 20, 0, -1, 100);
  bench_validate (&k, 16384, 0, -1, 1024);
  for (int codec = 1; codec <= 4; codec++)
    bench_validate (&k, 16384, codec, -1, 100);
  bench_validate (&k, 16384, 0, 4, 100);
  bench_validate (&k, 16384, 4, 0, 100);
  bench_downconvert (&k);
  bench_producers ();
  kit_clear (&k);
  return 0;
}
