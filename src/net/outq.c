/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outq.h"

#include <errno.h>
#include <glib.h>
#include <stoker/disk.h>

#define MAX_IOV 64

struct StkOutNode
{
  StkOutNode *next;
  StokerOut out;
  size_t head_at;   /* bytes of the head that are done */
  uint32_t splice;  /* the splice that comes next .. */
  size_t splice_at; /* .. and how much of it is done */
};

/* A place in the queue. */
typedef struct Cursor
{
  StkOutNode *node;
  size_t head_at, splice_at;
  uint32_t splice;
} Cursor;

void
stk_outq_push (StkOutq *q, StokerOut *out)
{
  StkOutNode *n;

  if (stoker_out_size (out) == 0) {
    stoker_out_clear (out);
    return;
  }
  n = g_new0 (StkOutNode, 1);
  n->out = *out;
  *out = (StokerOut){ 0 };
  q->bytes += stoker_out_size (&n->out);
  if (q->last)
    q->last->next = n;
  else
    q->first = n;
  q->last = n;
}

/* The piece at the cursor: memory in *iov, or a file slice (*file). Its length; 0 at the end of the node. */
static size_t
piece (const Cursor *c, struct iovec *iov, const StokerSlice **file)
{
  const StokerOut *o = &c->node->out;
  size_t until = c->splice < o->n_splices ? o->splices[c->splice].at : o->head.len;

  *file = NULL;
  if (c->head_at < until) {
    *iov = (struct iovec){ o->head.data + c->head_at, until - c->head_at };
  } else if (c->splice < o->n_splices) {
    const StokerSlice *s = &o->splices[c->splice].slice;
    *iov = (struct iovec){ NULL, s->len - c->splice_at };
    if (s->kind == STOKER_SLICE_FILE)
      *file = s;
    else
      iov->iov_base = stoker_block_data (s->u.block) + s->pos + c->splice_at;
  } else {
    *iov = (struct iovec){ NULL, 0 };
  }
  return iov->iov_len;
}

/* Moves the cursor over `n` bytes of the piece of `len` bytes that it stands at. */
static void
step (Cursor *c, size_t n, size_t len)
{
  const StokerOut *o = &c->node->out;
  size_t until = c->splice < o->n_splices ? o->splices[c->splice].at : o->head.len;

  if (c->head_at < until) {
    c->head_at += n;
  } else if (n == len) {
    c->splice++;
    c->splice_at = 0;
  } else {
    c->splice_at += n;
  }
}

static Cursor
cursor_at (StkOutNode *n)
{
  return n ? (Cursor){ n, n->head_at, n->splice_at, n->splice } : (Cursor){ 0 };
}

/* Memory from the front on, up to the next file; sets *more when something follows it. */
static int
gather (StkOutq *q, struct iovec *iov, size_t *total, const StokerSlice **file, Cursor *at, bool *more)
{
  Cursor c = cursor_at (q->first);
  int n = 0;

  *total = 0;
  *file = NULL;
  *more = false;
  while (c.node) {
    size_t len = piece (&c, &iov[n], file);
    if (len == 0) {
      c = cursor_at (c.node->next);
      continue;
    }
    *at = c;
    if (*file || n == MAX_IOV - 1) {
      *more = true;
      break;
    }
    *total += len;
    n++;
    step (&c, len, len);
  }
  return n;
}

static void
pop (StkOutq *q)
{
  StkOutNode *n = q->first;

  if ((q->first = n->next) == NULL)
    q->last = NULL;
  stoker_out_clear (&n->out);
  g_free (n);
}

static void
advance (StkOutq *q, size_t n)
{
  q->bytes -= n;
  while (q->first) {
    Cursor c = cursor_at (q->first);
    struct iovec v;
    const StokerSlice *file;
    size_t len = piece (&c, &v, &file);
    if (len == 0) {
      pop (q);
      continue;
    }
    if (n == 0)
      break;
    step (&c, MIN (n, len), len);
    n -= MIN (n, len);
    c.node->head_at = c.head_at;
    c.node->splice = c.splice;
    c.node->splice_at = c.splice_at;
  }
}

static ssize_t
send_front_file (StkOutq *q, StkStream *s, const StokerSlice *f, const Cursor *at, size_t *asked)
{
  size_t left = f->len - at->splice_at;

  *asked = left;
  return s->ops->send_file (s, f->u.file, f->pos + at->splice_at, left, q->bytes > left);
}

int
stk_outq_write (StkOutq *q, StkStream *s, size_t budget)
{
  struct iovec iov[MAX_IOV];

  while (q->first) {
    const StokerSlice *file;
    Cursor at = { 0 };
    size_t asked;
    bool more;
    ssize_t w;
    int n = gather (q, iov, &asked, &file, &at, &more);

    if (budget == 0)
      return 1;
    w = n > 0 ? s->ops->write (s, iov, n, more) : send_front_file (q, s, file, &at, &asked);
    if (w == -EAGAIN)
      return 1;
    if (w < 0)
      return (int)w;
    advance (q, (size_t)w);
    budget -= MIN (budget, (size_t)w);
    /* The socket is full: to try again at once would only cost a system call. */
    if ((size_t)w < asked)
      return 1;
  }
  return 0;
}

void
stk_outq_clear (StkOutq *q)
{
  while (q->first)
    pop (q);
  q->bytes = 0;
}
