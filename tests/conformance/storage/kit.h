/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of storage engines share: an engine over a fresh directory, batches made to order, reading back.
 */
#ifndef STORAGE_KIT_H
#define STORAGE_KIT_H

#include "fault-disk.h"
#include "test-host.h"

#include <stoker/storage.h>

#include <glib.h>

typedef struct Kit
{
  TestHost *host;
  StokerDisk *disk; /* this machine's; flushes do nothing, so that tests do not wait for them */
  const StokerModule *module;
  const StokerStorageOps *ops;
  StokerInstance *engine;
  char *conf; /* options, or NULL */
  char *path; /* of the log directory */
  bool own_path;
  bool persistent; /* what is closed can be opened again */
  StokerTopicConfig config;
  StokerLogDir dir;
  GPtrArray *journals;
  bool journal; /* the directory has a journal, and config.journal is to be set */
  StokerLog *log; /* topic "t", partition 0 */
  int64_t now_ms; /* of appends */
} Kit;

/* An engine with one open log; path NULL: a fresh directory. */
Kit *kit_new (const StokerModule *module, const char *conf, bool persistent);
/* The same with segments of 4000 bytes, which an index entry divides every 500. */
Kit *kit_small (const StokerModule *module);
/* From now on every directory has a journal, and logs use it. */
void kit_use_journal (void);
/* Only host and directory: for tests that look before the engine does. */
Kit *kit_prepare (const StokerModule *module, const char *conf, bool persistent, const char *path);
void kit_free (Kit *k);
/* Stops the engine (clean: logs closed, directory detached) and starts it again; the log is opened again. */
void kit_stop (Kit *k, bool clean);
void kit_start (Kit *k, bool clean);
void kit_reopen (Kit *k);
/* As if the process had died here: a copy of the directory is opened by a second engine, which takes the first one's
 * place. */
void kit_crash (Kit *k);
StokerLog *kit_open (Kit *k, const char *topic, int32_t partition);
StokerTopicConfig kit_config (void);

/* Producer fields of a batch; id -1: none. */
typedef struct Maker
{
  int64_t timestamp;
  int records;
  size_t value; /* bytes of each record's value */
  int64_t producer_id;
  int16_t producer_epoch;
  int32_t sequence;
  int16_t attributes;
  int control_type; /* -1: no marker */
  int32_t coordinator_epoch;
  int64_t offset; /* base offset as a leader would have assigned it */
  int32_t leader_epoch;
} Maker;
Maker maker (int records);
/* Appends the batch to `to`. */
void make_batch (StokerBuf *to, const Maker *m);
/* Makes and appends one batch; the result. */
StokerAppend kit_append (Kit *k, const Maker *m, StokerOrigin origin);
/* The same for a client without producer id, expecting success; its first offset. */
int64_t kit_put (Kit *k, int records);
int64_t kit_put_sized (Kit *k, int records, size_t value);
StokerAppend kit_marker (Kit *k, int64_t producer_id, int16_t epoch, bool commit, int32_t coordinator_epoch);
StokerAppend kit_txn (Kit *k, int64_t producer_id, int32_t sequence, int records);
StokerLogEnds kit_ends (Kit *k);
#define kit_assert_ends(k, s, e)                                                                                       \
  do {                                                                                                                 \
    StokerLogEnds ends_ = kit_ends (k);                                                                                \
    g_assert_cmpint (ends_.start, ==, s);                                                                              \
    g_assert_cmpint (ends_.end, ==, e);                                                                                \
    g_assert_cmpint (ends_.durable, ==, e);                                                                            \
  } while (0)

/* Reads; the bytes are added to `to` (NULL: dropped). Returns the error. */
int kit_read (Kit *k, const StokerRead *req, StokerBuf *to, StokerReadResult *out);
/* Reads everything in [offset, limit) in portions of max_bytes, checks that the batches follow each other; how many
 * records. */
int64_t kit_count (Kit *k, int64_t offset, int64_t limit, size_t max_bytes);
/* Everything from `offset` to the end, as bytes. */
void kit_dump (Kit *k, int64_t offset, StokerBuf *to);
void copy_tree (const char *from, const char *to);
/* The contents of a file in the log's directory; NULL when it is not there. */
char *kit_file (Kit *k, const char *log, const char *name, gsize *len);

/* Adds the suite's tests for the module. */
void storage_suite (const StokerModule *module, bool persistent);

#endif
