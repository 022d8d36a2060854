/* SPDX-License-Identifier: Apache-2.0
 *
 * How a service call waits, and what happens to it when its connection goes: call->core points to one of these. Calls
 * that wait on their I/O thread (produce, fetch) embed one and set `cancel`; calls that were handed to control
 * (stk_call_on_control) get theirs there and name what to run with stk_call_on_cancel.
 */
#ifndef STK_BROKER_CALL_H
#define STK_BROKER_CALL_H

#include "broker/broker.h"

typedef struct StkCallWait
{
  /* Ends the wait: finishes the call now or soon. On the call's I/O thread. */
  void (*cancel) (StokerCall *call);
} StkCallWait;

/* For a call that control works on: when its connection goes before stk_call_finish, fn (call) runs on control; it
 * should finish the call soon. fn NULL (at first): the call just runs to its end. Control actor. */
void stk_call_on_cancel (StokerCall *call, void (*fn) (StokerCall *call));

#endif
