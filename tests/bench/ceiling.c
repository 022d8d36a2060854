/* SPDX-License-Identifier: Apache-2.0
 *
 * How many records a second the client itself can send: librdkafka into the mock broker that it has inside, records
 * handed over as `stoker bench produce` does it, acks=all, linger 20 ms.
 *
 *   ceiling RECORDS SIZE      prints a JSON object
 */
#include "tests/bench/timing.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>

enum
{
  BLOCK = 500,
  PARTITIONS = 4, /* as many as the mock broker makes */
};

static rd_kafka_t *
make_client (void)
{
  static const char *const settings[][2]
      = { { "test.mock.num.brokers", "1" },    { "acks", "all" },
          { "linger.ms", "20" },               { "batch.num.messages", "100000" },
          { "delivery.report.only.error", "true" }, { "queue.buffering.max.messages", "500000" },
          { "queue.buffering.max.kbytes", "262144" }, { "log_level", "2" } };
  rd_kafka_conf_t *c = rd_kafka_conf_new ();
  rd_kafka_t *rk;
  char err[512];

  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
    if (rd_kafka_conf_set (c, settings[i][0], settings[i][1], err, sizeof err))
      die (err);
  if ((rk = rd_kafka_new (RD_KAFKA_PRODUCER, c, err, sizeof err)) == NULL)
    die (err);
  return rk;
}

/* A block to one partition, waiting while the queue is full. */
static void
hand_over (rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition, char *payload, size_t size, int n)
{
  rd_kafka_message_t m[BLOCK];

  for (int i = 0; i < n; i++)
    m[i] = (rd_kafka_message_t){ .payload = payload, .len = size };
  for (int from = 0; from < n;) {
    int next = from + rd_kafka_produce_batch (topic, partition, 0, m + from, n - from);
    if (next < n && m[next].err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
      die (rd_kafka_err2str (m[next].err));
    from = next;
    rd_kafka_poll (rk, from < n ? 2 : 0);
  }
}

int
main (int argc, char **argv)
{
  int64_t records = argc > 2 ? atoll (argv[1]) : 0, t0;
  size_t size = argc > 2 ? (size_t)atoll (argv[2]) : 0;
  rd_kafka_topic_t *topic;
  rd_kafka_t *rk;
  char *payload;

  if (records <= 0 || size == 0) {
    fprintf (stderr, "usage: ceiling RECORDS SIZE\n");
    return 2;
  }
  payload = calloc (1, size);
  rk = make_client ();
  topic = rd_kafka_topic_new (rk, "ceiling", NULL);
  for (int32_t p = 0; p < PARTITIONS; p++) /* metadata and connections are not timed */
    hand_over (rk, topic, p, payload, size, 1);
  if (rd_kafka_flush (rk, 30000))
    die ("the first records were not delivered within 30 s");
  t0 = now_ns ();
  for (int64_t i = 0, left = records; left > 0; i++, left -= BLOCK)
    hand_over (rk, topic, (int32_t)(i % PARTITIONS), payload, size, left < BLOCK ? (int)left : BLOCK);
  if (rd_kafka_flush (rk, 120000))
    die ("not all records were delivered");
  printf ("{\"records\": %" PRId64 ", \"seconds\": %.4f}\n", records, (double)(now_ns () - t0) / 1e9);
  rd_kafka_topic_destroy (topic);
  rd_kafka_destroy (rk);
  free (payload);
  return 0;
}
