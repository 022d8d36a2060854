/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/memory.h>

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

uint8_t *
stoker_buf_reserve (StokerBuf *b, size_t n)
{
  if (n > b->cap - b->len || b->data == NULL) { /* never NULL, also for n == 0 */
    size_t want = MAX (b->cap * 2, (size_t)256);
    g_assert (n <= SIZE_MAX / 2 - b->len);
    while (want < b->len + n)
      want *= 2;
    b->data = g_realloc (b->data, want);
    b->cap = want;
  }
  return b->data + b->len;
}

void
stoker_buf_append (StokerBuf *b, const void *data, size_t len)
{
  if (len == 0)
    return;
  memcpy (stoker_buf_reserve (b, len), data, len);
  b->len += len;
}

void
stoker_buf_printf (StokerBuf *b, const char *fmt, ...)
{
  va_list ap, again;
  int n;

  va_start (ap, fmt);
  va_copy (again, ap);
  n = vsnprintf (NULL, 0, fmt, ap);
  va_end (ap);
  g_assert (n >= 0);
  (void)stoker_buf_reserve (b, (size_t)n + 1);
  (void)vsnprintf ((char *)b->data + b->len, (size_t)n + 1, fmt, again);
  va_end (again);
  b->len += (size_t)n;
}

void
stoker_buf_clear (StokerBuf *b)
{
  g_free (b->data);
  *b = (StokerBuf){ 0 };
}
