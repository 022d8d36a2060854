/* SPDX-License-Identifier: Apache-2.0
 *
 * Records inside the core: walking over the records of a batch, building batches, what a leader does to a produced
 * batch (kafka-facts 4.4), and conversion from and to the message sets of magic 0 and 1 (4.5). Batch headers and
 * producer state are in stoker/record.h.
 *
 * Thread: any, with one StkCodecContexts per thread. Nothing here blocks or logs; all input is hostile until proven
 * good.
 */
#ifndef STK_RECORD_H
#define STK_RECORD_H

#include <stoker/codec.h>
#include <stoker/record.h>
#include <stoker/service/produce.h>
#include <stoker/topic_config.h>

/* ---- codecs: the working memory of one thread, made when a codec is first used */

#define STK_CODEC_LEVEL_DEFAULT INT32_MIN

typedef struct StkCodecContexts StkCodecContexts;

/* Codecs come from stoker_host_codec (host, id) when first needed. */
StkCodecContexts *stk_codec_contexts_new (StokerHost *host);
void stk_codec_contexts_free (StkCodecContexts *c);
/* A codec of the batch attributes, 1..4, is there. */
bool stk_codec_known (StkCodecContexts *c, int codec);
/* Appends to *out; never more than max_out bytes. flags: STOKER_CODEC_LEGACY. 0; -1 with *err: STOKER_ERROR_CORRUPT
 * when the input is damaged or too large, STOKER_ERROR_MODULE when the codec is not there. */
int stk_codec_decompress (StkCodecContexts *c, int codec, const uint8_t *in, size_t len, size_t max_out, uint32_t flags,
                          StokerBuf *out, StokerError *err);
int stk_codec_compress (StkCodecContexts *c, int codec, const uint8_t *in, size_t len, int32_t level, uint32_t flags,
                        StokerBuf *out, StokerError *err);

/* The thread's buffer for decompressed records, empty, until _done, which frees it when it has grown large. */
StokerBuf *stk_codec_scratch (StkCodecContexts *c);
void stk_codec_scratch_done (StkCodecContexts *c);

/* ---- reading */

/* One record; points into the batch. */
typedef struct StkRecord
{
  int64_t offset;
  int64_t timestamp; /* -1: none */
  int32_t offset_delta;
  int32_t n_headers;
  StokerBytes key, value; /* data NULL: null */
  StokerBytes headers;    /* n_headers times key and value, as they stand in the batch; checked */
} StkRecord;

typedef struct StkRecordIter
{
  const uint8_t *at, *end;
  const StokerBatch *batch;
  int32_t left;
} StkRecordIter;

/* Walks over the records of a batch of magic 2: data[0..len) is its records section, not compressed. */
void stk_record_iter_init (StkRecordIter *it, const StokerBatch *b, const uint8_t *data, size_t len);
/* 1: *out is the next; 0: all were read and nothing is left over; -1: damaged. */
int stk_record_iter_next (StkRecordIter *it, StkRecord *out);
/* Takes the next header out of *headers (as in StkRecord.headers); false when none is left. */
bool stk_record_header_next (StokerBytes *headers, StokerStr *key, StokerBytes *value);

/* The records section of the whole batch at `data`, decompressed: points into the batch, or into *scratch (cleared
 * first). 0, or -1 with *err. */
int stk_batch_records (StkCodecContexts *c, const uint8_t *data, const StokerBatch *b, size_t max_out,
                       StokerBuf *scratch, StokerBytes *out, StokerError *err);

/* Of the control batch at `data` (complete, not compressed): its type (0 abort, 1 commit, others exist) and, for those
 * two, the coordinator's epoch. False when damaged. */
bool stk_batch_control (const uint8_t *data, const StokerBatch *b, int *type, int32_t *coordinator_epoch);

/* ---- building */

/* Builds one batch of magic 2 at the end of a buffer. Set the fields of `head` (base_offset, leader_epoch, producer_*,
 * base_sequence, attributes without the codec bits) between begin and end; counts, deltas, timestamps, length and CRC
 * are computed. With STOKER_BATCH_LOG_APPEND_TIME set, set head.max_timestamp too. */
typedef struct StkBatchBuilder
{
  StokerBatch head;
  StokerBuf *out;
  size_t start; /* of the batch in out */
} StkBatchBuilder;

/* producer_id, producer_epoch and base_sequence begin at -1, base_offset and leader_epoch at 0. */
void stk_batch_begin (StkBatchBuilder *w, StokerBuf *out);
/* Adds a record at offset base + number of records so far. `headers` as in StkRecord (n_headers of them); `timestamp`
 * -1: none. */
void stk_batch_add (StkBatchBuilder *w, int64_t timestamp, StokerBytes key, StokerBytes value, StokerBytes headers,
                    int32_t n_headers);
/* Compresses with codec 1..4 (0: not; `c` may be NULL then) and finishes. 0, or -1 with *err: then the batch is taken
 * back. */
int stk_batch_end (StkBatchBuilder *w, StkCodecContexts *c, int codec, int32_t level, StokerError *err);
/* Appends a transaction marker: a control batch with one record. */
void stk_batch_marker (StokerBuf *out, int64_t base_offset, int32_t leader_epoch, int64_t producer_id,
                       int16_t producer_epoch, bool commit, int32_t coordinator_epoch, int64_t timestamp);
/* Writes the fields of `b` (all but the CRC) over the header at `data`, then the CRC of the whole batch. */
void stk_batch_store (uint8_t *data, const StokerBatch *b);

/* ---- what a leader does to produced records */

/* Defaults of the limits below. */
#define STK_DECOMPRESSED_MAX ((int64_t)128 << 20)
#define STK_DECOMPRESSED_FREE ((int64_t)16 << 20) /* up to here no ratio is asked for */
#define STK_RATIO_MAX 1000
#define STK_RECORD_ERRORS_MAX 1000 /* that many bad records of one batch are named */

typedef struct StkValidateSpec
{
  StkCodecContexts *codecs;
  const StokerTopicConfig *config;
  StokerStr topic; /* for texts */
  int32_t partition;
  int16_t api_version; /* of Produce: from 3 on one batch of magic 2, before 7 no zstd; -1: as the newest */
  int64_t now_ms;
  int64_t max_decompressed_bytes; /* of one batch; 0: STK_DECOMPRESSED_MAX */
  int64_t max_ratio;              /* decompressed : compressed, above STK_DECOMPRESSED_FREE bytes; 0: STK_RATIO_MAX */
  StokerArena *arena;             /* texts and record errors come from here */
} StkValidateSpec;

typedef struct StkValidated
{
  int16_t error;           /* 0: append `bytes` */
  StokerStr error_message; /* null: none */
  StokerRecordError *record_errors;
  int32_t n_record_errors;
  StokerBytes bytes; /* one batch of magic 2 with base offset 0: in the caller's data, or in `buf`. len 0 and error 0:
                      * the request held no record (possible before version 3): nothing to append, base offset -1 */
  StokerBatch batch; /* its header */
  int64_t log_append_time_ms; /* for the answer: -1 unless the topic stamps */
  StokerBuf buf;              /* a rebuilt batch; the caller clears it */
} StkValidated;

/* Checks the records of one partition of a Produce request, data[0..len), and makes what is to be appended of them:
 * mostly the same bytes, patched in place where the topic asks for another timestamp; rebuilt when they come as
 * messages of magic 0 or 1, when the topic asks for another codec, or when the offsets inside are wrong. *out is
 * overwritten; out->buf must be empty or hold memory that may be reused. */
void stk_record_validate (const StkValidateSpec *spec, uint8_t *data, size_t len, StkValidated *out);

/* ---- old message formats */

/* Converts the batches (and messages) data[0..len) for a reader that knows nothing above `magic` (0 or 1), and appends
 * the result to *out; what is old enough is copied. Records below `first_offset` are left out where that is cheap,
 * control batches and headers always; an incomplete batch at the end is ignored. 0, or an error code:
 * UNSUPPORTED_COMPRESSION_TYPE (zstd cannot be told in old formats), CORRUPT_MESSAGE. When something was converted
 * before the trouble, that is a success: the reader gets the trouble with its next request. *next_offset (may be NULL)
 * is the first offset after what was looked at. */
int16_t stk_record_downconvert (StkCodecContexts *c, const uint8_t *data, size_t len, int magic, int64_t first_offset,
                                StokerBuf *out, int64_t *next_offset);

#endif
