/* SPDX-License-Identifier: Apache-2.0
 *
 * What a produce request must pass before anything is appended, in Kafka's order (kafka-facts 3.1).
 */
#include "broker/authorize.h"
#include "broker/produce.h"
#include "broker/topic_info.h"

#include "meta/store.h"
#include "record/record.h"

enum
{
  ATTRIBUTES_AT = 21, /* of a batch */
  MAGIC_AT = 16,
};

/* The data may be anything: only a batch that says magic 2 is asked for its attributes. */
static bool
transactional (StokerBytes r)
{
  return r.data && r.len >= STOKER_BATCH_HEADER && r.data[MAGIC_AT] == 2
         && (r.data[ATTRIBUTES_AT + 1] & STOKER_BATCH_TRANSACTIONAL) != 0;
}

static void
fail_all (StokerProduce *req, int16_t error)
{
  for (int32_t t = 0; t < req->n_topics; t++)
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++)
      if (req->topics[t].partitions[i].error == 0)
        req->topics[t].partitions[i].error = error;
}

static int16_t
check_transaction (StokerBroker *b, const StokerProduce *req)
{
  bool any = false;

  for (int32_t t = 0; t < req->n_topics; t++)
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++)
      any |= transactional (req->topics[t].partitions[i].records);
  if (!any)
    return 0;
  if (req->transactional_id.data == NULL)
    return STOKER_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  return stk_broker_authorize (b, req->call.ctx, STK_ACL_WRITE, STK_ACL_TRANSACTIONAL_ID, req->transactional_id);
}

static int16_t
check_topic (StkIo *io, const StokerProduce *req, const StokerProduceTopic *topic)
{
  int16_t error = stk_broker_authorize (io->broker, req->call.ctx, STK_ACL_WRITE, STK_ACL_TOPIC, topic->name);

  if (error)
    return error;
  if (stk_meta_topic_name_internal (topic->name) && !stoker_str_is (req->call.client_id, "__admin_client"))
    return STOKER_INVALID_TOPIC;
  return 0;
}

void
stk_produce_check_request (StkIo *io, StokerProduce *req)
{
  int16_t error = check_transaction (io->broker, req);

  for (int32_t t = 0; t < req->n_topics; t++) {
    int16_t topic_error = check_topic (io, req, &req->topics[t]);
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++) {
      StokerProducePartition *p = &req->topics[t].partitions[i];
      p->error = error ? error : topic_error;
      p->record_errors = NULL;
      p->n_record_errors = 0;
      p->error_message = STOKER_STR_NULL;
      p->leader_id = p->leader_epoch = -1;
    }
  }
  if (req->acks < -1 || req->acks > 1)
    fail_all (req, STOKER_INVALID_REQUIRED_ACKS);
}

/* The partition is not here: does it exist elsewhere? */
static int16_t
not_here (StkIo *io, StokerProduce *req, StokerStr topic, StokerProducePartition *out)
{
  const StkSnapshot *snap = stk_meta_store_peek (io->broker->meta, io->index);
  const StkMetaPartition *m = stk_snapshot_partition (snap, topic, out->partition);

  if (m == NULL)
    return STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  out->leader_id = m->leader;
  out->leader_epoch = m->leader_epoch;
  stk_info_add_node (&req->call, snap, m->leader, &req->nodes, &req->n_nodes);
  return STOKER_NOT_LEADER_OR_FOLLOWER;
}

static int16_t
check_records (StkIo *io, StokerProduce *req, const StkHosted *topic, StkProduceSlot *slot, StokerAppend *item)
{
  StokerProducePartition *out = slot->out;
  StkValidateSpec spec = { .codecs = stk_io_codecs (io),
                           .config = &topic->config,
                           .topic = { topic->name, topic->name_len },
                           .partition = out->partition,
                           .api_version = req->call.api_version,
                           .now_ms = stk_world_now_ms (io->broker->world),
                           .max_decompressed_bytes = io->decompressed_max_bytes,
                           .max_ratio = io->decompressed_max_ratio,
                           .arena = req->call.arena };
  StkValidated v = { 0 };

  stk_record_validate (&spec, out->records.data, out->records.len, &v);
  slot->rebuilt = v.buf;
  if (v.error) {
    out->error_message = v.error_message;
    out->record_errors = v.record_errors;
    out->n_record_errors = v.n_record_errors;
    return v.error;
  }
  slot->log_append_time_ms = v.log_append_time_ms;
  *item = (StokerAppend){ .data = v.bytes.data,
                          .len = v.bytes.len,
                          .origin = STOKER_ORIGIN_CLIENT,
                          .leader_epoch = atomic_load_explicit (&slot->partition->leading, memory_order_acquire),
                          .now_ms = spec.now_ms,
                          .batch = v.batch,
                          .control_type = -1,
                          .control_epoch = -1 };
  if (item->len > 0 && v.batch.attributes & STOKER_BATCH_TRANSACTIONAL)
    return STOKER_INVALID_TXN_STATE; /* nobody could have begun it: transactions are not offered yet */
  return item->leader_epoch < 0 ? STOKER_NOT_LEADER_OR_FOLLOWER : 0;
}

bool
stk_produce_check_partition (StkIo *io, StokerProduce *req, const StkHosted *topic, StkProduceSlot *slot,
                             StokerAppend *item)
{
  StokerProducePartition *out = slot->out;
  StkPartition *p = topic ? stk_hosted_partition (topic, out->partition) : NULL;

  if (p == NULL) {
    out->error = not_here (io, req, slot->topic, out);
    return false;
  }
  out->error = stk_partition_check (p, -1, true);
  if (out->error == 0 && req->acks == -1)
    out->error = stk_partition_enough_replicas (p);
  if (out->error == 0 && !stk_partition_enter (p))
    out->error = STOKER_NOT_LEADER_OR_FOLLOWER;
  if (out->error) {
    if (out->error == STOKER_NOT_LEADER_OR_FOLLOWER)
      (void)not_here (io, req, slot->topic, out);
    return false;
  }
  slot->partition = p;
  out->error = check_records (io, req, topic, slot, item);
  if (out->error == 0 && item->len > 0) {
    stk_partition_ref (p);
    return true;
  }
  stk_partition_leave (p);
  slot->partition = NULL;
  stoker_buf_clear (&slot->rebuilt);
  return false;
}
