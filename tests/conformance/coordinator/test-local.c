/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include <glib.h>

extern const StokerModule stoker_module_coordinator_local;

static StokerInstance *
start (void *user, TestHost *h)
{
  g_autofree char *conf = g_strdup_printf ("directory = %s\n", (char *)user);

  return test_host_instance (h, &stoker_module_coordinator_local, conf);
}

static StokerInstance *
start_memory (void *user, TestHost *h)
{
  return test_host_instance (h, &stoker_module_coordinator_local, "memory = true\n");
}

static void
crash (void *user, TestHost *h, StokerInstance *i)
{
  test_host_free (h);
}

int
main (int argc, char **argv)
{
  CoordFactory f = { "local", start, crash, false, NULL }, memory = { "local-memory", start_memory, crash, true, NULL };
  char *dir;
  int rc;

  g_test_init (&argc, &argv, NULL);
  f.user = dir = test_dir_new ();
  coordinator_conformance (&f);
  coordinator_conformance (&memory);
  rc = g_test_run ();
  test_dir_free (dir);
  return rc;
}
