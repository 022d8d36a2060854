/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <elf.h>

bool
check_fail (Check *c, const char *fmt, ...)
{
  va_list ap;

  va_start (ap, fmt);
  g_vsnprintf (c->why, sizeof c->why, fmt, ap);
  va_end (ap);
  return false;
}

/* ---- statics */

/* What compilers and their run-time libraries put into every shared object. */
static bool
is_toolchain (const char *name)
{
  static const char *const prefixes[] = { "completed.",
                                          "__dso_handle",
                                          "__TMC_END__",
                                          "__asan",
                                          "__odr_asan",
                                          "__ubsan",
                                          "__tsan",
                                          "__gcov",
                                          "__llvm",
                                          "__prof",
                                          "_edata",
                                          "_end",
                                          "__bss_start",
                                          "__sanitizer",
                                          "__sancov",
                                          "_DYNAMIC",
                                          "_GLOBAL_OFFSET_TABLE_",
                                          ".L",
                                          "__frame_dummy",
                                          "__do_global" };

  for (size_t i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (name, prefixes[i]))
      return true;
  return false;
}

static bool
is_writable_section (const Elf64_Shdr *s, const char *name)
{
  return (s->sh_flags & SHF_WRITE) && (g_str_has_prefix (name, ".data") || g_str_has_prefix (name, ".bss"))
         && !g_str_has_prefix (name, ".data.rel.ro");
}

bool
check_no_statics (Check *c)
{
  g_autofree char *raw = NULL;
  gsize len;
  const Elf64_Ehdr *head;
  const Elf64_Shdr *sections;
  const char *names;

  if (c->file == NULL)
    return true;
  CHECK (g_file_get_contents (c->file, &raw, &len, NULL), "%s cannot be read", c->file);
  head = (const Elf64_Ehdr *)raw;
  CHECK (len > sizeof *head && memcmp (raw, ELFMAG, SELFMAG) == 0 && head->e_ident[EI_CLASS] == ELFCLASS64,
         "%s is no 64-bit ELF file", c->file);
  CHECK (head->e_shoff + (gsize)head->e_shnum * sizeof *sections <= len && head->e_shstrndx < head->e_shnum,
         "%s is cut off", c->file);
  sections = (const Elf64_Shdr *)(raw + head->e_shoff);
  names = raw + sections[head->e_shstrndx].sh_offset;
  for (int i = 0; i < head->e_shnum; i++) {
    const Elf64_Sym *symbols = (const Elf64_Sym *)(raw + sections[i].sh_offset);
    if (sections[i].sh_type != SHT_SYMTAB)
      continue;
    for (gsize k = 0; k < sections[i].sh_size / sizeof *symbols; k++) {
      const char *name = raw + sections[sections[i].sh_link].sh_offset + symbols[k].st_name;
      unsigned at = symbols[k].st_shndx;
      if (ELF64_ST_TYPE (symbols[k].st_info) != STT_OBJECT || at == SHN_UNDEF || at >= head->e_shnum
          || is_toolchain (name))
        continue;
      CHECK (!is_writable_section (&sections[at], names + sections[at].sh_name),
             "%s is a writable static: what a module remembers belongs into its instance's state", name);
    }
  }
  return true;
}

/* ---- as tests */

typedef struct Case
{
  const CheckRow *row;
  char *spec; /* KIND/NAME FILE */
  char *file;
} Case;

static void
case_free (gpointer p)
{
  Case *t = p;

  g_free (t->spec);
  g_free (t->file);
  g_free (t);
}

static bool
first_instance (void *user, StokerInstance *i)
{
  *(StokerInstance **)user = i;
  return false;
}

static void
run_case (gconstpointer p)
{
  const Case *t = p;
  Check c = { .host = test_host_new (), .file = t->file };
  StkRegistry *r = stk_registry_new (test_host_get (c.host), NULL);
  const StokerModule *m = NULL;
  StokerError err = { 0 };

  if (stk_registry_load (r, t->spec, &m, &err) != 0 || stk_registry_add_instance (r, m, "checked", NULL, &err) != 0
      || stk_registry_init (r, &err) != 0 || stk_registry_start (r, 0, &err) != 0)
    g_error ("%s", err.text);
  stk_registry_each (r, 0, first_instance, &c.self);
  g_assert_nonnull (c.self);
  g_test_message ("%s", t->row->text);
  if (!t->row->run (&c)) {
    g_test_message ("%s: %s", t->row->name, c.why);
    g_test_fail ();
  }
  stk_registry_free (r);
  test_host_free (c.host);
}

void
check_add_tests (const char *const *modules, const CheckRow *rows, size_t n_rows)
{
  for (; *modules; modules++) {
    const char *name = strchr (*modules, '/') + 1;
    for (size_t i = 0; i < n_rows; i++) {
      Case *t = g_new0 (Case, 1);
      g_autofree char *path = g_strdup_printf ("/conformance/%s/%s", *modules, rows[i].name);
      t->row = &rows[i];
      t->file = g_strdup_printf ("%s/modules/%s/.libs/%s.so", TEST_BUILDDIR, *modules, name);
      t->spec = g_strdup_printf ("%s %s", *modules, t->file);
      g_test_add_data_func_full (path, t, run_case, case_free);
    }
  }
}
