/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is wrong with it: the same module, accepted. */
#define NAME good
#include "bad.h"
