/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract on a real ZooKeeper: one server, with and without a chroot, and an ensemble of three.
 */
#include "ensemble.h"
#include "suite.h"

#include <glib.h>

extern const StokerModule stoker_module_coordinator_zookeeper;

typedef struct Store
{
  Ensemble *ensemble;
  const char *chroot;
} Store;

static StokerInstance *
start (void *user, TestHost *h)
{
  const Store *s = user;
  g_autofree char *conf = g_strdup_printf ("connect = %s%s\nsession.timeout = 6s\n", ensemble_connect (s->ensemble), s->chroot);

  return test_host_instance (h, &stoker_module_coordinator_zookeeper, conf);
}

static void
crash (void *user, TestHost *h, StokerInstance *i)
{
  test_host_free (h);
}

int
main (int argc, char **argv)
{
  Store one = { NULL, "" }, rooted = { NULL, "/some/where" }, three = { NULL, "" };
  CoordFactory factories[] = { { "zookeeper", start, crash, false, &one },
                               { "zookeeper-chroot", start, crash, false, &rooted },
                               { "zookeeper-ensemble", start, crash, false, &three } };
  int rc;

  g_test_init (&argc, &argv, NULL);
  if (ensemble_missing ()) {
    g_print ("1..0 # SKIP %s\n", ensemble_missing ());
    return 0;
  }
  one.ensemble = rooted.ensemble = ensemble_new (1);
  three.ensemble = ensemble_new (3);
  for (gsize i = 0; i < G_N_ELEMENTS (factories); i++)
    coordinator_conformance (&factories[i]);
  rc = g_test_run ();
  ensemble_free (one.ensemble);
  ensemble_free (three.ensemble);
  return rc;
}
