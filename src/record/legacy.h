/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of magic 0 and 1 (kafka-facts 4.5): entries {offset, size, message}, each message with a CRC of its own; a
 * compressed set is one wrapper message whose value holds the inner entries.
 */
#ifndef STK_RECORD_LEGACY_H
#define STK_RECORD_LEGACY_H

#include "record/record.h"

typedef struct StkMessage
{
  int64_t offset;
  int64_t timestamp; /* -1: none (magic 0 has none) */
  uint32_t crc;
  int32_t length; /* of the entry, offset and size included */
  int8_t magic;
  int8_t attributes; /* codec bits and STOKER_BATCH_LOG_APPEND_TIME as in batches */
  StokerBytes key, value;
} StkMessage;

/* Decodes the entry at data[0..len). 0; 1: incomplete; -1: damaged or not of magic 0 or 1. The CRC is not checked. */
int stk_message_peek (const uint8_t *data, size_t len, StkMessage *out);
bool stk_message_crc_ok (const uint8_t *data, const StkMessage *m);
/* Appends an entry; m->crc and m->length are not used. */
void stk_message_append (StokerBuf *out, const StkMessage *m);

/* Decompresses a wrapper into *scratch (cleared first) and checks what is inside: complete entries of the same magic,
 * not compressed themselves, right CRCs, at least one. *add: what makes inner offsets absolute. 0, or an error code. */
int16_t stk_message_unwrap (StkCodecContexts *c, const StkMessage *wrapper, size_t max_out, StokerBuf *scratch,
                            int64_t *add, StokerError *err);

#endif
