/* SPDX-License-Identifier: Apache-2.0 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include "echo.h"

#include <glib.h>

typedef struct Session
{
  StokerConn *conn;
  uint8_t *later; /* frame to be answered by the timer */
  size_t later_len;
  EchoState *state;
  bool held;
  GByteArray *gathered; /* answers of letter 'g', sent by input_end */
} Session;

static int
echo_open (StokerInstance *self, StokerConn *conn, void **out_session, StokerError *err)
{
  EchoState *st = self->state;
  Session *s;

  if (atomic_load (&st->refuse))
    return stoker_error_set (err, STOKER_ERROR_FAILED, "told to refuse");
  s = g_new0 (Session, 1);
  s->conn = conn;
  s->state = st;
  s->gathered = g_byte_array_new ();
  atomic_fetch_add (&st->open, 1);
  *out_session = s;
  return 0;
}

static void
resume (void *user)
{
  Session *s = user;

  s->held = false;
  stoker_conn_hold (s->conn, false);
}

/* The frame back, its body in the middle as a block and as a range of the file. */
static void
answer_spliced (Session *s, const uint8_t *data, size_t len)
{
  StokerOut out = { 0 };
  StokerBlock *b = stoker_block_new (len);
  StokerSlice block = { STOKER_SLICE_BLOCK, { .block = b }, 5, len - 5 };
  StokerSlice file = { STOKER_SLICE_FILE, { .file = stoker_file_ref (s->state->file) }, 7, 3000000 };
  StokerSlice tail = { STOKER_SLICE_FILE, { .file = stoker_file_ref (s->state->file) }, 0, 11 };

  memcpy (stoker_block_data (b), data, len);
  stoker_buf_append (&out.head, data, 5);
  stoker_out_splice (&out, &block);
  stoker_out_splice (&out, &file);
  stoker_out_splice (&out, &tail);
  stoker_buf_append (&out.head, "end.", 4);
  stoker_conn_send (s->conn, &out);
}

static void
answer (Session *s, const void *data, size_t len)
{
  StokerOut out = { 0 };

  stoker_buf_append (&out.head, data, len);
  stoker_conn_send (s->conn, &out);
}

/* A body of N bytes as its decimal text: answers with N letters. */
static void
answer_many (Session *s, const uint8_t *body, size_t len)
{
  g_autofree char *text = g_strndup ((const char *)body, len);
  StokerOut out = { 0 };
  size_t n = (size_t)g_ascii_strtoull (text, NULL, 10);

  memset (stoker_buf_reserve (&out.head, n), 'x', n);
  out.head.len = n;
  stoker_conn_send (s->conn, &out);
}

static void
answer_later (void *user)
{
  Session *s = user;

  answer (s, s->later, s->later_len);
  g_clear_pointer (&s->later, g_free);
}

static int
handle (Session *s, uint8_t *data, size_t len)
{
  switch (data[4]) {
  case 'e': /* echo */
    answer (s, data, len);
    return 0;
  case 'g': /* echo, all of one read together */
    g_byte_array_append (s->gathered, data, (guint)len);
    return 0;
  case 's': /* echo by block and file */
    answer_spliced (s, data, len);
    return 0;
  case 'n': /* many bytes */
    answer_many (s, data + 5, len - 5);
    return 0;
  case 'h': /* nothing more for 20 ms, then echo */
    answer (s, data, len);
    stoker_conn_hold (s->conn, true);
    s->held = true;
    stoker_conn_timer (s->conn, 20, resume, s);
    return 0;
  case 't': /* holds and resumes at once */
    stoker_conn_hold (s->conn, true);
    stoker_conn_hold (s->conn, false);
    answer (s, data, len);
    return 0;
  case 'w': /* echo in 100 ms */
    g_free (s->later);
    s->later = g_memdup2 (data, len);
    s->later_len = len;
    stoker_conn_timer (s->conn, 100, answer_later, s);
    return 0;
  case 'b': /* echo after 1 ms of work */
    for (gint64 until = g_get_monotonic_time () + 1000; g_get_monotonic_time () < until;)
      ;
    answer (s, data, len);
    return 0;
  case 'd': /* nothing */
    return 0;
  case 'c': /* echo and close */
    answer (s, data, len);
    stoker_conn_close (s->conn, true, "asked to");
    return 0;
  case 'x': /* close at once */
    stoker_conn_close (s->conn, false, "asked to");
    return 0;
  default:
    return -1;
  }
}

static ssize_t
echo_input (StokerInstance *self, void *session, uint8_t *data, size_t len)
{
  Session *s = session;
  uint32_t size;

  atomic_fetch_add (&s->state->inputs, 1);
  g_assert_false (s->held);
  if (len < 5)
    return 0;
  memcpy (&size, data, 4);
  size = GUINT32_FROM_LE (size);
  if (size < 5 || size > ECHO_MAX)
    return -1;
  stoker_conn_expect (s->conn, size);
  if (len < size)
    return 0;
  if (s->state->frame)
    s->state->frame (s->state->user, stoker_conn_context (s->conn), data[4], size);
  return handle (s, data, size) < 0 ? -1 : (ssize_t)size;
}

static void
echo_input_end (StokerInstance *self, void *session)
{
  Session *s = session;

  atomic_fetch_add (&s->state->ends, 1);
  if (s->gathered->len > 0)
    answer (s, s->gathered->data, s->gathered->len);
  g_byte_array_set_size (s->gathered, 0);
}

static void
echo_drained (StokerInstance *self, void *session)
{
  atomic_fetch_add (&((Session *)session)->state->drained, 1);
}

static void
echo_close (StokerInstance *self, void *session)
{
  Session *s = session;

  atomic_fetch_add (&s->state->closed, 1);
  g_byte_array_unref (s->gathered);
  g_free (s->later);
  g_free (s);
}

static bool
echo_busy (StokerInstance *self, void *session)
{
  return ((Session *)session)->later != NULL;
}

static bool
echo_movable (StokerInstance *self, void *session)
{
  Session *s = session;

  return s->later == NULL && !s->held && s->gathered->len == 0 && !atomic_load (&s->state->stay);
}

static const StokerProtocolOps ops = { { sizeof ops, STOKER_PROTOCOL_VERSION },
                                       echo_open,
                                       echo_input,
                                       echo_input_end,
                                       echo_drained,
                                       echo_close,
                                       echo_busy,
                                       echo_movable };

STOKER_MODULE (protocol, echo, .version = "1", .licence = "Apache-2.0", .summary = "for tests",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops,
               .state_size = sizeof (EchoState));
