/* SPDX-License-Identifier: Apache-2.0 */
#include "ensemble.h"

#include "test-host.h"

#include <arpa/inet.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define JAR "/usr/share/java/zookeeper.jar"
#define LIMIT_US (60 * G_USEC_PER_SEC)

typedef struct Server
{
  int port, peer, election;
  GPid pid; /* 0: it does not run */
  char *address, *dir, *conf;
} Server;

struct Ensemble
{
  char *dir, *connect;
  int n;
  Server servers[3];
};

const char *
ensemble_missing (void)
{
  g_autofree char *java = g_find_program_in_path ("java");

  if (java == NULL)
    return "there is no java";
  return g_file_test (JAR, G_FILE_TEST_EXISTS) ? NULL : "there is no ZooKeeper: install Debian's package zookeeper";
}

/* Of a socket that is bound all the time until the server is started: nobody else gets it. */
static int
free_port (void)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof a;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&a, len), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *)&a, &len), ==, 0);
  close (fd);
  return ntohs (a.sin_port);
}

static void
write_conf (const Ensemble *e, const Server *s)
{
  GString *t = g_string_new (NULL);

  g_string_append_printf (t,
                          "dataDir=%s\nclientPort=%d\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\ntickTime=500\n"
                          "minSessionTimeout=1000\nmaxSessionTimeout=60000\ninitLimit=20\nsyncLimit=10\nmaxClientCnxns=0\n"
                          "4lw.commands.whitelist=srvr\n",
                          s->dir, s->port);
  for (int i = 0; e->n > 1 && i < e->n; i++)
    g_string_append_printf (t, "server.%d=127.0.0.1:%d:%d\n", i + 1, e->servers[i].peer, e->servers[i].election);
  g_assert_true (g_file_set_contents (s->conf, t->str, -1, NULL));
  g_string_free (t, TRUE);
}

/* What `srvr` answers; NULL: nothing. */
static char *
ask (const Server *s)
{
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK), .sin_port = htons ((uint16_t)s->port) };
  struct timeval limit = { 1, 0 };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char text[4096];
  size_t len = 0;
  ssize_t n = 0;

  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect (fd, (struct sockaddr *)&a, sizeof a) == 0 && write (fd, "srvr", 4) == 4)
    while (len < sizeof text - 1 && (n = read (fd, text + len, sizeof text - 1 - len)) > 0)
      len += (size_t)n;
  close (fd);
  text[len] = '\0';
  return len ? g_strdup (text) : NULL;
}

/* `ruok` is answered before requests are; a mode is there when they are. */
static void
await (const Server *s)
{
  gint64 until = g_get_monotonic_time () + LIMIT_US;

  for (;;) {
    g_autofree char *text = ask (s);
    if (text && strstr (text, "Mode: "))
      return;
    if (g_get_monotonic_time () > until)
      g_error ("ZooKeeper on port %d does not serve; see %s/log", s->port, s->dir);
    g_usleep (20000);
  }
}

static void
in_child (void *user)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static void
spawn (Server *s)
{
  g_autofree char *log = g_build_filename (s->dir, "log", NULL);
  g_autofree char *command = g_strdup_printf ("exec java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp " JAR ":/usr/share/java/slf4j-simple.jar"
                                              " org.apache.zookeeper.server.quorum.QuorumPeerMain %s >>%s 2>&1",
                                              s->conf, log);
  const char *argv[] = { "/bin/sh", "-c", command, NULL };
  g_autoptr (GError) err = NULL;

  if (!g_spawn_async (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, in_child, NULL, &s->pid, &err))
    g_error ("%s", err->message);
}

static void
init_server (Ensemble *e, int i)
{
  Server *s = &e->servers[i];
  g_autofree char *id = g_strdup_printf ("%d\n", i + 1), *name = g_strdup_printf ("%d", i), *id_path = NULL;

  s->port = free_port ();
  s->peer = free_port ();
  s->election = free_port ();
  s->address = g_strdup_printf ("127.0.0.1:%d", s->port);
  s->dir = g_build_filename (e->dir, name, NULL);
  s->conf = g_build_filename (s->dir, "zoo.cfg", NULL);
  g_assert_cmpint (g_mkdir (s->dir, 0700), ==, 0);
  id_path = g_build_filename (s->dir, "myid", NULL);
  g_assert_true (g_file_set_contents (id_path, id, -1, NULL));
}

Ensemble *
ensemble_new (int n)
{
  Ensemble *e = g_new0 (Ensemble, 1);
  GString *all = g_string_new (NULL);

  e->dir = test_dir_new ();
  e->n = n;
  for (int i = 0; i < n; i++) {
    init_server (e, i);
    g_string_append_printf (all, "%s%s", i ? "," : "", e->servers[i].address);
  }
  e->connect = g_string_free (all, FALSE);
  for (int i = 0; i < n; i++) {
    write_conf (e, &e->servers[i]);
    spawn (&e->servers[i]);
  }
  for (int i = 0; i < n; i++)
    await (&e->servers[i]);
  return e;
}

void
ensemble_free (Ensemble *e)
{
  for (int i = 0; i < e->n; i++) {
    ensemble_kill (e, i);
    g_free (e->servers[i].address);
    g_free (e->servers[i].dir);
    g_free (e->servers[i].conf);
  }
  test_dir_free (e->dir);
  g_free (e->connect);
  g_free (e);
}

const char *
ensemble_connect (const Ensemble *e)
{
  return e->connect;
}

const char *
ensemble_server (const Ensemble *e, int i)
{
  return e->servers[i].address;
}

void
ensemble_kill (Ensemble *e, int i)
{
  Server *s = &e->servers[i];

  if (s->pid == 0)
    return;
  kill (s->pid, SIGKILL);
  waitpid (s->pid, NULL, 0);
  g_spawn_close_pid (s->pid);
  s->pid = 0;
}

void
ensemble_start (Ensemble *e, int i)
{
  spawn (&e->servers[i]);
  await (&e->servers[i]);
}

void
ensemble_pause (Ensemble *e, int i)
{
  kill (e->servers[i].pid, SIGSTOP);
}

void
ensemble_continue (Ensemble *e, int i)
{
  kill (e->servers[i].pid, SIGCONT);
}

int
ensemble_leader (Ensemble *e)
{
  for (int i = 0; i < e->n; i++) {
    g_autofree char *text = e->servers[i].pid ? ask (&e->servers[i]) : NULL;
    if (text && (strstr (text, "Mode: leader") || strstr (text, "Mode: standalone")))
      return i;
  }
  return -1;
}
