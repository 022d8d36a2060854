/* SPDX-License-Identifier: Apache-2.0 */
#include "kit.h"

#include "journal/journal.h"

#include <stoker/host.h>

#include <glib/gstdio.h>
#include <string.h>

StokerTopicConfig
kit_config (void)
{
  return (StokerTopicConfig){ .size = sizeof (StokerTopicConfig),
                              .segment_bytes = 1 << 30,
                              .segment_ms = INT64_C (604800000),
                              .segment_index_bytes = 10485760,
                              .index_interval_bytes = 4096,
                              .retention_ms = INT64_C (604800000),
                              .retention_bytes = -1,
                              .file_delete_delay_ms = 60000,
                              .flush_messages = INT64_MAX,
                              .flush_ms = INT64_MAX,
                              .max_message_bytes = 1048588,
                              .compression = -1,
                              .timestamp_before_max_ms = INT64_MAX,
                              .timestamp_after_max_ms = INT64_MAX,
                              .downconversion = true,
                              .min_insync_replicas = 1,
                              .cleanup_delete = true };
}

static void
run (char **argv)
{
  int status = -1;

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
}

void
copy_tree (const char *from, const char *to)
{
  char *argv[] = { "cp", "-a", (char *)from, (char *)to, NULL };
  run (argv);
}

static bool with_journal;

void
kit_use_journal (void)
{
  with_journal = true;
}

Kit *
kit_prepare (const StokerModule *module, const char *conf, bool persistent, const char *path)
{
  Kit *k = g_new0 (Kit, 1);

  k->host = test_host_new ();
  k->disk = fault_disk_new (stoker_host_disk (test_host_get (k->host)));
  test_host_set_disk (k->host, k->disk);
  k->journals = g_ptr_array_new_with_free_func ((GDestroyNotify)stk_journal_free);
  k->module = module;
  k->ops = module->ops;
  k->conf = g_strdup (conf);
  k->persistent = persistent;
  k->own_path = path == NULL;
  k->path = path ? g_strdup (path) : test_dir_new ();
  k->config = kit_config ();
  k->journal = k->config.journal = with_journal;
  k->now_ms = stoker_host_now_ms (test_host_get (k->host));
  return k;
}

StokerLog *
kit_open (Kit *k, const char *topic, int32_t partition)
{
  StokerLogSpec spec
      = { .topic = stoker_str (topic), .partition = partition, .dir = &k->dir, .config = &k->config, .create = true };
  StokerLog *log = NULL;
  StokerError err = { 0 };
  int rc;

  for (unsigned i = 0; i < 16; i++)
    spec.topic_id.b[i] = (uint8_t)(topic[0] + i);
  rc = k->ops->open (k->engine, &spec, &log, &err);
  g_assert_cmpstr (err.text, ==, "");
  g_assert_cmpint (rc, ==, 0);
  return log;
}

static void
ignore (void *user, const StokerLogFound *f)
{
}

void
kit_start (Kit *k, bool clean)
{
  StokerError err = { 0 };

  k->engine = test_host_instance (k->host, k->module, k->conf);
  k->dir = (StokerLogDir){ 0, k->path, clean, NULL };
  if (k->journal)
    g_ptr_array_add (k->journals, k->dir.journal = stk_journal_new (test_host_get (k->host), 0, k->path, 8 << 20));
  g_assert_cmpint (k->ops->dir_attach (k->engine, &k->dir, ignore, NULL, &err), ==, 0);
}

void
kit_stop (Kit *k, bool clean)
{
  StokerError err = { 0 };

  if (k->log && clean)
    k->ops->close (k->engine, k->log);
  k->log = NULL;
  if (clean)
    g_assert_cmpint (k->ops->dir_detach (k->engine, 0, &err), ==, 0);
  test_host_drain_work (k->host);
  if (k->dir.journal && clean)
    g_assert_cmpint (stk_journal_end (k->dir.journal, &err), ==, 0);
}

Kit *
kit_new (const StokerModule *module, const char *conf, bool persistent)
{
  Kit *k = kit_prepare (module, conf, persistent, NULL);

  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  return k;
}

Kit *
kit_small (const StokerModule *module)
{
  Kit *k = kit_prepare (module, NULL, true, NULL);

  k->config.segment_bytes = 4000;
  k->config.index_interval_bytes = 500;
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  return k;
}

void
kit_reopen (Kit *k)
{
  kit_stop (k, true);
  kit_start (k, true);
  k->log = kit_open (k, "t", 0);
}

void
kit_crash (Kit *k)
{
  char *old_path = k->path;
  StokerLog *old_log = k->log;
  StokerInstance *old_engine = k->engine;
  g_autofree char *base = test_dir_new ();

  test_host_drain_work (k->host); /* a copy of files that are just being renamed would be of no one moment */
  k->path = g_build_filename (base, "data", NULL);
  copy_tree (old_path, k->path);
  k->ops->close (old_engine, old_log); /* what it writes now, the copy does not see */
  kit_start (k, false);
  k->log = kit_open (k, "t", 0);
  if (k->own_path)
    test_dir_free (old_path);
  k->own_path = true;
}

void
kit_free (Kit *k)
{
  if (k->log)
    kit_stop (k, true);
  test_host_free (k->host);
  if (k->own_path)
    test_dir_free (k->path);
  else
    g_free (k->path);
  g_ptr_array_unref (k->journals);
  fault_disk_free (k->disk);
  g_free (k->conf);
  g_free (k);
}

/* ---- batches */
static void
be (StokerBuf *b, uint64_t v, unsigned n)
{
  for (unsigned i = n; i-- > 0;) {
    uint8_t byte = (uint8_t)(v >> (8 * i));
    stoker_buf_append (b, &byte, 1);
  }
}

static void
varint (StokerBuf *b, int64_t v)
{
  uint64_t z = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);

  for (; z >= 0x80; z >>= 7)
    be (b, (z & 0x7f) | 0x80, 1);
  be (b, z, 1);
}

static void
add_record (StokerBuf *to, const Maker *m, int i)
{
  StokerBuf r = { 0 };

  be (&r, 0, 1);
  varint (&r, i); /* timestamps count up by one */
  varint (&r, i);
  if (m->control_type >= 0) {
    varint (&r, 4);
    be (&r, 0, 2);
    be (&r, (uint64_t)m->control_type, 2);
    varint (&r, 6);
    be (&r, 0, 2);
    be (&r, (uint64_t)m->coordinator_epoch, 4);
  } else {
    varint (&r, -1);
    varint (&r, (int64_t)m->value);
    memset (stoker_buf_reserve (&r, m->value), 'a' + i % 26, m->value);
    r.len += m->value;
  }
  varint (&r, 0);
  varint (to, (int64_t)r.len);
  stoker_buf_append (to, r.data, r.len);
  stoker_buf_clear (&r);
}

Maker
maker (int records)
{
  return (Maker){ .timestamp = 1000,
                  .records = records,
                  .value = 10,
                  .producer_id = -1,
                  .producer_epoch = -1,
                  .sequence = -1,
                  .control_type = -1 };
}

void
make_batch (StokerBuf *to, const Maker *m)
{
  StokerBuf records = { 0 };
  size_t start = to->len;
  uint32_t crc;

  for (int i = 0; i < m->records; i++)
    add_record (&records, m, i);
  be (to, (uint64_t)m->offset, 8);
  be (to, STOKER_BATCH_HEADER - 12 + records.len, 4);
  be (to, (uint64_t)m->leader_epoch, 4);
  be (to, 2, 1);
  be (to, 0, 4);
  be (to, (uint64_t)(m->attributes | (m->control_type >= 0 ? STOKER_BATCH_CONTROL | STOKER_BATCH_TRANSACTIONAL : 0)),
      2);
  be (to, (uint64_t)(m->records - 1), 4);
  be (to, (uint64_t)m->timestamp, 8);
  be (to, (uint64_t)(m->timestamp + m->records - 1), 8);
  be (to, (uint64_t)m->producer_id, 8);
  be (to, (uint64_t)m->producer_epoch, 2);
  be (to, (uint64_t)m->sequence, 4);
  be (to, (uint64_t)m->records, 4);
  stoker_buf_append (to, records.data, records.len);
  crc = stoker_crc32c (0, to->data + start + 21, to->len - start - 21);
  for (unsigned i = 0; i < 4; i++)
    to->data[start + 17 + i] = (uint8_t)(crc >> (24 - 8 * i));
  stoker_buf_clear (&records);
}

StokerAppend
kit_append (Kit *k, const Maker *m, StokerOrigin origin)
{
  StokerBuf b = { 0 };
  StokerAppend item = { .origin = origin,
                        .leader_epoch = m->leader_epoch,
                        .now_ms = k->now_ms,
                        .control_type = m->control_type,
                        .control_epoch = m->control_type >= 0 ? m->coordinator_epoch : -1 };

  make_batch (&b, m);
  item.data = b.data;
  item.len = b.len;
  g_assert_cmpint (stoker_batch_peek (b.data, b.len, &item.batch), ==, 0);
  k->ops->append (k->engine, k->log, &item, 1);
  if (k->journal) /* until it is durable */
    test_host_drain_work (k->host);
  item.data = NULL;
  stoker_buf_clear (&b);
  return item;
}

int64_t
kit_put_sized (Kit *k, int records, size_t value)
{
  Maker m = maker (records);
  StokerAppend a;

  m.value = value;
  a = kit_append (k, &m, STOKER_ORIGIN_CLIENT);
  g_assert_cmpint (a.error, ==, 0);
  g_assert_cmpint (a.last_offset, ==, a.first_offset + records - 1);
  return a.first_offset;
}

int64_t
kit_put (Kit *k, int records)
{
  return kit_put_sized (k, records, 10);
}

StokerAppend
kit_txn (Kit *k, int64_t producer_id, int32_t sequence, int records)
{
  Maker m = maker (records);

  m.producer_id = producer_id;
  m.producer_epoch = 0;
  m.sequence = sequence;
  m.attributes = STOKER_BATCH_TRANSACTIONAL;
  return kit_append (k, &m, STOKER_ORIGIN_CLIENT);
}

StokerAppend
kit_marker (Kit *k, int64_t producer_id, int16_t epoch, bool commit, int32_t coordinator_epoch)
{
  Maker m = maker (1);

  m.producer_id = producer_id;
  m.producer_epoch = epoch;
  m.control_type = commit;
  m.coordinator_epoch = coordinator_epoch;
  return kit_append (k, &m, STOKER_ORIGIN_COORDINATOR);
}

/* ---- reading */
StokerLogEnds
kit_ends (Kit *k)
{
  StokerLogEnds ends;

  k->ops->ends (k->engine, k->log, &ends);
  return ends;
}

int
kit_read (Kit *k, const StokerRead *req, StokerBuf *to, StokerReadResult *out)
{
  StokerReadResult unused;
  size_t total = 0;
  int rc;

  out = out ? out : &unused;
  rc = k->ops->read (k->engine, k->log, req, out);
  for (uint32_t i = 0; rc == 0 && i < out->n_slices; i++) {
    StokerSlice *s = &out->slices[i];
    g_autofree uint8_t *bytes = g_malloc (s->len);
    g_assert_cmpuint (s->len, >, 0);
    if (s->kind == STOKER_SLICE_FILE)
      g_assert_cmpint (stoker_file_pread (s->u.file, bytes, s->len, s->pos), ==, s->len);
    else
      memcpy (bytes, stoker_block_data (s->u.block) + s->pos, s->len);
    if (to)
      stoker_buf_append (to, bytes, s->len);
    total += s->len;
    stoker_slice_release (s);
  }
  if (rc == 0)
    g_assert_cmpuint (total, ==, out->len);
  return rc;
}

int64_t
kit_count (Kit *k, int64_t offset, int64_t limit, size_t max_bytes)
{
  int64_t records = 0;

  for (;;) {
    StokerRead req = { offset, limit, max_bytes, true, false };
    StokerBuf b = { 0 };
    StokerBatch h;
    StokerReadResult out;
    size_t at = 0;
    int64_t before = offset;
    g_assert_cmpint (kit_read (k, &req, &b, &out), ==, 0);
    while (at < b.len && stoker_batch_peek (b.data + at, b.len - at, &h) == 0) {
      g_assert_true (stoker_batch_crc_ok (b.data + at, &h));
      g_assert_cmpint (stoker_batch_last_offset (&h), >=, offset);
      g_assert_cmpint (stoker_batch_last_offset (&h), <, limit);
      g_assert_cmpint (stoker_batch_last_offset (&h), <, out.upper);
      offset = stoker_batch_last_offset (&h) + 1;
      records += h.record_count;
      at += (size_t)h.length;
    }
    stoker_buf_clear (&b);
    if (offset == before)
      return records;
  }
}

void
kit_dump (Kit *k, int64_t offset, StokerBuf *to)
{
  int64_t end = kit_ends (k).end;

  while (offset < end) {
    StokerRead req = { offset, end, 1 << 20, true, true };
    size_t at = to->len;
    StokerBatch h;
    g_assert_cmpint (kit_read (k, &req, to, NULL), ==, 0);
    if (at == to->len)
      return;
    for (; at < to->len; at += (size_t)h.length) {
      g_assert_cmpint (stoker_batch_peek (to->data + at, to->len - at, &h), ==, 0);
      offset = stoker_batch_last_offset (&h) + 1;
    }
  }
}

char *
kit_file (Kit *k, const char *log, const char *name, gsize *len)
{
  g_autofree char *path = g_build_filename (k->path, log, name, NULL);
  char *content = NULL;
  gsize unused;

  return g_file_get_contents (path, &content, len ? len : &unused, NULL) ? content : NULL;
}
