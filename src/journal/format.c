/* SPDX-License-Identifier: Apache-2.0
 *
 * Commits as bytes, little endian. Head (56): magic 8, run 8, seq 8, tail 8, len 4, previous 4, reserved 12, check 4 (CRC-32C
 * of everything else). Entry: kind 1, reserved 1, name length 2, data length 4, number 8, pos 8; name; data.
 */
#include "journal/journal.h"

#include <stoker/record.h>

#include <stdlib.h>
#include <string.h>

static const char magic[8] = "STKJRNL1";

static void
put (uint8_t *p, uint64_t v, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t
get (const uint8_t *p, unsigned n)
{
  uint64_t v = 0;

  for (unsigned i = 0; i < n; i++)
    v |= (uint64_t)p[i] << (8 * i);
  return v;
}

void
stk_commit_room (StokerBuf *b, size_t len)
{
  len = (len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK;
  b->len = 0;
  if (b->cap >= len)
    return;
  stoker_buf_clear (b);
  b->data = aligned_alloc (STOKER_DIRECT_ALIGN, len);
  g_assert (b->data != NULL);
  b->cap = len;
}

void
stk_commit_begin (StokerBuf *b)
{
  b->len = 0;
  memset (stoker_buf_reserve (b, STK_COMMIT_HEAD), 0, STK_COMMIT_HEAD);
  b->len = STK_COMMIT_HEAD;
}

uint8_t *
stk_commit_add (StokerBuf *b, EntryKind kind, StokerStr name, int64_t number, uint64_t pos, uint32_t len)
{
  uint8_t *p = stoker_buf_reserve (b, STK_ENTRY_HEAD + name.len + len);

  put (p, kind, 1);
  put (p + 1, 0, 1);
  put (p + 2, name.len, 2);
  put (p + 4, len, 4);
  put (p + 8, (uint64_t)number, 8);
  put (p + 16, pos, 8);
  memcpy (p + STK_ENTRY_HEAD, name.data, name.len);
  b->len += STK_ENTRY_HEAD + name.len + len;
  return p + STK_ENTRY_HEAD + name.len;
}

static uint32_t
check_of (const uint8_t *data, size_t len)
{
  uint32_t crc = stoker_crc32c (0, data, STK_COMMIT_HEAD - 4);

  return stoker_crc32c (crc, data + STK_COMMIT_HEAD, len - STK_COMMIT_HEAD);
}

uint32_t
stk_commit_end (StokerBuf *b, CommitHead h)
{
  size_t len = b->len, padded = (len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK;
  uint32_t check;

  memcpy (b->data, magic, 8);
  put (b->data + 8, h.run, 8);
  put (b->data + 16, h.seq, 8);
  put (b->data + 24, h.tail, 8);
  put (b->data + 32, len, 4);
  put (b->data + 36, h.previous, 4);
  check = check_of (b->data, len);
  put (b->data + 52, check, 4);
  memset (stoker_buf_reserve (b, padded - len), 0, padded - len);
  b->len = padded;
  return check;
}

bool
stk_commit_read (const uint8_t *data, size_t len, CommitHead *out)
{
  if (len < STK_COMMIT_HEAD || memcmp (data, magic, 8) != 0)
    return false;
  *out = (CommitHead){ .run = get (data + 8, 8),
                       .seq = get (data + 16, 8),
                       .tail = get (data + 24, 8),
                       .len = (uint32_t)get (data + 32, 4),
                       .previous = (uint32_t)get (data + 36, 4),
                       .check = (uint32_t)get (data + 52, 4) };
  return out->len >= STK_COMMIT_HEAD && out->len <= len && check_of (data, out->len) == out->check;
}

bool
stk_commit_next (const uint8_t *data, const CommitHead *head, size_t *at, Entry *out)
{
  const uint8_t *p = data + STK_COMMIT_HEAD + *at;
  size_t left = head->len - STK_COMMIT_HEAD - *at, name, len;

  if (left < STK_ENTRY_HEAD)
    return false;
  name = (size_t)get (p + 2, 2);
  len = (size_t)get (p + 4, 4);
  if (name + len > left - STK_ENTRY_HEAD)
    return false;
  *out = (Entry){ .kind = (EntryKind)p[0],
                  .name = { (const char *)p + STK_ENTRY_HEAD, name },
                  .number = (int64_t)get (p + 8, 8),
                  .pos = get (p + 16, 8),
                  .data = p + STK_ENTRY_HEAD + name,
                  .len = (uint32_t)len };
  *at += STK_ENTRY_HEAD + name + len;
  return true;
}
