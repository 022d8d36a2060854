/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE 1 /* memmem */
#include "module/loader.h"

#include "module/check.h"
#include "module/trust.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <gmodule.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSE(...) return stoker_error_set (err, STOKER_ERROR_MODULE, __VA_ARGS__)

void
stk_module_spec_clear (StkModuleSpec *s)
{
  g_free (s->name);
  g_free (s->file);
  *s = (StkModuleSpec){ 0 };
}

static int
spec_names (const char *kind, const char *name, const char *text, StkModuleSpec *out, StokerError *err)
{
  size_t n;
  const StkKind *all = stk_kinds (&n);
  g_autoptr (GString) names = g_string_new (NULL);

  if ((out->kind = stk_kind_by_name (kind)) == NULL) {
    for (size_t i = 0; i < n; i++)
      g_string_append_printf (names, "%s%s", i ? ", " : "", all[i].name);
    REFUSE ("\"%s\": %s is no kind of module; accepted are %s", text, kind, names->str);
  }
  if (!stk_module_name_valid (name))
    REFUSE ("\"%s\": %s is no name of a module; accepted are lower case letters, digits and dashes", text, name);
  out->name = g_strdup (name);
  return 0;
}

/* /path/KIND/NAME.so */
static int
spec_path (const char *text, StkModuleSpec *out, StokerError *err)
{
  g_autofree char *base = g_path_get_basename (text), *dir = g_path_get_dirname (text),
                  *kind = g_path_get_basename (dir);

  if (!g_str_has_suffix (base, ".so"))
    REFUSE ("\"%s\": accepted are a file KIND/NAME.so, KIND/NAME, or KIND/NAME FILE", text);
  base[strlen (base) - 3] = '\0';
  g_strdelimit (base, "_", '-');
  if (spec_names (kind, base, text, out, err) < 0)
    return -1;
  out->file = g_strdup (text);
  return 0;
}

int
stk_module_spec_parse (const char *text, StkModuleSpec *out, StokerError *err)
{
  size_t n = strcspn (text, " \t");
  g_autofree char *first = g_strndup (text, n), *file = g_strstrip (g_strdup (text + n));
  char *slash = strchr (first, '/');
  int rc;

  *out = (StkModuleSpec){ 0 };
  if (g_path_is_absolute (text)) {
    rc = spec_path (text, out, err);
  } else if (slash == NULL || strchr (slash + 1, '/')) {
    REFUSE ("\"%s\": accepted are KIND/NAME, KIND/NAME FILE, or the absolute path of a file KIND/NAME.so", text);
  } else if (*file && !g_path_is_absolute (file)) {
    REFUSE ("\"%s\": the file must be an absolute path", text);
  } else {
    *slash = '\0';
    rc = spec_names (first, slash + 1, text, out, err);
    if (rc == 0 && *file)
      out->file = g_strdup (file);
  }
  if (rc < 0)
    stk_module_spec_clear (out);
  return rc;
}

/* The modules of the build tree that this program runs in without being installed, NULL when it does not: so that a
 * fresh build works from any folder. libtool keeps programs that use our shared library in .libs below their place.
 * g_free. */
static char *
build_tree_modules (void)
{
  g_autofree char *exe = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *dir = exe ? g_path_get_dirname (exe) : NULL;
  g_autofree char *top = dir && g_str_has_suffix (dir, "/.libs") ? g_path_get_dirname (dir) : g_strdup (dir);
  g_autofree char *status = top ? g_build_filename (top, "config.status", NULL) : NULL;

  if (status == NULL || !g_file_test (status, G_FILE_TEST_EXISTS))
    return NULL;
  return g_build_filename (top, "modules", NULL);
}

char **
stk_module_search_path (const char *const *extra)
{
  g_autoptr (GPtrArray) dirs = g_ptr_array_new ();
  const char *env = g_getenv ("STOKER_MODULE_PATH");
  g_auto (GStrv) parts = g_strsplit (env ? env : "", ":", -1);
  char *built;

  for (char **p = parts; *p; p++)
    if (**p)
      g_ptr_array_add (dirs, g_strdup (*p));
  for (; extra && *extra; extra++)
    g_ptr_array_add (dirs, g_strdup (*extra));
  if ((built = build_tree_modules ()) != NULL)
    g_ptr_array_add (dirs, built);
  g_ptr_array_add (dirs, g_strdup (STOKER_MODULEDIR));
  g_ptr_array_add (dirs, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&dirs), FALSE);
}

/* The file of the module in one folder, NULL with errno. */
static char *
find_in (const char *dir, const char *kind, const char *name)
{
  g_autofree char *so = g_strconcat (name, ".so", NULL);
  char *at[] = { g_build_filename (dir, kind, so, NULL), g_build_filename (dir, kind, name, ".libs", so, NULL),
                 g_build_filename (dir, kind, ".libs", so, NULL) };
  char *found = NULL;
  int why = ENOENT;

  for (size_t i = 0; i < G_N_ELEMENTS (at); i++) {
    struct stat st;
    /* lstat: a link that leads nowhere is found here and refused by name later */
    if (found == NULL && lstat (at[i], &st) == 0)
      found = g_steal_pointer (&at[i]);
    else if (found == NULL && errno != ENOENT && errno != ENOTDIR)
      why = errno;
    g_free (at[i]);
  }
  errno = why;
  return found;
}

/* In one folder of the search path; NULL: *err says why it cannot be said, code -ENOENT when it is just not there. */
static char *
search_in (const char *dir, const StkModuleSpec *spec, StokerError *err)
{
  g_autofree char *underscored = g_strdelimit (g_strdup (spec->name), "-", '_');
  char *file;

  if (stk_module_trust_folder (dir, err) < 0)
    return NULL;
  file = find_in (dir, spec->kind->name, spec->name);
  if (file == NULL && errno == ENOENT)
    file = find_in (dir, spec->kind->name, underscored);
  if (file == NULL)
    (void)stoker_error_set (err, errno == ENOENT ? -ENOENT : STOKER_ERROR_MODULE,
                            "module %s/%s: %s/%s cannot be searched: %s; make it readable for user id %u, or take it "
                            "out of the search path",
                            spec->kind->name, spec->name, dir, spec->kind->name, g_strerror (errno),
                            (unsigned)geteuid ());
  return file;
}

char *
stk_module_find (const StkModuleSpec *spec, char **search_path, StokerError *err)
{
  g_autoptr (GString) where = g_string_new (NULL);

  if (spec->file)
    return g_strdup (spec->file);
  for (char **dir = search_path; *dir; dir++) {
    StokerError why = { 0 };
    char *file = search_in (*dir, spec, &why);
    if (file)
      return file;
    /* A folder that cannot be searched, or must not, is not passed over: another module would be run than was meant. */
    if (why.code != -ENOENT) {
      (void)stoker_error_set (err, why.code, "%s", why.text);
      return NULL;
    }
    g_string_append_printf (where, "%s%s", where->len ? ", " : "", *dir);
  }
  (void)stoker_error_set (err, -ENOENT,
                          "module %s/%s: there is no file %s/%s.so in %s; install the package that has it, or name the "
                          "file: load = %s/%s FILE",
                          spec->kind->name, spec->name, spec->kind->name, spec->name, where->str, spec->kind->name,
                          spec->name);
  return NULL;
}

/* The real file behind links, judged; g_free. */
static char *
judge_file (const char *file, StokerError *err)
{
  char *real = realpath (file, NULL), *link_dir = NULL, *result = NULL;
  g_autofree char *dir = g_path_get_dirname (file);
  struct stat st;

  if (real == NULL)
    (void)stoker_error_set (err, STOKER_ERROR_MODULE,
                            "%s: cannot be opened: %s; a module is a readable file, or a link to one", file,
                            g_strerror (errno));
  else if (stat (real, &st) < 0 || !S_ISREG (st.st_mode))
    (void)stoker_error_set (err, STOKER_ERROR_MODULE,
                            "%s: is not a regular file; a module is a shared object, or a link to one", file);
  else if (faccessat (AT_FDCWD, real, R_OK, AT_EACCESS) < 0)
    (void)stoker_error_set (err, STOKER_ERROR_MODULE, "%s: cannot be read: %s; make it readable for user id %u", real,
                            g_strerror (errno), (unsigned)geteuid ());
  else if (stk_module_trust (real, 2, err) == 0 && (link_dir = realpath (dir, NULL)) != NULL
           && stk_module_trust (link_dir, 1, err) == 0)
    result = g_strdup (real);
  free (real);
  free (link_dir);
  return result;
}

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OUR_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define OUR_MACHINE EM_PPC64
#elif defined(__s390x__)
#define OUR_MACHINE EM_S390
#elif defined(__i386__)
#define OUR_MACHINE EM_386
#elif defined(__arm__)
#define OUR_MACHINE EM_ARM
#else
#define OUR_MACHINE EM_NONE /* any: the dynamic linker says the rest */
#endif
#define OUR_CLASS (sizeof (void *) == 8 ? ELFCLASS64 : ELFCLASS32)

/* dlopen says "invalid ELF header", or nothing that helps; so look first. */
static int
check_elf (const char *file, StokerError *err)
{
  Elf32_Ehdr h = { 0 }; /* the first fields are the same in both classes */
  int fd = open (file, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read (fd, &h, sizeof h);

  if (fd >= 0)
    (void)close (fd);
  if (n < 0)
    REFUSE ("%s: cannot be read: %s", file, g_strerror (errno));
  if (n < (ssize_t)sizeof h || memcmp (h.e_ident, ELFMAG, SELFMAG) != 0)
    REFUSE ("%s: is not an ELF file; accepted is a shared object: link the module with libtool's -module -shared",
            file);
  if (h.e_ident[EI_CLASS] != OUR_CLASS || (OUR_MACHINE != EM_NONE && h.e_machine != OUR_MACHINE))
    REFUSE ("%s: is an ELF file for another machine (class %d, machine %d); accepted are class %d, machine %d: build "
            "it for this one",
            file, h.e_ident[EI_CLASS], h.e_machine, OUR_CLASS, OUR_MACHINE);
  if (h.e_type != ET_DYN)
    REFUSE ("%s: is an ELF file of type %d; accepted is a shared object (%d): link the module with libtool's -module "
            "-shared",
            file, h.e_type, ET_DYN);
  return 0;
}

/* A descriptor symbol of another name in the file, for the message; g_free, NULL when there is none. */
static char *
other_symbol (const char *file)
{
  static const char prefix[] = "stoker_module_";
  g_autofree char *data = NULL;
  gsize len;
  const char *at;

  if (!g_file_get_contents (file, &data, &len, NULL))
    return NULL;
  at = memmem (data, len, prefix, sizeof prefix - 1);
  if (at == NULL)
    return NULL;
  return g_strndup (at, strspn (at, "abcdefghijklmnopqrstuvwxyz0123456789_"));
}

const StokerModule *
stk_module_open (const StkModuleSpec *spec, const char *file, StokerError *err)
{
  g_autofree char *real = judge_file (file, err), *symbol = NULL, *other = NULL;
  g_autoptr (GError) error = NULL;
  gpointer descriptor;
  GModule *m;

  if (real == NULL || check_elf (real, err) < 0)
    return NULL;
  symbol = g_strdelimit (g_strdup_printf ("stoker_module_%s_%s", spec->kind->name, spec->name), "-", '_');
  m = g_module_open_full (real, G_MODULE_BIND_LOCAL, &error);
  if (m == NULL) {
    (void)stoker_error_set (err, STOKER_ERROR_MODULE,
                            "%s: cannot be loaded: %s; install what it needs, or build it against this release", file,
                            error->message);
    return NULL;
  }
  g_module_make_resident (m); /* also when it is refused below: code of it may have run */
  if (g_module_symbol (m, symbol, &descriptor) && descriptor)
    return descriptor;
  other = other_symbol (real);
  (void)stoker_error_set (err, STOKER_ERROR_MODULE,
                          "%s: exports no %s (it has %s); the file must be called KIND/NAME.so after its descriptor "
                          "STOKER_MODULE (KIND, NAME, ..)",
                          file, symbol, other ? other : "no descriptor at all");
  return NULL;
}

typedef void (*Each) (void *user, const StkKind *kind, const char *name, const char *file, bool shadowed);

static int
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The names of what may be modules in KIND's folder: files NAME.so, and folders of a build tree. False when it cannot
 * be read. */
static bool
list_names (const char *dir, GPtrArray *names)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) d = g_dir_open (dir, 0, &error);
  const char *entry;

  while (d && (entry = g_dir_read_name (d)) != NULL) {
    g_autofree char *name = g_strdup (entry);
    if (g_str_has_suffix (name, ".so"))
      name[strlen (name) - 3] = '\0';
    g_strdelimit (name, "_", '-');
    if (stk_module_name_valid (name) && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      g_ptr_array_add (names, g_steal_pointer (&name));
  }
  g_ptr_array_sort (names, by_name);
  return d || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
         || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
}

static void
scan_kind (const char *dir, const StkKind *kind, GHashTable *seen, Each each, void *user)
{
  g_autofree char *folder = g_build_filename (dir, kind->name, NULL), *libs = g_build_filename (folder, ".libs", NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  char *one[] = { (char *)dir, NULL };

  if (!list_names (folder, names)) {
    g_autofree char *why
        = g_strdup_printf ("%s: cannot be read; make it readable for user id %u", folder, (unsigned)geteuid ());
    each (user, kind, NULL, why, false);
  }
  (void)list_names (libs, names);
  for (guint i = 0; i < names->len; i++) {
    StkModuleSpec spec = { kind, g_ptr_array_index (names, i), NULL };
    g_autofree char *file = stk_module_find (&spec, one, NULL);
    if (file)
      each (user, kind, spec.name, file, !g_hash_table_add (seen, g_strdup_printf ("%s/%s", kind->name, spec.name)));
  }
}

void
stk_module_scan (char **search_path, Each each, void *user)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  size_t n;
  const StkKind *kinds = stk_kinds (&n);

  for (char **dir = search_path; *dir; dir++) {
    StokerError why = { 0 };
    if (stk_module_trust_folder (*dir, &why) < 0)
      each (user, NULL, NULL, why.text, false);
  }
  for (size_t i = 0; i < n; i++)
    for (char **dir = search_path; *dir; dir++)
      if (stk_module_trust_folder (*dir, NULL) == 0)
        scan_kind (*dir, &kinds[i], seen, each, user);
}
