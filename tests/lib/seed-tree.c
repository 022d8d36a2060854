/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts nodes into the tree of the embedded coordinator, through the module's own interface: "path<TAB>data" lines on standard input,
 * missing parents are made.   seed-tree DIRECTORY < lines      (DIRECTORY: where coordinator.db is to lie)
 */
#include "test-host.h"

#include <stoker/coordinator.h>

#include <glib.h>
#include <stdio.h>

extern const StokerModule stoker_module_coordinator_local;

typedef struct Seed
{
  TestHost *host;
  StokerInstance *local;
  const StokerCoordinatorOps *ops;
  bool done;
  int code;
} Seed;

static void
opened (void *user, StokerCoordState state, int64_t session_id)
{
  ((Seed *)user)->done = state == STOKER_COORD_CONNECTED;
}

static void
created (void *user, const StokerCoordReply *reply)
{
  Seed *s = user;

  s->code = reply->code;
  s->done = true;
}

static void
closed (void *user)
{
  ((Seed *)user)->done = true;
}

static int
create (Seed *s, const char *path, const char *data)
{
  s->done = false;
  s->ops->create (s->local, path, data ? (StokerBytes){ (uint8_t *)(uintptr_t)data, strlen (data) } : STOKER_BYTES_NULL, 0, created, s);
  test_host_wait (s->host, &s->done);
  return s->code;
}

static void
create_with_parents (Seed *s, const char *path, const char *data)
{
  for (const char *slash = strchr (path + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
    g_autofree char *parent = g_strndup (path, (gsize)(slash - path));
    int code = create (s, parent, NULL);
    if (code != STOKER_COORD_OK && code != STOKER_COORD_NODE_EXISTS)
      g_error ("%s: %s", parent, stoker_coord_code_name (code));
  }
  if (create (s, path, data) != STOKER_COORD_OK)
    g_error ("%s: %s", path, stoker_coord_code_name (s->code));
}

int
main (int argc, char **argv)
{
  Seed s = { .host = test_host_new () };
  StokerCoordSession session = { opened, &s };
  StokerError err = { 0 };
  char line[65536];

  if (argc != 2) {
    fprintf (stderr, "usage: seed-tree DIRECTORY < lines\n");
    return 2;
  }
  {
    g_autofree char *conf = g_strdup_printf ("directory = %s\n", argv[1]);
    s.local = test_host_instance (s.host, &stoker_module_coordinator_local, conf);
  }
  s.ops = s.local->module->ops;
  if (s.ops->open (s.local, &session, &err) < 0)
    g_error ("%s", err.text);
  test_host_wait (s.host, &s.done);
  while (fgets (line, sizeof line, stdin)) {
    char *tab = strchr (g_strchomp (line), '\t');
    if (tab == NULL)
      g_error ("no tab in: %s", line);
    *tab = '\0';
    create_with_parents (&s, line, tab + 1);
  }
  s.done = false;
  s.ops->close (s.local, closed, &s);
  test_host_wait (s.host, &s.done);
  test_host_free (s.host);
  return 0;
}
