/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as the records of a Produce request, as a log to convert down and as a batch to search by time: must not
 * crash, read outside the input or take memory out of proportion; what is accepted must be one whole batch that reads
 * back. Input: settings (2 bytes), the records. With the lowest bit of the first set, the check sums are made right
 * first, so that the fuzzer gets behind them.
 */
#include "tests/unit/record/kit.h"

#include "base/bytes.h"
#include "base/crc.h"
#include "record/legacy.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerInitialize (int *argc, char ***argv);

static Kit kit;

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  kit_init (&kit);
  kit.spec.max_decompressed_bytes = 1 << 20;
  return 0;
}

static void
make_sums_right (uint8_t *data, size_t len)
{
  while (len >= 17) {
    StokerBatch b;
    StkMessage m;
    size_t n;
    if (stoker_batch_peek (data, len, &b) == 0) {
      stk_put_be32 (data + 17, stoker_crc32c (0, data + 21, (size_t)b.length - 21));
      n = (size_t)b.length;
    } else if (stk_message_peek (data, len, &m) == 0) {
      stk_put_be32 (data + 12, stk_crc32 (0, data + 16, (size_t)m.length - 16));
      n = (size_t)m.length;
    } else {
      return;
    }
    data += n;
    len -= n;
  }
}

static void
check_accepted (const StkValidated *v)
{
  StokerBuf scratch = { 0 };
  StokerBytes section;
  StokerBatch b;
  StkRecordIter it;
  StkRecord r;
  int64_t offset = 0, timestamp;
  int rc;

  g_assert (stoker_batch_peek (v->bytes.data, v->bytes.len, &b) == 0 && (size_t)b.length == v->bytes.len);
  g_assert (kit_same_header (&b, &v->batch));
  g_assert (stoker_batch_crc_ok (v->bytes.data, &b));
  g_assert (b.base_offset == 0 && b.record_count > 0 && b.last_offset_delta == b.record_count - 1);
  g_assert (b.length <= kit.config.max_message_bytes);
  g_assert (stk_batch_records (kit.codecs, v->bytes.data, &b, INT32_MAX, &scratch, &section, NULL) == 0);
  stk_record_iter_init (&it, &b, section.data, section.len);
  while ((rc = stk_record_iter_next (&it, &r)) == 1)
    g_assert (r.offset == offset++);
  g_assert (rc == 0);
  g_assert (stoker_batch_find_timestamp (test_host_get (kit.host), v->bytes.data, &b, 0, INT64_MAX, &offset, &timestamp)
            == 1);
  stoker_buf_clear (&scratch);
}

static void
convert (const uint8_t *data, size_t len)
{
  for (int magic = 0; magic <= 1; magic++) {
    StokerBuf out = { 0 };
    StkMessage m;
    int64_t next;
    if (stk_record_downconvert (kit.codecs, data, len, magic, 1, &out, &next) == 0) {
      for (size_t at = 0; at < out.len; at += (size_t)m.length) {
        g_assert (stk_message_peek (out.data + at, out.len - at, &m) == 0);
        g_assert (m.magic <= magic && stk_message_crc_ok (out.data + at, &m));
      }
    } else {
      g_assert (out.len == 0);
    }
    stoker_buf_clear (&out);
  }
}

static void
search (const uint8_t *data, size_t len)
{
  static const int64_t times[] = { 0, 1795260570000, INT64_MAX };
  StokerBatch b;

  if (stoker_batch_peek (data, len, &b) != 0)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (times); i++) {
    int64_t offset, timestamp;
    (void)stoker_batch_find_timestamp (test_host_get (kit.host), data, &b, 0, times[i], &offset, &timestamp);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree uint8_t *copy = NULL;

  if (size < 2)
    return 0;
  copy = g_malloc (MAX (size - 2, 1)); /* exactly, so that ASan sees a read behind it */
  memcpy (copy, data + 2, size - 2);
  if (data[0] & 1)
    make_sums_right (copy, size - 2);
  convert (copy, size - 2);
  search (copy, size - 2);
  kit.spec.api_version = (int16_t)(data[0] >> 4);
  kit.config.cleanup_compact = data[0] & 2;
  kit.config.log_append_time = data[0] & 4;
  kit.config.timestamp_before_max_ms = data[0] & 8 ? 1000 : INT64_MAX;
  kit.config.compression = data[1] % 6 - 1;
  stoker_arena_reset (kit.arena);
  stk_record_validate (&kit.spec, copy, size - 2, &kit.out);
  if (kit.out.error != 0)
    g_assert (kit.out.bytes.len == 0 && kit.out.error_message.data != NULL);
  else if (kit.out.bytes.len > 0)
    check_accepted (&kit.out);
  return 0;
}
