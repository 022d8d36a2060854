/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetForLeaderEpoch (kafka-facts 3.6, 8.5): where did an epoch end?
 */
#include "broker/authorize.h"
#include "broker/engine.h"
#include "broker/replicas.h"
#include "broker/table.h"

#include "meta/store.h"

static int16_t
look (StokerOffsetForEpoch *req, StokerStr topic, StokerEpochPartition *out)
{
  StokerBroker *b = req->call.ctx->broker;
  StkPartition *p = stk_replicas_find (b->replicas, req->call.ctx->io, topic, out->partition);
  StokerEpochEnd end;
  int16_t error;

  if (p == NULL)
    return stk_snapshot_partition (stk_meta_store_peek (b->meta, req->call.ctx->io), topic, out->partition)
               ? STOKER_NOT_LEADER_OR_FOLLOWER
               : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  error = stk_partition_check (p, out->current_leader_epoch, true);
  if (error == 0 && !stk_partition_enter (p))
    error = STOKER_NOT_LEADER_OR_FOLLOWER;
  if (error == 0) {
    if (out->leader_epoch >= 0) {
      stk_engine_epoch_end (p, out->leader_epoch, &end);
      out->out_leader_epoch = end.epoch;
      out->end_offset = end.epoch < 0 ? -1 : end.end;
    }
    stk_partition_leave (p);
  }
  stk_partition_unref (p);
  return error;
}

void
stoker_offset_for_epoch (StokerOffsetForEpoch *req)
{
  StokerBroker *b = req->call.ctx->broker;
  bool follower = req->replica_id >= 0;

  for (int32_t t = 0; t < req->n_topics; t++) {
    StokerStr name = follower ? STOKER_STR_LIT ("kafka-cluster") : req->topics[t].name;
    int16_t denied = stk_broker_authorize (b, req->call.ctx, follower ? STK_ACL_CLUSTER_ACTION : STK_ACL_DESCRIBE,
                                           follower ? STK_ACL_CLUSTER : STK_ACL_TOPIC, name);
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++) {
      StokerEpochPartition *out = &req->topics[t].partitions[i];
      out->out_leader_epoch = -1;
      out->end_offset = -1;
      out->error = denied ? denied : look (req, req->topics[t].name, out);
    }
  }
  stk_call_finish (&req->call);
}
