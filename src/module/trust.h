/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether somebody else could have put the module there that the broker is about to run.
 *
 * Judged are the path and every folder above it, as far as the folders that the running program lies in too: who can
 * write those could have replaced the program. Each must belong to root, to the user that runs the broker or to the
 * owner of the program, and be writable for nobody else: not for everybody, and not for a group but root's and the
 * broker's own. A folder further up in which only owners may rename and remove (/tmp) is good enough.
 *
 * Thread: control.
 */
#ifndef STK_MODULE_TRUST_H
#define STK_MODULE_TRUST_H

#include <stoker/error.h>

/* path: absolute, without links. strict: how many of its last parts (1: itself, 2: its folder too) may not be as /tmp
 * is. 0, or -1 with *err, which names what is wrong and how it is put right. */
int stk_module_trust (const char *path, unsigned strict, StokerError *err);

/* A folder of the search path. 0: it may be searched, or is not there; -1 with *err: it cannot be searched, or must
 * not. */
int stk_module_trust_folder (const char *dir, StokerError *err);

#endif
