/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of the journal: its commits, and what each entry puts where.
 */
#include "config.h"

#include "cli/dump.h"
#include "journal/journal.h"

static const char *
kind_name (EntryKind kind)
{
  return kind == ENTRY_DATA ? "data" : kind == ENTRY_CUT ? "cut" : kind == ENTRY_FORGET ? "forget" : "?";
}

static void
show_commit (const Dump *d, const CommitHead *h, uint64_t at)
{
  CliJson j = { 0 };

  if (!d->json) {
    printf ("commit at %" PRIu64 "  number %" PRIu64 "  needed from %" PRIu64 "  size %u  run %016" PRIx64 "\n", at, h->seq,
            h->tail, h->len, h->run);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "commit");
  cli_json_int (&j, "position", (int64_t)at);
  cli_json_int (&j, "number", (int64_t)h->seq);
  cli_json_int (&j, "tail", (int64_t)h->tail);
  cli_json_int (&j, "size", h->len);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

static void
show_entry (const Dump *d, const Entry *e)
{
  CliJson j = { 0 };

  if (!d->json) {
    printf ("  %-6s  %.*s/%020" PRId64 ".log  position %" PRIu64 "  size %u\n", kind_name (e->kind), (int)e->name.len,
            e->name.data, e->number, e->pos, e->len);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "entry");
  cli_json_text (&j, "does", kind_name (e->kind));
  cli_json_str (&j, "log", e->name);
  cli_json_int (&j, "base_offset", e->number);
  cli_json_int (&j, "position", (int64_t)e->pos);
  cli_json_int (&j, "size", e->len);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

int
dump_ring (Dump *d)
{
  g_autofree char *text = NULL;
  gsize len;
  uint64_t pos = 0;
  CommitHead h, last = { 0 };

  if (!g_file_get_contents (d->path, &text, &len, NULL))
    return cli_failed ("cannot read %s", d->path);
  for (; pos + STK_COMMIT_HEAD <= len && !dump_stopped (); pos += ((uint64_t)h.len + STK_JOURNAL_BLOCK - 1) / STK_JOURNAL_BLOCK * STK_JOURNAL_BLOCK) {
    const uint8_t *p = (const uint8_t *)text + pos;
    size_t at = 0;
    Entry e;
    if (!stk_commit_read (p, len - pos, &h) || (pos > 0 && (h.run != last.run || h.seq != last.seq + 1 || h.previous != last.check)))
      break; /* what an earlier round left, or nothing yet */
    show_commit (d, &h, pos);
    while (stk_commit_next (p, &h, &at, &e))
      show_entry (d, &e);
    if (STK_COMMIT_HEAD + at != h.len)
      return dump_damage (d, pos + STK_COMMIT_HEAD + at, "the commit ends inside an entry");
    last = h;
  }
  for (uint64_t at = pos + STK_JOURNAL_BLOCK; pos > 0 && at + STK_COMMIT_HEAD <= len; at += STK_JOURNAL_BLOCK)
    if (stk_commit_read ((const uint8_t *)text + at, len - at, &h) && h.run == last.run && h.seq > last.seq)
      return dump_damage (d, pos, "no commit, but a later one stands behind it");
  if (pos == 0 && len > 0)
    for (uint64_t at = STK_JOURNAL_BLOCK; at + STK_COMMIT_HEAD <= len; at += STK_JOURNAL_BLOCK)
      if (stk_commit_read ((const uint8_t *)text + at, len - at, &h))
        return dump_damage (d, 0, "no commit at the beginning, but behind it");
  return CLI_OK;
}
