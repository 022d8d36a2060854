/* SPDX-License-Identifier: Apache-2.0
 *
 * The controller from inside; private to src/cluster. Its parts are one file each:
 *   controller.c    life: join, start, stop, and what a session event means
 *   standing.c      the paths that every broker makes, the cluster id
 *   brokers.c       who is registered; registering ourselves
 *   election.c      who is the controller
 *   rejoin.c        a new session after one that expired
 *   load.c          reading topics from the tree
 *   scan.c          which topics there are: the children of /brokers/topics
 *   partitions.c    leaders and ISRs: what is decided is written
 *   deletion.c      /admin/delete_topics
 *   strays.c        /admin/strays: what deletions could not reach
 *   changes.c       /config/changes
 *   broker_settings.c  /config/brokers
 *   publish.c       local replicas first, then the snapshot
 *   producer_ids.c  blocks of producer ids
 *
 * Requests to the coordinator carry the controller or a small object of their own; they are all answered before the
 * session's close is, so none outlives the controller.
 */
#ifndef STK_CLUSTER_INTERNAL_H
#define STK_CLUSTER_INTERNAL_H

#include "cluster/controller.h"
#include "cluster/multi.h"
#include "cluster/state.h"
#include "config/broker_config.h"
#include "config/dynamic.h"
#include "config/topic_config.h"
#include "control/log.h"

#include <glib.h>

typedef struct StkProducerBlock
{
  int64_t next, end;        /* ids [next, end) may be given */
  int64_t ahead, ahead_end; /* the block that comes then; ahead_end 0: none yet */
  bool asking;              /* for the block ahead */
  GQueue waiting;           /* of Waiting, producer_ids.c */
} StkProducerBlock;

/* A read of a node's children that is repeated whenever its watch fires. */
typedef struct StkScan
{
  bool running, again;
} StkScan;

/* What waits for a publication. */
typedef struct StkAfter
{
  void (*fn) (void *user);
  void *user;
} StkAfter;

struct StkController
{
  StokerBroker *b;
  StkTree tree;
  int64_t session_id;
  bool opened, connected, stopping;
  bool started;          /* start went well */
  bool rejoining;        /* the session that all this belonged to is gone; the new one has not got so far */
  int start_tries;       /* how often a start was begun once more */
  StkTimer rejoin_retry, join_limit;
  /* what join or start will call */
  StkControllerDone done;
  void *done_user;
  StokerError if_new; /* why a tree without a cluster id is refused; no text: it is not */
  /* ourselves */
  StkMetaBroker *self; /* as it registers; epoch -1 before */
  /* the controller of the cluster */
  int32_t controller_id;        /* -1: none known */
  int32_t controller_version;   /* of /controller */
  int32_t epoch, epoch_version; /* of /controller_epoch */
  bool epoch_known;
  bool active;
  bool loaded; /* everything was read once since we became active */
  /* the cluster */
  GHashTable *brokers; /* id -> StkMetaBroker */
  GHashTable *topics;  /* name -> StkTopicState, a reference each */
  StkScan broker_scan, topic_scan, delete_scan, change_scan;
  GHashTable *changes; /* name of an entry of /config/changes -> when it was made (ms since 1970; 0: not known yet) */
  bool changes_read;   /* the first look: what was there before we read the settings is no news */
  /* publishing */
  bool publishing, publish_again, brokers_changed;
  GArray *after_next,
      *after_this; /* StkAfter: what waits for the next publication, and for the one under way; NULL: nothing */
  StkTimer again;  /* of reads whose answer was lost */
  GArray *agains;  /* those, or NULL */
  StkTimer retry;             /* of logs that could not be opened */
  int64_t retry_us;           /* how long it waited last; 0: there was none */
  int64_t offline_partitions; /* the sum over all topics */
  GPtrArray *removed;         /* names to take out of the next snapshot */
  StokerTopicConfig plain;    /* settings of a topic without overrides */
  void (*published) (void *user);
  void *published_user;
  void (*topic_deleted) (void *user, StokerStr topic);
  void *topic_deleted_user;
  StkProducerBlock ids;
};

#define STK_CTL_AREA "cluster"
#define stk_ctl_log(c, level, event, ...) stk_log ((c)->b->log, level, STK_CTL_AREA, event, __VA_ARGS__)

/* Answers join or start, once. */
void stk_ctl_finish (StkController *c, const StokerError *err);
/* The same with an error about a coordinator's answer. */
void stk_ctl_fail (StkController *c, const char *what, int code);
/* We are not the controller any more, or never were: nothing is written from here on. */
void stk_ctl_resign (StkController *c, const char *why);
/* A multi that begins with the check that we are still the controller. */
StkMulti *stk_ctl_multi (StkController *c);
/* Did its answer say that we are not? Then we resign. */
bool stk_ctl_deposed (StkController *c, const StokerCoordReply *reply);
void stk_ctl_random_id (StkController *c, StokerUuid *out);

/* standing.c: sets b->cluster_id, then calls then (c). */
void stk_ctl_standing (StkController *c, void (*then) (StkController *c));
/* brokers.c */
void stk_ctl_brokers_load (StkController *c, void (*then) (StkController *c));
void stk_ctl_register (StkController *c, void (*then) (StkController *c));
bool stk_ctl_live (const StkController *c, int32_t broker);
/* rejoin.c, once the new session is there; and again after a while. */
void stk_ctl_rejoin (StkController *c);
void stk_ctl_rejoin_later (StkController *c);
/* controller.c: a start whose answers were lost: may it begin once more? Counts. */
bool stk_ctl_start_may_go_on (StkController *c);
/* controller.c: another broker is the controller: the start ends. */
void stk_ctl_not_alone (StkController *c);
/* controller.c: does what a new controller does first. */
void stk_ctl_become_active (StkController *c);
/* election.c: looks at /controller and /controller_epoch, and takes it if nobody has it. */
void stk_ctl_elect (StkController *c, void (*then) (StkController *c));

/* again.c: was the answer lost with the connection? Not during a stop. */
bool stk_ctl_lost (const StkController *c, const StokerCoordReply *reply);
/* Calls fn (user, false) after a while, while this broker is the controller; or fn (user, true) at a stop: nothing is to be done but to free. */
typedef void (*StkReadAgain) (void *user, bool dropped);
void stk_ctl_again (StkController *c, StkReadAgain fn, void *user);
void stk_ctl_again_stop (StkController *c);

/* load.c: reads these topics (assignment, states, settings) and calls loaded (user, topics): new states, one reference
 * each that the callee takes; unreadable or vanished ones are left out. Watches the topics' nodes. */
typedef void (*StkLoaded) (void *user, GPtrArray *topics);
void stk_ctl_load (StkController *c, char *const *names, size_t n, StkLoaded loaded, void *user);

/* scan.c */
void stk_ctl_topics_begin (StkController *c);
/* All known topics are read again, and their watches armed. */
void stk_ctl_topics_again (StkController *c);
/* The topic's node changed: partitions were added, or it got an id. */
void stk_ctl_topic_changed (StkController *c, const char *name);
/* Takes it out of the table and the next snapshot. */
void stk_ctl_topic_forget (StkController *c, StkTopicState *t);

/* partitions.c: elects what has no live leader and writes it; when done, the topics are dirty and publishing is asked
 * for. */
void stk_ctl_online (StkController *c, StkTopicState *const *topics, size_t n);

/* deletion.c: looks at /admin/delete_topics and carries out what it asks for. */
void stk_ctl_deletions_begin (StkController *c);
/* strays.c: the deletion of the topic that ends with `m` may have left logs in a directory that is offline: noted in `m`. */
void stk_ctl_stray_note (StkController *c, StkMulti *m, const StkTopicState *t);
/* Removes what lies in the directories of topics that were noted. Before the topics are read: the replicas are asked for it
 * before they are asked to open logs. */
void stk_ctl_strays_begin (StkController *c);
/* changes.c */
void stk_ctl_changes_begin (StkController *c);
/* Reads /config/topics/NAME again; then (user) when it is published, or when there is no such topic. */
void stk_ctl_refresh_config (StkController *c, const char *name, void (*then) (void *user), void *user);

/* broker_settings.c: asks for both layers; what is read later finds them in force. */
void stk_ctl_broker_settings_begin (StkController *c);
/* A note names this entity, "brokers/..". */
void stk_ctl_broker_changed (StkController *c, const char *entity);
/* Reads the layer again; then (user) when it is in force and published. */
void stk_ctl_refresh_broker (StkController *c, StkDynamicLayer layer, void (*then) (void *user), void *user);
/* "brokers/0" or "brokers/<default>", g_free. */
char *stk_ctl_broker_entity (const StkController *c, StkDynamicLayer layer);

/* publish.c: makes known what changed since the last time, soon. */
void stk_ctl_publish (StkController *c);
/* The same; then fn (user), when what is dirty now is published. Also when the controller stops before: fn looks at
 * c->stopping. */
void stk_ctl_after_publish (StkController *c, void (*fn) (void *user), void *user);
/* producer_ids.c */
void stk_ctl_producer_ids_stop (StkController *c);

/* For topics.c. */
StkTopicState *stk_ctl_topic (StkController *c, StokerStr name);
void stk_ctl_on_published (StkController *c, void (*fn) (void *user), void *user);

#endif
