/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of stoker/partitioner.h.
 */
#include "../check.h"

#include "record/topic_view.h"

#define THREADS 8
#define KEYS 64

/* Keys of many lengths; the first is empty, none is null. */
static void
make_keys (StokerBytes *keys, uint8_t *room)
{
  for (size_t i = 0; i < KEYS; i++) {
    for (size_t k = 0; k < i; k++)
      room[i * KEYS + k] = (uint8_t)(i * 37 + k * 11);
    keys[i] = (StokerBytes){ room + i * KEYS, i };
  }
}

static int
pick (Check *c, const StokerTopicView *view, const StokerBytes *keys, size_t n, int32_t *out)
{
  int rc;

  for (size_t i = 0; i < n; i++)
    out[i] = -7;
  stk_instance_enter (c->self);
  rc = ((const StokerPartitionerOps *)c->self->module->ops)->pick (c->self, view, keys, n, out);
  stk_instance_leave (c->self);
  return rc;
}

static bool
run_in_range (Check *c)
{
  g_autofree uint8_t *room = g_malloc (KEYS * KEYS);
  StokerBytes keys[KEYS];
  int32_t out[KEYS];

  make_keys (keys, room);
  keys[3] = keys[40] = STOKER_BYTES_NULL;
  for (int32_t count = 1; count <= 10000; count++) {
    uint64_t cell = (uint64_t)count * UINT64_C (0x9e3779b97f4a7c15);
    StokerTopicView view = { .name = STOKER_STR_LIT ("topic"), .count = count, .cell = &cell };
    CHECK (pick (c, &view, keys, KEYS, out) == 0, "pick fails for %d partitions", count);
    for (size_t i = 0; i < KEYS; i++)
      CHECK (out[i] >= 0 && out[i] < count, "partition %d of %d for a key of %zu bytes", out[i], count, keys[i].len);
  }
  return true;
}

static bool
run_edges (Check *c)
{
  uint64_t cell = 0;
  StokerTopicView view = { .name = STOKER_STR_LIT ("topic"), .count = 3, .cell = &cell };
  StokerBytes odd[4] = { { NULL, 0 }, { (uint8_t *)"", 0 }, { (uint8_t *)"\0", 1 }, { NULL, 0 } };
  g_autofree uint8_t *large = g_malloc0 (1 << 20);
  StokerBytes key = { large, 1 << 20 };
  int32_t out[4] = { -7, -7, -7, -7 };

  CHECK (pick (c, &view, odd, 0, out) == 0 && out[0] == -7, "a call with no key fails or writes");
  CHECK (pick (c, &view, odd, 4, out) == 0, "null and empty keys fail");
  for (int i = 0; i < 4; i++)
    CHECK (out[i] >= 0 && out[i] < 3, "null and empty keys: partition %d of 3", out[i]);
  CHECK (pick (c, &view, &key, 1, out) == 0 && out[0] >= 0 && out[0] < 3, "a key of 1 MiB fails");
  return true;
}

/* Either a key decides, always, however it is asked for, or it decides nothing. */
static bool
run_deterministic (Check *c)
{
  g_autofree uint8_t *room = g_malloc (KEYS * KEYS);
  StokerBytes keys[KEYS];
  int32_t first[KEYS], again[KEYS];
  uint64_t cell = 5, other = 99;
  StokerTopicView view = { .name = STOKER_STR_LIT ("topic"), .count = 1009, .cell = &cell },
                  elsewhere = { .name = STOKER_STR_LIT ("another"), .count = 1009, .cell = &other };
  int same = 0;

  make_keys (keys, room);
  CHECK (pick (c, &view, keys, KEYS, first) == 0 && pick (c, &elsewhere, keys, KEYS, again) == 0, "pick fails");
  for (size_t i = 0; i < KEYS; i++)
    same += first[i] == again[i];
  if (same <= KEYS / 8)
    return true; /* keys decide nothing */
  for (size_t i = 0; i < KEYS; i++) {
    g_autofree uint8_t *copy = g_memdup2 (keys[i].data, keys[i].len + 1);
    StokerBytes key = { copy, keys[i].len };
    CHECK (pick (c, &view, &key, 1, again) == 0, "pick fails");
    CHECK (first[i] == again[0], "a key of %zu bytes goes to partition %d, then to %d", keys[i].len, first[i],
           again[0]);
  }
  return true;
}

static bool
run_available (Check *c)
{
  uint64_t cell = 0;
  uint8_t offline[5] = { 0, 1, 1, 0, 1 };
  StokerTopicView view = { .name = STOKER_STR_LIT ("topic"), .count = 5, .offline = offline, .cell = &cell };
  StokerBytes keys[100] = { 0 };
  int32_t out[100];

  for (int turn = 0; turn < 50; turn++) {
    CHECK (pick (c, &view, keys, 100, out) == 0, "pick fails while partitions have no leader");
    for (int i = 0; i < 100; i++)
      CHECK (out[i] == 0 || out[i] == 3, "a record without key goes to partition %d, which has no leader", out[i]);
  }
  memset (offline, 1, sizeof offline);
  CHECK (pick (c, &view, keys, 100, out) == 0, "pick fails while no partition has a leader");
  for (int i = 0; i < 100; i++)
    CHECK (out[i] >= 0 && out[i] < 5, "partition %d of 5 while none has a leader", out[i]);
  return true;
}

typedef struct Shared
{
  Check *c;
  StokerTopicView view;
} Shared;

static gpointer
thread_run (gpointer user)
{
  Shared *s = user;
  StokerBytes keys[50] = { 0 };
  int32_t out[50];

  keys[7] = (StokerBytes){ (uint8_t *)"always the same", 15 };
  for (int turn = 0; turn < 500; turn++) {
    if (pick (s->c, &s->view, keys, 50, out) != 0)
      return s;
    for (int i = 0; i < 50; i++)
      if (out[i] < 0 || out[i] >= s->view.count)
        return s;
  }
  return NULL;
}

static bool
run_threads (Check *c)
{
  uint64_t cell = 0;
  Shared s = { c, { .name = STOKER_STR_LIT ("topic"), .count = 11, .cell = &cell } };
  GThread *threads[THREADS];
  int bad = 0;

  CHECK (c->self->module->threads != STOKER_THREADS_CONTROL, "partitioners are called on I/O threads, not on control");
  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("pick", thread_run, &s);
  for (int i = 0; i < THREADS; i++)
    bad += g_thread_join (threads[i]) != NULL;
  CHECK (bad == 0, "%d of %d threads got a failure or a partition that does not exist", bad, THREADS);
  return true;
}

const CheckRow partitioner_rows[] = {
  { "in-range", "the partition exists, for 1 to 10,000 partitions", run_in_range },
  { "edges", "no key at all, null, empty and large keys", run_edges },
  { "deterministic", "a key decides always or never", run_deterministic },
  { "available", "records without key avoid partitions without a leader", run_available },
  { "threads", "eight threads on one topic", run_threads },
  { "no-statics", "no writable data outside the instance", check_no_statics },
};
const size_t n_partitioner_rows = G_N_ELEMENTS (partitioner_rows);
