/* SPDX-License-Identifier: Apache-2.0
 *
 * OffsetFetch (kafka-facts 9.4). What is committed is in memory, so that it is answered at once.
 */
#include "group/internal.h"

static void
fill (StokerArena *a, StokerOffsetPartition *p, const StkOffset *o, int16_t missing)
{
  bool there = o && o->offset != STK_NO_OFFSET;

  p->offset = there ? o->offset : -1;
  p->leader_epoch = there ? o->leader_epoch : -1;
  p->metadata = there && o->metadata ? stoker_arena_str (a, stoker_str (o->metadata)) : stoker_str ("");
  p->timestamp = there ? o->commit_ms : -1;
  p->error = there ? STOKER_OK : missing;
}

static void
fill_error (StokerOffsetTopic *t, int16_t error)
{
  for (int32_t j = 0; j < t->n_partitions; j++) {
    StokerOffsetPartition *p = &t->partitions[j];
    p->offset = p->leader_epoch = -1;
    p->metadata = stoker_str ("");
    p->timestamp = -1;
    p->error = error;
  }
}

static void
fetch_asked (StkGroups *gs, StokerOffsetFetch *req, StokerOffsetFetchGroup *f, const StkGroup *g)
{
  for (int32_t i = 0; i < f->n_topics; i++) {
    StokerOffsetTopic *t = &f->topics[i];
    const StkTopicOffsets *own = g ? stk_offsets_topic (&g->offsets, t->name) : NULL;
    int16_t denied = stk_groups_authorize (gs, &req->call, STK_ACL_DESCRIBE, STK_ACL_TOPIC, t->name);
    if (denied) {
      fill_error (t, denied);
      continue;
    }
    for (int32_t j = 0; j < t->n_partitions; j++)
      fill (req->call.arena, &t->partitions[j], stk_offsets_find (own, t->partitions[j].partition),
            req->old_store ? STOKER_UNKNOWN_TOPIC_OR_PARTITION : STOKER_OK);
  }
}

static void
fetch_all (StkGroups *gs, StokerOffsetFetch *req, StokerOffsetFetchGroup *f, const StkGroup *g)
{
  StokerArena *a = req->call.arena;
  uint32_t n = g ? g->offsets.n : 0;

  f->n_topics = 0;
  f->topics = stoker_arena_calloc (a, n, sizeof *f->topics);
  for (uint32_t i = 0; i < n; i++) {
    const StkTopicOffsets *own = g->offsets.topics[i];
    StokerOffsetTopic *t = &f->topics[f->n_topics];
    if (stk_groups_authorize (gs, &req->call, STK_ACL_DESCRIBE, STK_ACL_TOPIC, own->name))
      continue; /* what one may not see is not there */
    *t = (StokerOffsetTopic){ .partitions = stoker_arena_calloc (a, own->n, sizeof *t->partitions) };
    for (uint32_t j = 0; j < own->n; j++) {
      if (own->v[j].offset == STK_NO_OFFSET)
        continue;
      t->partitions[t->n_partitions].partition = own->v[j].partition;
      fill (a, &t->partitions[t->n_partitions++], &own->v[j], STOKER_OK);
    }
    if (t->n_partitions == 0)
      continue;
    t->name = stoker_arena_str (a, own->name);
    f->n_topics++;
  }
}

void
stk_groups_fetch_offsets (StkGroups *gs, StokerOffsetFetch *req)
{
  for (int32_t i = 0; i < req->n_groups; i++) {
    StokerOffsetFetchGroup *f = &req->groups[i];
    f->error = stk_groups_authorize (gs, &req->call, STK_ACL_DESCRIBE, STK_ACL_GROUP, f->group_id);
    if (f->error == 0)
      f->error = stk_groups_check (gs, f->group_id, true);
    if (f->error && req->call.api_version >= 0 && req->call.api_version < 2) {
      for (int32_t t = 0; t < f->n_topics; t++)
        fill_error (&f->topics[t], f->error); /* these versions have no other place for it */
    } else if (f->error) {
      f->topics = NULL;
      f->n_topics = 0;
    } else if (f->n_topics < 0) {
      fetch_all (gs, req, f, stk_groups_find (gs, f->group_id));
    } else {
      fetch_asked (gs, req, f, stk_groups_find (gs, f->group_id));
    }
  }
  stk_groups_finish (gs, &req->call);
}
