/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fetch leaves to disk threads: looking for batches through indexes that are not in memory, reading ranges that
 * are not in memory (so that sendfile does not block the I/O thread), and converting batches for clients of before
 * 0.11.
 */
#include "broker/engine.h"
#include "broker/fetch.h"

#include <glib.h>
#include <stoker/disk.h>

#include "record/record.h"

typedef struct Job
{
  StkTask task;
  StkFetchPart *part;
  StokerRecords records; /* borrowed from the part, which does not touch them meanwhile, or from `got` */
  bool unread;           /* the engine is to be asked first .. */
  int rc;                /* .. and what it said */
  StokerReadResult got;
  int magic;
  int64_t first_offset;
  StokerHost *host;
  void (*finished) (StkFetchState *s);
  StokerBuf out;
  int16_t error;
} Job;

enum
{
  CHECKS = 16, /* how often a read is cut before damage that its check has found */
  SCRATCH = 256 << 10,
  SMALL = 8 << 10 /* where reading and sending from memory beats asking whether it is there and sendfile */
};

/* A small range that is in memory becomes a copy in the request's arena: one call instead of three, one send with the
 * rest of the answer. */
static bool
copied (StokerSlice *s, StokerArena *arena)
{
  uint8_t *at;

  if (s->len > SMALL)
    return false;
  at = stoker_arena_alloc (arena, s->len);
  if (stoker_file_pread_resident (s->u.file, at, s->len, s->pos) != (ssize_t)s->len)
    return false;
  stoker_file_unref (s->u.file);
  s->kind = STOKER_SLICE_MEMORY;
  s->u.memory = at;
  return true;
}

static bool
is_cold (StokerRecords *r, StokerArena *arena)
{
  for (size_t i = 0; i < r->n_slices; i++)
    if (r->slices[i].kind == STOKER_SLICE_FILE && !copied (&r->slices[i], arena)
        && !stoker_file_resident (r->slices[i].u.file, r->slices[i].pos, r->slices[i].len))
      return true;
  return false;
}

static void
warm (const StokerRecords *r)
{
  g_autofree uint8_t *scratch = g_malloc (SCRATCH);

  for (size_t i = 0; i < r->n_slices; i++) {
    const StokerSlice *s = &r->slices[i];
    if (s->kind != STOKER_SLICE_FILE)
      continue;
    for (size_t at = 0; at < s->len; at += SCRATCH)
      if (stoker_file_pread (s->u.file, scratch, MIN (s->len - at, (size_t)SCRATCH), s->pos + at) <= 0)
        return;
  }
}

static int
flatten (const StokerRecords *r, StokerBuf *to)
{
  for (size_t i = 0; i < r->n_slices; i++) {
    const StokerSlice *s = &r->slices[i];
    uint8_t *at = stoker_buf_reserve (to, s->len);
    ssize_t n = (ssize_t)s->len;
    if (s->kind == STOKER_SLICE_FILE)
      n = stoker_file_pread (s->u.file, at, s->len, s->pos);
    else
      memcpy (at, s->kind == STOKER_SLICE_BLOCK ? stoker_block_data (s->u.block) + s->pos : s->u.memory, s->len);
    if (n != (ssize_t)s->len)
      return -1;
    to->len += s->len;
  }
  return 0;
}

static void
convert (Job *j)
{
  StokerBuf in = { 0 };
  StkCodecContexts *codecs = stk_codec_contexts_new (j->host);

  if (flatten (&j->records, &in) < 0)
    j->error = STOKER_KAFKA_STORAGE_ERROR;
  else
    j->error = stk_record_downconvert (codecs, in.data, in.len, j->magic, j->first_offset, &j->out, NULL);
  stk_codec_contexts_free (codecs);
  stoker_buf_clear (&in);
}

static void
take_converted (Job *j)
{
  StkFetchPart *part = j->part;
  StokerFetchPartition *d = &part->d;

  stk_fetch_drop (part);
  if (j->error) {
    d->error = j->error;
    d->high_watermark = d->last_stable_offset = d->out_log_start_offset = -1;
    stoker_buf_clear (&j->out);
    return;
  }
  if (j->out.len == 0) {
    stoker_buf_clear (&j->out);
    return;
  }
  d->records.slices = stoker_arena_alloc (part->state->req->call.arena, sizeof (StokerSlice));
  d->records.slices[0] = (StokerSlice){ .kind = STOKER_SLICE_BLOCK,
                                        .u.block = stoker_block_wrap (j->out.data, j->out.len, g_free, j->out.data),
                                        .len = j->out.len };
  d->records.n_slices = 1;
  d->records.len = j->out.len;
}

/* On the disk thread: what the I/O thread could not find without waiting. */
static void
read_cold (Job *j)
{
  StkFetchPart *part = j->part;
  StokerRead want = part->want;

  want.nowait = false;
  j->rc = STOKER_NOT_LEADER_OR_FOLLOWER;
  if (stk_partition_enter (part->partition)) {
    j->rc = stk_engine_read (part->partition, &want, &j->got);
    stk_partition_leave (part->partition);
  }
  if (j->rc != 0)
    j->got = (StokerReadResult){ .n_slices = 0 };
  j->records = (StokerRecords){ j->got.slices, j->got.n_slices, j->got.len, false };
}

static void
release (Job *j)
{
  for (uint32_t i = 0; i < j->got.n_slices; i++)
    stoker_slice_release (&j->got.slices[i]);
  j->got = (StokerReadResult){ .n_slices = 0 };
}

/* What comes from the disk is checked on the way, where the engine can: damage is not served, and what lies before it is. Reads it, as
 * warm does. False: the engine cannot. */
static bool
check (Job *j)
{
  StkPartition *p = j->part->partition;
  int rc = STOKER_CORRUPT_MESSAGE;

  for (int i = 0; i < CHECKS && rc == STOKER_CORRUPT_MESSAGE; i++) {
    if (!stk_partition_enter (p))
      return false;
    rc = !stk_engine_can_check (p) ? -1 : stk_engine_check (p, j->part->want.offset, j->records.slices, j->records.n_slices);
    stk_partition_leave (p);
    if (rc != STOKER_CORRUPT_MESSAGE)
      break;
    release (j);
    j->unread = true; /* the part's own, if it had any, are dropped when the job is back */
    read_cold (j);
    if (j->rc != 0 || j->records.n_slices == 0)
      return true;
  }
  return rc >= 0;
}

static void
take_read (Job *j)
{
  stk_fetch_drop (j->part);
  if (stk_partition_enter (j->part->partition)) {
    stk_fetch_take (j->part, j->rc, &j->got);
    stk_partition_leave (j->part->partition);
    return;
  }
  release (j);
  stk_fetch_take (j->part, STOKER_NOT_LEADER_OR_FOLLOWER, NULL);
}

static void
back (StkTask *t)
{
  Job *j = (Job *)t;
  StkFetchState *s = j->part->state;
  void (*finished) (StkFetchState * s) = j->finished;

  if (j->unread)
    take_read (j);
  if (j->magic < 2 && j->part->d.error == 0 && j->part->d.records.len > 0)
    take_converted (j);
  else
    stoker_buf_clear (&j->out);
  g_free (j);
  if (--s->offloaded == 0)
    finished (s);
}

static void
run (StkTask *t)
{
  Job *j = (Job *)t;

  if (j->unread)
    read_cold (j);
  if (j->magic < 2 && j->records.len > 0)
    convert (j);
  else if (!check (j))
    warm (&j->records);
  j->task.run = back;
  stk_actor_post (j->part->state->io->actor, &j->task);
}

void
stk_fetch_offload (StkFetchState *s, void (*finished) (StkFetchState *s))
{
  for (int i = 0; i < s->n_parts; i++) {
    StkFetchPart *part = &s->parts[i];
    Job *j;
    if (!part->cold
        && (part->d.records.len == 0 || (s->req->magic >= 2 && !is_cold (&part->d.records, s->req->call.arena))))
      continue;
    j = g_new0 (Job, 1);
    j->task.run = run;
    j->part = part;
    j->records = part->d.records;
    j->unread = part->cold;
    j->magic = s->req->magic;
    j->first_offset = part->d.fetch_offset;
    j->host = s->io->broker->host;
    j->finished = finished;
    s->offloaded++;
    stk_pool_post (stk_partition_pool (part->partition), &j->task);
  }
  if (s->offloaded == 0)
    finished (s);
}
