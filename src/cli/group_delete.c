/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/group.h"
#include "cli/out.h"

#include <stdio.h>

CLIENT_API (delete_groups, DeleteGroups, 42, 2);

/* Each at its own coordinator: one that is away does not keep the others. NULL: done; g_free. */
static char *
delete_one (Cluster *cluster, const char *group)
{
  StokerStr name = stoker_str (group);
  KmDeleteGroupsRequest in = { &name, 1 };
  KmDeleteGroupsResponse out;
  StokerError err;
  Client *cl = cluster_coordinator (cluster, group, &err);

  if (cl == NULL || client_call (cl, &client_api_delete_groups, &in, &out, &err))
    return g_strdup (err.text);
  if (out.n_results != 1)
    return g_strdup ("no answer");
  return out.results[0].error_code ? cli_group_trouble (group, out.results[0].error_code) : NULL;
}

static int
run (const CliCommand *c, int argc, char **argv)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  CliCommon common = { .no_settings = true };
  int rc = cli_parse (c, &common, NULL, 0, argc, argv, names);
  Cluster *cluster;
  StokerError err;
  CliJson j = { 0 };

  if (rc != CLI_GO_ON)
    return rc;
  if (names->len == 0)
    return cli_usage (c, "which group?");
  cluster = cluster_open (common.bootstrap, (int)common.timeout_ms, &err);
  if (cluster == NULL)
    return cli_failed ("%s", err.text);
  rc = CLI_OK;
  cli_json_begin (&j, NULL, '[');
  for (guint i = 0; i < names->len; i++) {
    const char *name = names->pdata[i];
    g_autofree char *why = delete_one (cluster, name);
    cli_json_begin (&j, NULL, '{');
    cli_json_text (&j, "group", name);
    cli_json_bool (&j, "deleted", why == NULL);
    if (why) {
      cli_json_text (&j, "error", why);
      rc = cli_failed ("group %s was not deleted: %s", name, why);
    } else if (!common.json) {
      printf ("%s deleted\n", name);
    }
    cli_json_end (&j, '}');
  }
  cli_json_end (&j, ']');
  if (common.json)
    cli_json_print (&j);
  else
    g_string_free (j.out, TRUE);
  cluster_free (cluster);
  return rc;
}

const CliCommand cli_group_delete = {
  "group",
  "delete",
  "GROUP..",
  "Delete groups without members, with all they committed.",
  "  stoker group delete billing\n"
  "  stoker group delete test-1 test-2 --json\n",
  run,
};
