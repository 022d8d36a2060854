/* SPDX-License-Identifier: Apache-2.0
 *
 * The two questions that every handler asks. They say yes until auth modules and quotas exist.
 */
#include "broker/broker.h"

int16_t
stk_broker_authorize (StokerBroker *b, const StokerContext *ctx, int operation, int resource_type, StokerStr name)
{
  return STOKER_OK;
}

int32_t
stk_broker_charge (StokerBroker *b, const StokerContext *ctx, int quota, double amount)
{
  return 0;
}
