/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/clean_read.h"

#include "module/instance.h"

#include <glib.h>
#include <inttypes.h>

static int
take_slice (StokerBuf *buf, const StokerSlice *s)
{
  uint8_t *to = stoker_buf_reserve (buf, s->len);

  if (s->kind == STOKER_SLICE_FILE) {
    ssize_t n = stoker_file_pread (s->u.file, to, s->len, s->pos);
    if (n < 0)
      return (int)n;
    buf->len += (size_t)n;
    return 0;
  }
  memcpy (to, stoker_block_data (s->u.block) + s->pos, s->len);
  buf->len += s->len;
  return 0;
}

/* The bytes from the next batch on. */
static int
fill (StkCleanReader *r, StokerError *err)
{
  const StokerStorageOps *ops = r->storage->module->ops;
  StokerRead req = { .offset = r->next, .limit = r->limit, .max_bytes = r->portion, .at_least_one = true };
  StokerReadResult res;
  int rc;

  r->buf.len = r->at = 0;
  stk_instance_enter (r->storage);
  rc = ops->read (r->storage, r->log, &req, &res);
  stk_instance_leave (r->storage);
  if (rc == STOKER_OFFSET_OUT_OF_RANGE) {
    r->gone = true;
    return stoker_error_set (err, STOKER_ERROR_FAILED, "offset %" PRId64 " is not there any more", r->next);
  }
  if (rc != 0)
    return stoker_error_set (err, rc == STOKER_CORRUPT_MESSAGE ? STOKER_ERROR_CORRUPT : STOKER_ERROR_IO,
                             "cannot read at offset %" PRId64 ": error %d", r->next, rc);
  for (uint32_t i = 0; i < res.n_slices; i++) {
    if (rc == 0)
      rc = take_slice (&r->buf, &res.slices[i]);
    stoker_slice_release (&res.slices[i]);
  }
  r->bytes += r->buf.len;
  return rc < 0 ? stoker_error_set (err, STOKER_ERROR_IO, "cannot read at offset %" PRId64 ": %s", r->next,
                                    g_strerror (-rc))
                : 0;
}

static int
damaged (const StkCleanReader *r, const char *what, StokerError *err)
{
  return stoker_error_set (err, STOKER_ERROR_CORRUPT, "at offset %" PRId64 ": %s", r->next, what);
}

int
stk_clean_read (StkCleanReader *r, const uint8_t **data, StokerBatch *b, StokerError *err)
{
  int rc = 1;

  if (r->at < r->buf.len)
    rc = stoker_batch_peek (r->buf.data + r->at, r->buf.len - r->at, b);
  if (rc == 1) { /* the end of it is not in the buffer */
    if (fill (r, err) != 0)
      return -1;
    if (r->buf.len == 0)
      return 0;
    rc = stoker_batch_peek (r->buf.data, r->buf.len, b);
  }
  if (rc != 0)
    return damaged (r, "no whole batch of format 2", err);
  *data = r->buf.data + r->at;
  if (b->last_offset_delta < 0 || b->base_offset < 0 || b->base_offset > INT64_MAX - b->last_offset_delta - 1
      || stoker_batch_last_offset (b) < r->next || stoker_batch_last_offset (b) >= r->limit)
    return damaged (r, "offsets do not follow", err);
  if (!stoker_batch_crc_ok (*data, b))
    return damaged (r, "wrong CRC", err);
  r->at += (size_t)b->length;
  r->next = stoker_batch_last_offset (b) + 1;
  return 1;
}
