/* SPDX-License-Identifier: Apache-2.0
 *
 * Every refusal of the loader, each with its deliberately bad module (tests/module/bad), and the search path. */
#include "module/list.h"
#include "module/loader.h"
#include "module/registry.h"
#include "test-host.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BAD TEST_BUILDDIR "/tests/module/bad/.libs/"

typedef struct Refusal
{
  const char *kind, *file;
  const char *found, *accepted, *remedy; /* what the message must say */
} Refusal;

static const Refusal refusals[] = {
  { "partitioner", "wrong_magic", "begins with 12345678", "accepted is 53746b72",
    "fill it with the macro STOKER_MODULE" },
  { "partitioner", "too_new_major", "API 2.0", "accepted are 1.0 to 1.0", "too new; update Stoker" },
  { "partitioner", "too_new_minor", "API 1.7", "accepted are 1.0 to 1.0", "lower STOKER_API_LEVEL" },
  { "partitioner", "too_old", "API 0.9", "accepted are 1.0 to 1.0", "too old; port it and build it again" },
  { "partitioner", "short_descriptor", "descriptor has 64 bytes", "accepted are at least",
    "build it against the headers" },
  { "partitioner", "wrong_kind", "is of kind codec", "accepted here is partitioner", "load it as codec/wrong-kind" },
  { "partitioner", "wrong_name", "is called somebody-else", "accepted here is wrong-name",
    "names of file, symbol and descriptor" },
  { "partitioner", "no_descriptor", "it has stoker_module_partitioner_renamed",
    "exports no stoker_module_partitioner_no_descriptor", "must be called" },
  { "partitioner", "no_version", "lacks a version", "licence or summary", "all three are needed" },
  { "partitioner", "bad_threads", "thread model 9", "accepted are SERIAL, CONTROL and PARALLEL", "enum StokerThreads" },
  { "partitioner", "no_table", "has 0 bytes", "accepted is a StokerPartitionerOps", "says its size" },
  { "partitioner", "short_table", "ends after 8 bytes, before pick", "accepted are all that <stoker/partitioner.h>",
    "build it against the headers" },
  { "partitioner", "missing_function", "has no pick", "modules of kind partitioner must have it",
    "see <stoker/partitioner.h>" },
  { "partitioner", "table_too_new", "has version 2", "accepted is 1 to 1 of kind partitioner",
    "build it against the headers" },
  { "partitioner", "bad_option", "option level: its default: 12 is too large", "the largest allowed is 9",
    "correct the module's table" },
  { "partitioner", "option_outside", "writes 8 bytes at offset 8", "a configuration of 8 bytes",
    "correct the module's table" },
  { "codec", "other_build", "stoker-0.0-elsewhere", "accepted is only " STOKER_BUILD_ID,
    "build it against this release" },
  { "partitioner", "undefined_symbol", "stoker_no_such_function", "cannot be loaded", "install what it needs" },
};

static char *
dashed (const char *name)
{
  return g_strdelimit (g_strdup (name), "_", '-');
}

static void
must_say (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("\"%s\" does not say \"%s\"", text, part);
}

static void
test_refusal (const void *data)
{
  const Refusal *r = data;
  g_autofree char *name = dashed (r->file), *file = g_strconcat (BAD, r->file, ".so", NULL);
  g_autofree char *spec = g_strdup_printf ("%s/%s %s", r->kind, name, file);
  StkRegistry *registry = stk_registry_new (NULL, NULL);
  StokerError err = { 0 };

  g_assert_cmpint (stk_registry_load (registry, spec, NULL, &err), ==, -1);
  g_test_message ("%s", err.text);
  g_assert_cmpint (err.code, ==, STOKER_ERROR_MODULE);
  must_say (err.text, file);
  must_say (err.text, r->found);
  must_say (err.text, r->accepted);
  must_say (err.text, r->remedy);
  g_assert_cmpuint (strlen (err.text), <, sizeof err.text - 1); /* nothing was cut off */
  stk_registry_free (registry);
}

static void
fails (StkRegistry *r, const char *spec, const char *why)
{
  StokerError err = { 0 };

  g_assert_cmpint (stk_registry_load (r, spec, NULL, &err), ==, -1);
  g_test_message ("%s", err.text);
  must_say (err.text, why);
}

static void
test_good (void)
{
  StkRegistry *r = stk_registry_new (NULL, NULL);
  const StokerModule *m = NULL;
  StokerError err = { 0 };

  if (stk_registry_load (r, "partitioner/good " BAD "good.so", &m, &err) < 0)
    g_error ("%s", err.text);
  g_assert_cmpstr (m->name, ==, "good");
  g_assert_true (m == stk_registry_module (r, STOKER_KIND_PARTITIONER, "good"));
  fails (r, "partitioner/good " BAD "good.so", "is loaded already, from " BAD "good.so");
  stk_registry_free (r);
}

static void
test_not_elf (void)
{
  char good_machine;
  char *dir = test_dir_new ();
  StkRegistry *r = stk_registry_new (NULL, NULL);
  g_autofree char *file = g_build_filename (dir, "text.so", NULL), *spec = g_strconcat ("codec/text ", file, NULL);
  g_autofree char *object = NULL, *folder = g_strconcat ("codec/folder ", dir, NULL),
                  *none = g_strconcat ("codec/none ", dir, "/none.so", NULL);
  gsize len;

  g_assert_true (
      g_file_set_contents (file, "#!/bin/sh\necho this is not a shared object at all, but long enough\n", -1, NULL));
  fails (r, spec, "is not an ELF file; accepted is a shared object");
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  fails (r, spec, "is not an ELF file");
  fails (r, folder, "is not a regular file");
  fails (r, none, "cannot be opened: No such file");

  /* a real one, for another machine; then an object file */
  g_assert_true (g_file_get_contents (BAD "good.so", &object, &len, NULL));
  good_machine = object[18];
  object[18] = 0x7f;
  g_assert_true (g_file_set_contents (file, object, (gssize)len, NULL));
  fails (r, spec, "for another machine");
  object[18] = good_machine;
  object[16] = 1;
  g_assert_true (g_file_set_contents (file, object, (gssize)len, NULL));
  fails (r, spec, "is an ELF file of type 1");
  stk_registry_free (r);
  test_dir_free (dir);
}

static void
test_spec (void)
{
  StkRegistry *r = stk_registry_new (NULL, NULL);

  fails (r, "codecs/zstd", "codecs is no kind of module; accepted are protocol, storage, partitioner");
  fails (r, "zstd", "accepted are KIND/NAME");
  fails (r, "codec/Zstd", "is no name of a module");
  fails (r, "codec/../../etc/x", "accepted are KIND/NAME");
  fails (r, "codec/zstd relative.so", "must be an absolute path");
  fails (r, "/a/codec/zstd.txt", "accepted are a file KIND/NAME.so");
  fails (r, "/a/nokind/zstd.so", "nokind is no kind of module");
  fails (r, "codec/no-such-module", "there is no file codec/no-such-module.so in ");
  stk_registry_free (r);
}

static void
copy (const char *from, const char *dir, const char *kind, const char *name)
{
  g_autofree char *folder = g_build_filename (dir, kind, NULL), *to = g_build_filename (folder, name, NULL),
                  *data = NULL;
  gsize len;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_get_contents (from, &data, &len, NULL));
  g_assert_true (g_file_set_contents (to, data, (gssize)len, NULL));
}

static void
test_search (void)
{
  char *one = test_dir_new (), *two = test_dir_new ();
  const char *path[] = { "/nonexistent/stoker", one, two, NULL };
  g_autofree char *link = g_build_filename (one, "partitioner", "good.so", NULL),
                  *target = g_build_filename (two, "elsewhere.so", NULL);
  g_autofree char *absolute = g_build_filename (two, "partitioner", "good.so", NULL);
  StkRegistry *r;

  g_unsetenv ("STOKER_MODULE_PATH");
  copy (BAD "good.so", two, "partitioner", "good.so");
  r = stk_registry_new (NULL, path);
  g_assert_cmpint (stk_registry_load (r, "partitioner/good", NULL, NULL), ==, 0);
  stk_registry_free (r);

  r = stk_registry_new (NULL, NULL); /* kind and name from the path */
  g_assert_cmpint (stk_registry_load (r, absolute, NULL, NULL), ==, 0);
  stk_registry_free (r);

  /* the layout of a build tree; dashes in the name, underscores in the file */
  copy (BAD "good.so", one, "partitioner/good/.libs", "good.so");
  r = stk_registry_new (NULL, path);
  g_assert_cmpint (stk_registry_load (r, "partitioner/good", NULL, NULL), ==, 0);
  copy (BAD "wrong_magic.so", one, "partitioner", "wrong_magic.so");
  fails (r, "partitioner/wrong-magic", "/partitioner/wrong_magic.so: its descriptor begins with");
  stk_registry_free (r);

  /* the first folder wins; a link is followed, one that leads nowhere is not passed over */
  g_assert_cmpint (symlink (target, link), ==, 0);
  r = stk_registry_new (NULL, path);
  fails (r, "partitioner/good", "cannot be opened: No such file");
  copy (BAD "good.so", two, ".", "elsewhere.so");
  g_assert_cmpint (stk_registry_load (r, "partitioner/good", NULL, NULL), ==, 0);
  stk_registry_free (r);
  test_dir_free (one);
  test_dir_free (two);
}

static void
test_environment (void)
{
  char *one = test_dir_new ();
  g_autofree char *env = g_strconcat ("/nonexistent::", one, NULL);
  StkRegistry *r;

  copy (BAD "good.so", one, "partitioner", "good.so");
  g_setenv ("STOKER_MODULE_PATH", env, TRUE);
  r = stk_registry_new (NULL, NULL);
  g_assert_cmpint (stk_registry_load (r, "partitioner/good", NULL, NULL), ==, 0);
  stk_registry_free (r);
  g_unsetenv ("STOKER_MODULE_PATH");
  test_dir_free (one);
}

static void
test_root (void)
{
  char *dir;
  g_autofree char *folder = NULL, *file = NULL, *real = NULL, *real_spec = NULL;
  const char *path[] = { NULL, NULL };
  StkRegistry *r;

  if (geteuid () != 0) {
    g_test_skip ("only root can make files of others");
    return;
  }
  dir = test_dir_new ();
  path[0] = dir;
  folder = g_build_filename (dir, "partitioner", NULL);
  file = g_build_filename (folder, "good.so", NULL);
  copy (BAD "good.so", dir, "partitioner", "good.so");
  r = stk_registry_new (NULL, path);
  g_assert_cmpint (chmod (folder, 0777), ==, 0);
  fails (r, "partitioner/good", "partitioner: can be written by everybody (mode 777); accepted are");
  g_assert_cmpint (chmod (folder, 0755), ==, 0);
  g_assert_cmpint (chmod (file, 0666), ==, 0);
  fails (r, "partitioner/good", "good.so: can be written by everybody (mode 666)");
  g_assert_cmpint (chmod (file, 0664), ==, 0);
  g_assert_cmpint (chown (file, 0, 4711), ==, 0);
  fails (r, "partitioner/good", "good.so: can be written by its group");
  g_assert_cmpint (chmod (file, 0644), ==, 0);

  /* a safe link to a file in an unsafe folder, and an unsafe link to a safe file */
  real = g_build_filename (dir, "elsewhere", NULL);
  real_spec = g_build_filename (real, "good.so", NULL);
  copy (BAD "good.so", dir, "elsewhere", "good.so");
  g_assert_cmpint (g_unlink (file), ==, 0);
  g_assert_cmpint (symlink (real_spec, file), ==, 0);
  g_assert_cmpint (chmod (real, 0777), ==, 0);
  fails (r, "partitioner/good", "elsewhere: can be written by everybody");
  g_assert_cmpint (chmod (real, 0755), ==, 0);
  g_assert_cmpint (chmod (folder, 0777), ==, 0);
  fails (r, "partitioner/good", "partitioner: can be written by everybody");
  g_assert_cmpint (chmod (folder, 0755), ==, 0);
  /* files and folders of somebody else, who may change their modes at any time */
  g_assert_cmpint (chown (real_spec, 4711, 0), ==, 0);
  fails (r, "partitioner/good", "good.so: belongs to user id 4711; accepted are");
  g_assert_cmpint (chown (real_spec, 0, 0), ==, 0);
  g_assert_cmpint (chown (real, 4711, 0), ==, 0);
  fails (r, "partitioner/good", "elsewhere: belongs to user id 4711");
  g_assert_cmpint (chown (real, 0, 0), ==, 0);
  g_assert_cmpint (stk_registry_load (r, "partitioner/good", NULL, NULL), ==, 0);
  stk_registry_free (r);
  test_dir_free (dir);
}

/* Who can write the folder of the search path, or one above it, can exchange the folder of the kind. */
static void
test_root_of_search (void)
{
  char *top, *other;
  g_autofree char *dir = NULL, *spec = NULL;
  const char *path[] = { NULL, NULL, NULL };
  StkRegistry *r;

  if (geteuid () != 0) {
    g_test_skip ("only root can make files of others");
    return;
  }
  top = test_dir_new ();
  other = test_dir_new ();
  dir = g_build_filename (top, "modules", NULL);
  spec = g_build_filename (dir, "partitioner", "good.so", NULL);
  path[0] = dir;
  path[1] = other;
  copy (BAD "good.so", dir, "partitioner", "good.so");
  copy (BAD "good.so", other, "partitioner", "elsewhere.so");
  r = stk_registry_new (NULL, path);
  g_assert_cmpint (chmod (dir, 0777), ==, 0);
  fails (r, "partitioner/good", "/modules: can be written by everybody (mode 777)");
  fails (r, spec, "/modules: can be written by everybody (mode 777)");
  fails (r, "partitioner/elsewhere", "/modules: can be written by everybody"); /* not passed over */
  g_assert_cmpint (chmod (dir, 01777), ==, 0);
  fails (r, "partitioner/good", "/modules: can be written by everybody");
  g_assert_cmpint (chmod (dir, 0775), ==, 0);
  g_assert_cmpint (chown (dir, 0, 4711), ==, 0);
  fails (r, "partitioner/good", "/modules: can be written by its group");
  g_assert_cmpint (chmod (dir, 0755), ==, 0);
  g_assert_cmpint (chown (dir, 4711, 0), ==, 0);
  fails (r, "partitioner/good", "/modules: belongs to user id 4711");
  g_assert_cmpint (chown (dir, 0, 0), ==, 0);
  g_assert_cmpint (chmod (top, 0777), ==, 0);
  fails (r, "partitioner/good", ": can be written by everybody (mode 777)");
  g_assert_cmpint (chmod (top, 01777), ==, 0); /* as /tmp is: only its owner can rename what lies in it */
  g_assert_cmpint (stk_registry_load (r, "partitioner/good", NULL, NULL), ==, 0);
  stk_registry_free (r);
  test_dir_free (top);
  test_dir_free (other);
}

/* As an ordinary user (in a child, when this is root). */
static void
test_unreadable (void)
{
  char *dir, *second;
  g_autofree char *folder = NULL, *file = NULL;
  g_autoptr (GString) list = g_string_new (NULL);
  const char *path[] = { NULL, NULL, NULL };
  StkRegistry *r;

  if (geteuid () == 0 && !g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, 0);
    g_test_trap_assert_passed ();
    return;
  }
  if (geteuid () == 0)
    g_assert_cmpint (seteuid (65534), ==, 0);
  dir = test_dir_new ();
  path[0] = dir;
  folder = g_build_filename (dir, "partitioner", NULL);
  file = g_build_filename (folder, "good.so", NULL);
  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  r = stk_registry_new (NULL, path);
  g_assert_cmpint (chmod (file, 0), ==, 0);
  fails (r, "partitioner/good", "cannot be read: Permission denied; make it readable for user id");
  g_assert_cmpint (chmod (folder, 0), ==, 0);
  fails (r, "partitioner/good", "/partitioner cannot be searched: Permission denied; make it readable for user id");
  g_assert_cmpuint (stk_module_list (list, path), ==, 1);
  must_say (list->str, "/partitioner: cannot be read; make it readable");
  g_assert_cmpint (chmod (folder, 0755), ==, 0);
  g_assert_cmpint (chmod (file, 0644), ==, 0);

  /* the folder of the search path itself; one that has the module comes after it */
  second = test_dir_new ();
  path[1] = second;
  copy (BAD "good.so", second, "partitioner", "good.so");
  stk_registry_free (r);
  r = stk_registry_new (NULL, path);
  g_assert_cmpint (chmod (dir, 0), ==, 0);
  fails (r, "partitioner/good", ": modules cannot be looked for in it: Permission denied; make it readable");
  g_string_truncate (list, 0);
  g_assert_cmpuint (stk_module_list (list, path), ==, 1);
  must_say (list->str, dir);
  must_say (list->str, ": modules cannot be looked for in it: Permission denied");
  g_assert_cmpint (chmod (dir, 0755), ==, 0);
  path[0] = second;
  path[1] = NULL;
  g_assert_cmpint (chmod (second, 0777), ==, 0);
  stk_registry_free (r);
  r = stk_registry_new (NULL, path);
  fails (r, "partitioner/good", ": can be written by everybody (mode 777); accepted are");
  stk_registry_free (r);
  test_dir_free (second);
  test_dir_free (dir);
  if (getuid () == 0) /* the leak checker works for root only if it began as root */
    g_assert_cmpint (seteuid (0), ==, 0);
}

static void
note (void *user, const StkKind *kind, const char *name, const char *file, bool shadowed)
{
  g_string_append_printf (user, "%s/%s%s ", kind->name, name, shadowed ? "*" : "");
}

static void
test_scan (void)
{
  char *one = test_dir_new (), *two = test_dir_new ();
  char *path[] = { one, two, NULL };
  g_autoptr (GString) seen = g_string_new (NULL);

  copy (BAD "good.so", one, "partitioner", "good.so");
  copy (BAD "good.so", two, "partitioner", "good.so");
  copy (BAD "good.so", two, "codec/my-own/.libs", "my-own.so");
  copy (BAD "good.so", two, "codec", "README");
  stk_module_scan (path, note, seen);
  g_assert_cmpstr (seen->str, ==, "partitioner/good partitioner/good* codec/my-own ");
  test_dir_free (one);
  test_dir_free (two);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autofree char *path = g_strconcat ("/loader/refusal/", refusals[i].file, NULL);
    g_test_add_data_func (path, &refusals[i], test_refusal);
  }
  g_test_add_func ("/loader/good", test_good);
  g_test_add_func ("/loader/not-elf", test_not_elf);
  g_test_add_func ("/loader/spec", test_spec);
  g_test_add_func ("/loader/search", test_search);
  g_test_add_func ("/loader/environment", test_environment);
  g_test_add_func ("/loader/root", test_root);
  g_test_add_func ("/loader/root-of-search", test_root_of_search);
  g_test_add_func ("/loader/unreadable", test_unreadable);
  g_test_add_func ("/loader/scan", test_scan);
  return g_test_run ();
}
