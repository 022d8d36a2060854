/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <glib.h>

/* What a batch that is in the log may decompress to: it was checked when it came in, or a leader checked it. */
#define LIMIT ((size_t)1 << 30)

static int
find (const StokerBatch *b, StokerBytes section, int64_t from, int64_t timestamp, int64_t *out_offset,
      int64_t *out_timestamp)
{
  StkRecordIter it;
  StkRecord r;
  bool found = false;
  int rc;

  stk_record_iter_init (&it, b, section.data, section.len);
  while ((rc = stk_record_iter_next (&it, &r)) == 1) {
    if (r.offset < from)
      continue;
    if (timestamp == INT64_MAX ? found && r.timestamp <= *out_timestamp : r.timestamp < timestamp)
      continue;
    *out_offset = r.offset;
    *out_timestamp = r.timestamp;
    found = true;
    if (timestamp != INT64_MAX)
      return 1;
  }
  return rc < 0 ? -1 : found;
}

int
stoker_batch_find_timestamp (StokerHost *host, const uint8_t *data, const StokerBatch *b, int64_t from,
                             int64_t timestamp, int64_t *out_offset, int64_t *out_timestamp)
{
  StkCodecContexts *codecs;
  StokerBuf scratch = { 0 };
  StokerBytes section;
  int rc = -1;

  if (timestamp != INT64_MAX && b->max_timestamp < timestamp)
    return 0;
  codecs = stk_codec_contexts_new (host);
  if (stk_batch_records (codecs, data, b, LIMIT, &scratch, &section, NULL) == 0)
    rc = find (b, section, from, timestamp, out_offset, out_timestamp);
  stoker_buf_clear (&scratch);
  stk_codec_contexts_free (codecs);
  return rc;
}
