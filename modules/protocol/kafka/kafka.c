/* SPDX-License-Identifier: Apache-2.0
 *
 * protocol/kafka: Kafka's own protocol. The pieces: session.c (frames, order of answers), request.c (one request),
 * api.c (which requests are offered), handle/NAME.c (one per request type), wire/ (generated messages).
 */
#define STOKER_API_LEVEL STOKER_API_1_0
#include "session.h"

#include <glib.h>

static int
kafka_start (StokerInstance *self, StokerError *err)
{
  KafkaState *state = self->state;

  state->answered =
      stoker_host_metric (self->host, "requests", STOKER_METRIC_COUNTER, "requests", "protocol=kafka", "requests answered");
  return 0;
}

static int
kafka_open (StokerInstance *self, StokerConn *conn, void **out_session, StokerError *err)
{
  *out_session = session_new (self, conn);
  return 0;
}

static ssize_t
kafka_input (StokerInstance *self, void *session, uint8_t *data, size_t len)
{
  return session_input (session, data, len);
}

static void
kafka_input_end (StokerInstance *self, void *session)
{
  session_input_end (session);
}

static void
kafka_drained (StokerInstance *self, void *session)
{
  session_drained (session);
}

static void
kafka_close (StokerInstance *self, void *session)
{
  session_close (session);
}

static void
kafka_fini (StokerInstance *self)
{
  KafkaState *state = self->state;

  for (int i = 0; i < IO_MAX; i++)
    while (state->io[i].free) {
      Request *rq = state->io[i].free;
      state->io[i].free = rq->next;
      stoker_arena_free (rq->arena);
      g_free (rq);
    }
}

static bool
kafka_busy (StokerInstance *self, void *session)
{
  return session_busy (session);
}

static bool
kafka_movable (StokerInstance *self, void *session)
{
  return session_movable (session);
}

static const StokerProtocolOps ops = {
  .head = { sizeof ops, STOKER_PROTOCOL_VERSION },
  .open = kafka_open,
  .input = kafka_input,
  .input_end = kafka_input_end,
  .drained = kafka_drained,
  .close = kafka_close,
  .busy = kafka_busy,
  .movable = kafka_movable,
};

STOKER_MODULE (protocol, kafka, .version = "0.1", .licence = "Apache-2.0",
               .summary = "Kafka's wire protocol, every version that a 3.9 broker offers",
               .threads = STOKER_THREADS_PARALLEL, .ops = &ops, .ops_size = sizeof ops,
               .state_size = sizeof (KafkaState), .start = kafka_start, .fini = kafka_fini);
