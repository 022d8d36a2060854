/* SPDX-License-Identifier: Apache-2.0
 *
 * A full disk refuses writes and serves reads, and is forgiven when there is room again; a disk that fails otherwise is
 * not.
 */
#include "tests/conformance/storage/kit.h"

#include <stoker/host.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

extern const StokerModule stoker_module_storage_segment;

typedef struct Bench
{
  Kit *k;
  StokerDisk *disk;
  int32_t sequence; /* of producer 7 */
} Bench;

static Bench
bench_new (void)
{
  Bench b = { kit_prepare (&stoker_module_storage_segment, NULL, true, NULL), NULL, 0 };

  b.disk = b.k->disk;
  b.k->config.segment_bytes = 100000;
  kit_start (b.k, false);
  b.k->log = kit_open (b.k, "t", 0);
  return b;
}

static void
bench_free (Bench *b)
{
  kit_free (b->k);
}

/* The next batch of an idempotent producer; a refused one is sent again, as a client would. */
static StokerAppend
put (Bench *b)
{
  Maker m = maker (2);
  StokerAppend a;

  m.producer_id = 7;
  m.producer_epoch = 0;
  m.sequence = b->sequence;
  m.value = 500;
  a = kit_append (b->k, &m, STOKER_ORIGIN_CLIENT);
  if (a.error == 0)
    b->sequence += 2;
  return a;
}

static void
check_all (Bench *b)
{
  StokerLogEnds ends = kit_ends (b->k);

  g_assert_cmpint (ends.end, ==, b->sequence);
  g_assert_cmpint (kit_count (b->k, 0, ends.end, 3000), ==, ends.end);
}

static uint64_t
size_of_logs (Kit *k)
{
  g_autofree char *path = g_build_filename (k->path, "t-0", NULL);
  GDir *d = g_dir_open (path, 0, NULL);
  const char *name;
  uint64_t sum = 0;

  while ((name = g_dir_read_name (d)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);
    GStatBuf st;
    if (g_str_has_suffix (name, ".log") && g_stat (file, &st) == 0)
      sum += (uint64_t)st.st_size;
  }
  g_dir_close (d);
  return sum;
}

/* Room for so much, then none, then plenty: at every place where it can run out. */
static void
test_full (void)
{
  for (int64_t room = 0; room < 110000; room += 7919) {
    Bench b = bench_new ();
    int refused = 0;
    for (int i = 0; i < 20; i++)
      g_assert_cmpint (put (&b).error, ==, 0);
    test_host_tolerate (b.k->host, "segment.write_failed");
    fault_disk_space (b.disk, room);
    while (refused < 100) {
      StokerAppend a = put (&b);
      g_assert_true (a.error == 0 || a.error == STOKER_KAFKA_STORAGE_ERROR);
      refused += a.error != 0;
      if (refused % 50 == 1)
        check_all (&b);
    }
    g_assert_cmpuint (size_of_logs (b.k), ==,
                      b.k->ops->bytes (b.k->engine, b.k->log)); /* nothing half written is left */
    fault_disk_space (b.disk, -1);
    for (int i = 0; i < 100; i++)
      g_assert_cmpint (put (&b).error, ==, 0);
    check_all (&b);
    kit_crash (b.k);
    check_all (&b);
    kit_reopen (b.k);
    check_all (&b);
    bench_free (&b);
  }
}

static void
test_io_error (void)
{
  Bench b = bench_new ();

  for (int i = 0; i < 10; i++)
    g_assert_cmpint (put (&b).error, ==, 0);
  test_host_expect (b.k->host, "segment.write_failed");
  fault_disk_fail_writes (b.disk, -EIO);
  g_assert_cmpint (put (&b).error, ==, STOKER_KAFKA_STORAGE_ERROR);
  fault_disk_fail_writes (b.disk, 0);
  g_assert_cmpint (put (&b).error, ==, STOKER_KAFKA_STORAGE_ERROR); /* not believed any more */
  check_all (&b);
  test_host_expect (b.k->host, "segment.close_failed");
  kit_reopen (b.k);
  check_all (&b);
  g_assert_cmpint (put (&b).error, ==, 0);
  bench_free (&b);
}

static void
test_flush_error (void)
{
  Bench b = bench_new ();
  StokerError err = { 0 };

  g_assert_cmpint (put (&b).error, ==, 0);
  test_host_tolerate (b.k->host, "segment.write_failed"); /* a disk thread may be at its names */
  fault_disk_fail_syncs (b.disk, -EIO);
  g_assert_cmpint (b.k->ops->flush (b.k->engine, b.k->log, &err), ==, STOKER_KAFKA_STORAGE_ERROR);
  g_assert_nonnull (strstr (err.text, "t-0"));
  fault_disk_fail_syncs (b.disk, 0);
  g_assert_cmpint (put (&b).error, ==, STOKER_KAFKA_STORAGE_ERROR);
  check_all (&b);
  test_host_expect (b.k->host, "segment.close_failed");
  bench_free (&b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/disk/full", test_full);
  g_test_add_func ("/segment/disk/io-error", test_io_error);
  g_test_add_func ("/segment/disk/flush-error", test_flush_error);
  return g_test_run ();
}
