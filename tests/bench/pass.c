/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a record is in the broker: raw frames, one thread, two connections. A Fetch waits on one, a Produce of one
 * record goes out on the other; measured is until the record has arrived, and until the Produce is answered.
 *
 *   pass HOST:PORT TOPIC RECORDS RATE [spin]     spin: asks all the time instead of sleeping, which takes the client's
 * own waking out of the figure (and one CPU)
 */
#include "tests/bench/timing.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct Frame
{
  unsigned char data[1024];
  size_t len;
} Frame;

static void
put (Frame *f, uint64_t v, int bytes)
{
  for (int i = bytes - 1; i >= 0; i--)
    f->data[f->len++] = (unsigned char)(v >> 8 * i);
}

static void
put_text (Frame *f, const char *s)
{
  put (f, strlen (s), 2);
  memcpy (f->data + f->len, s, strlen (s));
  f->len += strlen (s);
}

static void
begin (Frame *f, int key, int version)
{
  f->len = 4;
  put (f, (uint64_t)key, 2);
  put (f, (uint64_t)version, 2);
  put (f, 0, 4);
  put_text (f, "pass");
}

static void
send_frame (int fd, Frame *f)
{
  size_t len = f->len;

  f->len = 0;
  put (f, len - 4, 4);
  f->len = len;
  if (send (fd, f->data, len, MSG_NOSIGNAL) != (ssize_t)len)
    die ("send");
}

/* CRC-32C, a bit at a time: it is not timed. */
static uint32_t
crc32c (const unsigned char *p, size_t len)
{
  uint32_t c = ~0u;

  while (len--) {
    c ^= *p++;
    for (int i = 0; i < 8; i++)
      c = c >> 1 ^ (c & 1 ? 0x82f63b78u : 0);
  }
  return ~c;
}

/* One record of 100 bytes, in a batch of magic 2. */
static void
put_batch (Frame *f)
{
  size_t start = f->len, crc_at, value = 100, body = 1 + 1 + 1 + 1 + 2 + value + 1;
  uint64_t ms = (uint64_t)time (NULL) * 1000;

  put (f, 0, 8);                  /* base offset */
  put (f, 61 - 12 + 2 + body, 4); /* length behind it */
  put (f, UINT64_MAX, 4);         /* leader epoch */
  put (f, 2, 1);                  /* magic */
  crc_at = f->len;
  put (f, 0, 4);
  put (f, 0, 2); /* attributes */
  put (f, 0, 4); /* last offset delta */
  put (f, ms, 8);
  put (f, ms, 8);
  put (f, UINT64_MAX, 8); /* no producer: id, epoch, sequence */
  put (f, UINT64_MAX, 2);
  put (f, UINT64_MAX, 4);
  put (f, 1, 4);
  put (f, (body * 2 & 0x7f) | 0x80, 1); /* zigzag varint */
  put (f, body * 2 >> 7, 1);
  put (f, 0, 3); /* attributes, time and offset deltas */
  put (f, 1, 1); /* no key */
  put (f, (value * 2 & 0x7f) | 0x80, 1);
  put (f, value * 2 >> 7, 1);
  memset (f->data + f->len, 'v', value);
  f->len += value;
  put (f, 0, 1); /* no headers */
  start = crc_at + 4;
  uint32_t crc = crc32c (f->data + start, f->len - start);
  for (int i = 0; i < 4; i++)
    f->data[crc_at + (size_t)i] = (unsigned char)(crc >> 8 * (3 - i));
}

static void
produce (int fd, const char *topic)
{
  Frame f, batch = { .len = 0 };

  put_batch (&batch);
  begin (&f, 0, 3);
  put (&f, UINT64_MAX, 2); /* no transaction */
  put (&f, UINT64_MAX, 2); /* acks: all */
  put (&f, 10000, 4);
  put (&f, 1, 4);
  put_text (&f, topic);
  put (&f, 1, 4);
  put (&f, 0, 4);
  put (&f, batch.len, 4);
  memcpy (f.data + f.len, batch.data, batch.len);
  f.len += batch.len;
  send_frame (fd, &f);
}

static void
fetch (int fd, const char *topic, int64_t offset)
{
  Frame f;

  begin (&f, 1, 4);
  put (&f, UINT64_MAX, 4); /* a consumer */
  put (&f, 30000, 4);      /* longest wait */
  put (&f, 1, 4);
  put (&f, 1 << 20, 4);
  put (&f, 0, 1);
  put (&f, 1, 4);
  put_text (&f, topic);
  put (&f, 1, 4);
  put (&f, 0, 4);
  put (&f, (uint64_t)offset, 8);
  put (&f, 1 << 20, 4);
  send_frame (fd, &f);
}

static int64_t
int_at (const Frame *f, size_t at, int bytes)
{
  int64_t v = 0;

  if (at + (size_t)bytes > f->len)
    die ("an answer is too short");
  for (int i = 0; i < bytes; i++)
    v = (int64_t)((uint64_t)v << 8 | f->data[at + (size_t)i]);
  return bytes == 2 ? (int16_t)v : v;
}

/* Everything that there is; false: there is nothing. */
static bool
take (int fd, Frame *f, bool wait)
{
  ssize_t n = recv (fd, f->data + f->len, sizeof f->data - f->len, wait ? 0 : MSG_DONTWAIT);

  if (n == 0 || (n < 0 && errno != EAGAIN))
    die ("the broker has closed the connection");
  f->len += n > 0 ? (size_t)n : 0;
  return f->len >= 4 && f->len >= 4 + (size_t)int_at (f, 0, 4);
}

static void
answer (int fd, Frame *f)
{
  f->len = 0;
  while (!take (fd, f, true))
    ;
}

/* Makes the topic; where it ends. */
static int64_t
prepare (int fd, const char *topic)
{
  Frame f;

  for (int i = 0; i < 100; i++) {
    begin (&f, 3, 0);
    put (&f, 1, 4);
    put_text (&f, topic);
    send_frame (fd, &f);
    answer (fd, &f);
    usleep (50000);
    produce (fd, topic);
    answer (fd, &f);
    /* size, correlation, topics 1, name, partitions 1, partition, error, base offset */
    if (int_at (&f, 12 + 2 + strlen (topic) + 4 + 4, 2) == 0)
      return int_at (&f, 12 + 2 + strlen (topic) + 4 + 4 + 2, 8) + 1;
  }
  die ("the topic does not take records");
}

/* One record through; both times since the send. */
static void
pass (int in, int out, const char *topic, bool spin, int64_t *arrived, int64_t *acked)
{
  Frame got = { .len = 0 }, ack = { .len = 0 };
  int64_t t0 = now_ns ();

  *arrived = *acked = 0;
  produce (in, topic);
  while (*arrived == 0 || *acked == 0) {
    struct pollfd p[2] = { { *arrived ? -1 : out, POLLIN, 0 }, { *acked ? -1 : in, POLLIN, 0 } };
    if (!spin && poll (p, 2, -1) < 0)
      die ("poll");
    if (*arrived == 0 && take (out, &got, false))
      *arrived = now_ns () - t0;
    if (*acked == 0 && take (in, &ack, false))
      *acked = now_ns () - t0;
  }
  if (int_at (&got, 4 + 4 + 4 + 4 + 2 + strlen (topic) + 4 + 4, 2) != 0 || got.len < 150)
    die ("a fetch was not answered with the record");
}

int
main (int argc, char **argv)
{
  int64_t n = argc > 4 ? atoll (argv[3]) : 0, rate = argc > 4 ? atoll (argv[4]) : 0, offset, next;
  bool spin = argc > 5 && strcmp (argv[5], "spin") == 0;
  int64_t *arrived, *acked;
  int in, out;

  if (n <= 0 || rate <= 0) {
    fprintf (stderr, "usage: pass HOST:PORT TOPIC RECORDS RATE [spin]\n");
    return 2;
  }
  arrived = calloc ((size_t)n, sizeof *arrived);
  acked = calloc ((size_t)n, sizeof *acked);
  in = dial (argv[1]);
  out = dial (argv[1]);
  offset = prepare (in, argv[2]);
  exact_sleep ();
  next = now_ns ();
  for (int64_t i = 0; i < n; i++) {
    fetch (out, argv[2], offset + i);
    next += 1000000000 / rate;
    if (spin)
      while (now_ns () < next)
        ;
    else
      sleep_until (next);
    pass (in, out, argv[2], spin, &arrived[i], &acked[i]);
  }
  sort_times (arrived, n);
  sort_times (acked, n);
  printf ("{\"records\": %" PRId64
          ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, \"ack_p50_ms\": %.3f, \"ack_p99_ms\": %.3f}\n",
          n, percentile_ms (arrived, n, 0.5), percentile_ms (arrived, n, 0.99), percentile_ms (arrived, n, 0.999),
          percentile_ms (acked, n, 0.5), percentile_ms (acked, n, 0.99));
  return 0;
}
