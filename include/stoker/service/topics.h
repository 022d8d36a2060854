/* SPDX-License-Identifier: Apache-2.0
 *
 * Service: topics and configurations (kafka-facts 3.7, 3.8).
 */
#ifndef STOKER_SERVICE_TOPICS_H
#define STOKER_SERVICE_TOPICS_H

#include <stoker/service/call.h>

STOKER_BEGIN_DECLS

typedef struct StokerAssignment
{
  int32_t partition; /* CreateTopics only */
  int32_t *brokers;
  int32_t n_brokers;
} StokerAssignment;

typedef struct StokerConfigPair
{
  StokerStr name, value; /* value null: see the request */
} StokerConfigPair;

/* One setting as described. */
typedef struct StokerConfigRow
{
  StokerStr name, value; /* value null when sensitive or unset */
  bool read_only, is_default, sensitive;
  int8_t source; /* 1 topic, 2 dynamic broker, 3 dynamic default broker, 4 static broker, 5 default */
  int8_t type;   /* 1 bool, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password */
  StokerStr documentation; /* null unless asked for */
  struct StokerConfigSynonym
  {
    StokerStr name, value;
    int8_t source;
  } *synonyms;
  int32_t n_synonyms;
} StokerConfigRow;

typedef struct StokerCreateTopic
{
  StokerStr name;
  int32_t n_partitions;       /* -1: default */
  int16_t replication_factor; /* -1: default */
  StokerAssignment *assignments;
  int32_t n_assignments;
  StokerConfigPair *configs;
  int32_t n_configs;
  /* out */
  int16_t error;
  StokerStr error_message;
  StokerUuid id;
  int32_t out_partitions;      /* -1 on error */
  int16_t out_replication_factor;
  StokerConfigRow *rows;       /* effective configuration */
  int32_t n_rows;              /* -1: null */
} StokerCreateTopic;

typedef struct StokerCreateTopics
{
  StokerCall call;
  StokerCreateTopic *topics;
  int32_t n_topics;
  int32_t timeout_ms;
  bool validate_only;
} StokerCreateTopics;

STOKER_EXPORT void stoker_create_topics (StokerCreateTopics *req);

typedef struct StokerDeleteTopic
{
  StokerStr name; /* null: by id */
  StokerUuid id;
  /* out: name and id are completed */
  int16_t error;
  StokerStr error_message;
} StokerDeleteTopic;

typedef struct StokerDeleteTopics
{
  StokerCall call;
  StokerDeleteTopic *topics;
  int32_t n_topics;
  int32_t timeout_ms;
} StokerDeleteTopics;

STOKER_EXPORT void stoker_delete_topics (StokerDeleteTopics *req);

typedef struct StokerAddPartitions
{
  StokerStr name;
  int32_t count;
  StokerAssignment *assignments;
  int32_t n_assignments; /* -1: null, the broker chooses */
  /* out */
  int16_t error;
  StokerStr error_message;
} StokerAddPartitions;

typedef struct StokerCreatePartitions
{
  StokerCall call;
  StokerAddPartitions *topics;
  int32_t n_topics;
  int32_t timeout_ms;
  bool validate_only;
} StokerCreatePartitions;

STOKER_EXPORT void stoker_create_partitions (StokerCreatePartitions *req);

enum
{
  STOKER_RESOURCE_TOPIC = 2,
  STOKER_RESOURCE_BROKER = 4,
  STOKER_RESOURCE_BROKER_LOGGER = 8,
};

typedef struct StokerDescribeResource
{
  int8_t type;
  StokerStr name;
  StokerStr *keys;
  int32_t n_keys; /* -1 or 0: all */
  /* out */
  int16_t error;
  StokerStr error_message;
  StokerConfigRow *rows;
  int32_t n_rows;
} StokerDescribeResource;

typedef struct StokerDescribeConfigs
{
  StokerCall call;
  StokerDescribeResource *resources;
  int32_t n_resources;
  bool synonyms, documentation;
} StokerDescribeConfigs;

STOKER_EXPORT void stoker_describe_configs (StokerDescribeConfigs *req);

typedef enum StokerConfigOp
{
  STOKER_CONFIG_SET = 0,
  STOKER_CONFIG_DELETE = 1,
  STOKER_CONFIG_APPEND = 2,
  STOKER_CONFIG_SUBTRACT = 3,
} StokerConfigOp;

typedef struct StokerAlterConfig
{
  StokerStr name, value;
  int8_t op; /* StokerConfigOp; ignored when the whole set is replaced */
} StokerAlterConfig;

typedef struct StokerAlterResource
{
  int8_t type;
  StokerStr name;
  StokerAlterConfig *configs;
  int32_t n_configs;
  /* out */
  int16_t error;
  StokerStr error_message;
} StokerAlterResource;

typedef struct StokerAlterConfigs
{
  StokerCall call;
  bool incremental; /* edit; else the given set replaces all */
  StokerAlterResource *resources;
  int32_t n_resources;
  bool validate_only;
} StokerAlterConfigs;

STOKER_EXPORT void stoker_alter_configs (StokerAlterConfigs *req);

STOKER_END_DECLS

#endif
