/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon as a function of the shared core: everything it uses is hidden in there, so the program itself is one call.
 */
#ifndef STK_DAEMON_DAEMON_H
#define STK_DAEMON_DAEMON_H

#include <stoker/types.h>

/* stokerd(8) from command line to exit code; the process's main thread. */
STOKER_EXPORT int stoker__daemon_main (int argc, char **argv);

#endif
