/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls of the storage engine on a partition's log, with the lock that a SERIAL module asks for. Callers are between
 * stk_partition_enter and stk_partition_leave, or own a partition whose gate is shut.
 */
#ifndef STK_BROKER_ENGINE_H
#define STK_BROKER_ENGINE_H

#include "broker/partition.h"
#include "module/instance.h"

#define STK_ENGINE_CALL(p, what)                                                                                       \
  do {                                                                                                                 \
    stk_instance_enter ((p)->storage);                                                                                 \
    what;                                                                                                              \
    stk_instance_leave ((p)->storage);                                                                                 \
  } while (0)

static inline void
stk_engine_append (StkPartition *p, StokerAppend *items, size_t n)
{
  STK_ENGINE_CALL (p, p->ops->append (p->storage, p->log, items, n));
}

static inline int
stk_engine_read (StkPartition *p, const StokerRead *req, StokerReadResult *out)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->read (p->storage, p->log, req, out));
  return rc;
}

/* The engine has a check of its own for what comes from the disk. */
static inline bool
stk_engine_can_check (const StkPartition *p)
{
  return p->ops->check != NULL;
}

static inline int
stk_engine_check (StkPartition *p, int64_t offset, const StokerSlice *slices, size_t n)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->check (p->storage, p->log, offset, slices, n));
  return rc;
}

static inline void
stk_engine_ends (StkPartition *p, StokerLogEnds *out)
{
  STK_ENGINE_CALL (p, p->ops->ends (p->storage, p->log, out));
}

static inline void
stk_engine_set_hw (StkPartition *p, int64_t hw)
{
  STK_ENGINE_CALL (p, p->ops->set_hw (p->storage, p->log, hw));
}

static inline int
stk_engine_epoch_begin (StkPartition *p, int32_t epoch)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->epoch_begin (p->storage, p->log, epoch));
  return rc;
}

static inline void
stk_engine_epoch_end (StkPartition *p, int32_t epoch, StokerEpochEnd *out)
{
  STK_ENGINE_CALL (p, p->ops->epoch_end (p->storage, p->log, epoch, out));
}

static inline int
stk_engine_find_time (StkPartition *p, int64_t timestamp, int64_t limit, StokerTimeFound *out)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->find_time (p->storage, p->log, timestamp, limit, out));
  return rc;
}

static inline int
stk_engine_aborted (StkPartition *p, int64_t from, int64_t to, bool (*each) (void *user, const StokerAborted *a),
                    void *user)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->aborted (p->storage, p->log, from, to, each, user));
  return rc;
}

static inline int
stk_engine_set_start (StkPartition *p, int64_t offset, StokerError *err)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->set_start (p->storage, p->log, offset, err));
  return rc;
}

static inline size_t
stk_engine_segments (StkPartition *p, StokerSegmentRow *rows, size_t max)
{
  size_t n;
  STK_ENGINE_CALL (p, n = p->ops->segments (p->storage, p->log, rows, max));
  return n;
}

static inline int
stk_engine_drop (StkPartition *p, int64_t offset, const char *reason, StokerError *err)
{
  int rc;
  STK_ENGINE_CALL (p, rc = p->ops->drop (p->storage, p->log, offset, reason, err));
  return rc;
}

static inline void
stk_engine_expire_producers (StkPartition *p, int64_t before_ms)
{
  STK_ENGINE_CALL (p, p->ops->expire_producers (p->storage, p->log, before_ms));
}

static inline void
stk_engine_configure (StkPartition *p, const StokerTopicConfig *config)
{
  STK_ENGINE_CALL (p, p->ops->configure (p->storage, p->log, config));
}

#endif
