/* SPDX-License-Identifier: Apache-2.0
 *
 * The descriptor ends before what level 1.0 has. */
#define NAME short_descriptor
#define SIZE 64
#include "bad.h"
