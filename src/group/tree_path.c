/* SPDX-License-Identifier: Apache-2.0 */
#include "group/tree_path.h"

#include <glib.h>

/* What a coordinator's path refuses, and '%', which would be ambiguous. */
static bool
is_plain (StokerStr name)
{
  const char *end = name.data + name.len;

  if (name.len == 0 || stoker_str_is (name, ".") || stoker_str_is (name, "..")
      || !g_utf8_validate_len (name.data, name.len, NULL))
    return false;
  for (const char *p = name.data; p < end; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == '/' || c == '%' || (c >= 0xd800 && c <= 0xf8ff)
        || (c >= 0xfff0 && c <= 0xffff))
      return false;
  }
  return true;
}

char *
stk_path_encode (StokerStr name)
{
  bool dots = stoker_str_is (name, ".") || stoker_str_is (name, "..");
  GString *s;

  if (name.len == 0)
    return g_strdup ("%");
  if (is_plain (name))
    return g_strndup (name.data, name.len);
  s = g_string_sized_new (name.len * 3);
  for (size_t i = 0; i < name.len; i++) {
    unsigned char c = (unsigned char)name.data[i];
    if (g_ascii_isalnum (c) || c == '-' || c == '_' || (c == '.' && !dots))
      g_string_append_c (s, (char)c);
    else
      g_string_append_printf (s, "%%%02X", c);
  }
  return g_string_free (s, FALSE);
}

char *
stk_path_decode (StokerStr component, size_t *len)
{
  GString *s = g_string_sized_new (component.len);

  for (size_t i = 0; i < component.len; i++) {
    const char *p = component.data + i;
    if (*p == '%' && i + 2 < component.len && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2])) {
      g_string_append_c (s, (char)(g_ascii_xdigit_value (p[1]) << 4 | g_ascii_xdigit_value (p[2])));
      i += 2;
    } else if (!stoker_str_is (component, "%")) {
      g_string_append_c (s, *p);
    }
  }
  *len = s->len;
  return g_string_free (s, FALSE);
}

bool
stk_path_partition (StokerStr component, int32_t *out)
{
  int64_t n = 0;

  if (component.len == 0 || component.len > 10 || (component.data[0] == '0' && component.len > 1))
    return false;
  for (size_t i = 0; i < component.len; i++) {
    if (!g_ascii_isdigit (component.data[i]))
      return false;
    n = n * 10 + (component.data[i] - '0');
  }
  if (n > INT32_MAX)
    return false;
  *out = (int32_t)n;
  return true;
}
