/* SPDX-License-Identifier: Apache-2.0
 *
 * What altering settings of topics and of brokers share; private to alter_configs.c, alter_broker.c, alter_edit.c.
 *
 * Thread: control actor.
 */
#ifndef STK_CLUSTER_ALTER_H
#define STK_CLUSTER_ALTER_H

#include "cluster/topics_private.h"

/* One request. */
typedef struct StkAlteration
{
  StkTopics *t;
  StokerAlterConfigs *req;
  int32_t running; /* resources that are not answered yet, and one for the loop over them */
} StkAlteration;

/* The resource's error and text. Always false. */
bool stk_alter_refuse (StkAlteration *a, int32_t index, int16_t error, const char *fmt, ...) G_GNUC_PRINTF (4, 5);
/* One of `running` is done; the last one answers. */
void stk_alter_done (StkAlteration *a);

/* alter_broker.c: brokers/ID or, name "", brokers/<default>. */
void stk_alter_broker (StkAlteration *a, int32_t index);

/* ---- alter_edit.c */
/* What a kind of resource says about its settings. */
typedef struct StkAlterRules
{
  const char *what; /* "topics", for messages */
  /* The value in the spelling that is kept (g_free), or NULL with error code and text. */
  char *(*check) (void *user, const char *name, const char *value, int16_t *code, StokerError *err);
  const StokerOption *(*row) (const char *name); /* NULL: no such setting */
  /* The value where it is not set here, which APPEND and SUBTRACT start from. g_free */
  char *(*inherited) (void *user, const char *name);
  bool delete_any; /* DELETE of a name that is no setting here is fine */
  void *user;
} StkAlterRules;

/* Settings while they are edited: name -> value, both owned. */
GHashTable *stk_alter_pairs (const StkMetaPair *pairs, size_t n);
/* Refuses resources that the request names more than once; one setting of a resource twice, and null values (false: refused). Kafka does it
 * before it looks whether there is such a resource and who may alter it. */
void stk_alter_check_resources (StkAlteration *a);
bool stk_alter_check_settings (StkAlteration *a, int32_t index);
/* Does with `pairs` what the resource asks; false: refused. */
bool stk_alter_edit (StkAlteration *a, int32_t index, const StkAlterRules *rules, GHashTable *pairs);
/* As they stand in the tree, g_free; and as a list that borrows from `pairs`, g_free. */
char *stk_alter_json (GHashTable *pairs);
StkMetaPair *stk_alter_list (GHashTable *pairs);

#endif
