/* SPDX-License-Identifier: Apache-2.0 */
#include "test-fake.h"

/* ---- the fake connection */

const StokerProtocolOps *ops;

const StokerContext *
stoker_conn_context (StokerConn *c)
{
  return &c->ctx;
}

void
stoker_conn_send (StokerConn *c, StokerOut *out)
{
  StokerBuf flat = { 0 };
  g_assert_false (c->closed);
  g_assert_cmpint (stoker_out_flatten (out, &flat), ==, 0);
  stoker_out_clear (out);
  g_assert_cmpuint (flat.len, >=, 8);
  g_ptr_array_add (c->sent, g_bytes_new (flat.data, flat.len));
  stoker_buf_clear (&flat);
}

size_t
stoker_conn_queued (StokerConn *c)
{
  return c->queued;
}

void
stoker_conn_close (StokerConn *c, bool graceful, const char *reason)
{
  g_assert_false (c->closed);
  c->closed = true;
  c->reason = reason;
}

void
stoker_conn_hold (StokerConn *c, bool hold)
{
  c->holds += hold ? 1 : -1;
  g_assert_cmpint (c->holds, >=, 0);
  g_assert_cmpint (c->holds, <=, 1);
}

void
stoker_conn_expect (StokerConn *c, size_t total)
{
  c->expected = total;
}

size_t
stoker_conn_max_request (StokerConn *c)
{
  return 1000000;
}

const StokerContext *
stoker_context_ref (const StokerContext *ctx)
{
  ((StokerConn *)(uintptr_t)ctx)->refs++;
  return ctx;
}

void
stoker_context_unref (const StokerContext *ctx)
{
  ((StokerConn *)(uintptr_t)ctx)->refs--;
}

/* ---- the fake services: each call is answered at once, or parked until the test lets it go */

GQueue parked = G_QUEUE_INIT;
bool park;
int calls, flushes;
void (*service) (StokerCall *call);

static void
arrived (StokerCall *call)
{
  calls++;
  g_assert_nonnull (call->ctx);
  g_assert_nonnull (call->arena);
  g_assert_nonnull (call->client_id.data);
  if (service)
    service (call);
  if (park)
    g_queue_push_tail (&parked, call);
  else
    call->done (call);
}

void
release (guint i)
{
  StokerCall *call = g_queue_pop_nth (&parked, i);
  g_assert_nonnull (call);
  call->done (call);
}

void
stoker_call_cancel (StokerCall *call)
{
  g_assert_true (g_queue_remove (&parked, call));
  call->done (call);
}

void
stoker_produce_flush (const StokerContext *ctx)
{
  flushes++;
}

void
stoker_fetch_release (StokerFetch *req)
{
}

#define SERVICE(name, type)                                                                                            \
  void name (type *req)                                                                                                \
  {                                                                                                                    \
    arrived (&req->call);                                                                                              \
  }
SERVICE (stoker_produce, StokerProduce)
SERVICE (stoker_fetch, StokerFetch)
SERVICE (stoker_list_offsets, StokerListOffsets)
SERVICE (stoker_offset_for_epoch, StokerOffsetForEpoch)
SERVICE (stoker_delete_records, StokerDeleteRecords)
SERVICE (stoker_join_group, StokerJoinGroup)
SERVICE (stoker_sync_group, StokerSyncGroup)
SERVICE (stoker_heartbeat, StokerHeartbeat)
SERVICE (stoker_leave_group, StokerLeaveGroup)
SERVICE (stoker_offset_commit, StokerOffsetCommit)
SERVICE (stoker_offset_fetch, StokerOffsetFetch)
SERVICE (stoker_list_groups, StokerListGroups)
SERVICE (stoker_describe_groups, StokerDescribeGroups)
SERVICE (stoker_delete_groups, StokerDeleteGroups)
SERVICE (stoker_offset_delete, StokerOffsetDelete)
SERVICE (stoker_metadata, StokerMetadata)
SERVICE (stoker_describe_cluster, StokerDescribeCluster)
SERVICE (stoker_describe_topic_partitions, StokerDescribeTopicPartitions)
SERVICE (stoker_find_coordinator, StokerFindCoordinator)
SERVICE (stoker_init_producer_id, StokerInitProducerId)
SERVICE (stoker_create_topics, StokerCreateTopics)
SERVICE (stoker_delete_topics, StokerDeleteTopics)
SERVICE (stoker_create_partitions, StokerCreatePartitions)
SERVICE (stoker_describe_configs, StokerDescribeConfigs)
SERVICE (stoker_alter_configs, StokerAlterConfigs)
SERVICE (stoker_describe_log_dirs, StokerDescribeLogDirs)
SERVICE (stoker_alter_replica_log_dirs, StokerAlterReplicaLogDirs)

/* ---- a connection for a test */

StokerConn *
conn_new (void)
{
  StokerConn *c = g_new0 (StokerConn, 1);
  StokerError err;

  park = false;
  service = NULL;
  calls = flushes = 0;
  c->instance.name = "kafka";
  c->instance.module = &stoker_module_protocol_kafka;
  c->instance.state = &c->state;
  c->sent = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  ops = stoker_module_protocol_kafka.ops;
  g_assert_cmpint (ops->open (&c->instance, c, &c->session, &err), ==, 0);
  return c;
}

/* Gives the module what is buffered, as the core does, until it consumes no more. */
void
conn_input (StokerConn *c)
{
  ssize_t n = 0;

  while (c->in.len > 0 && c->holds == 0 && (n = ops->input (&c->instance, c->session, c->in.data, c->in.len)) > 0) {
    g_assert_cmpint (n, <=, (ssize_t)c->in.len);
    /* What was consumed is clobbered once the read is over: nothing may refer to it then. */
    StokerBuf rest = { 0 };
    stoker_buf_append (&rest, c->in.data + n, c->in.len - (size_t)n);
    ops->input_end (&c->instance, c->session);
    memset (c->in.data, 0xee, c->in.len);
    stoker_buf_clear (&c->in);
    c->in = rest;
  }
}

void
conn_free (StokerConn *c)
{
  ops->close (&c->instance, c->session);
  g_assert_true (g_queue_is_empty (&parked));
  g_assert_cmpint (c->refs, ==, 0);
  stoker_module_protocol_kafka.fini (&c->instance);
  g_ptr_array_unref (c->sent);
  stoker_buf_clear (&c->in);
  g_free (c);
}

const KmMessage *
message (int16_t key, bool response)
{
  size_t n;
  const KmMessage *m = km_messages (&n);
  for (size_t i = 0; i < n; i++)
    if (m[i].key == key && m[i].response == response)
      return &m[i];
  g_assert_not_reached ();
}

/* Puts a whole request into the buffer. */
void
send_message (StokerConn *c, int16_t key, int16_t version, int32_t id, const void *in)
{
  StokerOut out = { 0 };
  KmWriter w;
  KmRequestHeader h = { key, version, id, STOKER_STR_LIT ("test") };
  uint32_t size;

  km_writer_init (&w, &out);
  km_request_header_encode (&w, &h);
  message (key, false)->encode (&w, version, in);
  size = GUINT32_TO_BE ((uint32_t)stoker_out_size (&out));
  stoker_buf_append (&c->in, &size, 4);
  stoker_out_flatten (&out, &c->in);
  stoker_out_clear (&out);
}

void
send_raw (StokerConn *c, const void *data, size_t len)
{
  stoker_buf_append (&c->in, data, len);
  conn_input (c);
}

/* The correlation id of the i-th answer. */
int32_t
answer_id (StokerConn *c, guint i)
{
  gsize len;
  g_assert_cmpuint (i, <, c->sent->len);
  const uint8_t *p = g_bytes_get_data (c->sent->pdata[i], &len);
  uint32_t size = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  g_assert_cmpuint (size + 4, ==, len);
  return (int32_t)((uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7]);
}

void
answer_decode (StokerConn *c, guint i, int16_t key, int16_t version, StokerArena *arena, void *out)
{
  KmReader r;
  int32_t id;
  gsize len;

  answer_id (c, i);
  const uint8_t *p = g_bytes_get_data (c->sent->pdata[i], &len);
  /* A copy that lives as long as what is decoded from it. */
  km_reader_init (&r, stoker_arena_bytes (arena, p + 4, len - 4).data, len - 4);
  g_assert_cmpint (km_response_header_decode (&r, key, version, &id), ==, KM_OK);
  if (message (key, true)->decode (&r, version, arena, out) != KM_OK || km_reader_left (&r))
    g_error ("answer of key %d version %d: %s, %zu left", key, version, r.error ? r.error : "fine",
             km_reader_left (&r));
}

void
ask (int16_t key, int16_t version, const void *in, void (*fill) (StokerCall *), StokerArena *arena, void *out)
{
  StokerConn *c = conn_new ();

  service = fill;
  send_message (c, key, version, 1, in);
  conn_input (c);
  g_assert_false (c->closed);
  answer_decode (c, 0, key, version, arena, out);
  conn_free (c);
}
