/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "frames.h"

#include "record/record.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

Client
client_dial (uint16_t port)
{
  struct sockaddr_in to
      = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval limit = { 20, 0 };
  Client c = { .fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };

  setsockopt (c.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  g_assert_cmpint (connect (c.fd, (struct sockaddr *)&to, sizeof to), ==, 0);
  return c;
}

Client
client_sim (StkSim *s, uint16_t port)
{
  Client c = { .fd = -1, .peer = stk_sim_connect (s, port) };

  g_assert_nonnull (c.peer);
  return c;
}

void
client_close (Client *c)
{
  if (c->peer)
    stk_sim_close (c->peer);
  else
    close (c->fd);
}

static bool
client_write (Client *c, const uint8_t *data, size_t len)
{
  if (c->peer)
    return stk_sim_send (c->peer, data, len);
  while (len > 0) {
    ssize_t n = send (c->fd, data, len, MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

static bool
client_read (Client *c, void *to, size_t len)
{
  if (c->peer)
    return stk_sim_receive (c->peer, to, len);
  while (len > 0) {
    ssize_t n = recv (c->fd, to, len, 0);
    if (n <= 0)
      return false;
    to = (uint8_t *)to + n;
    len -= (size_t)n;
  }
  return true;
}

int64_t
int_at (const GByteArray *a, size_t at, int bytes)
{
  int64_t v = 0;

  g_assert_cmpuint (at + (size_t)bytes, <=, a->len);
  for (int i = 0; i < bytes; i++)
    v = (int64_t)((uint64_t)v << 8 | a->data[at + (size_t)i]);
  return bytes == 2 ? (int16_t)v : bytes == 4 ? (int32_t)v : v;
}

void
ask (Client *c, int key, int version, StokerBuf *body)
{
  StokerBuf frame = { 0 };

  put_request (&frame, key, version, ++c->asked, "ten", body);
  g_assert_true (client_write (c, frame.data, frame.len));
  stoker_buf_clear (&frame);
}

void
take (Client *c, GByteArray *answer)
{
  uint8_t size[4];

  g_assert_true (client_read (c, size, 4));
  g_byte_array_set_size (answer, (guint)size[0] << 24 | (guint)size[1] << 16 | (guint)size[2] << 8 | size[3]);
  g_assert_cmpuint (answer->len, >=, 4);
  g_assert_true (client_read (c, answer->data, answer->len));
  g_assert_cmpint (int_at (answer, 0, 4), ==, ++c->answered);
  g_byte_array_remove_range (answer, 0, 4);
}

void
call (Client *c, int key, int version, StokerBuf *body, GByteArray *answer)
{
  ask (c, key, version, body);
  take (c, answer);
}

void
frame_batch (StokerBuf *out, int64_t now_ms, int who, int n)
{
  StkBatchBuilder w;
  StokerError err = { 0 };

  stk_batch_begin (&w, out);
  for (int i = 0; i < n; i++) {
    char text[32];
    int len = g_snprintf (text, sizeof text, "broker %d record %d", who, i);
    stk_batch_add (&w, now_ms, STOKER_BYTES_NULL, (StokerBytes){ (uint8_t *)text, (size_t)len }, STOKER_BYTES_NULL, 0);
  }
  g_assert_cmpint (stk_batch_end (&w, NULL, 0, 0, &err), ==, 0);
}

void
ask_produce (Client *c, const char *topic, int32_t partition, const StokerBuf *batch)
{
  StokerBuf b = { 0 };

  put_int (&b, 0xffff, 2); /* transactional_id: null */
  put_int (&b, 0xffff, 2); /* acks: all */
  put_int (&b, 10000, 4);
  put_int (&b, 1, 4);
  put_text (&b, topic);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)partition, 4);
  put_int (&b, batch->len, 4);
  stoker_buf_append (&b, batch->data, batch->len);
  ask (c, 0, 3, &b);
}

int64_t
take_produced (Client *c)
{
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  size_t at;

  take (c, answer);
  /* topics 1, name, partitions 1, partition, error, base offset */
  at = 4 + 2 + (size_t)int_at (answer, 4, 2) + 4 + 4;
  g_assert_cmpint (int_at (answer, at, 2), ==, 0);
  return int_at (answer, at + 2, 8);
}

void
ask_fetch (Client *c, const char *topic, int32_t partition, int64_t offset, int32_t wait_ms)
{
  StokerBuf b = { 0 };

  put_int (&b, UINT64_MAX, 4); /* replica */
  put_int (&b, (uint64_t)wait_ms, 4);
  put_int (&b, 1, 4);
  put_int (&b, 1 << 20, 4);
  put_int (&b, 0, 1);
  put_int (&b, 1, 4);
  put_text (&b, topic);
  put_int (&b, 1, 4);
  put_int (&b, (uint64_t)partition, 4);
  put_int (&b, (uint64_t)offset, 8);
  put_int (&b, 1 << 20, 4);
  ask (c, 1, 4, &b);
}
