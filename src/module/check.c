/* SPDX-License-Identifier: Apache-2.0 */
#include "module/check.h"

#include "module/option.h"

#include <glib.h>

/* The smallest that an author can have seen: what 1.0 had. */
#define DESCRIPTOR_1_0 (offsetof (StokerModule, fini) + sizeof (void *))
#define OPTION_1_0 (offsetof (StokerOption, text) + sizeof (void *))

#define MAJOR(level) ((level) >> 16)
#define MINOR(level) ((level)&0xffffu)

#define REFUSE(...) return stoker_error_set (err, STOKER_ERROR_MODULE, __VA_ARGS__)

bool
stk_module_name_valid (const char *name)
{
  return g_ascii_islower (name[0]) && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int
check_head (const StokerModule *raw, const char *where, StokerError *err)
{
  if (raw->magic != STOKER_MODULE_MAGIC)
    REFUSE ("%s: its descriptor begins with %08x; accepted is %08x (STOKER_MODULE_MAGIC): fill it with the macro "
            "STOKER_MODULE",
            where, raw->magic, STOKER_MODULE_MAGIC);
  if (MAJOR (raw->api_level) != MAJOR (STOKER_API_CURRENT))
    REFUSE ("%s: written against module API %u.%u; accepted are %u.0 to %u.%u: %s", where, MAJOR (raw->api_level),
            MINOR (raw->api_level), MAJOR (STOKER_API_CURRENT), MAJOR (STOKER_API_CURRENT), MINOR (STOKER_API_CURRENT),
            MAJOR (raw->api_level) < MAJOR (STOKER_API_CURRENT) ? "it is too old; port it and build it again"
                                                                : "it is too new; update Stoker");
  if (MINOR (raw->api_level) > MINOR (STOKER_API_CURRENT))
    REFUSE ("%s: written against module API %u.%u; accepted are %u.0 to %u.%u: it is too new; update Stoker, or build "
            "it with a lower "
            "STOKER_API_LEVEL",
            where, MAJOR (raw->api_level), MINOR (raw->api_level), MAJOR (STOKER_API_CURRENT),
            MAJOR (STOKER_API_CURRENT), MINOR (STOKER_API_CURRENT));
  if (raw->size < DESCRIPTOR_1_0 || raw->option_size < OPTION_1_0)
    REFUSE ("%s: its descriptor has %u bytes and its option rows %u; accepted are at least %zu and %zu: build it "
            "against the headers of "
            "its API level",
            where, raw->size, raw->option_size, DESCRIPTOR_1_0, OPTION_1_0);
  return 0;
}

/* As it is written in a file name: the symbol and the descriptor have underscores for dashes. */
static char *
dashed (const char *name)
{
  return g_strdelimit (g_strdup (name ? name : "(null)"), "_", '-');
}

static int
check_identity (const StokerModule *m, const StkKind *kind, const char *name, const char *where, StokerError *err)
{
  g_autofree char *found = dashed (m->name);

  if (m->kind != kind->number)
    REFUSE ("%s: its descriptor is of kind %s; accepted here is %s: load it as %s/%s, or correct its kind", where,
            stk_kind_name (m->kind), kind->name, stk_kind_name (m->kind), found);
  if (strcmp (found, name) != 0)
    REFUSE (
        "%s: its descriptor is called %s; accepted here is %s: the names of file, symbol and descriptor are the same",
        where, found, name);
  if (m->version == NULL || m->licence == NULL || m->summary == NULL)
    REFUSE ("%s: its descriptor lacks a version, licence or summary; all three are needed", where);
  if (m->threads > STOKER_THREADS_PARALLEL)
    REFUSE ("%s: it declares thread model %u; accepted are SERIAL, CONTROL and PARALLEL (enum StokerThreads)", where,
            m->threads);
  return 0;
}

static int
check_ops (const StokerModule *m, const StkKind *kind, const char *where, StokerError *err)
{
  const StokerOpsHead *head = m->ops;
  size_t size;

  if (kind->version == 0)
    REFUSE ("%s: this build has no interface for modules of kind %s yet: update Stoker", where, kind->name);
  if (head == NULL || m->ops_size < sizeof *head || head->size > m->ops_size)
    REFUSE ("%s: its table of functions has %zu bytes and says that it has %u; accepted is a Stoker%c%sOps that says "
            "its size",
            where, head ? m->ops_size : 0, head && m->ops_size >= sizeof *head ? head->size : 0,
            g_ascii_toupper (kind->name[0]), kind->name + 1);
  if (kind->frozen ? head->version > kind->version || head->version == 0 : head->version != kind->version)
    REFUSE ("%s: its table of functions has version %u; accepted is %s%u of kind %s: build it against the headers of "
            "this release",
            where, head->version, kind->frozen ? "1 to " : "", kind->version, kind->name);
  size = MIN ((size_t)head->size, m->ops_size);
  for (size_t i = 0; i < kind->n_required; i++) {
    const StkKindFunction *f = &kind->required[i];
    void *p = NULL;
    if (f->offset + sizeof p > size)
      REFUSE ("%s: its table of functions ends after %zu bytes, before %s; accepted are all that <stoker/%s.h> asks "
              "for: build it against "
              "the headers of this release",
              where, size, f->name, kind->name);
    memcpy (&p, (const char *)m->ops + f->offset, sizeof p);
    if (p == NULL)
      REFUSE ("%s: its table of functions has no %s; modules of kind %s must have it: see <stoker/%s.h>", where,
              f->name, kind->name, kind->name);
  }
  return 0;
}

static int
check_build (const StokerModule *m, const StkKind *kind, const char *where, StokerError *err)
{
  if (kind->frozen || g_strcmp0 (m->build_id, STOKER_BUILD_ID) == 0)
    return 0;
  REFUSE ("%s: built against %s; accepted is only %s, for the interface of kind %s is not stable yet: build it against "
          "this release",
          where, m->build_id ? m->build_id : "(no build id)", STOKER_BUILD_ID, kind->name);
}

/* Rows in our layout, whatever size the author's had. */
static StokerOption *
copy_rows (const StokerModule *raw)
{
  StokerOption *rows = g_new0 (StokerOption, MAX (raw->n_options, 1u));

  for (uint32_t i = 0; i < raw->n_options; i++)
    memcpy (&rows[i], (const char *)raw->options + (size_t)i * raw->option_size, MIN (raw->option_size, sizeof *rows));
  return rows;
}

/* Everything that needs the whole descriptor; m is our copy of it, its tables still the module's. */
static int
check_body (StokerModule *m, const StkKind *kind, const char *name, const char *where, StokerError *err)
{
  StokerError row_error = { 0 };
  StokerOption *rows;
  void *ops;

  if (check_identity (m, kind, name, where, err) < 0 || check_ops (m, kind, where, err) < 0)
    return -1;
  if (m->n_options > 1000 || m->conf_size > 1u << 20 || (m->n_options > 0 && m->options == NULL))
    REFUSE ("%s: its table of %u options for %u bytes is not sane: see STOKER_OPTIONS in <stoker/module.h>", where,
            m->n_options, m->conf_size);
  rows = copy_rows (m);
  if (stk_options_check_table (rows, m->n_options, m->conf_size, &row_error) < 0) {
    g_free (rows);
    REFUSE ("%s: %s; accepted are rows as <stoker/module.h> describes them: correct the module's table of options",
            where, row_error.text);
  }
  m->options = rows;
  m->option_size = sizeof *rows;
  ops = g_malloc0 (kind->ops_size);
  memcpy (ops, m->ops, MIN (kind->ops_size, MIN ((size_t)((const StokerOpsHead *)m->ops)->size, m->ops_size)));
  m->ops = ops;
  m->ops_size = kind->ops_size;
  if (check_build (m, kind, where, err) < 0) {
    g_free (rows);
    g_free (ops);
    return -1;
  }
  return 0;
}

int
stk_module_check (const StokerModule *raw, const StkKind *kind, const char *name, const char *where, StokerModule **out,
                  StokerError *err)
{
  StokerModule *m;

  if (check_head (raw, where, err) < 0)
    return -1;
  m = g_new0 (StokerModule, 1);
  memcpy (m, raw, MIN (raw->size, sizeof *m));
  m->size = sizeof *m;
  if (check_body (m, kind, name, where, err) < 0) {
    g_free (m);
    return -1;
  }
  m->name = g_strdup (name);
  *out = m;
  return 0;
}

void
stk_module_copy_free (StokerModule *m)
{
  if (m == NULL)
    return;
  g_free ((char *)m->name);
  g_free ((StokerOption *)m->options);
  g_free ((void *)m->ops);
  g_free (m);
}
