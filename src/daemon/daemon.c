/* SPDX-License-Identifier: Apache-2.0
 *
 * stokerd: one broker in the real world. Reads the command line, makes the broker, lets its control actor run on this
 * thread, stops on SIGTERM and SIGINT.
 *
 * Exit codes: 0 a clean stop (or what was asked for was printed), 1 it could not start or stop cleanly, 2 the command line is wrong.
 */
#include "broker/broker.h"
#include "config/broker_config.h"
#include "config/cli.h"
#include "config/modules.h"
#include "control/log.h"
#include "control/metrics.h"
#include "daemon/daemon.h"

#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Args
{
  const char *config;
  GPtrArray *assignments;
  char action; /* 'r' run, 'c' check, 'l' list, 'd' describe, 's' sample, 'v' version */
  const char *describe;
} Args;

static const char usage[] =
    "usage: stokerd [CONFIG] [-o KEY=VALUE]..\n"
    "       stokerd --check-config [CONFIG] | --list-modules [CONFIG] | --describe KIND/NAME | --print-sample-conf | --version\n"
    "\n"
    "Runs one broker. Without CONFIG: one node on 127.0.0.1:9092, data in ./stoker-data.\n"
    "\n"
    "  -o KEY=VALUE          one setting, over the file's\n"
    "  --check-config        say everything that is wrong with the configuration and exit\n"
    "  --list-modules        what could be loaded from where\n"
    "  --describe KIND/NAME  a module's options\n"
    "  --print-sample-conf   every setting with its default, as a commented file\n"
    "  --version\n"
    "\n"
    "Signals: TERM and INT stop it cleanly, HUP reads the configuration again, USR1 writes the metrics to the log.\n"
    "\n"
    "  stokerd /etc/stoker.conf\n"
    "  stokerd -o listeners=PLAINTEXT://127.0.0.1:19092 -o log.dirs=/tmp/stoker\n";

static int
wrong_usage (const char *what, const char *arg)
{
  fprintf (stderr, "stokerd: %s%s\n%s", what, arg, usage);
  return 2;
}

static const char *
next_arg (int argc, char **argv, int *i)
{
  return *i + 1 < argc ? argv[++*i] : NULL;
}

static int
parse_option (Args *a, int argc, char **argv, int *i)
{
  const char *s = argv[*i];

  if (strcmp (s, "-o") == 0) {
    const char *v = next_arg (argc, argv, i);
    if (v == NULL || strchr (v, '=') == NULL)
      return wrong_usage ("-o needs KEY=VALUE", "");
    g_ptr_array_add (a->assignments, (void *)v);
  } else if (strcmp (s, "--check-config") == 0) {
    a->action = 'c';
  } else if (strcmp (s, "--list-modules") == 0) {
    a->action = 'l';
  } else if (strcmp (s, "--describe") == 0) {
    a->action = 'd';
    if ((a->describe = next_arg (argc, argv, i)) == NULL)
      return wrong_usage ("--describe needs KIND/NAME", "");
  } else if (strcmp (s, "--print-sample-conf") == 0) {
    a->action = 's';
  } else if (strcmp (s, "--version") == 0) {
    a->action = 'v';
  } else if (strcmp (s, "--help") == 0 || strcmp (s, "-h") == 0) {
    a->action = 'h';
  } else {
    return wrong_usage ("unknown option ", s);
  }
  return 0;
}

static int
parse_args (Args *a, int argc, char **argv)
{
  a->action = 'r';
  for (int i = 1; i < argc; i++) {
    int rc = 0;
    if (argv[i][0] == '-')
      rc = parse_option (a, argc, argv, &i);
    else if (a->config)
      rc = wrong_usage ("more than one configuration file: ", argv[i]);
    else
      a->config = argv[i];
    if (rc)
      return rc;
  }
  g_ptr_array_add (a->assignments, NULL);
  return 0;
}

/* ---- what only prints */

static int
print_only (const Args *a, StkWorld *world)
{
  const char *const *assignments = (const char *const *)a->assignments->pdata;
  StokerDisk *disk = stk_world_disk (world);
  GString *out = g_string_new (NULL);
  int rc = 0;

  switch (a->action) {
  case 'c':
    rc = stk_cli_check_config (out, disk, a->config, assignments);
    break;
  case 'l':
    rc = stk_cli_list_modules (out, disk, a->config, assignments);
    break;
  case 'd':
    rc = stk_cli_describe (out, disk, a->config, assignments, a->describe);
    break;
  case 's':
    rc = stk_cli_print_sample_conf (out);
    break;
  case 'v':
    rc = stk_cli_version (out);
    break;
  default:
    g_string_append (out, usage);
  }
  fputs (out->str, rc ? stderr : stdout);
  g_string_free (out, TRUE);
  return rc;
}

/* ---- running */

typedef struct Daemon
{
  StkWorld *world;
  StokerBroker *broker;
  const Args *args;
  bool stopping;
  int status;
} Daemon;

static void
stopped (void *user)
{
  Daemon *d = user;

  stk_actor_quit (d->broker->control);
}

static void
on_stop (void *user, int signum)
{
  Daemon *d = user;

  if (d->stopping)
    return;
  d->stopping = true;
  stk_broker_stop (d->broker, stopped, d);
}

static void
on_fatal (void *user)
{
  Daemon *d = user;

  d->status = 1;
  on_stop (d, SIGTERM);
}

static void
on_reload (void *user, int signum)
{
  Daemon *d = user;

  stk_broker_reload (d->broker, d->args->config, (const char *const *)d->args->assignments->pdata);
}

static void
on_metrics (void *user, int signum)
{
  Daemon *d = user;

  stk_metrics_dump (d->broker->metrics, d->broker->log);
}

static void
started (void *user, const StokerError *err)
{
  Daemon *d = user;

  if (err == NULL)
    return;
  stk_log (d->broker->log, STOKER_LOG_ERROR, "control", "start.failed", "cannot start: %s", err->text);
  d->status = 1;
  stk_actor_quit (d->broker->control);
}

static StkBrokerConfig *
read_config (const Args *a, StokerDisk *disk)
{
  StkReport *report = stk_report_new ();
  StkBrokerConfig *c = stk_broker_config_read (disk, a->config, (const char *const *)a->assignments->pdata, NULL, report);

  /* Only to say all that is wrong at once: what is right so far is loaded and checked where it is used, in the broker. */
  if (stk_report_errors (report) > 0) {
    (void)stk_config_check_modules (c, NULL, disk, STK_MODULES_START, report);
    stk_broker_config_free (c);
    c = NULL;
  }
  for (size_t i = 0; i < stk_report_warnings (report); i++)
    fprintf (stderr, "stokerd: warning: %s\n", stk_report_warning_line (report, i));
  for (size_t i = 0; i < stk_report_errors (report); i++)
    fprintf (stderr, "stokerd: error: %s\n", stk_report_error_line (report, i));
  stk_report_free (report);
  return c;
}

static int
run (const Args *a, StkWorld *world)
{
  Daemon d = { .world = world, .args = a };
  StkBrokerConfig *config = read_config (a, stk_world_disk (world));
  StokerError err = { 0 };

  if (config == NULL)
    return 1;
  d.broker = stk_broker_new (world, config, &err);
  if (d.broker == NULL) {
    fprintf (stderr, "stokerd: error: %s\n", err.text);
    return 1;
  }
  stk_actor_watch_signal (d.broker->control, SIGTERM, on_stop, &d);
  stk_actor_watch_signal (d.broker->control, SIGINT, on_stop, &d);
  stk_actor_watch_signal (d.broker->control, SIGHUP, on_reload, &d);
  stk_actor_watch_signal (d.broker->control, SIGUSR1, on_metrics, &d);
  stk_broker_on_fatal (d.broker, on_fatal, &d);
  stk_broker_start (d.broker, started, &d);
  stk_actor_run (d.broker->control);
  if (d.stopping)
    stk_log (d.broker->log, STOKER_LOG_INFO, "control", "stopped", "stopped");
  stk_broker_free (d.broker);
  return d.status;
}

int
stoker__daemon_main (int argc, char **argv)
{
  Args a = { .assignments = g_ptr_array_new () };
  int rc = parse_args (&a, argc, argv);
  StkWorld *world;

  /* A peer that is gone is an error of a write, not a signal. */
  signal (SIGPIPE, SIG_IGN);
  if (rc == 0) {
    world = stk_real_world_new ();
    rc = a.action == 'r' ? run (&a, world) : print_only (&a, world);
    stk_world_free (world);
  }
  g_ptr_array_free (a.assignments, TRUE);
  return rc;
}
