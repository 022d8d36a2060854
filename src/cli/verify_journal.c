/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal of a directory: every slot's chain of commits, and that no commit that is needed is missing between them.
 */
#include "config.h"

#include "cli/verify.h"

#include "journal/journal.h"

enum
{
  SLOT_MAX = 64 << 20
};

typedef struct RingFile
{
  char *path;
  uint64_t run, first, last, tail;
  bool headless;            /* its first commit cannot be read */
  uint32_t previous, check; /* what the first says of the one before it; check sum of the last */
} RingFile;

static uint64_t
padded (const CommitHead *h)
{
  return ((uint64_t)h->len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK;
}

static void
check_entries (Verify *v, const char *path, const uint8_t *data, const CommitHead *h, uint64_t pos)
{
  size_t at = 0;
  Entry e;

  while (stk_commit_next (data, h, &at, &e))
    if (e.kind < ENTRY_DATA || e.kind > ENTRY_FORGET || e.name.len == 0 || e.number < 0) {
      verify_found (v, path, (int64_t)(pos + at), -1, "an entry of commit %" PRIu64 " that is none", h->seq);
      return;
    }
  if (STK_COMMIT_HEAD + at != h->len)
    verify_found (v, path, (int64_t)(pos + at), -1, "commit %" PRIu64 " ends inside an entry", h->seq);
}

/* Is there, behind the end of the chain, a commit that came after it? Then what stands between is damaged. */
static void
look_behind (Verify *v, const RingFile *s, const uint8_t *data, size_t len, uint64_t pos)
{
  CommitHead h;

  for (uint64_t at = pos + STK_JOURNAL_BLOCK; at + STK_COMMIT_HEAD <= len; at += STK_JOURNAL_BLOCK)
    if (stk_commit_read (data + at, len - at, &h) && h.run == s->run && h.seq > s->last) {
      verify_found (v, s->path, (int64_t)pos, -1, "no commit, but number %" PRIu64 " stands at %" PRIu64 " behind it", h.seq, at);
      return;
    }
}

static bool
check_slot (Verify *v, RingFile *s)
{
  CommitHead h;
  size_t len = 0;
  uint64_t pos = 0;
  g_autofree uint8_t *data = verify_read (v, s->path, SLOT_MAX, &len);

  if (data == NULL)
    return false;
  for (; pos + STK_COMMIT_HEAD <= len && stk_commit_read (data + pos, len - pos, &h); pos += padded (&h)) {
    if (pos > 0 && (h.run != s->run || h.seq != s->last + 1 || h.previous != s->check))
      break; /* an older round's */
    check_entries (v, s->path, data + pos, &h, pos);
    if (pos == 0) {
      s->first = h.seq;
      s->previous = h.previous;
    }
    s->run = h.run;
    s->last = h.seq;
    s->tail = h.tail;
    s->check = h.check;
  }
  if (pos == 0) { /* torn in a power cut, or damaged: the others tell */
    for (uint64_t at = STK_JOURNAL_BLOCK; at + STK_COMMIT_HEAD <= len; at += STK_JOURNAL_BLOCK)
      if (stk_commit_read (data + at, len - at, &h) && h.seq > s->last) {
        s->run = h.run;
        s->last = h.seq;
      }
    s->headless = true;
    return s->last > 0;
  }
  look_behind (v, s, data, len, pos);
  return true;
}

static int
by_first (const void *a, const void *b)
{
  const RingFile *x = a, *y = b;

  return x->first < y->first ? -1 : x->first > y->first;
}

static void
clear_slot (void *data)
{
  g_free (((RingFile *)data)->path);
}

/* From the oldest commit that the newest needs on, none may be missing. */
static void
check_chain (Verify *v, const char *folder, GArray *slots)
{
  const RingFile *newest = NULL, *before = NULL;

  for (guint i = 0; i < slots->len; i++)
    if (!g_array_index (slots, RingFile, i).headless)
      newest = &g_array_index (slots, RingFile, i);
  for (guint i = 0; newest && i < slots->len; i++) {
    const RingFile *s = &g_array_index (slots, RingFile, i);
    if (s->run != newest->run || s->last < newest->tail)
      continue;
    if (s->headless) {
      verify_found (v, s->path, 0, -1, "the first commit of the file cannot be read, but number %" PRIu64 " behind it is needed", s->last);
      continue;
    }
    if (before == NULL && s->first > newest->tail && newest->tail > 0)
      verify_found (v, folder, -1, -1, "commits from %" PRIu64 " on are needed, the oldest that is there is %" PRIu64, newest->tail, s->first);
    if (before && (s->first != before->last + 1 || s->previous != before->check))
      verify_found (v, s->path, 0, -1, "commit %" PRIu64 " does not follow %" PRIu64, s->first, before->last);
    before = s;
  }
}

/* One file by itself: what the others should hold cannot be asked of it. */
static void
check_alone (Verify *v, void *user)
{
  RingFile s = { .path = user };

  (void)check_slot (v, &s);
  if (s.headless && s.last > 0)
    verify_found (v, s.path, 0, -1, "the first commit of the file cannot be read, but number %" PRIu64 " behind it", s.last);
}

static void
check_folder (Verify *v, void *user)
{
  const char *folder = user, *name;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GArray) slots = g_array_new (FALSE, FALSE, sizeof (RingFile));

  g_array_set_clear_func (slots, clear_slot);
  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    RingFile s = { 0 };
    if (!g_str_has_suffix (name, ".ring"))
      continue;
    s.path = g_build_filename (folder, name, NULL);
    if (check_slot (v, &s))
      g_array_append_val (slots, s);
    else
      g_free (s.path);
  }
  g_array_sort (slots, by_first);
  if (slots->len)
    check_chain (v, folder, slots);
}

void
verify_journal (Verify *v, const char *path)
{
  verify_try (v, g_file_test (path, G_FILE_TEST_IS_DIR) ? check_folder : check_alone, (void *)path);
}
