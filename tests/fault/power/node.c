/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker on the simulated machine, and the end of its power.
 */
#include "config.h"

#include "power.h"

#include "config/broker_config.h"
#include "world/impl.h"

static void
on_started (void *user, const StokerError *err)
{
  Life *l = user;

  if (err)
    l->err = *err;
  l->started = true;
}

static void
on_stopped (void *user)
{
  ((Life *)user)->stopped = true;
}

/* The daemon would stop it now. */
static void
on_fatal (void *user)
{
  Life *l = user;

  l->fatal = true;
  if (!l->started)
    l->started = true;
}

/* ---- time and network are simulated */

int64_t
now_us (Life *l)
{
  return stk_sim_now_us (l->sim);
}

int64_t
now_ms (Life *l)
{
  return stk_world_now_ms (l->machine);
}

void
pass_us (Life *l, int64_t us)
{
  stk_sim_run (l->sim, us);
}

void
pass_steps (Life *l, int64_t n)
{
  for (; n > 0; n--)
    (void)stk_sim_step (l->sim);
}

void *
peer_open (Life *l)
{
  return stk_sim_connect (l->sim, stk_broker_port (l->broker, 0));
}

bool
peer_send (Life *l, void *peer, const void *data, size_t len)
{
  return stk_sim_send (peer, data, len);
}

ssize_t
peer_poll (Life *l, void *peer, void *to, size_t len, bool all)
{
  return stk_sim_poll (peer, to, len, all);
}

void
peer_close (Life *l, void *peer)
{
  stk_sim_close (peer);
}

/* ---- the broker */

static const char *const names[] = { "read",   "write",  "sync",  "reserve", "truncate", "open",    "stat",
                                     "rename", "unlink", "mkdir", "rmdir",   "list",     "sync_dir" };

static int
on_call (void *user, StkSimDiskCall call, const char *path)
{
  Life *l = user;

  if (call != STK_SIM_READ && call != STK_SIM_STAT && call != STK_SIM_LIST) {
    l->calls++;
    tale (l, "%s %s", names[call], path);
    if (l->cut_at && l->calls >= l->cut_at)
      l->cut (l);
  }
  return l->meddle ? l->meddle (l, call, path) : 0;
}

bool
node_start (Life *l)
{
  g_autofree char *text
      = g_strdup_printf ("broker.id = 1\n"
                         "listeners = PLAINTEXT://127.0.0.1:0\n"
                         "log.dirs = %s\n"
                         "num.network.threads = 2\n"
                         "log.flush = journal\n"
                         "auto.create.topics.enable = false\n"
                         "group.initial.rebalance.delay.ms = 0\n"
                         "log.retention.check.interval.ms = 1500\n"
                         "log.cleaner.backoff.ms = 300\n"
                         "log.segment.delete.delay.ms = 700\n"
                         "replica.high.watermark.checkpoint.interval.ms = 900\n"
                         "logging.level = %s\n"
                         "%s",
                         l->two_dirs ? "/data,/more" : "/data", l->tales ? "debug" : "warn", l->settings);
  StkBrokerConfig *config = stk_broker_config_for_test (text, "/");
  StokerError err = { 0 };

  config->log_journal_bytes = 2 << 20; /* less than can be set, so that it goes round */
  stk_sim_watch_disk (l->machine, on_call, l);
  l->started = l->stopped = l->fatal = false;
  l->err = (StokerError){ 0 };
  l->broker = stk_broker_new (l->machine, config, &err);
  g_assert_cmpstr (err.text, ==, "");
  g_assert_cmpint (stk_actor_start (l->broker->control, &err), ==, 0);
  stk_broker_on_fatal (l->broker, on_fatal, l);
  stk_broker_start (l->broker, on_started, l);
  wait_for (l, &l->started, "a start");
  if (l->fatal && !l->trouble)
    broken (l, "it gives up");
  if (l->err.text[0])
    return false;
  l->codecs = stk_codec_contexts_new (l->broker->host);
  links_open (l);
  return true;
}

char *
node_dir (Life *l, int which)
{
  return g_strdup (which ? "/more" : "/data");
}

void
node_gone (Life *l)
{
  stk_actor_quit (l->broker->control);
  stk_broker_free (g_steal_pointer (&l->broker));
}

void
node_stop (Life *l)
{
  g_clear_pointer (&l->codecs, stk_codec_contexts_free);
  stk_broker_stop (l->broker, on_stopped, l);
  wait_for (l, &l->stopped, "a stop");
  links_close (l);
  node_gone (l);
}

void
node_cut (Life *l)
{
  tale (l, "the power is cut");
  /* Whatever left the broker may have been read by somebody. */
  links_poll (l, true);
  l->depth++;
  l->cut_at = 0;
  /* The broker's stack is below us and stays there. */
  (void)stk_actor_enter (NULL);
  stk_sim_halt (l->machine);
  stk_sim_cut_power (l->machine);
  g_clear_pointer (&l->codecs, stk_codec_contexts_free);
  l->machine = stk_sim_reboot (l->machine);
  l->broker = NULL;
  l->dark = true;
  links_close (l);
  l->dark = false;
}
