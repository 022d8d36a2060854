/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests by hand: what goes at the end of a buffer.
 */
#ifndef TEST_PUT_H
#define TEST_PUT_H

#include <stoker/memory.h>

#include <stdint.h>

/* Big-endian. */
void put_int (StokerBuf *b, uint64_t v, int bytes);
/* NULL: null. */
void put_text (StokerBuf *b, const char *s);
/* A frame with a v1 header; the body is emptied. */
void put_request (StokerBuf *b, int key, int version, int32_t correlation, const char *client, StokerBuf *body);

#endif
