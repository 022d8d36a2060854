/* SPDX-License-Identifier: Apache-2.0
 *
 * One broker: an object that owns everything it needs, so that ten run in one process. Made, started and stopped from outside
 * (src/daemon/main.c, tests); everything else reaches its parts through here.
 */
#ifndef STK_BROKER_H
#define STK_BROKER_H

#include "world/world.h"

#include <stoker/host.h>
#include <stoker/service.h>

typedef struct StkBrokerConfig StkBrokerConfig;   /* src/config/broker_config.h: all settings, checked */
typedef struct StkRegistry StkRegistry;           /* src/module/registry.h: loaded modules and their instances */
typedef struct StkLog StkLog;                     /* src/control/log.h: the structured log writer */
typedef struct StkMetrics StkMetrics;             /* src/control/metrics.h */
typedef struct StkMetaStore StkMetaStore;         /* src/meta/store.h: holds and publishes the current snapshot */
typedef struct StkReplicas StkReplicas;           /* src/broker/replicas.h: the partitions that live here */
typedef struct StkController StkController;       /* src/cluster/controller.h */
typedef struct StkGroups StkGroups;               /* src/group/groups.h: group coordinator */
typedef struct StkTopics StkTopics;               /* src/cluster/topics.h: topic and config requests */
typedef struct StkIo StkIo;                       /* src/broker/io.h: what one I/O thread keeps: gathered appends, waiting fetches */

struct StkMetaPair;                               /* src/meta/snapshot.h */

struct StokerBroker
{
  StkWorld *world;
  StkActor *control;
  StkActor **io_actors;
  StkIo **io;             /* per I/O actor, touched on it only */
  int n_io;
  StkPool **disk_pools;   /* per log directory, at least one */
  StkPool **journal_pools; /* the same for the journals: what is acknowledged does not queue behind other work */
  int n_dirs;
  const StkBrokerConfig *config; /* control thread; hot values are copied to where they are used */
  StkRegistry *registry;
  StkLog *log;
  StkMetrics *metrics;
  StkMetaStore *meta;
  StkReplicas *replicas;
  StkController *controller;
  StkTopics *topics;
  StkGroups *groups;
  struct StkServer *server;     /* src/net/server.h: listeners and connections */
  const struct StkSpreadSettings *spread; /* src/net/spread.h: how connections are spread; NULL: as always. Set by tests before start */
  struct StkLogDirs *logdirs;   /* src/control/logdirs.h */
  struct StkHousekeeping *housekeeping; /* src/broker/housekeeping.h */
  struct StkCleaner *cleaner;   /* src/broker/cleaner.h; NULL in some tests */
  StokerHost *host;             /* what modules see of the world */
  struct StkLifecycle *lifecycle; /* src/control/lifecycle.c: where a start or stop has got to */
  int32_t id;             /* broker.id */
  void (*on_fatal) (void *user);
  void *on_fatal_user;
  char cluster_id[STOKER_UUID_TEXT];
  int64_t epoch;          /* czxid of the registration; -1 before */
};

/* May the caller do `operation` on the resource? 0, or the error code that the resource type answers with. Says yes until auth
 * modules exist; every handler asks. Operations and resource types have the numbers of kafka-facts 12.4. Any thread. */
int16_t stk_broker_authorize (StokerBroker *b, const StokerContext *ctx, int operation, int resource_type, StokerStr name);
/* Charges bytes or work to the caller's quota; milliseconds to wait (0 until quotas exist). */
int32_t stk_broker_charge (StokerBroker *b, const StokerContext *ctx, int quota, double amount);

/* Completes a call on its I/O thread: at once when this is that thread, else by posting. Any thread. */
void stk_call_finish (StokerCall *call);
/* Runs fn (call) on the control actor. For services that live there (topics, groups). */
void stk_call_on_control (StokerCall *call, void (*fn) (StokerCall *call));

/* ---- life, from outside (any thread that is not one of its actors) */
/* A broker in `world` with checked settings; takes over `config`. Nothing runs yet. */
StokerBroker *stk_broker_new (StkWorld *world, StkBrokerConfig *config, StokerError *err);
/* Starts everything, in stages (src/control/startup.c); `started (user, error or NULL)` is called on the control actor. */
void stk_broker_start (StokerBroker *b, void (*started) (void *user, const StokerError *err), void *user);
/* Stops in reverse order; `stopped` is called on the control actor after the last stage. */
void stk_broker_stop (StokerBroker *b, void (*stopped) (void *user), void *user);
/* Reads the configuration again and applies what may change while running, all or nothing; what is wrong or needs a restart is
 * logged. `path` and `assignments` as in stk_broker_config_load. Control actor. */
void stk_broker_reload (StokerBroker *b, const char *path, const char *const *assignments);
/* The dynamic settings of a layer (StkDynamicLayer) are these now: applied, all or nothing; what is wrong or not for us is logged.
 * Control actor. */
void stk_broker_set_dynamic (StokerBroker *b, int layer, const struct StkMetaPair *pairs, size_t n);
/* Who is to be told, on the control actor, that the broker cannot go on and must be stopped. NULL: nobody, it stays as it is. */
void stk_broker_on_fatal (StokerBroker *b, void (*fn) (void *user), void *user);
/* It cannot go on: says why, tells once. Control actor. */
void stk_broker_fatal (StokerBroker *b, const char *why);
/* After stopped (or a failed start), and after the control actor has quit. */
void stk_broker_free (StokerBroker *b);
/* The port that listener `i` is bound to (tests listen on port 0). After started. */
uint16_t stk_broker_port (StokerBroker *b, int i);

#endif
