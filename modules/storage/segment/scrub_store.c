/* SPDX-License-Identifier: Apache-2.0
 *
 * DIR/stoker.scrub: how far the scrub was, and what is damaged. It is there only when a pass was begun. Apache Kafka does not look at
 * files in a log directory that it does not know.
 */
#include "scrub.h"
#include "damage.h"
#include "dir.h"
#include "files.h"
#include "log.h"
#include "scrub_private.h"

#include <string.h>

#define FILE_NAME "stoker.scrub"

enum
{
  FILE_MAX = 64 << 20
};

static void
take_line (Scrub *c, char **words)
{
  guint n = g_strv_length (words);
  int64_t v[5];

  for (guint i = 2; i < n && i < 7; i++)
    v[i - 2] = MAX (0, g_ascii_strtoll (words[i], NULL, 10));
  if (n == 2 && strcmp (words[0], "pass") == 0) {
    c->started_ms = MAX (0, g_ascii_strtoll (words[1], NULL, 10));
  } else if (n == 3 && strcmp (words[0], "at") == 0) {
    g_free (c->name);
    c->name = g_strdup (words[1]);
    c->base = v[0];
    c->passing = true;
  } else if (n == 7 && strcmp (words[0], "damage") == 0) {
    Known k = { g_strdup (words[1]), v[0], { (uint64_t)v[1], (uint64_t)v[2], v[3], v[4] } };
    g_array_append_val (c->known, k);
  }
}

void
seg_scrub_load (Scrub *c)
{
  g_autofree char *path = g_build_filename (c->dir->path, FILE_NAME, NULL);
  StokerBuf text = { 0 };

  if (stoker_disk_read_all (c->engine->disk, path, FILE_MAX, &text) >= 0) {
    g_auto (GStrv) lines = NULL;
    stoker_buf_append (&text, "", 1);
    lines = g_strsplit ((const char *)text.data, "\n", -1);
    for (char **l = lines; *l; l++) {
      g_auto (GStrv) words = g_strsplit (*l, " ", -1);
      take_line (c, words);
    }
  }
  stoker_buf_clear (&text);
}

/* What the open logs know, and what is known of the others, under the engine's lock. */
static void
gather (Scrub *c, StokerBuf *text)
{
  LogDir *dir = c->dir;
  GHashTable *open = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < dir->logs->len; i++) {
    StokerLog *log = dir->logs->pdata[i];
    g_hash_table_add (open, log->name);
    pthread_mutex_lock (&log->lock);
    for (uint32_t k = 0; k < log->n_segs; k++)
      for (uint32_t m = 0; m < log->segs[k]->n_damage; m++) {
        const Damage *d = &log->segs[k]->damage[m];
        stoker_buf_printf (text, "damage %s %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\n", log->name,
                           log->segs[k]->base, d->from, d->to, d->first, d->next);
      }
    pthread_mutex_unlock (&log->lock);
  }
  for (guint i = 0; i < c->known->len; i++) {
    const Known *k = &g_array_index (c->known, Known, i);
    if (!g_hash_table_contains (open, k->name))
      stoker_buf_printf (text, "damage %s %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 "\n", k->name, k->base,
                         k->d.from, k->d.to, k->d.first, k->d.next);
  }
  g_hash_table_unref (open);
}

void
seg_scrub_save (Scrub *c, int64_t now_ms)
{
  g_autofree char *path = g_build_filename (c->dir->path, FILE_NAME, NULL);
  StokerBuf text = { 0 };
  int rc;

  stoker_buf_printf (&text, "pass %" PRId64 "\n", c->started_ms);
  if (c->passing && c->name)
    stoker_buf_printf (&text, "at %s %" PRId64 "\n", c->name, c->base);
  pthread_mutex_lock (&c->engine->lock);
  gather (c, &text);
  pthread_mutex_unlock (&c->engine->lock);
  rc = stoker_disk_write_atomic (c->engine->disk, path, text.data, text.len);
  if (rc < 0)
    stoker_log (c->engine->self, STOKER_LOG_WARN, "scrub.save", "cannot write: %s | file=%s", g_strerror (-rc), path);
  stoker_buf_clear (&text);
  c->saved_ms = now_ms;
}

void
seg_scrub_changed (LogDir *dir)
{
  pthread_mutex_lock (&dir->scrub->lock);
  dir->scrub->changed = true;
  pthread_mutex_unlock (&dir->scrub->lock);
}

void
seg_scrub_restore (StokerLog *log)
{
  Scrub *c = log->dir->scrub;
  g_autoptr (GArray) mine = g_array_new (FALSE, FALSE, sizeof (Known));

  pthread_mutex_lock (&log->engine->lock);
  for (guint i = 0; i < c->known->len; i++)
    if (strcmp (g_array_index (c->known, Known, i).name, log->name) == 0)
      g_array_append_val (mine, g_array_index (c->known, Known, i));
  pthread_mutex_unlock (&log->engine->lock);
  for (guint i = 0; i < mine->len; i++) {
    const Known *k = &g_array_index (mine, Known, i);
    for (uint32_t n = 0; n < log->n_segs; n++) {
      uint64_t behind;
      StokerFile *f;
      /* Looked at again: it may have been mended since. */
      if (log->segs[n]->base != k->base || seg_file_get (log, log->segs[n], &f) < 0)
        continue;
      (void)seg_damage_probe (log, log->segs[n], f, k->d.from, k->d.first, &behind);
      stoker_file_unref (f);
    }
  }
}
