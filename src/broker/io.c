/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/io.h"

#include "broker/produce.h"
#include "config/broker_config.h"
#include "record/record.h"

StkIo *
stk_io_new (StokerBroker *b, StkActor *actor, int index)
{
  StkIo *io = g_new0 (StkIo, 1);

  io->broker = b;
  io->actor = actor;
  io->index = index;
  if (b->config != NULL) {
    io->decompressed_max_bytes = b->config->batch_decompressed_max_bytes;
    io->decompressed_max_ratio = b->config->batch_decompressed_max_ratio;
  }
  stk_io_inbox_init (io);
  return io;
}

void
stk_io_free (StkIo *io)
{
  if (io == NULL)
    return;
  g_assert (io->inbox_first == NULL);
  stk_gather_free (io->gathered);
  stk_codec_contexts_free (io->codecs);
  stk_table_unref (io->table);
  g_mutex_clear (&io->inbox_lock);
  g_free (io);
}

StkIo *
stk_io_of (const StokerContext *ctx)
{
  StkIo *io = ctx->broker->io[ctx->io];

  g_assert (stk_actor_is_current (io->actor));
  return io;
}

StkCodecContexts *
stk_io_codecs (StkIo *io)
{
  if (io->codecs == NULL)
    io->codecs = stk_codec_contexts_new (io->broker->host);
  return io->codecs;
}
