/* SPDX-License-Identifier: Apache-2.0 */
#include "module/registry.h"

#include "module/builtin.h"
#include "module/check.h"
#include "module/host.h"
#include "module/loader.h"

#include <errno.h>
#include <glib.h>
#include <stoker/codec.h>

#define MAX_KIND 8
#define MAX_CODEC 8

typedef struct Loaded
{
  StokerModule *module; /* our copy */
  char *file;           /* NULL: built in */
} Loaded;

struct StkRegistry
{
  StokerHost *host;
  char **search_path;
  GPtrArray *modules;   /* Loaded */
  GPtrArray *instances; /* StokerInstance */
  GPtrArray *started;   /* StokerInstance, borrowed, in the order of starting */
  StokerInstance *defaults[MAX_KIND + 1];
  StokerInstance *codecs[MAX_CODEC];
};

/* Lower layers first. */
static const uint32_t start_order[]
    = { STOKER_KIND_CODEC,   STOKER_KIND_PARTITIONER, STOKER_KIND_ASSIGNOR, STOKER_KIND_STORAGE,
        STOKER_KIND_CLEANER, STOKER_KIND_COORDINATOR, STOKER_KIND_AUTH,     STOKER_KIND_PROTOCOL };

static void
loaded_free (void *p)
{
  Loaded *l = p;

  stk_module_copy_free (l->module);
  g_free (l->file);
  g_free (l);
}

StkRegistry *
stk_registry_new (StokerHost *host, const char *const *search_path)
{
  StkRegistry *r = g_new0 (StkRegistry, 1);

  r->host = host;
  r->search_path = stk_module_search_path (search_path);
  r->modules = g_ptr_array_new_with_free_func (loaded_free);
  r->instances = g_ptr_array_new ();
  r->started = g_ptr_array_new ();
  return r;
}

void
stk_registry_free (StkRegistry *r)
{
  if (r == NULL)
    return;
  stk_registry_stop (r, 0);
  for (guint i = r->instances->len; i > 0; i--)
    stk_instance_free (g_ptr_array_index (r->instances, i - 1));
  g_ptr_array_unref (r->instances);
  g_ptr_array_unref (r->started);
  g_ptr_array_unref (r->modules);
  g_strfreev (r->search_path);
  g_free (r);
}

static Loaded *
find_loaded (const StkRegistry *r, uint32_t kind, const char *name)
{
  for (guint i = 0; i < r->modules->len; i++) {
    Loaded *l = g_ptr_array_index (r->modules, i);
    if (l->module->kind == kind && strcmp (l->module->name, name) == 0)
      return l;
  }
  return NULL;
}

/* Takes over `file`. */
static int
add_checked (StkRegistry *r, const StokerModule *raw, const StkKind *kind, const char *name, char *file,
             const StokerModule **out, StokerError *err)
{
  StokerModule *copy;
  Loaded *l;

  if (stk_module_check (raw, kind, name, file ? file : "built in", &copy, err) < 0) {
    g_free (file);
    return -1;
  }
  l = g_new (Loaded, 1);
  *l = (Loaded){ copy, file };
  g_ptr_array_add (r->modules, l);
  stk_log (r->host ? r->host->log : NULL, STOKER_LOG_DEBUG, "module", "module.loaded",
           "loaded | module=%s/%s version=%s api=%u.%u build=%s file=%s", kind->name, name, copy->version,
           copy->api_level >> 16, copy->api_level & 0xffff, copy->build_id ? copy->build_id : "-",
           file ? file : "(built in)");
  if (out)
    *out = copy;
  return 0;
}

static int
load_spec (StkRegistry *r, const StkModuleSpec *spec, const StokerModule **out, StokerError *err)
{
  const StokerModule *raw = spec->file ? NULL : stk_builtin_find (spec->kind->number, spec->name);
  const Loaded *there = find_loaded (r, spec->kind->number, spec->name);
  char *file = NULL;

  if (raw == NULL && (file = stk_module_find (spec, r->search_path, err)) == NULL)
    return -1;
  if (there) {
    (void)stoker_error_set (
        err, STOKER_ERROR_MODULE,
        "%s: module %s/%s is loaded already, from %s; each may be loaded once: remove one of the lines",
        file ? file : "built in", spec->kind->name, spec->name, there->file ? there->file : "this program");
    g_free (file);
    return -1;
  }
  if (raw == NULL && (raw = stk_module_open (spec, file, err)) == NULL) {
    g_free (file);
    return -1;
  }
  return add_checked (r, raw, spec->kind, spec->name, file, out, err);
}

int
stk_registry_load (StkRegistry *r, const char *text, const StokerModule **out, StokerError *err)
{
  StkModuleSpec spec;
  int rc;

  if (stk_module_spec_parse (text, &spec, err) < 0)
    return -1;
  rc = load_spec (r, &spec, out, err);
  stk_module_spec_clear (&spec);
  return rc;
}

int
stk_registry_add_module (StkRegistry *r, const StokerModule *raw, const StokerModule **out, StokerError *err)
{
  const StkKind *kind = stk_kind_find (raw->kind);
  g_autofree char *name = g_strdelimit (g_strdup (raw->name), "_", '-');

  if (kind == NULL)
    return stoker_error_set (err, STOKER_ERROR_MODULE, "module %s: %u is no kind of module", name, raw->kind);
  if (find_loaded (r, raw->kind, name))
    return stoker_error_set (err, STOKER_ERROR_MODULE, "module %s/%s is loaded already", kind->name, name);
  return add_checked (r, raw, kind, name, NULL, out, err);
}

const StokerModule *
stk_registry_module (const StkRegistry *r, uint32_t kind, const char *name)
{
  const Loaded *l = find_loaded (r, kind, name);

  return l ? l->module : NULL;
}

void
stk_registry_each_module (const StkRegistry *r, void (*each) (void *user, const StokerModule *m, const char *file),
                          void *user)
{
  for (guint i = 0; i < r->modules->len; i++) {
    const Loaded *l = g_ptr_array_index (r->modules, i);
    each (user, l->module, l->file);
  }
}

static StokerInstance *
find_instance (const StkRegistry *r, uint32_t kind, const char *name)
{
  for (guint i = 0; i < r->instances->len; i++) {
    StokerInstance *self = g_ptr_array_index (r->instances, i);
    if (self->module->kind == kind && strcmp (self->name, name) == 0)
      return self;
  }
  return NULL;
}

static int
refuse_instance (const StokerModule *m, void *conf, StokerError *err, const char *name, const char *why)
{
  stk_conf_free (m, conf);
  return stoker_error_set (err, STOKER_ERROR_CONFIG, "%s instance %s: %s", stk_kind_name (m->kind), name, why);
}

int
stk_registry_add_instance (StkRegistry *r, const StokerModule *m, const char *name, void *conf, StokerError *err)
{
  StokerInstance *self;
  int32_t id = m->kind == STOKER_KIND_CODEC ? ((const StokerCodecOps *)m->ops)->id : 0;

  if (!stk_module_name_valid (name))
    return refuse_instance (m, conf, err, name, "a name has lower case letters, digits and dashes");
  if (strcmp (name, "default") == 0)
    return refuse_instance (m, conf, err, name,
                            "the name is taken: it stands for the instance that is used unless one is named");
  if (find_instance (r, m->kind, name))
    return refuse_instance (m, conf, err, name, "there is one of that name already");
  self = stk_instance_new (m, name, r->host, conf);
  g_ptr_array_add (r->instances, self);
  if (id > 0 && id < MAX_CODEC && r->codecs[id] == NULL)
    r->codecs[id] = self;
  return 0;
}

int
stk_registry_set_default (StkRegistry *r, uint32_t kind, const char *name, StokerError *err)
{
  StokerInstance *self = find_instance (r, kind, name);
  g_autoptr (GString) there = g_string_new (NULL);

  if (self == NULL) {
    for (guint i = 0; i < r->instances->len; i++) {
      const StokerInstance *other = g_ptr_array_index (r->instances, i);
      if (other->module->kind == kind)
        g_string_append_printf (there, "%s%s", there->len ? ", " : "", other->name);
    }
    return stoker_error_set (err, STOKER_ERROR_CONFIG,
                             "there is no %s instance %s; there are: %s. Load its module with load = %s/%s",
                             stk_kind_name (kind), name, there->len ? there->str : "none", stk_kind_name (kind), name);
  }
  r->defaults[kind] = self;
  return 0;
}

StokerInstance *
stk_registry_get (const StkRegistry *r, uint32_t kind, const char *name)
{
  if (kind > MAX_KIND)
    return NULL;
  if (name == NULL || strcmp (name, "default") == 0)
    return r->defaults[kind];
  return find_instance (r, kind, name);
}

StokerInstance *
stk_registry_codec (const StkRegistry *r, int codec_id)
{
  return codec_id > 0 && codec_id < MAX_CODEC ? r->codecs[codec_id] : NULL;
}

void
stk_registry_each (const StkRegistry *r, uint32_t kind, bool (*each) (void *user, StokerInstance *i), void *user)
{
  for (guint i = 0; i < r->instances->len; i++) {
    StokerInstance *self = g_ptr_array_index (r->instances, i);
    if ((kind == 0 || self->module->kind == kind) && !each (user, self))
      return;
  }
}

int
stk_registry_init (StkRegistry *r, StokerError *err)
{
  for (guint i = 0; i < r->instances->len; i++) {
    StokerInstance *self = g_ptr_array_index (r->instances, i);
    if (stk_instance_init (self, err) < 0)
      return stoker_error_prefix (err, "%s", stk_kind_name (self->module->kind));
  }
  return 0;
}

static int
start_kind (StkRegistry *r, uint32_t kind, StokerError *err)
{
  for (guint i = 0; i < r->instances->len; i++) {
    StokerInstance *self = g_ptr_array_index (r->instances, i);
    if (self->module->kind != kind || g_ptr_array_find (r->started, self, NULL))
      continue;
    if (stk_instance_start (self, err) < 0)
      return stoker_error_prefix (err, "%s", stk_kind_name (kind));
    g_ptr_array_add (r->started, self);
  }
  return 0;
}

int
stk_registry_start (StkRegistry *r, uint32_t kind, StokerError *err)
{
  for (size_t i = 0; i < G_N_ELEMENTS (start_order); i++)
    if ((kind == 0 || start_order[i] == kind) && start_kind (r, start_order[i], err) < 0)
      return -1;
  return 0;
}

void
stk_registry_stop (StkRegistry *r, uint32_t kind)
{
  for (guint i = r->started->len; i > 0; i--) {
    StokerInstance *self = g_ptr_array_index (r->started, i - 1);
    if (kind == 0 || self->module->kind == kind) {
      stk_instance_stop (self);
      g_ptr_array_remove_index (r->started, i - 1);
    }
  }
}
