/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fetch leaves to disk threads: reading ranges that are not in memory (so that sendfile does not block the I/O
 * thread), and converting batches for clients of before 0.11.
 */
#include "broker/fetch.h"

#include <glib.h>
#include <stoker/disk.h>

#include "record/record.h"

typedef struct Job
{
  StkTask task;
  StkFetchPart *part;
  StokerRecords records; /* borrowed from the part, which does not touch them meanwhile */
  int magic;
  int64_t first_offset;
  StokerHost *host;
  void (*finished) (StkFetchState *s);
  StokerBuf out;
  int16_t error;
} Job;

enum
{
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

static void
back (StkTask *t)
{
  Job *j = (Job *)t;
  StkFetchState *s = j->part->state;
  void (*finished) (StkFetchState * s) = j->finished;

  if (j->magic < 2)
    take_converted (j);
  g_free (j);
  if (--s->offloaded == 0)
    finished (s);
}

static void
run (StkTask *t)
{
  Job *j = (Job *)t;

  if (j->magic < 2)
    convert (j);
  else
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
    if (part->d.records.len == 0 || (s->req->magic >= 2 && !is_cold (&part->d.records, s->req->call.arena)))
      continue;
    j = g_new0 (Job, 1);
    j->task.run = run;
    j->part = part;
    j->records = part->d.records;
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
