/* SPDX-License-Identifier: Apache-2.0
 *
 * Producers and long polls on all I/O threads while topics come, change and go: every call is answered once, with data
 * or with a code that fits. Made for the sanitizers.
 */
#include "kit.h"

#include "broker/housekeeping.h"

#define ROUNDS 20
#define FETCHES 6
#define PRODUCES 60

static bool
fits (int16_t error)
{
  return error == 0 || error == STOKER_UNKNOWN_TOPIC_OR_PARTITION || error == STOKER_NOT_LEADER_OR_FOLLOWER;
}

static void
swept (void *user)
{
}

static void
sweep (void *replicas)
{
  stk_housekeeping_sweep (replicas, true, true, swept, NULL);
}

static void
test_stress (void)
{
  Kit *k = kit_new ();
  StokerArena *arena = stoker_arena_new (0);
  Batch b = { .n = 5, .prefix = "v", .timestamp = 1000, .producer_id = -1 };
  StokerBytes batch = kit_batch (k, arena, &b);
  int answered = 0, with_data = 0;

  for (int round = 0; round < ROUNDS; round++) {
    g_autofree Fetch *f = g_new0 (Fetch, FETCHES);
    g_autofree Produce *p = g_new0 (Produce, PRODUCES);
    const char *topic = round % 2 ? "odd" : "even";
    kit_topic (k, topic, 3, NULL);
    for (int i = 0; i < FETCHES; i++) {
      kit_fetch_init (k, &f[i], i % KIT_IO, topic, 3);
      f[i].req.max_wait_ms = 400;
      f[i].req.min_bytes = 1 + i * 200;
      f[i].req.session_epoch = 0;
      f[i].req.isolation = (int8_t)(i % 2);
      kit_call_post (&f[i].c, (void (*) (void *))stoker_fetch);
    }
    for (int i = 0; i < PRODUCES; i++) {
      kit_produce_init (k, &p[i], i % KIT_IO, topic, i % 3, i % 3 - 1, batch);
      kit_call_post (&p[i].c, (void (*) (void *))stoker_produce);
      if (i == PRODUCES / 2)
        kit_topic (k, topic, 3, "retention.ms=100000000\nsegment.bytes=200");
      if (i == PRODUCES * 3 / 4)
        kit_on (k, -1, sweep, kit_broker (k)->replicas);
      if (i == PRODUCES - 3 && round % 3 == 1)
        kit_drop_topic (k, topic);
    }
    if (round % 4 == 3)
      kit_call_cancel (&f[FETCHES - 1].c);
    for (int i = 0; i < PRODUCES; i++) {
      kit_call_wait (&p[i].c);
      g_assert_true (fits (p[i].part.error));
      kit_call_clear (&p[i].c);
    }
    for (int i = 0; i < FETCHES; i++) {
      kit_call_wait (&f[i].c);
      for (int j = 0; j < 3; j++) {
        {
          int16_t error = kit_fetch_part (&f[i], j)->error;
          g_assert_true (fits (error) || error == STOKER_OFFSET_OUT_OF_RANGE); /* retention was at work */
        }
        with_data += kit_fetch_part (&f[i], j)->records.len > 0;
      }
      answered++;
      kit_fetch_clear (&f[i]);
    }
    if (round % 5 == 4)
      kit_restart (k);
    else if (round % 3 != 1)
      kit_drop_topic (k, topic);
  }
  g_assert_cmpint (answered, ==, ROUNDS * FETCHES);
  g_assert_cmpint (with_data, >, 0);
  stoker_arena_free (arena);
  kit_free (k);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/broker/stress", test_stress);
  return g_test_run ();
}
