/* SPDX-License-Identifier: Apache-2.0
 *
 * A thread's codec contexts. A context of zstd or gzip takes hundreds of KiB and costs more to make than a batch to
 * compress, so each thread keeps the ones it has used.
 */
#include "record/record.h"

#include "module/instance.h"

#include <glib.h>

#define N_CODECS 5
#define SCRATCH_KEPT ((size_t)1 << 20)

typedef struct Slot
{
  StokerInstance *codec; /* NULL: not looked up yet, or not there */
  void *ctx;
} Slot;

struct StkCodecContexts
{
  StokerHost *host;
  Slot slots[N_CODECS];
  StokerBuf scratch;
};

StkCodecContexts *
stk_codec_contexts_new (StokerHost *host)
{
  StkCodecContexts *c = g_new0 (StkCodecContexts, 1);
  c->host = host;
  return c;
}

static const StokerCodecOps *
ops_of (const StokerInstance *i)
{
  return i->module->ops;
}

void
stk_codec_contexts_free (StkCodecContexts *c)
{
  if (c == NULL)
    return;
  for (int i = 0; i < N_CODECS; i++)
    if (c->slots[i].ctx != NULL)
      ops_of (c->slots[i].codec)->ctx_free (c->slots[i].codec, c->slots[i].ctx);
  stoker_buf_clear (&c->scratch);
  g_free (c);
}

StokerBuf *
stk_codec_scratch (StkCodecContexts *c)
{
  c->scratch.len = 0;
  return &c->scratch;
}

void
stk_codec_scratch_done (StkCodecContexts *c)
{
  if (c->scratch.cap > SCRATCH_KEPT)
    stoker_buf_clear (&c->scratch);
}

static Slot *
slot_of (StkCodecContexts *c, int codec)
{
  Slot *s;

  if (codec < 1 || codec >= N_CODECS || c == NULL)
    return NULL;
  s = &c->slots[codec];
  if (s->codec == NULL) {
    s->codec = stoker_host_codec (c->host, codec);
    if (s->codec != NULL && ops_of (s->codec)->ctx_new != NULL)
      s->ctx = ops_of (s->codec)->ctx_new (s->codec);
  }
  return s->codec ? s : NULL;
}

bool
stk_codec_known (StkCodecContexts *c, int codec)
{
  return slot_of (c, codec) != NULL;
}

int
stk_codec_decompress (StkCodecContexts *c, int codec, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                      StokerBuf *out, StokerError *err)
{
  Slot *s = slot_of (c, codec);
  int rc;

  if (s == NULL)
    return stoker_error_set (err, STOKER_ERROR_MODULE, "no module for codec %d is loaded", codec);
  stk_instance_enter (s->codec);
  rc = ops_of (s->codec)->decompress (s->codec, s->ctx, in, len, max_out, flags, out, err);
  stk_instance_leave (s->codec);
  return rc;
}

int
stk_codec_compress (StkCodecContexts *c, int codec, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
                    StokerBuf *out, StokerError *err)
{
  Slot *s = slot_of (c, codec);
  int rc;

  if (s == NULL)
    return stoker_error_set (err, STOKER_ERROR_MODULE, "no module for codec %d is loaded", codec);
  stk_instance_enter (s->codec);
  rc = ops_of (s->codec)->compress (s->codec, s->ctx, in, len, level, flags, out, err);
  stk_instance_leave (s->codec);
  return rc;
}
