/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as any message of any version: must not crash, read outside the input or take memory out of proportion;
 * what decodes must encode, and what was encoded must decode again to the same bytes. Input: API key, 1 for a response,
 * version less the first one that there is (a byte each), the message. A key that is no API's picks any message: those
 * that are not requests and responses too.
 */
#include "modules/protocol/kafka/wire/wire-test.h"

#include <glib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
encode (const KmMessage *m, int16_t version, const void *msg, StokerBuf *to)
{
  StokerOut out = { 0 };
  KmWriter w;

  km_writer_init (&w, &out);
  m->encode (&w, version, msg);
  g_assert (stoker_out_flatten (&out, to) == 0);
  stoker_out_clear (&out);
}

static const KmMessage *
pick (uint8_t key, bool response)
{
  size_t n;
  const KmMessage *all = km_messages (&n);

  for (size_t i = 0; i < n; i++)
    if (all[i].key == key && all[i].response == response)
      return &all[i];
  return &all[key % n];
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const KmMessage *m;
  StokerBuf once = { 0 }, twice = { 0 };
  StokerArena *arena;
  int16_t version;
  KmReader r;
  void *msg;

  if (size < 3)
    return 0;
  m = pick (data[0], data[1] & 1);
  version = (int16_t)(m->min_version + data[2] % (m->max_version - m->min_version + 1));
  arena = stoker_arena_new (0);
  msg = stoker_arena_calloc (arena, 1, m->size);
  km_reader_init (&r, data + 3, size - 3);
  if (m->decode (&r, version, arena, msg) == 0) {
    encode (m, version, msg, &once);
    km_reader_init (&r, once.data, once.len);
    g_assert (m->decode (&r, version, arena, msg) == 0);
    encode (m, version, msg, &twice);
    g_assert (once.len == twice.len && (once.len == 0 || memcmp (once.data, twice.data, once.len) == 0));
  }
  g_assert (stoker_arena_size (arena) < (1u << 20) + 256 * size);
  stoker_buf_clear (&once);
  stoker_buf_clear (&twice);
  stoker_arena_free (arena);
  return 0;
}
