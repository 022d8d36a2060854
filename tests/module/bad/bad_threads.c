/* SPDX-License-Identifier: Apache-2.0
 *
 * Declares a thread model that does not exist. */
#define NAME bad_threads
#define THREADS 9
#include "bad.h"
