/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a group is to read on: from a word, a time, a file; never outside of what the log has.
 */
#include "cli/group_reset.h"

#include "cli/cli.h"

#include <string.h>

/* ---- durations */

#define LONGEST_MS ((int64_t)1000 * 366 * 86400000) /* a thousand years; sums below stay far from overflowing */

/* "2", "0.5" of a unit, to the millisecond. */
static bool
read_amount (const char **text, int64_t unit, int64_t *sum)
{
  int64_t whole = 0, thousandths = 0, place = 100;
  const char *p = *text;

  if (!g_ascii_isdigit (*p))
    return false;
  for (; g_ascii_isdigit (*p); p++)
    if ((whole = whole * 10 + (*p - '0')) > LONGEST_MS)
      return false;
  if (*p == '.' && !g_ascii_isdigit (*++p))
    return false;
  for (; g_ascii_isdigit (*p); p++, place /= 10)
    thousandths += place * (*p - '0');
  *text = p;
  if (whole > LONGEST_MS / unit)
    return false;
  *sum += whole * unit + thousandths * unit / 1000;
  return *sum <= LONGEST_MS;
}

/* The unit of the number that stands at p; 0: none. */
static int64_t
unit_of (const char *p, const char *letters, const int64_t *units)
{
  const char *at;

  p += strspn (p, "0123456789.");
  at = *p ? strchr (letters, g_ascii_toupper (*p)) : NULL;
  return at ? units[at - letters] : 0;
}

bool
cli_reset_duration (const char *text, int64_t *ms)
{
  static const int64_t units[] = { 7 * 86400000, 86400000, 3600000, 60000, 1000 };
  const char *p = text, *days = "WD", *times = "HMS", *letters = "WDHMS";
  const int64_t *of = units;
  bool iso = *p == 'P' || *p == 'p';

  *ms = 0;
  if (iso)
    p++, letters = days;
  for (bool any = false;; any = true) {
    int64_t unit;
    if (iso && letters == days && (*p == 'T' || *p == 't'))
      p++, letters = times, of = units + 2, any = false;
    if (*p == '\0')
      return any && *ms > 0;
    unit = unit_of (p, letters, of);
    if (unit == 0 || !read_amount (&p, unit, ms))
      return false;
    p++;
  }
}

/* ---- files */

/* Takes the next field off a line, which it changes. Kafka's tool puts long names into quotes. */
static char *
field (char **line)
{
  char *from = *line, *to = from;

  if (from == NULL)
    return NULL;
  if (*from != '"') {
    char *comma = strchr (from, ',');
    if (comma)
      *comma++ = '\0';
    *line = comma;
    return g_strstrip (from);
  }
  for (char *p = from + 1;; p++) {
    if (*p == '\0')
      return NULL; /* the quotes do not end */
    if (*p == '"' && *++p != '"') {
      if (*p && *p != ',')
        return NULL;
      *line = *p ? p + 1 : NULL;
      *to = '\0';
      return from;
    }
    *to++ = *p;
  }
}

static int
read_line (GroupPlaces *places, char *line, const char *path, int number, StokerError *err)
{
  char *topic, *partition, *offset;
  int64_t p, n;
  GroupPlace *x;

  topic = field (&line);
  partition = topic ? field (&line) : NULL;
  offset = partition ? field (&line) : NULL;
  if (offset == NULL || line || topic[0] == '\0' || !cli_number (partition, &p) || p < 0 || p > INT32_MAX
      || !cli_number (offset, &n) || n < 0)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "%s:%d: this is not topic,partition,offset", path, number);
  x = cli_places_get (places, stoker_arena_str (places->arena, stoker_str (topic)), (int32_t)p);
  if (x->new >= 0)
    return stoker_error_set (err, STOKER_ERROR_FAILED, "%s:%d: %s [%d] stands there twice", path, number, topic, (int)p);
  x->new = n;
  return 0;
}

int
cli_reset_read (GroupPlaces *places, const char *path, StokerError *err)
{
  g_autoptr (GError) why = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize len;

  if (!g_file_get_contents (strcmp (path, "-") == 0 ? "/dev/stdin" : path, &text, &len, &why))
    return stoker_error_set (err, STOKER_ERROR_IO, "%s", why->message);
  if (strlen (text) != len || !g_utf8_validate (text, (gssize)len, NULL))
    return stoker_error_set (err, STOKER_ERROR_FAILED, "%s is no text", path);
  lines = g_strsplit (text, "\n", -1);
  for (int i = 0; lines[i]; i++)
    if (g_strstrip (lines[i])[0] && read_line (places, lines[i], path, i + 1, err))
      return -1;
  return places->list->len ? 0 : stoker_error_set (err, STOKER_ERROR_FAILED, "%s names no partition", path);
}

/* ---- deciding */

static const char *
remark (GroupPlaces *places, const char *what, int64_t at)
{
  return stoker_arena_printf (places->arena, "%s; %" G_GINT64_FORMAT " is taken", what, at).data;
}

static void
clamp (GroupPlaces *places, GroupPlace *x)
{
  if (x->new < x->start) {
    x->new = x->start;
    x->note = remark (places, "that lies before the log's first record", x->new);
  } else if (x->new > x->end) {
    x->new = x->end;
    x->note = remark (places, "that lies behind the log's end", x->new);
  }
}

static void
decide (const Reset *r, GroupPlaces *places, GroupPlace *x)
{
  switch (r->to) {
  case RESET_EARLIEST:
    x->new = x->start;
    return;
  case RESET_LATEST:
    x->new = x->end;
    return;
  case RESET_CURRENT: /* as it is, wherever that lies: what is exported so can be put back */
    x->new = x->committed;
    if (x->new < 0) {
      x->new = x->end;
      x->note = remark (places, "nothing is committed; the log's end,", x->new);
    }
    return;
  case RESET_TIME:
    x->new = x->found;
    if (x->new < 0) {
      x->new = x->end;
      x->note = remark (places, "it has no record that late; the log's end,", x->new);
    }
    return;
  case RESET_SHIFT:
    if (x->committed < 0) {
      x->note = "nothing is committed, so there is nothing to shift";
      return;
    }
    if (__builtin_add_overflow (x->committed, r->n, &x->new))
      x->new = r->n > 0 ? INT64_MAX : INT64_MIN;
    clamp (places, x);
    return;
  case RESET_OFFSET:
    x->new = r->n;
    clamp (places, x);
    return;
  default:
    clamp (places, x);
  }
}

int
cli_reset_decide (const Reset *r, GroupPlaces *places, Cluster *c, StokerError *err)
{
  if (cli_places_log (places, c, -2, err) || (r->to == RESET_TIME && cli_places_log (places, c, r->ms, err))
      || cli_places_log (places, c, -1, err))
    return -1;
  for (guint i = 0; i < places->list->len; i++) {
    GroupPlace *x = cli_place_at (places, i);
    if (x->code == 0 && x->start >= 0 && x->end >= 0) {
      decide (r, places, x);
      continue;
    }
    x->new = -1;
    x->note = x->code ? stoker_code_name (x->code) : "its leader does not say where the log begins and ends";
  }
  return 0;
}
