/* SPDX-License-Identifier: Apache-2.0
 *
 * The core's services, as protocol modules call them. See service/call.h for the rules that all share. Unstable interface.
 */
#ifndef STOKER_SERVICE_H
#define STOKER_SERVICE_H

#include <stoker/service/call.h>
#include <stoker/service/fetch.h>
#include <stoker/service/groups.h>
#include <stoker/service/logdirs.h>
#include <stoker/service/metadata.h>
#include <stoker/service/produce.h>
#include <stoker/service/topics.h>

#endif
