/* SPDX-License-Identifier: Apache-2.0
 *
 * The recovery point: it names what is flushed, and moves when flush, flush.messages, flush.ms, a roll or a clean stop
 * flush.
 */
#include "tests/conformance/storage/kit.h"

extern const StokerModule stoker_module_storage_segment;

/* As the checkpoint file says it. */
static int64_t
recovery (Kit *k)
{
  StokerError err = { 0 };
  g_autofree char *text = NULL;
  const char *at;

  test_host_drain_work (k->host);
  g_assert_cmpint (k->ops->dir_checkpoint (k->engine, 0, &err), ==, 0);
  text = kit_file (k, "", "recovery-point-offset-checkpoint", NULL);
  if (text == NULL)
    return -1;
  at = strstr (text, "t 0 ");
  return at ? g_ascii_strtoll (at + 4, NULL, 10) : -1;
}

static void
test_by_hand (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  StokerError err = { 0 };

  kit_put (k, 10);
  g_assert_cmpint (recovery (k), <=, 0);
  g_assert_cmpint (k->ops->flush (k->engine, k->log, &err), ==, 0);
  g_assert_cmpint (recovery (k), ==, 10);
  kit_put (k, 10);
  g_assert_cmpint (recovery (k), ==, 10);
  g_assert_cmpint (k->ops->truncate (k->engine, k->log, 0, &err), ==, 0);
  g_assert_cmpint (recovery (k), ==, 0); /* what comes there now was not flushed */
  kit_put (k, 3);
  kit_reopen (k);
  g_assert_cmpint (recovery (k), ==, 3);
  kit_free (k);
}

static void
test_by_messages (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);

  k->config.flush_messages = 10;
  k->ops->configure (k->engine, k->log, &k->config);
  kit_put (k, 9);
  g_assert_cmpint (recovery (k), <=, 0);
  kit_put (k, 1);
  g_assert_cmpint (recovery (k), ==, 10);
  kit_free (k);
}

static void
test_by_time (void)
{
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, NULL);

  test_host_fake_clock (k->host, k->now_ms);
  k->config.flush_ms = 5000;
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  kit_put (k, 9);
  k->ops->tick (k->engine, k->now_ms + 4000);
  g_assert_cmpint (recovery (k), <=, 0);
  test_host_advance (k->host, 5000);
  k->ops->tick (k->engine, k->now_ms + 5000);
  g_assert_cmpint (recovery (k), ==, 9);
  kit_free (k);
}

static void
test_by_roll (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, NULL, true);
  StokerSegmentRow rows[8];
  size_t n;

  k->config.segment_bytes = 2000;
  k->ops->configure (k->engine, k->log, &k->config);
  for (int i = 0; i < 6; i++)
    kit_put_sized (k, 1, 700);
  n = k->ops->segments (k->engine, k->log, rows, 8);
  g_assert_cmpuint (n, >, 1);
  g_assert_cmpint (recovery (k), ==, rows[n - 1].base);
  kit_free (k);
}

/* What has gathered in one log is on its way to the disk; what is left grows to little. */
static void
test_writeback (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, "writeback = 256KiB\n", true);
  StokerLog *own = k->log, *logs[6];
  int64_t before;

  kit_put_sized (k, 1, 100000);
  test_host_drain_work (k->host);
  g_assert_cmpint (fault_disk_written_back (k->disk), ==, 0);
  for (int i = 0; i < 9; i++) {
    kit_put_sized (k, 1, 100000);
    test_host_drain_work (k->host);
  }
  g_assert_cmpint (fault_disk_written_back (k->disk), >=, 1000000 - (320 << 10));
  g_assert_cmpint (fault_disk_written_back (k->disk), <=, 1000000);
  /* Six logs with less than that each. */
  for (int i = 0; i < 6; i++) {
    logs[i] = k->log = kit_open (k, "u", i);
    kit_put_sized (k, 1, 200000);
  }
  k->log = own;
  test_host_drain_work (k->host);
  before = fault_disk_written_back (k->disk);
  k->ops->tick (k->engine, k->now_ms);
  g_assert_cmpint (fault_disk_written_back (k->disk) - before, >=, 6 * (192 << 10));
  for (int i = 0; i < 6; i++)
    k->ops->close (k->engine, logs[i]);
  kit_free (k);
}

static void
test_no_writeback (void)
{
  Kit *k = kit_new (&stoker_module_storage_segment, "writeback = 0\n", true);

  for (int i = 0; i < 20; i++)
    kit_put_sized (k, 1, 1000000);
  test_host_drain_work (k->host);
  k->ops->tick (k->engine, k->now_ms);
  g_assert_cmpint (fault_disk_written_back (k->disk), ==, 0);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/flush/by-hand", test_by_hand);
  g_test_add_func ("/segment/flush/by-messages", test_by_messages);
  g_test_add_func ("/segment/flush/by-time", test_by_time);
  g_test_add_func ("/segment/flush/by-roll", test_by_roll);
  g_test_add_func ("/segment/flush/writeback", test_writeback);
  g_test_add_func ("/segment/flush/no-writeback", test_no_writeback);
  return g_test_run ();
}
