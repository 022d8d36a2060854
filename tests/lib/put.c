/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "put.h"

#include <string.h>

void
put_int (StokerBuf *b, uint64_t v, int bytes)
{
  for (int i = bytes - 1; i >= 0; i--)
    stoker_buf_append (b, &(uint8_t){ (uint8_t)(v >> 8 * i) }, 1);
}

void
put_text (StokerBuf *b, const char *s)
{
  put_int (b, s ? strlen (s) : 0xffff, 2);
  if (s)
    stoker_buf_append (b, s, strlen (s));
}

void
put_request (StokerBuf *b, int key, int version, int32_t correlation, const char *client, StokerBuf *body)
{
  put_int (b, 2 + 2 + 4 + 2 + strlen (client) + body->len, 4);
  put_int (b, (uint64_t)key, 2);
  put_int (b, (uint64_t)version, 2);
  put_int (b, (uint64_t)correlation, 4);
  put_text (b, client);
  stoker_buf_append (b, body->data, body->len);
  stoker_buf_clear (body);
}
