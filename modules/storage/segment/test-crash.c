/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 while a process appends: what it was told is appended is there afterwards, whole, and retries are still
 * recognised.
 */
#include "tests/conformance/storage/kit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern const StokerModule stoker_module_storage_segment;

/* What the child reports after each append. */
typedef struct Told
{
  int64_t last;     /* last offset */
  int32_t sequence; /* base sequence of the batch, two records */
} Told;

static StokerAppend
put (Kit *k, int32_t sequence)
{
  Maker m = maker (2);

  m.producer_id = 77;
  m.producer_epoch = 0;
  m.sequence = sequence;
  m.value = (size_t)(sequence * 37 % 2000);
  m.leader_epoch = sequence / 500;
  return kit_append (k, &m, STOKER_ORIGIN_CLIENT);
}

static Kit *
start (const char *path)
{
  Kit *k = kit_prepare (&stoker_module_storage_segment, NULL, true, path);

  k->config.segment_bytes = 60000;
  k->config.index_interval_bytes = 1000;
  test_host_tolerate (k->host, "segment.damaged"); /* torn tails */
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  return k;
}

static void
child (const char *path, int fd, int32_t sequence)
{
  Kit *k = start (path);

  for (;; sequence += 2) {
    StokerAppend a = put (k, sequence);
    Told t = { a.last_offset, sequence };
    StokerError err;
    if (a.error != 0 || a.duplicate || write (fd, &t, sizeof t) != sizeof t)
      _exit (1);
    if (sequence % 100 == 0)
      k->ops->dir_checkpoint (k->engine, 0, &err);
  }
}

/* One life of the child, ended from outside; the last thing that it told. */
static Told
live_and_die (const char *path, int32_t sequence, int ms)
{
  Told t = { -1, -1 }, next;
  int fds[2], status;
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0) {
    close (fds[0]);
    child (path, fds[1], sequence);
  }
  close (fds[1]);
  g_usleep ((gulong)ms * 1000);
  kill (pid, SIGKILL);
  while (read (fds[0], &next, sizeof next) == sizeof next)
    t = next;
  close (fds[0]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status)); /* it had no complaint of its own */
  return t;
}

static void
test_kill (void)
{
  char *path = test_dir_new ();
  int32_t sequence = 0;
  int64_t end = 0;

  for (int round = 0; round < (g_getenv ("LONG") ? 60 : 6); round++) {
    Told t = live_and_die (path, sequence, 60 + round % 12 * 17);
    Kit *k = start (path);
    StokerLogEnds ends = kit_ends (k);
    end = MAX (end, t.last + 1);
    g_assert_cmpint (ends.end, >=, end);
    g_assert_cmpint (ends.end, <=, end + 2); /* the one that was under way may be there too */
    g_assert_cmpint (kit_count (k, 0, ends.end, 100000), ==, ends.end);
    if (t.sequence >= 10) {
      for (int32_t back = 0; back < (ends.end > end ? 4 : 5); back++) {
        StokerAppend a = put (k, t.sequence - 2 * back);
        g_assert_cmpint (a.error, ==, 0);
        g_assert_true (a.duplicate);
        g_assert_cmpint (a.last_offset, ==, t.last - 2 * back);
      }
      sequence = t.sequence + 2 + (int32_t)(ends.end - end);
    }
    end = ends.end;
    kit_stop (k, true);
    kit_free (k);
  }
  g_assert_cmpint (end, >, 100);
  test_dir_free (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/crash/kill", test_kill);
  return g_test_run ();
}
