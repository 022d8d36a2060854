/* SPDX-License-Identifier: Apache-2.0
 *
 * The I/O actor from inside src/net: its libevent base.
 */
#ifndef STK_NET_ACTOR_H
#define STK_NET_ACTOR_H

#include "world/impl.h"

#include <event2/event.h>

/* The loop of an I/O actor of the real world; actor thread only. */
struct event_base *stk_event_actor_base (StkActor *a);

#endif
