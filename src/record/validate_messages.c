/* SPDX-License-Identifier: Apache-2.0 */
#include "record/judge.h"

static void
add_message (StkJudge *j, StkBatchBuilder *w, const StkMessage *m)
{
  stk_judge_record (j, w->head.record_count, m->timestamp, m->attributes & STOKER_BATCH_LOG_APPEND_TIME,
                    m->key.data != NULL);
  stk_batch_add (w, m->timestamp, m->key, m->value, STOKER_BYTES_NULL, 0);
}

static bool
add_wrapped (StkJudge *j, StkBatchBuilder *w, const StkMessage *wrapper)
{
  StokerError err = { 0 };
  StkMessage m;
  int64_t add;
  int16_t code = stk_message_unwrap (j->spec->codecs, wrapper, stk_judge_decompress_limit (j->spec, wrapper->value.len),
                                     j->scratch, &add, &err);

  if (code != STOKER_OK) {
    stk_judge_refuse (j, code, "%s", err.text);
    return false;
  }
  for (size_t at = 0; at < j->scratch->len; at += (size_t)m.length) {
    (void)stk_message_peek (j->scratch->data + at, j->scratch->len - at, &m);
    /* The wrapper's append time is every record's time. */
    if (wrapper->attributes & STOKER_BATCH_LOG_APPEND_TIME) {
      m.attributes |= STOKER_BATCH_LOG_APPEND_TIME;
      m.timestamp = wrapper->timestamp;
    }
    add_message (j, w, &m);
  }
  return true;
}

/* All messages of the set become one batch; an incomplete one at the end is ignored, as Kafka does. */
void
stk_judge_messages (StkJudge *j, const uint8_t *data, size_t len, int magic)
{
  StkBatchBuilder w;
  StkMessage m;
  int source = 0, rc;

  stk_batch_begin (&w, &j->out->buf);
  stk_judge_stamp (j, &w);
  for (; (rc = stk_message_peek (data, len, &m)) == 0; data += m.length, len -= (size_t)m.length) {
    int codec = m.attributes & STOKER_BATCH_CODEC_MASK;
    if (m.magic != magic) {
      stk_judge_refuse (j, STOKER_INVALID_RECORD, "messages of magic %d and %d in one set", magic, m.magic);
    } else if (!stk_message_crc_ok (data, &m)) {
      stk_judge_refuse (j, STOKER_CORRUPT_MESSAGE, "a message has a wrong check sum");
    } else if ((codec != 0 || source != 0) && w.head.record_count > 0) {
      stk_judge_refuse (j, STOKER_INVALID_RECORD, "a compressed message set must stand alone");
    } else if (stk_judge_size_good (j, (size_t)m.length)) {
      source = codec;
      if (codec == 0)
        add_message (j, &w, &m);
      else
        (void)add_wrapped (j, &w, &m);
    }
    if (j->out->error)
      return;
  }
  if (rc < 0)
    stk_judge_refuse (j, STOKER_CORRUPT_MESSAGE, "a message of the set is damaged");
  else if (w.head.record_count > 0 && stk_judge_records_good (j))
    stk_judge_accept_built (j, &w, stk_judge_target_codec (j->spec, source));
}
