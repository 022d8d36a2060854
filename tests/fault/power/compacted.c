/* SPDX-License-Identifier: Apache-2.0
 *
 * Topics that are compacted: of each key the newest record that was told is there, or a newer one; each record that is
 * there stands where it stood.
 */
#include "config.h"

#include "power.h"

uint8_t
key_of (const Sent *s, int32_t i)
{
  return (uint8_t)((s->keys >> 4 * i) & 15);
}

void
compacted_seen (Life *l, Sent *s, const StokerBatch *b, const uint8_t *data)
{
  const Part *p = s->part;
  StokerBuf content = { 0 };
  StokerBytes section;
  StokerError err = { 0 };
  StkRecordIter it;
  StkRecord r;

  if (stk_batch_records (l->codecs, data, b, 1 << 20, &content, &section, &err) != 0)
    broken (l, "%s-%d: offset %" PRId64 ": %s", p->topic->name, p->index, b->base_offset, err.text);
  stk_record_iter_init (&it, b, section.data, section.len);
  while (stk_record_iter_next (&it, &r) == 1) {
    if (r.offset_delta < 0 || r.offset_delta >= s->records || r.key.len != 1
        || r.key.data[0] != key_of (s, r.offset_delta))
      broken (l, "%s-%d: another record at offset %" PRId64, p->topic->name, p->index, r.offset);
    s->there |= 1u << r.offset_delta;
  }
  stoker_buf_clear (&content);
}

void
check_compacted (Life *l, Part *p, int64_t start)
{
  int64_t newest[16];

  for (int i = 0; i < 16; i++)
    newest[i] = -1;
  for (guint i = 0; i < p->sent->len; i++) {
    const Sent *s = g_ptr_array_index (p->sent, i);
    for (int32_t k = 0; k < s->records; k++)
      if (s->there >> k & 1)
        newest[key_of (s, k)] = MAX (newest[key_of (s, k)], s->offset + k);
  }
  for (guint i = 0; i < p->sent->len; i++) {
    const Sent *s = g_ptr_array_index (p->sent, i);
    for (int32_t k = 0; s->told && k < s->records; k++)
      if (s->offset + k >= start && newest[key_of (s, k)] < s->offset + k)
        broken (l, "%s-%d: offset %" PRId64 ", the newest of key %d, is missing", p->topic->name, p->index,
                s->offset + k, key_of (s, k));
  }
}
