/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends the process that loads it: what the listing's child processes are for. */
#define NAME crashes
#include <stdlib.h>
static void __attribute__ ((constructor)) crash (void)
{
  abort ();
}
#include "bad.h"
