/* SPDX-License-Identifier: Apache-2.0
 *
 * For tests and tools only: random messages, messages as JSON, and a table through which every message can be reached.
 * Kept out of libkafkawire so that the module does not carry it.
 */
#ifndef STOKER_KAFKA_WIRE_TEST_H
#define STOKER_KAFKA_WIRE_TEST_H

#include "modules/protocol/kafka/wire/wire.h"

typedef struct KmRandom
{
  uint64_t state;
} KmRandom;

uint64_t km_random_next (KmRandom *g);
bool km_random_bool (KmRandom *g);
int8_t km_random_i8 (KmRandom *g);
int16_t km_random_i16 (KmRandom *g);
int32_t km_random_i32 (KmRandom *g);
int64_t km_random_i64 (KmRandom *g);
double km_random_f64 (KmRandom *g);
StokerUuid km_random_uuid (KmRandom *g);
StokerStr km_random_str (KmRandom *g, bool nullable, StokerArena *arena);
StokerBytes km_random_bytes (KmRandom *g, bool nullable, StokerArena *arena);
StokerRecords km_random_records (KmRandom *g, bool nullable, StokerArena *arena);
int32_t km_random_count (KmRandom *g, bool nullable);
int8_t *km_random_i8_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n);
int16_t *km_random_i16_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n);
int32_t *km_random_i32_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n);
int64_t *km_random_i64_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n);
StokerStr *km_random_str_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n);
StokerUuid *km_random_uuid_array (KmRandom *g, bool nullable, StokerArena *arena, int32_t *n);

/* JSON onto a buffer. Strings that are not ASCII are written as \u00XX per byte; bytes and records as hex. */
void km_dump_begin (StokerBuf *b);
void km_dump_end (StokerBuf *b);
bool km_dump_name (StokerBuf *b, bool more, const char *name);
void km_dump_open (StokerBuf *b, int32_t n); /* an array; n == -1: null */
void km_dump_comma (StokerBuf *b, bool more);
void km_dump_close (StokerBuf *b, int32_t n);
void km_dump_null (StokerBuf *b);
void km_dump_bool (StokerBuf *b, bool v);
void km_dump_i8 (StokerBuf *b, int8_t v);
void km_dump_i16 (StokerBuf *b, int16_t v);
void km_dump_i32 (StokerBuf *b, int32_t v);
void km_dump_i64 (StokerBuf *b, int64_t v);
void km_dump_f64 (StokerBuf *b, double v);
void km_dump_uuid (StokerBuf *b, StokerUuid v);
void km_dump_str (StokerBuf *b, StokerStr v);
void km_dump_bytes (StokerBuf *b, StokerBytes v);
void km_dump_records (StokerBuf *b, const StokerRecords *v);

/* One message and its functions. */
typedef struct KmMessage
{
  const char *name;
  int16_t key; /* -1: not an API */
  bool response;
  int16_t min_version, max_version;
  size_t size;
  int (*decode) (KmReader *r, int16_t version, StokerArena *arena, void *out);
  void (*encode) (KmWriter *w, int16_t version, const void *in);
  void (*random) (KmRandom *g, int16_t version, StokerArena *arena, void *out);
  void (*dump) (StokerBuf *b, int16_t version, const void *in);
} KmMessage;

const KmMessage *km_messages (size_t *n);

#endif
