/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  CHUNK = 1 << 20,
  GUESSES = 1 << 16 /* as often a header is tried behind damage: false ones must not cost for ever */
};

int64_t
cli_big (const uint8_t *p, int n)
{
  uint64_t v = (p[0] & 0x80) && n < 8 ? ~UINT64_C (0) : 0;

  for (int i = 0; i < n; i++)
    v = v << 8 | p[i];
  return (int64_t)v;
}

bool
cli_is_zero (const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (p[i])
      return false;
  return true;
}

int
cli_reader_open (CliReader *r, const char *path, const CliPatch *patches, size_t n)
{
  struct stat st = { 0 };

  *r = (CliReader){ .fd = open (path, O_RDONLY | O_CLOEXEC), .patches = patches, .n_patches = n };
  if (r->fd < 0 && (errno != ENOENT || n == 0))
    return errno;
  if (r->fd >= 0 && (fstat (r->fd, &st) < 0 || !S_ISREG (st.st_mode))) {
    close (r->fd);
    return EINVAL;
  }
  r->size = (uint64_t)st.st_size;
  for (size_t i = 0; i < n; i++)
    r->size = MAX (r->size, patches[i].pos + patches[i].len);
  (void)posix_fadvise (r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return 0;
}

void
cli_reader_close (CliReader *r)
{
  if (r->fd >= 0)
    close (r->fd);
  stoker_buf_clear (&r->buf);
}

void
cli_reader_refresh (CliReader *r)
{
  struct stat st;

  r->buf.len = 0;
  if (fstat (r->fd, &st) == 0)
    r->size = (uint64_t)st.st_size;
}

/* The window [at, at + want) as it will be. */
static void
patch (CliReader *r, size_t want)
{
  memset (r->buf.data + r->buf.len, 0, want - r->buf.len);
  r->buf.len = want;
  for (size_t i = 0; i < r->n_patches; i++) {
    const CliPatch *p = &r->patches[i];
    uint64_t from = MAX (p->pos, r->at), to = MIN (p->pos + p->len, r->at + want);
    if (from < to)
      memcpy (r->buf.data + (from - r->at), p->data + (from - p->pos), (size_t)(to - from));
  }
}

const uint8_t *
cli_reader_view (CliReader *r, uint64_t pos, size_t len)
{
  size_t want;
  ssize_t n = 0;

  if (pos > r->size || len > r->size - pos)
    return NULL;
  if (pos >= r->at && pos + len <= r->at + r->buf.len)
    return r->buf.data + (pos - r->at);
  want = MIN (MAX (len, (size_t)CHUNK), r->size - pos);
  r->at = pos;
  r->buf.len = 0;
  (void)stoker_buf_reserve (&r->buf, want);
  while (r->fd >= 0 && r->buf.len < want) {
    n = pread (r->fd, r->buf.data + r->buf.len, want - r->buf.len, (off_t)(pos + r->buf.len));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    r->buf.len += (size_t)n;
  }
  if (n >= 0 && r->n_patches > 0)
    patch (r, want);
  return r->buf.len >= len ? r->buf.data : NULL;
}

const uint8_t *
cli_reader_batch (CliReader *r, uint64_t pos, int64_t min, int64_t max, StokerBatch *b, const char **why)
{
  const uint8_t *p = cli_reader_view (r, pos, STOKER_BATCH_HEADER);

  *b = (StokerBatch){ 0 };
  *why = "the file ends inside a batch";
  if (p == NULL)
    return NULL;
  *why = "no batch begins here";
  if (stoker_batch_peek (p, STOKER_BATCH_HEADER, b) < 0) {
    b->length = 0;
    return NULL;
  }
  *why = "the offsets do not follow those before";
  if (b->base_offset < min || b->last_offset_delta < 0 || b->base_offset > max || b->last_offset_delta > max - b->base_offset) {
    b->length = 0;
    return NULL;
  }
  *why = "the file ends inside a batch";
  if ((p = cli_reader_view (r, pos, (size_t)b->length)) == NULL) {
    b->length = 0;
    return NULL;
  }
  *why = "the CRC of the batch is wrong";
  return stoker_batch_crc_ok (p, b) ? p : NULL;
}

uint64_t
cli_reader_resync (CliReader *r, uint64_t pos, int64_t min, int64_t max)
{
  StokerBatch b;
  const char *why;

  pos++;
  for (int tries = 0; tries < GUESSES && pos < r->size;) {
    size_t len = MIN ((uint64_t)CHUNK, r->size - pos), at;
    const uint8_t *p = cli_reader_view (r, pos, len);
    if (p == NULL)
      break;
    at = stoker_batch_guess (p, len, 0, min, max);
    if (at + STOKER_BATCH_HEADER > len) { /* none here; 60 bytes are looked at again with what follows */
      if (len < CHUNK)
        break;
      pos += at;
      continue;
    }
    pos += at;
    if (cli_reader_batch (r, pos, min, max, &b, &why))
      return pos;
    tries++;
    pos++;
  }
  return r->size;
}
