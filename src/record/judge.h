/* SPDX-License-Identifier: Apache-2.0
 *
 * The records of one partition of a Produce request while they are judged: what both formats share (validate.c: magic
 * 2, validate_messages.c: magic 0 and 1). Refusing is final: the caller returns.
 */
#ifndef STK_RECORD_JUDGE_H
#define STK_RECORD_JUDGE_H

#include "record/legacy.h"

/* A request's records as they are judged. */
typedef struct StkJudge
{
  const StkValidateSpec *spec;
  StkValidated *out;
  int64_t earliest, latest; /* allowed timestamps; topics with CreateTime only */
  bool bad_timestamp;
  StokerBuf *scratch; /* decompressed records */
} StkJudge;

void stk_judge_refuse (StkJudge *j, int16_t code, const char *fmt, ...) STOKER_PRINTF (3, 4);
/* Notes a bad record; the batch is refused at the end, with all of them named. */
void stk_judge_record (StkJudge *j, int32_t index, int64_t timestamp, bool claims_append_time, bool has_key);
/* False, and refused, when a record was bad. */
bool stk_judge_records_good (StkJudge *j);
/* May a batch or message of this size be taken? Asked again for what was rebuilt. */
bool stk_judge_size_good (StkJudge *j, size_t len);
/* What `compressed` bytes may decompress to. */
size_t stk_judge_decompress_limit (const StkValidateSpec *spec, size_t compressed);
/* The codec to store what came with codec `source`. */
int stk_judge_target_codec (const StkValidateSpec *spec, int source);
/* Sets the append time of a batch that is being built, where the topic stamps. */
void stk_judge_stamp (StkJudge *j, StkBatchBuilder *w);
/* Ends a batch that was built into out->buf, and accepts it. */
void stk_judge_accept_built (StkJudge *j, StkBatchBuilder *w, int codec);
void stk_judge_accept (StkJudge *j, uint8_t *data, const StokerBatch *b);

/* Builds one batch of the message set of magic 0 or 1 at data[0..len). */
void stk_judge_messages (StkJudge *j, const uint8_t *data, size_t len, int magic);

#endif
