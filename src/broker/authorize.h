/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations and resource types of kafka-facts 12.4 that the services ask stk_broker_authorize for.
 */
#ifndef STK_BROKER_AUTHORIZE_H
#define STK_BROKER_AUTHORIZE_H

#include "broker/broker.h"

enum
{
  STK_ACL_READ = 3,
  STK_ACL_WRITE = 4,
  STK_ACL_CREATE = 5,
  STK_ACL_DELETE = 6,
  STK_ACL_ALTER = 7,
  STK_ACL_DESCRIBE = 8,
  STK_ACL_CLUSTER_ACTION = 9,
  STK_ACL_DESCRIBE_CONFIGS = 10,
  STK_ACL_ALTER_CONFIGS = 11,
  STK_ACL_IDEMPOTENT_WRITE = 12,
};

enum
{
  STK_ACL_TOPIC = 2,
  STK_ACL_GROUP = 3,
  STK_ACL_CLUSTER = 4,
  STK_ACL_TRANSACTIONAL_ID = 5,
};

/* What stk_broker_charge is asked for. */
enum
{
  STK_QUOTA_PRODUCE = 0, /* bytes of records taken in */
  STK_QUOTA_FETCH = 1,   /* bytes of records sent */
  STK_QUOTA_REQUEST = 2, /* one request that the control actor works on */
};

#endif
