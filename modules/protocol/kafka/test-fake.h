/* SPDX-License-Identifier: Apache-2.0
 *
 * A fake connection and fake services, for the tests of protocol/kafka: raw frames in, raw frames out.
 */
#ifndef KAFKA_TEST_FAKE_H
#define KAFKA_TEST_FAKE_H

#include <glib.h>

#include "modules/protocol/kafka/session.h"
#include "modules/protocol/kafka/wire/kafka-messages-test.h"

extern const StokerModule stoker_module_protocol_kafka;

struct StokerConn
{
  StokerContext ctx;
  StokerInstance instance;
  KafkaState state;
  void *session;
  StokerBuf in; /* what the peer has sent and the module has not consumed */
  GPtrArray *sent;
  size_t queued, expected;
  int holds;
  bool closed;
  const char *reason;
  int refs;
};

/* The module's functions. */
extern const StokerProtocolOps *ops;

/* Each service call is counted, filled in by `service` if there is one, and answered at once, or parked until the test
 * lets it go. conn_new sets all of this back. */
extern GQueue parked;
extern bool park;
extern int calls, flushes;
extern void (*service) (StokerCall *call);
/* Answers the i-th parked call. */
void release (guint i);

StokerConn *conn_new (void);
void conn_free (StokerConn *c);
/* Gives the module what is buffered, as the core does, until it consumes no more. */
void conn_input (StokerConn *c);
/* Puts a whole request into the buffer. */
void send_message (StokerConn *c, int16_t key, int16_t version, int32_t id, const void *in);
/* Bytes as they are, and conn_input. */
void send_raw (StokerConn *c, const void *data, size_t len);
#define SEND_RAW(c, bytes) send_raw ((c), (bytes), sizeof (bytes) - 1)

const KmMessage *message (int16_t key, bool response);
/* The correlation id of the i-th answer. */
int32_t answer_id (StokerConn *c, guint i);
/* Its body; it must end where the frame does. */
void answer_decode (StokerConn *c, guint i, int16_t key, int16_t version, StokerArena *arena, void *out);
/* All of it on a fresh connection: sends `in`, lets `fill` answer the service call, decodes the answer to `out`. */
void ask (int16_t key, int16_t version, const void *in, void (*fill) (StokerCall *), StokerArena *arena, void *out);

#endif
