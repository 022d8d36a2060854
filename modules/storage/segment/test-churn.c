/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything at once: appends, reads, retention, DeleteRecords, flushes, checkpoints and idle closing on a few logs
 * with few files allowed open. What a reader gets is whole and in order; nothing deadlocks; afterwards all is there.
 */
#include "tests/conformance/storage/kit.h"

#include <string.h>

extern const StokerModule stoker_module_storage_segment;

#define LOGS 12
#define APPENDS 1500

typedef struct Stage
{
  Kit *k;
  StokerLog *logs[LOGS];
  bool stop; /* atomic */
} Stage;

typedef struct Player
{
  Stage *stage;
  unsigned id;
} Player;

static bool
stopped (Stage *s)
{
  return __atomic_load_n (&s->stop, __ATOMIC_ACQUIRE);
}

static void *
writer (void *user)
{
  Player *p = user;
  Stage *s = p->stage;

  for (unsigned i = 0; i < APPENDS; i++) {
    StokerLog *log = s->logs[(i * 7 + p->id * 5) % LOGS];
    StokerBuf b = { 0 };
    Maker m = maker (1 + (int)i % 3);
    StokerAppend a = { .now_ms = s->k->now_ms, .control_type = -1, .control_epoch = -1 };
    m.value = i % 11 * 30;
    m.timestamp = i;
    make_batch (&b, &m);
    a.data = b.data;
    a.len = b.len;
    stoker_batch_peek (b.data, b.len, &a.batch);
    s->k->ops->append (s->k->engine, log, &a, 1);
    g_assert_cmpint (a.error, ==, 0);
    s->k->ops->set_hw (s->k->engine, log, a.last_offset + 1);
    stoker_buf_clear (&b);
  }
  return NULL;
}

/* Reads on from `offset`; where it goes on. */
static int64_t
read_on (Stage *s, StokerLog *log, int64_t offset)
{
  StokerLogEnds ends;
  StokerReadResult out;
  StokerRead req;
  uint8_t data[3000];
  StokerBatch b;
  ssize_t len;
  int rc;

  s->k->ops->ends (s->k->engine, log, &ends);
  offset = MAX (offset, ends.start);
  req = (StokerRead){ offset, ends.hw, sizeof data, false, false };
  rc = offset < ends.hw ? s->k->ops->read (s->k->engine, log, &req, &out) : -1;
  if (rc == STOKER_OFFSET_OUT_OF_RANGE || rc == -1) /* dropped meanwhile; nothing new */
    return offset;
  g_assert_cmpint (rc, ==, 0);
  if (out.n_slices == 0)
    return offset;
  len = stoker_file_pread (out.slices[0].u.file, data, out.slices[0].len, out.slices[0].pos);
  g_assert_cmpint (len, ==, out.slices[0].len);
  for (ssize_t at = 0; stoker_batch_peek (data + at, (size_t)(len - at), &b) == 0; at += b.length) {
    g_assert_true (stoker_batch_crc_ok (data + at, &b));
    g_assert_cmpint (b.base_offset, <=, offset);
    offset = stoker_batch_last_offset (&b) + 1;
  }
  stoker_slice_release (&out.slices[0]);
  return offset;
}

static void *
reader (void *user)
{
  Player *p = user;
  int64_t at[LOGS] = { 0 };

  while (!stopped (p->stage))
    for (int i = 0; i < LOGS; i++)
      at[i] = read_on (p->stage, p->stage->logs[i], p->id % 2 ? at[i] : at[i] / 2);
  return NULL;
}

static void
look_after (Stage *s, StokerLog *log, unsigned round)
{
  const StokerStorageOps *ops = s->k->ops;
  StokerInstance *e = s->k->engine;
  StokerSegmentRow rows[64];
  StokerLogEnds ends;
  StokerTimeFound f;
  StokerError err = { 0 };
  size_t n = ops->segments (e, log, rows, 64);

  ops->ends (e, log, &ends);
  g_assert_cmpint (ops->find_time (e, log, (int64_t)round % 2000, ends.hw, &f), ==, 0);
  if (round % 5 == 0 && n > 4 && n <= 64)
    g_assert_cmpint (ops->drop (e, log, rows[1].next, "size", &err), ==, 0);
  if (round % 7 == 0 && ends.hw > 20)
    g_assert_cmpint (ops->set_start (e, log, MAX (ends.start, ends.hw - 20), &err), ==, 0);
  if (round % 3 == 0)
    g_assert_cmpint (ops->flush (e, log, &err), ==, 0);
}

static void *
keeper (void *user)
{
  Player *p = user;
  Stage *s = p->stage;
  StokerError err = { 0 };

  for (unsigned round = 0; !stopped (s); round++) {
    look_after (s, s->logs[round % LOGS], round);
    if (round % 10 == 0) {
      test_host_advance (s->k->host, 700);
      s->k->ops->tick (s->k->engine, s->k->now_ms + 100000);
      g_assert_cmpint (s->k->ops->dir_checkpoint (s->k->engine, 0, &err), ==, 0);
    }
  }
  return NULL;
}

static void
test_churn (void)
{
  Kit *k = kit_prepare (&stoker_module_storage_segment, "files.max = 8\nfiles.idle = 1s\n", true, NULL);
  Stage s = { .k = k };
  void *(*const parts[]) (void *) = { writer, writer, writer, reader, reader, keeper };
  Player players[G_N_ELEMENTS (parts)];
  GThread *threads[G_N_ELEMENTS (parts)];
  int64_t ends[LOGS];

  test_host_fake_clock (k->host, k->now_ms);
  k->config.segment_bytes = 8000;
  k->config.index_interval_bytes = 500;
  kit_start (k, false);
  for (int i = 0; i < LOGS; i++)
    s.logs[i] = kit_open (k, "t", i);
  for (unsigned i = 0; i < G_N_ELEMENTS (parts); i++) {
    players[i] = (Player){ &s, i };
    threads[i] = g_thread_new ("churn", parts[i], &players[i]);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS (parts); i++) {
    if (i == 3)
      __atomic_store_n (&s.stop, true, __ATOMIC_RELEASE);
    g_thread_join (threads[i]);
  }
  for (int i = 0; i < LOGS; i++) {
    k->log = s.logs[i];
    ends[i] = kit_ends (k).end;
    k->ops->close (k->engine, s.logs[i]);
  }
  k->log = NULL;
  kit_stop (k, true);
  kit_start (k, true);
  for (int i = 0; i < LOGS; i++) {
    StokerLogEnds e;
    k->log = kit_open (k, "t", i);
    e = kit_ends (k);
    g_assert_cmpint (e.end, ==, ends[i]);
    g_assert_cmpint (kit_count (k, e.start, e.end, 5000), >=, e.end - e.start);
    k->ops->close (k->engine, k->log);
    k->log = NULL;
  }
  kit_stop (k, true);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/segment/churn", test_churn);
  return g_test_run ();
}
