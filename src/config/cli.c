/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "config/cli.h"

#include "config/modules.h"
#include "config/sample.h"
#include "module/list.h"

static void
put_lines (GString *out, const StkReport *report)
{
  for (size_t i = 0; i < stk_report_warnings (report); i++)
    g_string_append_printf (out, "warning: %s\n", stk_report_warning_line (report, i));
  for (size_t i = 0; i < stk_report_errors (report); i++)
    g_string_append_printf (out, "error: %s\n", stk_report_error_line (report, i));
}

int
stk_cli_check_config (GString *out, StokerDisk *disk, const char *path, const char *const *assignments)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c = stk_broker_config_read (disk, path, assignments, NULL, report);
  int rc;

  (void)stk_config_check_modules (c, NULL, disk, STK_MODULES_CHECK, report);
  put_lines (out, report);
  rc = stk_report_errors (report) > 0;
  if (rc == 0)
    g_string_append_printf (out, "%s: the configuration is valid\n", path ? path : "no file");
  stk_broker_config_free (c);
  stk_report_free (report);
  return rc;
}

/* The configuration as far as it can be read: what is wrong is said, and then it counts as empty. */
static StkBrokerConfig *
lenient (GString *out, StokerDisk *disk, const char *path, const char *const *assignments)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c = stk_broker_config_load (disk, path, assignments, NULL, report);

  if (c == NULL)
    put_lines (out, report);
  stk_report_free (report);
  return c;
}

int
stk_cli_list_modules (GString *out, StokerDisk *disk, const char *path, const char *const *assignments)
{
  StkBrokerConfig *c = lenient (out, disk, path, assignments);
  unsigned refused = stk_module_list (out, c ? c->module_path : NULL);

  stk_broker_config_free (c);
  return refused > 0;
}

typedef struct Found
{
  const StokerModule *module;
  const char *file;
} Found;

static void
note_file (void *user, const StokerModule *m, const char *file)
{
  Found *f = user;

  if (m == f->module)
    f->file = file;
}

static int
describe_module (GString *out, const char *spec, const char *const *module_path)
{
  StkRegistry *r = stk_registry_new (NULL, module_path);
  Found found = { 0 };
  StokerError err;
  int rc = stk_registry_load (r, spec, &found.module, &err);

  if (rc == 0) {
    stk_registry_each_module (r, note_file, &found);
    stk_describe_module (out, found.module, found.file);
  } else {
    g_string_append_printf (out, "error: %s\n", err.text);
  }
  stk_registry_free (r);
  return rc < 0;
}

int
stk_cli_describe (GString *out, StokerDisk *disk, const char *path, const char *const *assignments, const char *what)
{
  StkBrokerConfig *c;
  int rc;

  if (strchr (what, '/') == NULL) {
    if (stk_describe_setting (out, what))
      return 0;
    g_string_append_printf (out, "error: %s: no such setting; write KIND/NAME for a module, see --list-modules\n",
                            what);
    return 1;
  }
  c = lenient (out, disk, path, assignments);
  rc = describe_module (out, what, c ? c->module_path : NULL);
  stk_broker_config_free (c);
  return rc;
}

int
stk_cli_version (GString *out)
{
  g_string_append_printf (out, "stokerd %s\nmodule API %u.%u, build %s\nmodules in %s\nGLib %u.%u.%u\n", STOKER_VERSION,
                          STOKER_API_CURRENT >> 16, STOKER_API_CURRENT & 0xffffu, STOKER_BUILD_ID, STOKER_MODULEDIR,
                          glib_major_version, glib_minor_version, glib_micro_version);
  return 0;
}

int
stk_cli_print_sample_conf (GString *out)
{
  stk_sample_broker (out);
  return 0;
}
