/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "cli/verify.h"

#include "cli/out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum
{
  TRIES = 4,
  WAIT_US = 150000
};

void
verify_finding_free (void *finding)
{
  Finding *f = finding;

  g_free (f->file);
  g_free (f->text);
  g_free (f);
}

/* By the file, unless somebody knows better. */
static FindingKind
kind_of (const char *file)
{
  static const char *const derived[] = { ".index", ".timeindex", ".txnindex", ".snapshot", "leader-epoch-checkpoint" };

  for (gsize i = 0; i < G_N_ELEMENTS (derived); i++)
    if (g_str_has_suffix (file, derived[i]))
      return FINDING_DERIVED;
  return g_str_has_suffix (file, "-checkpoint") ? FINDING_CHECKPOINT : FINDING_OTHER;
}

void
verify_found (Verify *v, const char *file, int64_t position, int64_t offset, const char *fmt, ...)
{
  Finding *f = g_new (Finding, 1);
  va_list ap;

  va_start (ap, fmt);
  *f = (Finding){ .kind = kind_of (file), .file = g_strdup (file), .position = position, .offset = offset, .text = g_strdup_vprintf (fmt, ap) };
  va_end (ap);
  g_ptr_array_add (v->findings, f);
}

Finding *
verify_is (Verify *v, FindingKind kind)
{
  Finding *f = v->findings->pdata[v->findings->len - 1];

  f->kind = kind;
  return f;
}

void
verify_unread (Verify *v, const char *file, int error)
{
  if (error == ENOENT && v->online) {
    v->gone = true;
    return;
  }
  v->counts.unread++;
  cli_progress_clear (v->progress);
  (void)cli_failed ("cannot read %s: %s", file, g_strerror (error));
}

static void
tell (Verify *v, const Finding *f)
{
  CliJson j = { 0 };

  v->counts.damaged++;
  if (v->sink) {
    v->sink (v->sink_user, f);
    return;
  }
  cli_progress_clear (v->progress);
  if (!v->json) {
    printf ("%s: ", f->file);
    if (f->position >= 0)
      printf ("%s %" PRId64 ": ", g_str_has_suffix (f->file, "-checkpoint") ? "line" : "position", f->position);
    if (f->offset >= 0)
      printf ("offset %" PRId64 ": ", f->offset);
    printf ("%s\n", f->text);
    fflush (stdout);
    return;
  }
  cli_json_begin (&j, NULL, '{');
  cli_json_text (&j, "kind", "damage");
  cli_json_text (&j, "file", f->file);
  if (f->position >= 0)
    cli_json_int (&j, "position", f->position);
  if (f->offset >= 0)
    cli_json_int (&j, "offset", f->offset);
  cli_json_text (&j, "text", f->text);
  cli_json_end (&j, '}');
  cli_json_print (&j);
}

void
verify_try (Verify *v, void (*check) (Verify *v, void *user), void *user)
{
  v->before = v->counts;
  for (int i = 1;; i++) {
    v->gone = false;
    g_ptr_array_set_size (v->findings, 0);
    check (v, user);
    if (!v->online || i == TRIES || (v->findings->len == 0 && !v->gone))
      break;
    v->counts = v->before;
    g_usleep ((gulong)(WAIT_US * i));
  }
  for (guint i = 0; i < v->findings->len; i++)
    tell (v, v->findings->pdata[i]);
  g_ptr_array_set_size (v->findings, 0);
}

uint8_t *
verify_read (Verify *v, const char *path, size_t max, size_t *len)
{
  CliReader r;
  uint8_t *out = NULL;
  int rc = cli_reader_open (&r, path, NULL, 0);

  if (rc) {
    verify_unread (v, path, rc);
    return NULL;
  }
  if (r.size > max) {
    verify_found (v, path, -1, -1, "%" PRIu64 " bytes are more than such a file may have", r.size);
  } else {
    const uint8_t *p = cli_reader_view (&r, 0, (size_t)r.size);
    *len = (size_t)r.size;
    out = g_malloc (*len + 1);
    if (*len && p == NULL) { /* shorter than a moment ago, or a read error */
      g_clear_pointer (&out, g_free);
      verify_unread (v, path, EIO);
    } else {
      if (*len)
        memcpy (out, p, *len);
      out[*len] = '\0';
    }
  }
  cli_reader_close (&r);
  v->counts.other_files++;
  return out;
}
