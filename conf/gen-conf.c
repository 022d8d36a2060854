/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints the sample configuration files from the option tables: gen-conf: stoker.conf; gen-conf KIND/NAME: the module's
 * file in conf.d; gen-conf --man: stoker.conf(5). `make update-conf` writes them, and a test holds the ones that are
 * checked in to it. */
#include "man.h"

#include "config/sample.h"
#include "module/registry.h"

#include <stdio.h>

static int
print_module (GString *out, const char *spec)
{
  StkRegistry *r = stk_registry_new (NULL, NULL);
  const StokerModule *m;
  StokerError err;
  int rc = stk_registry_load (r, spec, &m, &err);

  if (rc == 0)
    stk_sample_module (out, m);
  else
    fprintf (stderr, "gen-conf: %s\n", err.text);
  stk_registry_free (r);
  return rc < 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (GString) out = g_string_new (NULL);
  int rc = 0;

  if (argc > 1 && strcmp (argv[1], "--man") == 0)
    man_page (out);
  else if (argc > 1)
    rc = print_module (out, argv[1]);
  else
    stk_sample_broker (out);
  (void)fwrite (out->str, 1, out->len, stdout);
  return rc;
}
