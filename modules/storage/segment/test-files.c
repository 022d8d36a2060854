/* SPDX-License-Identifier: Apache-2.0
 *
 * What partitions cost: descriptors, disk blocks and memory of those that nobody uses.
 */
#include "tests/conformance/storage/kit.h"

#include <glib/gstdio.h>
#include <malloc.h>

extern const StokerModule stoker_module_storage_segment;

static unsigned
open_files (void)
{
  GDir *d = g_dir_open ("/proc/self/fd", 0, NULL);
  unsigned n = 0;

  while (g_dir_read_name (d) != NULL)
    n++;
  g_dir_close (d);
  return n;
}

static uint64_t
blocks (Kit *k, const char *log)
{
  g_autofree char *path = g_build_filename (k->path, log, "00000000000000000000.log", NULL);
  GStatBuf st;

  g_assert_cmpint (g_stat (path, &st), ==, 0);
  return (uint64_t)st.st_blocks * 512;
}

static void
append_to (Kit *k, StokerLog *log, size_t value)
{
  Maker m = maker (1);
  StokerLog *own = k->log;

  m.value = value;
  k->log = log;
  g_assert_cmpint (kit_append (k, &m, STOKER_ORIGIN_CLIENT).error, ==, 0);
  k->log = own;
}

#define LOGS 200

static void
test_descriptors (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, "files.max = 50\nfiles.idle = 30s\n", true);
  StokerLog *logs[LOGS];
  unsigned before = open_files ();

  test_host_fake_clock (k->host, k->now_ms);
  for (int i = 0; i < LOGS; i++)
    logs[i] = kit_open (k, "d", i);
  g_assert_cmpuint (open_files (), ==, before); /* opening a log leaves nothing open */
  for (int round = 0; round < 3; round++)
    for (int i = 0; i < LOGS; i++)
      append_to (k, logs[i], 10);
  test_host_drain_work (k->host);
  g_assert_cmpuint (open_files (), <=, before + 52); /* two: what threads have open for a moment */
  g_assert_true (k->ops->tick (k->engine, k->now_ms));
  g_assert_cmpuint (open_files (), >, before);
  test_host_advance (k->host, 31000);
  g_assert_false (k->ops->tick (k->engine, k->now_ms + 31000));
  g_assert_cmpuint (open_files (), ==, before);
  for (int i = 0; i < LOGS; i++) {
    StokerReadResult out;
    StokerLog *own = k->log;
    k->log = logs[i];
    g_assert_cmpint (kit_count (k, 0, 3, 1000), ==, 3);
    append_to (k, logs[i], 10);
    g_assert_cmpint (kit_read (k, &(StokerRead){ 3, 4, 1000, true, false }, NULL, &out), ==, 0);
    g_assert_cmpuint (out.len, >, 0);
    k->log = own;
    k->ops->close (k->engine, logs[i]);
  }
  g_assert_cmpuint (open_files (), ==, before);
  kit_free (k);
}

/* A slice that is being sent keeps its file, whatever becomes of the log. */
static void
test_slice_outlives (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  StokerReadResult out;
  uint8_t byte[8];

  kit_put (k, 5);
  g_assert_cmpint (k->ops->read (k->engine, k->log, &(StokerRead){ 0, 5, 1000, true, false }, &out), ==, 0);
  g_assert_cmpint (k->ops->remove (k->engine, k->log, NULL), ==, 0);
  k->log = NULL;
  k->ops->tick (k->engine, k->now_ms + 3600000);
  g_assert_cmpint (stoker_file_pread (out.slices[0].u.file, byte, 8, out.slices[0].pos), ==, 8);
  stoker_slice_release (&out.slices[0]);
  k->ops->dir_detach (k->engine, 0, NULL);
  kit_free (k);
}

static void
test_reserved (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, "files.idle = 30s\n", true);
  uint64_t bytes;

  test_host_fake_clock (k->host, k->now_ms);
  for (int i = 0; i < 40; i++)
    kit_put_sized (k, 1, 50000);
  bytes = k->ops->bytes (k->engine, k->log);
  if (blocks (k, "t-0") <= bytes + 65536)
    g_test_message ("this file system does not reserve blocks");
  test_host_advance (k->host, 31000);
  k->ops->tick (k->engine, k->now_ms + 31000);
  g_assert_cmpuint (blocks (k, "t-0"), <=, bytes + 8192);
  kit_put_sized (k, 1, 50000); /* and it goes on */
  kit_reopen (k);
  g_assert_cmpuint (blocks (k, "t-0"), <=, k->ops->bytes (k->engine, k->log) + 8192);
  g_assert_cmpint (kit_count (k, 0, 41, 1 << 20), ==, 41);
  kit_free (k);
}

static void
test_memory (void)
{
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  StokerLog *logs[LOGS];
  size_t before = mallinfo2 ().uordblks, each;

  test_host_fake_clock (k->host, k->now_ms);
  for (int i = 0; i < LOGS; i++) {
    logs[i] = kit_open (k, "a-topic-with-an-ordinary-name", i);
    append_to (k, logs[i], 100);
  }
  test_host_drain_work (k->host);
  test_host_advance (k->host, 3600000);
  k->ops->tick (k->engine, k->now_ms + 3600000);
  each = (mallinfo2 ().uordblks - before) / LOGS;
  g_test_message ("%zu bytes per idle partition", each);
  g_assert_cmpuint (each, <, 3072);
  for (int i = 0; i < LOGS; i++)
    k->ops->close (k->engine, logs[i]);
  kit_free (k);
#else
  g_test_skip ("sanitizers have their own allocator");
#endif
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/files/descriptors", test_descriptors);
  g_test_add_func ("/segment/files/slice-outlives", test_slice_outlives);
  g_test_add_func ("/segment/files/reserved", test_reserved);
  g_test_add_func ("/segment/files/memory", test_memory);
  return g_test_run ();
}
