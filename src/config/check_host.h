/* SPDX-License-Identifier: Apache-2.0
 *
 * A host for instances that are initialised only to see whether they accept their options (--check-config, reload): time stands
 * still, and what init may not do, threads and files, is an error in the report.
 */
#ifndef STK_CONFIG_CHECK_HOST_H
#define STK_CONFIG_CHECK_HOST_H

#include "config/report.h"
#include "module/host.h"

typedef struct StkCheckHost StkCheckHost;

/* Both are borrowed. */
StkCheckHost *stk_check_host_new (StokerDisk *disk, StkReport *report);
StokerHost *stk_check_host_get (StkCheckHost *h);
void stk_check_host_free (StkCheckHost *h);

#endif
