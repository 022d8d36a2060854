/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes on a connection that speaks Kafka, in pieces, the services answering at once or later: must not crash, read
 * outside the input, leak, or answer out of order. Input: how to feed it (1 byte: bit 0 services answer later, bit 1
 * the last call first, the rest the size of the pieces), then the bytes of the connection.
 */
#include "modules/protocol/kafka/test-fake.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
let_go (StokerConn *c, bool last_first)
{
  while (!g_queue_is_empty (&parked) || (c->in.len >= 4 && c->holds > 0 && !c->closed)) {
    int before = calls;
    if (!g_queue_is_empty (&parked))
      release (last_first ? g_queue_get_length (&parked) - 1 : 0);
    conn_input (c);
    if (calls == before && g_queue_is_empty (&parked))
      break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  StokerConn *c;
  size_t piece, at = 1;

  if (size < 2)
    return 0;
  c = conn_new ();
  park = data[0] & 1;
  piece = data[0] >> 2 ? (size_t)(data[0] >> 2) * 8 : size;
  while (at < size && !c->closed) {
    size_t n = MIN (piece, size - at);
    send_raw (c, data + at, n);
    at += n;
    if (c->holds > 0)
      let_go (c, data[0] & 2);
  }
  let_go (c, data[0] & 2);
  g_assert_cmpuint (c->sent->len, <=, (guint)calls + size / 4);
  conn_free (c);
  return 0;
}
