/* SPDX-License-Identifier: Apache-2.0
 *
 * DeleteRecords (kafka-facts 3.7): moves log starts up, on disk threads.
 */
#include "broker/authorize.h"
#include "broker/disk_call.h"
#include "broker/engine.h"
#include "broker/replicas_private.h"
#include "control/log.h"

#include "meta/store.h"

typedef struct Deletion
{
  StkDiskPart part; /* first */
  StokerDeleteRecordsPartition *out;
  StokerError err;
} Deletion;

static void
set_error (StokerDeleteRecordsPartition *out, int16_t error)
{
  out->error = error;
  out->low_watermark = -1;
}

static void
move_start (StkDiskPart *part)
{
  Deletion *d = (Deletion *)part;
  StkPartition *p = part->partition;
  int64_t hw = atomic_load (&p->hw), to = d->out->offset == -1 ? hw : d->out->offset;
  StokerLogEnds ends;
  int rc = 0;

  stk_engine_ends (p, &ends);
  if (to > hw || to < 0) {
    set_error (d->out, STOKER_OFFSET_OUT_OF_RANGE);
    return;
  }
  if (to > 0) /* also when retention has been there: its work is not on the disk yet, and this one is promised */
    rc = stk_engine_set_start (p, to, &d->err);
  stk_engine_ends (p, &ends);
  if (rc)
    set_error (d->out, (int16_t)rc);
  else
    d->out->low_watermark = ends.start;
}

static void
part_back (StkDiskPart *part)
{
  Deletion *d = (Deletion *)part;
  StokerBroker *b = part->partition->broker;

  if (part->error)
    set_error (d->out, part->error);
  if (d->err.text[0])
    stk_log (b->log, STOKER_LOG_ERROR, "broker", "records.delete", "%s | topic=%s partition=%d", d->err.text,
             part->partition->topic, part->partition->index);
  stk_housekeeping_note (b->replicas);
}

static int16_t
check (StokerDeleteRecords *req, const StokerDeleteRecordsTopic *topic, const StkHosted *h, StkPartition *p,
       int32_t partition)
{
  StokerBroker *b = req->call.ctx->broker;
  int16_t error = stk_broker_authorize (b, req->call.ctx, STK_ACL_DELETE, STK_ACL_TOPIC, topic->name);

  if (error)
    return error;
  if (p == NULL)
    return stk_snapshot_partition (stk_meta_store_peek (b->meta, req->call.ctx->io), topic->name, partition)
               ? STOKER_NOT_LEADER_OR_FOLLOWER
               : STOKER_UNKNOWN_TOPIC_OR_PARTITION;
  if (h->internal)
    return STOKER_INVALID_TOPIC;
  if (!h->config.cleanup_delete)
    return STOKER_POLICY_VIOLATION;
  return stk_partition_check (p, -1, true);
}

void
stoker_delete_records (StokerDeleteRecords *req)
{
  StkDiskCall *call = stoker_arena_calloc (req->call.arena, 1, sizeof *call);
  StkIo *io = stk_io_of (req->call.ctx);

  stk_disk_call_begin (call, &req->call);
  for (int32_t t = 0; t < req->n_topics; t++) {
    StkHosted *h = stk_table_find (stk_io_table (io), req->topics[t].name);
    for (int32_t i = 0; i < req->topics[t].n_partitions; i++) {
      StokerDeleteRecordsPartition *out = &req->topics[t].partitions[i];
      StkPartition *p = h ? stk_hosted_partition (h, out->partition) : NULL;
      Deletion *d;
      set_error (out, check (req, &req->topics[t], h, p, out->partition));
      if (out->error)
        continue;
      d = stoker_arena_calloc (req->call.arena, 1, sizeof *d);
      d->out = out;
      d->part.run = move_start;
      d->part.back = part_back;
      stk_disk_call_send (call, &d->part, p, true);
    }
  }
  stk_disk_call_end (call);
}
