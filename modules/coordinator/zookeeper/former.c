/* SPDX-License-Identifier: Apache-2.0 */
#include "former.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum
{
  FILE_MAX = 4096,
  PASSWORD = (int)sizeof ((clientid_t *)NULL)->passwd
};

int
zk_former_save (StokerDisk *disk, const char *path, const char *hosts, const clientid_t *id)
{
  g_autoptr (GString) s = g_string_new (NULL);

  g_string_append_printf (s, "%" PRIx64 " ", (uint64_t)id->client_id);
  for (int i = 0; i < PASSWORD; i++)
    g_string_append_printf (s, "%02x", (uint8_t)id->passwd[i]);
  g_string_append_printf (s, " %s\n", hosts);
  return stoker_disk_write_atomic (disk, path, s->str, s->len);
}

void
zk_former_forget (StokerDisk *disk, const char *path)
{
  (void)stoker_disk_unlink (disk, path);
}

/* "ID PASSWORD HOSTS\n" */
static bool
parse (const char *text, const char *hosts, clientid_t *id)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", 3);
  guint64 number;

  if (g_strv_length (parts) != 3 || strcmp (g_strchomp (parts[2]), hosts) != 0 || strlen (parts[1]) != 2 * PASSWORD
      || !g_ascii_string_to_unsigned (parts[0], 16, 1, G_MAXUINT64, &number, NULL))
    return false;
  id->client_id = (int64_t)number;
  for (int i = 0; i < PASSWORD; i++) {
    int high = g_ascii_xdigit_value (parts[1][2 * i]), low = g_ascii_xdigit_value (parts[1][2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    id->passwd[i] = (char)(high << 4 | low);
  }
  return true;
}

static bool
read_file (StokerDisk *disk, const char *path, const char *hosts, clientid_t *id)
{
  StokerBuf buf = { 0 };
  bool good = false;

  if (stoker_disk_read_all (disk, path, FILE_MAX, &buf) == 0) {
    g_autofree char *text = g_strndup ((const char *)buf.data, buf.len);
    good = parse (text, hosts, id);
  }
  stoker_buf_clear (&buf);
  return good;
}

typedef struct Wait
{
  GMutex lock;
  GCond changed;
  int state;
} Wait;

static void
on_state (zhandle_t *zh, int type, int state, const char *path, void *user)
{
  Wait *w = user;

  g_mutex_lock (&w->lock);
  w->state = state;
  g_cond_signal (&w->changed);
  g_mutex_unlock (&w->lock);
}

static bool
settled (const Wait *w)
{
  return w->state == ZOO_CONNECTED_STATE || w->state == ZOO_EXPIRED_SESSION_STATE || w->state == ZOO_AUTH_FAILED_STATE;
}

bool
zk_former_end (StokerDisk *disk, const char *path, const char *hosts, int limit_ms, log_callback_fn log)
{
  gint64 until = g_get_monotonic_time () + limit_ms * G_TIME_SPAN_MILLISECOND;
  clientid_t id;
  Wait w = { .state = ZOO_NOTCONNECTED_STATE };
  zhandle_t *zh;
  bool over;

  if (!read_file (disk, path, hosts, &id))
    return true;
  g_mutex_init (&w.lock);
  g_cond_init (&w.changed);
  zh = zookeeper_init2 (hosts, on_state, limit_ms, &id, &w, 0, log);
  g_mutex_lock (&w.lock);
  while (zh && !settled (&w) && g_cond_wait_until (&w.changed, &w.lock, until)) {
  }
  over = settled (&w);
  g_mutex_unlock (&w.lock);
  if (zh)
    (void)zookeeper_close (zh); /* this is what ends it */
  if (over)
    zk_former_forget (disk, path);
  g_mutex_clear (&w.lock);
  g_cond_clear (&w.changed);
  return over;
}
