/* SPDX-License-Identifier: Apache-2.0
 *
 * One instance of a module: the struct that its functions get as `self`, with the memory behind it, its place in the
 * lifecycle, and the lock of a SERIAL one.
 *
 * Thread: control, but for enter and leave.
 */
#ifndef STK_MODULE_INSTANCE_H
#define STK_MODULE_INSTANCE_H

#include <stoker/host.h>

/* An instance called `name` of the checked module `m` (which must live longer). `conf` has the layout of the module's
 * rows and is taken over; NULL: all defaults. Nothing of the module runs. */
StokerInstance *stk_instance_new (const StokerModule *m, const char *name, StokerHost *host, void *conf);
/* Calls stop and fini as far as the instance got, then frees it. NULL is allowed. */
void stk_instance_free (StokerInstance *i);

int stk_instance_init (StokerInstance *i, StokerError *err);
int stk_instance_start (StokerInstance *i, StokerError *err);
void stk_instance_stop (StokerInstance *i); /* not started: does nothing */
/* Hands over the new conf (taken over in any case). 0, or -1 with *err: the old one stays. */
int stk_instance_reconfigure (StokerInstance *i, void *conf, StokerError *err);

/* A zeroed conf with all defaults; free with stk_conf_free. */
void *stk_conf_new (const StokerModule *m);
void stk_conf_free (const StokerModule *m, void *conf);

/* Around every call into an instance whose module may be SERIAL: locks it if it is. Any thread. */
void stk_instance_enter (StokerInstance *i);
void stk_instance_leave (StokerInstance *i);

#endif
