/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "power.h"

int64_t
take_int (Answer *a, int bytes)
{
  int64_t v = (int8_t)a->at[0] < 0 ? -1 : 0;

  g_assert (a->end - a->at >= bytes);
  for (int i = 0; i < bytes; i++)
    v = (int64_t)((uint64_t)v << 8 | *a->at++);
  return v;
}

char *
take_text (Answer *a)
{
  int64_t n = take_int (a, 2);
  char *s;

  if (n < 0)
    return NULL;
  g_assert (a->end - a->at >= n);
  s = g_strndup ((const char *)a->at, (gsize)n);
  a->at += n;
  return s;
}

StokerBytes
take_bytes (Answer *a)
{
  int64_t n = take_int (a, 4);
  StokerBytes b = { n < 0 ? NULL : (uint8_t *)a->at, n < 0 ? 0 : (size_t)n };

  g_assert (a->end - a->at >= (ptrdiff_t)b.len);
  a->at += b.len;
  return b;
}

void
put_fetch (StokerBuf *b, const Part *p, int64_t from, int32_t wait_ms, int32_t most)
{
  put_int (b, UINT64_MAX, 4); /* no follower */
  put_int (b, (uint64_t)wait_ms, 4);
  put_int (b, 1, 4);
  put_int (b, 1 << 20, 4);
  put_int (b, 0, 1);
  put_int (b, 0, 4); /* no session */
  put_int (b, UINT64_MAX, 4);
  put_int (b, 1, 4);
  put_text (b, p->topic->name);
  put_int (b, 1, 4);
  put_int (b, (uint64_t)p->index, 4);
  put_int (b, UINT64_MAX, 4);
  put_int (b, (uint64_t)from, 8);
  put_int (b, UINT64_MAX, 8);
  put_int (b, (uint64_t)most, 4);
  put_int (b, 0, 4);
}

Fetched
take_fetched (Answer *a)
{
  Fetched f = { 0 };

  take_int (a, 4);
  take_int (a, 2);
  take_int (a, 4);
  g_assert_cmpint (take_int (a, 4), ==, 1);
  g_free (take_text (a));
  g_assert_cmpint (take_int (a, 4), ==, 1);
  take_int (a, 4);
  f.error = take_int (a, 2);
  f.end = take_int (a, 8);
  take_int (a, 8);
  take_int (a, 8);
  if (take_int (a, 4) > 0)
    g_assert_not_reached ();
  f.records = take_bytes (a);
  return f;
}

int64_t
take_topic_error (Answer *a)
{
  take_int (a, 4);
  g_assert_cmpint (take_int (a, 4), ==, 1);
  g_free (take_text (a));
  return take_int (a, 2);
}

static void
over (Life *l, Call *c, Answer *a)
{
  if (a || c->done == NULL || !l->dark) /* who waited below the cut is gone with it */
    c->answered (l, c, a);
  if (c->done)
    *c->done = true;
  if (c->sent)
    g_ptr_array_unref (c->sent);
  g_free (c);
}

void
link_call (Life *l, Link *k, int key, int version, StokerBuf *body, Call *c)
{
  StokerBuf frame = { 0 };

  c->correlation = ++k->correlation;
  put_request (&frame, key, version, c->correlation, "cut", body);
  /* Sending lets time pass, in which the power may go: the call must be known before. */
  g_queue_push_tail (&k->calls, c);
  if (k->peer)
    (void)peer_send (l, k->peer, frame.data, frame.len);
  stoker_buf_clear (&frame);
}

/* Takes one frame off what has come. */
static bool
next_frame (Life *l, Link *k)
{
  uint32_t size;
  Call *c;
  Answer a;
  uint8_t *frame;

  if (k->in->len < 4)
    return false;
  size = (uint32_t)k->in->data[0] << 24 | (uint32_t)k->in->data[1] << 16 | (uint32_t)k->in->data[2] << 8
         | k->in->data[3];
  if (k->in->len < 4 + size)
    return false;
  frame = g_memdup2 (k->in->data + 4, size);
  g_byte_array_remove_range (k->in, 0, 4 + size);
  a = (Answer){ frame, frame + size };
  c = g_queue_pop_head (&k->calls);
  g_assert (c);
  if (take_int (&a, 4) != c->correlation)
    broken (l, "an answer that belongs to another request");
  over (l, c, &a);
  g_free (frame);
  return true;
}

static void
link_lost (Life *l, Link *k)
{
  Call *c;

  if (k->peer)
    peer_close (l, g_steal_pointer (&k->peer));
  g_byte_array_set_size (k->in, 0);
  while ((c = g_queue_pop_head (&k->calls)))
    over (l, c, NULL);
}

void
links_poll (Life *l, bool all)
{
  for (int i = 0; i < LINKS; i++) {
    Link *k = &l->links[i];
    uint8_t buf[16384];
    ssize_t n = 0;

    while (k->peer && (n = peer_poll (l, k->peer, buf, sizeof buf, all)) > 0)
      g_byte_array_append (k->in, buf, (guint)n);
    while (next_frame (l, k))
      ;
    if (k->peer && n < 0 && !all)
      link_lost (l, k);
  }
}

void
links_open (Life *l)
{
  for (int i = 0; i < LINKS; i++)
    if (l->links[i].peer == NULL)
      l->links[i].peer = peer_open (l);
}

void
links_close (Life *l)
{
  for (int i = 0; i < LINKS; i++)
    link_lost (l, &l->links[i]);
}

void
wait_for (Life *l, const bool *flag, const char *what)
{
  int64_t end = now_us (l) + INT64_C (60000000);

  while (!*flag) {
    if (now_us (l) >= end)
      broken (l, "%s: nothing after a minute", what);
    pass_us (l, 100);
    links_poll (l, false);
  }
}
