/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker is a process of its own, time and network are real. Its disk is the simulated one that its record is
 * replayed on.
 */
#include "config.h"

#include "shim.h"

#include "config/broker_config.h"
#include "replay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Node
{
  char *dir;  /* of this life, or of this cut */
  char *root; /* what is watched */
  char *record, *log;
  Replay *replay;
  GPid pid;  /* 0: none */
  bool ours; /* it is not the one of a parent */
  uint16_t port;
  uint64_t aim; /* the cut is between what was replayed and here */
  unsigned roots;
} Node;

typedef struct Peer
{
  int fd;
  GByteArray *in;
  bool gone;
} Peer;

/* ---- time */

int64_t
now_us (Life *l)
{
  return g_get_monotonic_time ();
}

int64_t
now_ms (Life *l)
{
  return g_get_real_time () / 1000;
}

static void
look_after (Life *l)
{
  Node *n = l->node;
  int status;

  if (n->ours && n->pid && waitpid (n->pid, &status, WNOHANG) == n->pid) {
    n->pid = 0;
    broken (l, "stokerd ended by itself with %d: see %s", status, n->log);
  }
}

void
pass_us (Life *l, int64_t us)
{
  look_after (l);
  g_usleep ((gulong)MIN (us, 50000)); /* who waits longer asks again */
}

void
pass_steps (Life *l, int64_t n)
{
  pass_us (l, n * 30);
}

/* ---- network */

void *
peer_open (Life *l)
{
  const Node *n = l->node;
  struct sockaddr_in to
      = { .sin_family = AF_INET, .sin_port = htons (n->port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  Peer *p = g_new0 (Peer, 1);

  p->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  p->in = g_byte_array_new ();
  if (connect (p->fd, (struct sockaddr *)&to, sizeof to) < 0) {
    peer_close (l, p);
    return NULL;
  }
  setsockopt (p->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof (int));
  return p;
}

static void
drain (Peer *p)
{
  uint8_t buf[65536];
  ssize_t n = 0;

  while (!p->gone && (n = recv (p->fd, buf, sizeof buf, MSG_DONTWAIT)) > 0)
    g_byte_array_append (p->in, buf, (guint)n);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    p->gone = true;
}

bool
peer_send (Life *l, void *peer, const void *data, size_t len)
{
  Peer *p = peer;

  while (len > 0 && !p->gone) {
    ssize_t n = send (p->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      data = (const char *)data + n;
      len -= (size_t)n;
    } else if (n < 0 && errno == EAGAIN) { /* the other side may wait for us in turn */
      struct pollfd w = { .fd = p->fd, .events = POLLIN | POLLOUT };
      (void)poll (&w, 1, 1000);
      drain (p);
      look_after (l);
    } else if (n < 0 && errno != EINTR) {
      p->gone = true;
    }
  }
  return len == 0;
}

ssize_t
peer_poll (Life *l, void *peer, void *to, size_t len, bool all)
{
  Peer *p = peer;
  size_t n;

  if (p->in->len == 0)
    drain (p);
  n = MIN (len, p->in->len);
  if (n == 0)
    return p->gone ? -1 : 0;
  memcpy (to, p->in->data, n);
  g_byte_array_remove_range (p->in, 0, (guint)n);
  return (ssize_t)n;
}

void
peer_close (Life *l, void *peer)
{
  Peer *p = peer;

  close (p->fd); /* a parent's connection stays open */
  g_byte_array_unref (p->in);
  g_free (p);
}

/* ---- the process */

static uint16_t
free_port (void)
{
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof at;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (bind (fd, (struct sockaddr *)&at, sizeof at) < 0 || getsockname (fd, (struct sockaddr *)&at, &len) < 0)
    g_error ("no port: %s", g_strerror (errno));
  close (fd);
  return ntohs (at.sin_port);
}

static char *
write_config (Life *l)
{
  Node *n = l->node;
  char *path = g_build_filename (n->dir, "stoker.conf", NULL);
  g_autofree char *text = g_strdup_printf ("broker.id = 1\n"
                                           "listeners = PLAINTEXT://127.0.0.1:%u\n"
                                           "log.dirs = %s/data%s%s%s\n"
                                           "auto.create.topics.enable = false\n"
                                           "num.network.threads = 2\n"
                                           "network.thread.connections = 1\n"
                                           "group.initial.rebalance.delay.ms = 0\n"
                                           "log.retention.check.interval.ms = 300\n"
                                           "log.cleaner.backoff.ms = 100\n"
                                           "log.cleaner.dedupe.buffer.size = 1048576\n"
                                           "log.segment.delete.delay.ms = 200\n"
                                           "log.journal.bytes = 33554432\n"
                                           "log.flush.interval.ms = 500\n"
                                           "replica.high.watermark.checkpoint.interval.ms = 300\n"
                                           "%s",
                                           n->port, n->root, l->two_dirs ? "," : "", l->two_dirs ? n->root : "",
                                           l->two_dirs ? "/more" : "", l->settings);
  g_autoptr (GError) err = NULL;

  if (!g_file_set_contents (path, text, -1, &err))
    g_error ("%s", err->message);
  return path;
}

static void
become_broker (const Node *n, const char *config)
{
  int log = open (n->log, O_WRONLY | O_CREAT | O_APPEND, 0640);
  const char *other = g_getenv ("STOKER_SHIM_BROKER"); /* PORT FOLDER */
  g_autofree char *port = g_strdup_printf ("%u", n->port);

  prctl (PR_SET_PDEATHSIG, SIGKILL); /* nothing of us outlives us */
  alarm (0);
  dup2 (log, 1);
  dup2 (log, 2);
  g_setenv ("SHIM_ROOT", n->root, TRUE);
  g_setenv ("SHIM_RECORD", n->record, TRUE);
  g_setenv ("LD_PRELOAD", TEST_BUILDDIR "/tests/fault/shim/.libs/shim.so", TRUE);
  g_setenv ("LD_LIBRARY_PATH", TEST_BUILDDIR "/.libs", TRUE);
  g_setenv ("STOKER_MODULE_PATH", TEST_BUILDDIR "/modules", FALSE);
  if (other)
    execl (other, other, port, n->root, NULL);
  else
    execl (TEST_BUILDDIR "/.libs/stokerd", "stokerd", config, NULL);
  fprintf (stderr, "%s: %s\n", other ? other : "stokerd", g_strerror (errno));
  _exit (127);
}

static void
spawn (Life *l)
{
  Node *n = l->node;
  g_autofree char *config = NULL;

  n->port = free_port ();
  n->ours = true;
  config = write_config (l);
  n->pid = fork ();
  if (n->pid == 0)
    become_broker (n, config);
  g_assert_cmpint (n->pid, >, 0);
}

static void
kill_it (Node *n)
{
  if (n->ours && n->pid) {
    kill (n->pid, SIGKILL);
    waitpid (n->pid, NULL, 0);
  }
  n->pid = 0;
}

/* True: it listens. False: it has ended. */
static bool
comes_up (Life *l)
{
  Node *n = l->node;
  int64_t end = now_us (l) + 60000000;
  int status;

  for (; now_us (l) < end; g_usleep (5000)) {
    void *p = peer_open (l);
    if (p) {
      peer_close (l, p);
      return true;
    }
    if (waitpid (n->pid, &status, WNOHANG) == n->pid) {
      n->pid = 0;
      return false;
    }
  }
  broken (l, "it does not listen after a minute: see %s", n->log);
}

bool
node_start (Life *l)
{
  Node *n = l->node;

  spawn (l);
  if (!comes_up (l)) {
    l->err = (StokerError){ 0 };
    g_snprintf (l->err.text, sizeof l->err.text, "see %s", n->log);
    return false;
  }
  links_open (l);
  return true;
}

void
node_start_in_vain (Life *l)
{
  Node *n = l->node;

  spawn (l);
  g_usleep ((gulong)dice (l, 0, dice (l, 1, 80000)));
  n->aim = replay_end (n->replay);
  node_cut (l);
}

void
node_stop (Life *l)
{
  Node *n = l->node;
  int status = -1;

  kill (n->pid, SIGTERM);
  for (int i = 0; waitpid (n->pid, &status, WNOHANG) == 0; i++) {
    if (i > 6000)
      broken (l, "it does not stop within a minute: see %s", n->log);
    g_usleep (10000);
  }
  n->pid = 0;
  links_close (l);
  if (status != 0 && WEXITSTATUS (status) != 128 + SIGTERM) /* which is how a JVM ends well */
    broken (l, "a stop ends with %d: see %s", status, n->log);
}

char *
node_dir (Life *l, int which)
{
  return g_build_filename (((Node *)l->node)->root, which ? "more" : "data", NULL);
}

void
node_gone (Life *l)
{
  kill_it (l->node);
}

const char *
node_log (Life *l)
{
  return ((Node *)l->node)->log;
}

/* ---- its disk */

/* A folder to watch, which is not there yet, and a new record. */
static void
new_root (Node *n)
{
  g_free (n->root);
  g_free (n->record);
  n->root = g_strdup_printf ("%s/disk-%u", n->dir, n->roots);
  n->record = g_strdup_printf ("%s/record-%u", n->dir, n->roots);
  n->roots++;
}

static int
on_call (void *user, StkSimDiskCall call, const char *path)
{
  Life *l = user;

  return l->meddle ? l->meddle (l, call, path) : 0;
}

static void
host_codecs (Life *l)
{
  StkBrokerConfig *config = stk_broker_config_for_test ("broker.id = 1\nlog.dirs = /nowhere\n", "/");
  StokerError err = { 0 };

  l->broker = stk_broker_new (stk_sim_machine (l->sim), config, &err);
  g_assert_cmpstr (err.text, ==, "");
  l->codecs = stk_codec_contexts_new (l->broker->host);
}

void
node_open (Life *l, const char *dir)
{
  Node *n = g_new0 (Node, 1);

  l->node = n;
  n->dir = g_strdup (dir);
  n->log = g_build_filename (dir, "log", NULL);
  new_root (n);
  if (g_mkdir (n->dir, 0750) < 0 || g_mkdir (n->root, 0750) < 0)
    g_error ("%s: %s", n->dir, g_strerror (errno));
  n->replay = replay_new (l->machine, n->record);
  stk_sim_watch_disk (l->machine, on_call, l);
  host_codecs (l);
}

static void
remove_tree (const char *dir)
{
  const char *argv[] = { "rm", "-rf", "--", dir, NULL };

  (void)g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

void
node_close (Life *l, bool keep)
{
  Node *n = l->node;

  kill_it (n);
  replay_free (n->replay);
  if (!keep)
    remove_tree (n->dir);
  g_free (n->dir);
  g_free (n->root);
  g_free (n->record);
  g_free (n->log);
  g_free (n);
}

static void
replay_all (Node *n)
{
  replay_step (n->replay, replay_count (n->replay, replay_end (n->replay)));
}

char *
node_compare (Life *l)
{
  Node *n = l->node;

  replay_all (n);
  return replay_compare (l->machine, n->root);
}

void
node_aim (Life *l)
{
  Node *n = l->node;

  links_poll (l, false);
  replay_all (n);
  if (dice (l, 0, 3))
    g_usleep ((gulong)dice (l, 0, dice (l, 1, 12000)));
  n->aim = replay_end (n->replay);
}

void
node_leave (Life *l, const char *name)
{
  Node *n = l->node;

  n->ours = false;
  n->pid = 0;
  n->dir = g_build_filename (n->dir, name, NULL);
  n->log = g_build_filename (n->dir, "log", NULL);
  if (g_mkdir (n->dir, 0750) < 0)
    g_error ("%s: %s", n->dir, g_strerror (errno));
}

void
node_cut (Life *l)
{
  Node *n = l->node;
  uint64_t many, some;

  kill_it (n);
  many = replay_count (n->replay, n->aim);
  some = (uint64_t)dice (l, 0, (int64_t)many + 1);
  replay_step (n->replay, some);
  tale (l, "the power is cut at %" PRIu64 " of %s", replay_at (n->replay), n->record);
  l->depth++;
  for (int64_t i = dice (l, 0, 1000); i > 0; i--) /* another lot than the last cut's */
    stk_sim_run (l->sim, 1);
  stk_sim_halt (l->machine);
  stk_sim_cut_power (l->machine);
  l->machine = stk_sim_reboot (l->machine);
  l->dark = true;
  links_close (l);
  l->dark = false;
  replay_free (n->replay);
  new_root (n);
  replay_write_out (l->machine, n->root);
  n->replay = replay_new (l->machine, n->record);
}
