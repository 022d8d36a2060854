/* SPDX-License-Identifier: Apache-2.0 */
#include "control/log.h"

#include <errno.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_MS 1000
#define MAX_LIMITS 4096 /* event ids come from code, so there are few; the bound is for a module that makes them up */

typedef struct Limit
{
  int64_t window_ms; /* when the present window began */
  unsigned lines;    /* in it */
  unsigned suppressed;
} Limit;

struct StkLog
{
  GMutex lock;
  int64_t (*now_ms) (void *clock);
  void *clock;
  StkLogFormat format;
  StkLogSink sink;
  void *user;
  StokerFile *file; /* set: in place of the sink */
  uint64_t file_pos;
  GHashTable *limits; /* event id -> Limit */
  GHashTable *areas;  /* area -> level + 1 */
  _Atomic int level;  /* of areas without one of their own */
  _Atomic int most;   /* the most talkative of all: what is beyond it needs no look at the table */
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };

const char *
stk_log_level_name (StokerLogLevel level)
{
  return (unsigned)level < G_N_ELEMENTS (level_names) ? level_names[level] : "debug";
}

bool
stk_log_level_parse (const char *text, StokerLogLevel *out)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (level_names); i++)
    if (g_ascii_strcasecmp (text, level_names[i]) == 0) {
      *out = (StokerLogLevel)i;
      return true;
    }
  return false;
}

StkLog *
stk_log_new (int64_t (*now_ms) (void *clock), void *clock, StkLogFormat format, StkLogSink sink, void *user)
{
  StkLog *l = g_new0 (StkLog, 1);

  g_mutex_init (&l->lock);
  l->now_ms = now_ms;
  l->clock = clock;
  l->format = format;
  l->sink = sink;
  l->user = user;
  l->limits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  l->areas = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  atomic_init (&l->level, STOKER_LOG_INFO);
  atomic_init (&l->most, STOKER_LOG_INFO);
  return l;
}

void
stk_log_free (StkLog *l)
{
  if (l == NULL)
    return;
  stoker_file_unref (l->file);
  g_hash_table_unref (l->limits);
  g_hash_table_unref (l->areas);
  g_mutex_clear (&l->lock);
  g_free (l);
}

void
stk_log_stderr_sink (void *user, StokerLogLevel level, const char *event, const char *line, size_t len)
{
  while (len > 0) {
    ssize_t n = write (2, line, len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return; /* nowhere to complain */
    line += n;
    len -= (size_t)n;
  }
}

int
stk_log_to_file (StkLog *l, StokerDisk *disk, const char *path, StokerError *err)
{
  StokerFile *file, *old;
  int64_t size;
  int rc = stoker_file_open (disk, path, STOKER_OPEN_WRITE | STOKER_OPEN_CREATE, &file);

  if (rc < 0)
    return stoker_error_set (err, STOKER_ERROR_IO, "cannot open the log file %s: %s", path, g_strerror (-rc));
  if ((size = stoker_file_size (file)) < 0) {
    stoker_file_unref (file);
    return stoker_error_set (err, STOKER_ERROR_IO, "cannot read the size of the log file %s: %s", path,
                             g_strerror ((int)-size));
  }
  g_mutex_lock (&l->lock);
  old = l->file;
  l->file = file;
  l->file_pos = (uint64_t)size;
  g_mutex_unlock (&l->lock);
  stoker_file_unref (old);
  return 0;
}

void
stk_log_set_format (StkLog *l, StkLogFormat format)
{
  g_mutex_lock (&l->lock);
  l->format = format;
  g_mutex_unlock (&l->lock);
}

/* With the lock held. */
static void
find_most (StkLog *l)
{
  int most = atomic_load (&l->level);
  GHashTableIter it;
  void *value;

  g_hash_table_iter_init (&it, l->areas);
  while (g_hash_table_iter_next (&it, NULL, &value))
    most = MAX (most, GPOINTER_TO_INT (value) - 1);
  atomic_store (&l->most, most);
}

void
stk_log_set_level (StkLog *l, const char *area, StokerLogLevel level)
{
  g_mutex_lock (&l->lock);
  if (area)
    g_hash_table_replace (l->areas, g_strdup (area), GINT_TO_POINTER ((int)level + 1));
  else
    atomic_store (&l->level, (int)level);
  find_most (l);
  g_mutex_unlock (&l->lock);
}

void
stk_log_reset_levels (StkLog *l)
{
  g_mutex_lock (&l->lock);
  g_hash_table_remove_all (l->areas);
  find_most (l);
  g_mutex_unlock (&l->lock);
}

/* With the lock held. */
static int
level_of (StkLog *l, const char *area)
{
  int found = GPOINTER_TO_INT (g_hash_table_lookup (l->areas, area));
  const char *slash = strchr (area, '/');
  char head[64];

  if (found == 0 && slash && (size_t)(slash - area) < sizeof head) {
    memcpy (head, area, (size_t)(slash - area));
    head[slash - area] = '\0';
    found = GPOINTER_TO_INT (g_hash_table_lookup (l->areas, head));
  }
  return found ? found - 1 : atomic_load (&l->level);
}

bool
stk_log_enabled (const StkLog *log, const char *area, StokerLogLevel level)
{
  StkLog *l = (StkLog *)log;
  bool yes;

  if (l == NULL || (int)level > atomic_load_explicit (&l->most, memory_order_relaxed))
    return false;
  g_mutex_lock (&l->lock);
  yes = (int)level <= level_of (l, area);
  g_mutex_unlock (&l->lock);
  return yes;
}

/* With the lock held: may the event write a line now? *suppressed: how many were left out before it. */
static bool
limit_pass (StkLog *l, const char *event, int64_t now, unsigned *suppressed)
{
  Limit *limit = g_hash_table_lookup (l->limits, event);

  if (limit == NULL) {
    if (g_hash_table_size (l->limits) >= MAX_LIMITS)
      return true;
    limit = g_new0 (Limit, 1);
    limit->window_ms = now;
    g_hash_table_insert (l->limits, g_strdup (event), limit);
  }
  if (now - limit->window_ms >= WINDOW_MS || now < limit->window_ms) {
    limit->window_ms = now;
    limit->lines = 0;
  }
  if (limit->lines >= STK_LOG_BURST) {
    limit->suppressed++;
    return false;
  }
  limit->lines++;
  *suppressed = limit->suppressed;
  limit->suppressed = 0;
  return true;
}

/* Control characters would let a peer's string forge lines. */
static void
put_text (GString *out, const char *s, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c < 32 || c == 127)
      g_string_append_printf (out, "\\x%02x", c);
    else
      g_string_append_c (out, s[i]);
  }
}

static void
put_json (GString *out, const char *s, size_t len)
{
  g_autofree char *valid = g_utf8_make_valid (s, (gssize)len);

  g_string_append_c (out, '"');
  for (const char *p = valid; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\')
      g_string_append_printf (out, "\\%c", c);
    else if (c < 32 || c == 127)
      g_string_append_printf (out, "\\u%04x", c);
    else
      g_string_append_c (out, *p);
  }
  g_string_append_c (out, '"');
}

static size_t
key_length (const char *s)
{
  size_t n = 0;

  while (g_ascii_isalnum (s[n]) || s[n] == '_' || s[n] == '.' || s[n] == '-')
    n++;
  return n > 0 && s[n] == '=' ? n : 0;
}

/* The end of the value that starts at s: the next blank that a key follows. */
static const char *
value_end (const char *s)
{
  for (; *s; s++)
    if (*s == ' ' && key_length (s + 1) > 0)
      break;
  return s;
}

static void
put_json_pairs (GString *out, const char *pairs)
{
  while (*pairs) {
    size_t key = key_length (pairs);
    const char *end = value_end (key ? pairs + key + 1 : pairs);
    g_string_append (out, ",");
    put_json (out, key ? pairs : "detail", key ? key : 6);
    g_string_append (out, ":");
    put_json (out, key ? pairs + key + 1 : pairs, (size_t)(end - (key ? pairs + key + 1 : pairs)));
    pairs = *end ? end + 1 : end;
  }
}

static void
put_time (GString *out, int64_t ms)
{
  time_t seconds = (time_t)(ms / 1000);
  struct tm tm;
  char text[40];

  (void)gmtime_r (&seconds, &tm);
  (void)strftime (text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  g_string_append_printf (out, "%s.%03dZ", text, (int)(ms % 1000));
}

static void
put_line (GString *out, StkLogFormat format, int64_t now, StokerLogLevel level, const char *area, const char *event,
          const char *body, unsigned suppressed)
{
  const char *bar = strstr (body, " | ");
  size_t text = bar ? (size_t)(bar - body) : strlen (body);
  const char *pairs = bar ? bar + 3 : "";

  if (format == STK_LOG_JSON) {
    g_string_append (out, "{\"time\":\"");
    put_time (out, now);
    g_string_append_printf (out, "\",\"level\":\"%s\",\"area\":", stk_log_level_name (level));
    put_json (out, area, strlen (area));
    g_string_append (out, ",\"event\":");
    put_json (out, event, strlen (event));
    g_string_append (out, ",\"text\":");
    put_json (out, body, text);
    put_json_pairs (out, pairs);
    if (suppressed)
      g_string_append_printf (out, ",\"suppressed\":%u", suppressed);
    g_string_append (out, "}\n");
    return;
  }
  put_time (out, now);
  g_string_append_printf (out, " %-5s %s %s: ", stk_log_level_name (level), area, event);
  put_text (out, body, text);
  if (*pairs) {
    g_string_append_c (out, ' ');
    put_text (out, pairs, strlen (pairs));
  }
  if (suppressed)
    g_string_append_printf (out, " suppressed=%u", suppressed);
  g_string_append_c (out, '\n');
}

/* With the lock held. */
static void
emit (StkLog *l, StokerLogLevel level, const char *event, const GString *line)
{
  if (l->file && stoker_file_pwrite (l->file, line->str, line->len, l->file_pos) == 0)
    l->file_pos += line->len;
  else if (l->file) /* a full disk must not make the broker mute */
    stk_log_stderr_sink (NULL, level, event, line->str, line->len);
  else
    l->sink (l->user, level, event, line->str, line->len);
}

void
stk_logv (StkLog *l, StokerLogLevel level, const char *area, const char *event, const char *fmt, va_list ap)
{
  g_autofree char *body = NULL;
  g_autoptr (GString) line = NULL;
  unsigned suppressed = 0;
  int64_t now;

  if (!stk_log_enabled (l, area, level))
    return;
  body = g_strdup_vprintf (fmt, ap);
  line = g_string_sized_new (strlen (body) + 100);
  now = l->now_ms (l->clock);
  g_mutex_lock (&l->lock);
  if (level == STOKER_LOG_DEBUG || limit_pass (l, event, now, &suppressed)) {
    put_line (line, l->format, now, level, area, event, body, suppressed);
    emit (l, level, event, line);
  }
  g_mutex_unlock (&l->lock);
}

void
stk_log (StkLog *l, StokerLogLevel level, const char *area, const char *event, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  stk_logv (l, level, area, event, fmt, ap);
  va_end (ap);
}
