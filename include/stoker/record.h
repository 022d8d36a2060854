/* SPDX-License-Identifier: Apache-2.0
 *
 * Record batches of magic 2 as storage engines and cleaners see them (kafka-facts 4.1), and the bookkeeping of
 * idempotent producers (10.3) that every storage engine keeps beside its log.
 */
#ifndef STOKER_RECORD_H
#define STOKER_RECORD_H

#include <stoker/memory.h>
#include <stoker/error.h>

STOKER_BEGIN_DECLS

#define STOKER_BATCH_HEADER 61u   /* bytes up to the records */
#define STOKER_BATCH_OVERHEAD 12u /* base_offset and batch_length: not counted in batch_length */

enum
{
  STOKER_BATCH_CODEC_MASK = 7,
  STOKER_BATCH_LOG_APPEND_TIME = 8,
  STOKER_BATCH_TRANSACTIONAL = 16,
  STOKER_BATCH_CONTROL = 32,
  STOKER_BATCH_DELETE_HORIZON = 64,
};

/* A batch header, decoded. */
typedef struct StokerBatch
{
  int64_t base_offset;
  int32_t length; /* whole batch, the 12 bytes of overhead included */
  int32_t leader_epoch;
  int8_t magic;
  uint32_t crc;
  int16_t attributes;
  int32_t last_offset_delta;
  int64_t base_timestamp, max_timestamp;
  int64_t producer_id;
  int16_t producer_epoch;
  int32_t base_sequence;
  int32_t record_count;
} StokerBatch;

static inline int64_t
stoker_batch_last_offset (const StokerBatch *b)
{
  return b->base_offset + b->last_offset_delta;
}

/* Decodes the header of the batch at data[0..len). 0: *out is filled, and out->length <= len. 1: more bytes are needed
 * (*out has what could be read: length is valid when len >= 12). -1: not a batch of magic 2 (length below 61, magic
 * other than 2, length above 2^31 - 12). Does not check the CRC. */
STOKER_EXPORT int stoker_batch_peek (const uint8_t *data, size_t len, StokerBatch *out);
/* True when the CRC-32C over bytes 21.. of the whole batch at `data` (b->length bytes) is the one it carries. */
STOKER_EXPORT bool stoker_batch_crc_ok (const uint8_t *data, const StokerBatch *b);
/* Where the log may go on behind damage: the first position >= `from` in data[0..len) at which the header of a batch could
 * stand that lies in [min_offset, max_offset]. Only its CRC, over all of its length, tells whether there is one. Where there is none:
 * the first position whose 61 bytes data[0..len) does not hold. */
STOKER_EXPORT size_t stoker_batch_guess (const uint8_t *data, size_t len, size_t from, int64_t min_offset,
                                         int64_t max_offset);
/* Patches what the leader assigns; none of it is covered by the CRC. */
STOKER_EXPORT void stoker_batch_assign (uint8_t *data, int64_t base_offset, int32_t leader_epoch);
/* CRC-32C (Castagnoli) of a range, continuing from `crc` (0 to begin). */
STOKER_EXPORT uint32_t stoker_crc32c (uint32_t crc, const void *data, size_t len);

/* The first record with offset >= `from` and timestamp >= `timestamp` of the whole batch at `data` (decompressing it when
 * it must), as ListOffsets wants it. 1: found, *out_offset and *out_timestamp set; 0: none; -1: damaged or codec missing.
 * With timestamp == INT64_MAX: the first record that carries the largest timestamp. May take long: disk threads. */
typedef struct StokerHost StokerHost;
STOKER_EXPORT int stoker_batch_find_timestamp (StokerHost *host, const uint8_t *data, const StokerBatch *b, int64_t from,
                                               int64_t timestamp, int64_t *out_offset, int64_t *out_timestamp);

/* ---- producer state of one partition. Not locked: the log's lock covers it. */
typedef struct StokerProducers StokerProducers;

STOKER_EXPORT StokerProducers *stoker_producers_new (void);
STOKER_EXPORT void stoker_producers_free (StokerProducers *p);

typedef struct StokerProducerVerdict
{
  int16_t error;          /* 0, or 45, 47, 48 .. */
  bool duplicate;         /* error 0: the batch was appended before; do not append it again */
  int64_t first_offset;   /* of the original, when duplicate */
  int64_t last_offset;
  int64_t timestamp;      /* max timestamp of the original, when duplicate */
} StokerProducerVerdict;

/* May this batch of a client be appended (kafka-facts 10.3)? Batches without producer id always may. Changes nothing. */
STOKER_EXPORT StokerProducerVerdict stoker_producers_check (const StokerProducers *p, const StokerBatch *b);
/* Takes note of an appended (or, at recovery, replayed) batch, with its final offsets. `control`: for a control batch, its
 * type (0 abort, 1 commit) and coordinator epoch; else -1. */
STOKER_EXPORT void stoker_producers_update (StokerProducers *p, const StokerBatch *b, int control_type, int32_t coordinator_epoch);
/* For restarts: a snapshot holds only the newest batch of a producer, so after loading one the engine reads older headers
 * back from its log and hands them in, in any order. Puts `b` into the duplicate window of its producer when that is known,
 * has the same epoch, does not hold the batch already and b is older than the newest one there; the window keeps its newest
 * five. Changes nothing else. */
STOKER_EXPORT void stoker_producers_recall (StokerProducers *p, const StokerBatch *b);
/* The first offset of the earliest transaction that is still open; INT64_MAX when none is. */
STOKER_EXPORT int64_t stoker_producers_first_open (const StokerProducers *p);
/* Forgets producers without an open transaction whose last batch has a timestamp below `before_ms`. */
STOKER_EXPORT void stoker_producers_expire (StokerProducers *p, int64_t before_ms);
STOKER_EXPORT void stoker_producers_clear (StokerProducers *p);
STOKER_EXPORT size_t stoker_producers_count (const StokerProducers *p);
/* Kafka's .snapshot file (kafka-facts 5.3): whole content, CRC included. Load: 0, or -1 when damaged (nothing loaded). */
STOKER_EXPORT void stoker_producers_save (const StokerProducers *p, StokerBuf *out);
STOKER_EXPORT int stoker_producers_load (StokerProducers *p, const uint8_t *data, size_t len, StokerError *err);
/* One row per producer, for DescribeProducers and dumps; stops early when each returns false. */
typedef struct StokerProducerRow
{
  int64_t producer_id;
  int16_t epoch;
  int32_t last_sequence;
  int64_t last_offset;
  int64_t last_timestamp;
  int32_t coordinator_epoch;
  int64_t txn_first_offset; /* -1: none open */
} StokerProducerRow;
STOKER_EXPORT void stoker_producers_each (const StokerProducers *p, bool (*each) (void *user, const StokerProducerRow *row), void *user);
/* The row of one producer; false (and *out untouched) when it is not known. */
STOKER_EXPORT bool stoker_producers_get (const StokerProducers *p, int64_t producer_id, StokerProducerRow *out);

STOKER_END_DECLS

#endif
