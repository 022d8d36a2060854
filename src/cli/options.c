/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_opt (const CliOpt *o)
{
  char left[64];

  g_snprintf (left, sizeof left, "%c%c%s--%s%s%s", o->brief ? '-' : ' ', o->brief ? o->brief : ' ',
              o->brief ? ", " : "  ", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
  printf ("  %-28s %s\n", left, o->help);
}

static void
print_help (const CliCommand *c, const CliOpt *common, size_t n_common, const CliOpt *own, size_t n_own)
{
  printf ("usage: stoker %s%s%s [OPTIONS]%s%s\n\n%s\n\n", c->area ? c->area : "", c->area ? " " : "", c->name,
          c->args[0] ? " " : "", c->args, c->summary);
  for (size_t i = 0; i < n_own; i++)
    print_opt (&own[i]);
  for (size_t i = 0; i < n_common; i++)
    print_opt (&common[i]);
  printf ("\nExamples:\n%s", c->examples);
}

int
cli_usage (const CliCommand *c, const char *fmt, ...)
{
  va_list ap;

  fprintf (stderr, "stoker %s%s%s: ", c->area ? c->area : "", c->area ? " " : "", c->name);
  va_start (ap, fmt);
  vfprintf (stderr, fmt, ap);
  va_end (ap);
  fprintf (stderr, "\nTry: stoker %s%s%s --help\n", c->area ? c->area : "", c->area ? " " : "", c->name);
  return CLI_USAGE;
}

int
cli_failed (const char *fmt, ...)
{
  va_list ap;

  fflush (stdout);
  fprintf (stderr, "stoker: ");
  va_start (ap, fmt);
  vfprintf (stderr, fmt, ap);
  va_end (ap);
  fprintf (stderr, "\n");
  return CLI_FAILED;
}

int
cli_error (const CliCommand *c, const StokerError *err)
{
  return err->code == STOKER_ERROR_CONFIG ? cli_usage (c, "%s", err->text) : cli_failed ("%s", err->text);
}

bool
cli_number (const char *text, int64_t *out)
{
  char *end;

  errno = 0;
  *out = g_ascii_strtoll (text, &end, 10);
  return end != text && *end == '\0' && errno == 0 && *out != CLI_NOT_GIVEN;
}

int
cli_pairs (const CliCommand *c, const char *option, const GPtrArray *list)
{
  for (guint i = 0; list && i < list->len; i++) {
    const char *text = list->pdata[i];
    if (text[0] == '=' || strchr (text, '=') == NULL)
      return cli_usage (c, "--%s needs NAME=VALUE, not \"%s\"", option, text);
  }
  return CLI_GO_ON;
}

bool
cli_address (const char *text, char **host, int *port)
{
  const char *colon = strrchr (text, ':');
  int64_t n = 9092;

  *host = NULL;
  if (text[0] == '[') {
    const char *close = strchr (text, ']');
    if (close == NULL || (close[1] && close[1] != ':'))
      return false;
    *host = g_strndup (text + 1, (gsize)(close - text - 1));
    colon = close[1] ? close + 1 : NULL;
  } else {
    *host = g_strndup (text, colon ? (gsize)(colon - text) : strlen (text));
  }
  if (colon && !cli_number (colon + 1, &n))
    return false;
  *port = (int)CLAMP (n, 0, 65536);
  return *port > 0 && *port < 65536 && (*host)[0];
}

/* Before any connection: a misspelt second address is found although the first answers. */
static int
check_addresses (const CliCommand *c, const char *bootstrap)
{
  g_auto (GStrv) list = g_strsplit (bootstrap, ",", -1);

  if (bootstrap[0] == '\0')
    return cli_usage (c, "--bootstrap \"\" is not HOST:PORT");
  for (char **a = list; *a; a++) {
    g_autofree char *host = NULL;
    int port;
    if (!cli_address (g_strstrip (*a), &host, &port))
      return cli_usage (c, "--bootstrap \"%s\": \"%s\" is not HOST:PORT", bootstrap, *a);
  }
  return CLI_GO_ON;
}

static const CliOpt *
find_opt (const CliOpt *opts, size_t n, const char *name, size_t len, char brief)
{
  for (size_t i = 0; i < n; i++)
    if (brief ? opts[i].brief == brief : strlen (opts[i].name) == len && memcmp (opts[i].name, name, len) == 0)
      return &opts[i];
  return NULL;
}

static int
set_opt (const CliCommand *c, const CliOpt *o, const char *value)
{
  if (o->kind == CLI_FLAG)
    *(bool *)o->to = true;
  else if (o->kind == CLI_STRING)
    *(const char **)o->to = value;
  else if (o->kind == CLI_INT && !cli_number (value, o->to))
    return cli_usage (c, "--%s needs a number, not \"%s\"", o->name, value);
  else if (o->kind == CLI_LIST) {
    GPtrArray **list = o->to;
    if (*list == NULL)
      *list = g_ptr_array_new ();
    g_ptr_array_add (*list, (void *)value);
  }
  return CLI_GO_ON;
}

/* One option with its value, at argv[*i]. */
static int
take (const CliCommand *c, const CliOpt *opts[2], const size_t n[2], int argc, char **argv, int *i)
{
  const char *arg = argv[*i], *eq = strchr (arg, '='), *value = NULL;
  bool brief = arg[1] != '-';
  const CliOpt *o = NULL;

  for (int k = 0; k < 2 && o == NULL; k++)
    o = brief ? find_opt (opts[k], n[k], NULL, 0, arg[1])
              : find_opt (opts[k], n[k], arg + 2, eq ? (size_t)(eq - arg) - 2 : strlen (arg) - 2, 0);
  if (o == NULL)
    return cli_usage (c, "there is no option %s", arg);
  if (o->kind == CLI_FLAG) {
    if (brief ? arg[2] != '\0' : eq != NULL)
      return cli_usage (c, "--%s takes no value", o->name);
    return set_opt (c, o, NULL);
  }
  if (brief && arg[2])
    value = arg + 2;
  else if (!brief && eq)
    value = eq + 1;
  else if (*i + 1 < argc)
    value = argv[++*i];
  if (value == NULL)
    return cli_usage (c, "--%s needs a value", o->name);
  return set_opt (c, o, value);
}

int
cli_parse (const CliCommand *c, CliCommon *common, const CliOpt *own, size_t n_own, int argc, char **argv,
           GPtrArray *args)
{
  bool help = false;
  const CliOpt all[] = {
    { "json", 0, CLI_FLAG, &common->json, NULL, "machine-readable output" },
    { "help", 'h', CLI_FLAG, &help, NULL, "this text" },
    { "bootstrap", 'b', CLI_STRING, &common->bootstrap, "HOST:PORT",
      "where to find the brokers (127.0.0.1:9092, or $STOKER_BOOTSTRAP)" },
    { "timeout", 0, CLI_INT, &common->timeout_ms, "MS", "how long to wait for answers (10000)" },
    { "set", 'X', CLI_LIST, &common->settings, "KEY=VALUE", "a setting of librdkafka" },
  };
  size_t n_all = common->offline ? 2 : common->no_settings ? 4 : 5;
  const CliOpt *opts[2] = { own, all };
  size_t n[2] = { n_own, n_all };
  bool plain = false;

  common->bootstrap = g_getenv ("STOKER_BOOTSTRAP");
  if (common->bootstrap == NULL || common->bootstrap[0] == '\0')
    common->bootstrap = "127.0.0.1:9092";
  common->timeout_ms = 10000;
  for (int i = 1; i < argc; i++) {
    if (!plain && strcmp (argv[i], "--") == 0) {
      plain = true;
    } else if (!plain && argv[i][0] == '-' && argv[i][1]) {
      int rc = take (c, opts, n, argc, argv, &i);
      if (rc != CLI_GO_ON)
        return rc;
    } else {
      g_ptr_array_add (args, argv[i]);
    }
  }
  if (help) {
    print_help (c, all, n_all, own, n_own);
    return CLI_OK;
  }
  if (common->timeout_ms <= 0 || common->timeout_ms > INT32_MAX)
    return cli_usage (c, "--timeout must be positive");
  if (!common->offline && check_addresses (c, common->bootstrap) != CLI_GO_ON)
    return CLI_USAGE;
  return cli_pairs (c, "set", common->settings);
}

char *
cli_unescape (const char *text, size_t *len)
{
  GString *s = g_string_new (NULL);

  for (const char *p = text; *p; p++) {
    if (*p != '\\' || p[1] == '\0') {
      g_string_append_c (s, *p);
      continue;
    }
    p++;
    if (*p == 'x' && g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2])) {
      g_string_append_c (s, (char)(g_ascii_xdigit_value (p[1]) << 4 | g_ascii_xdigit_value (p[2])));
      p += 2;
    } else {
      const char *from = "ntr0\\", *to = "\n\t\r\0\\", *at = strchr (from, *p);
      g_string_append_c (s, at ? to[at - from] : *p);
    }
  }
  *len = s->len;
  return g_string_free (s, FALSE);
}

bool
cli_time (const char *text, int64_t *out)
{
  g_autoptr (GDateTime) when = NULL;
  char *end;
  int64_t n, unit = 0, now = g_get_real_time () / 1000;

  errno = 0;
  n = g_ascii_strtoll (text, &end, 10);
  if (errno)
    return false;
  if (strcmp (text, "now") == 0) {
    *out = now;
    return true;
  }
  if (end != text && *end == '\0') {
    *out = n;
    return true;
  }
  if (end != text && end[1] == '\0')
    unit = *end == 's' ? 1000 : *end == 'm' ? 60000 : *end == 'h' ? 3600000 : *end == 'd' ? 86400000 : 0;
  if (unit)
    return !__builtin_mul_overflow (n, unit, &n) && !__builtin_sub_overflow (now, n, out);
  {
    g_autoptr (GTimeZone) local = g_time_zone_new_local ();
    when = g_date_time_new_from_iso8601 (text, local);
  }
  if (when == NULL)
    return false;
  *out = g_date_time_to_unix (when) * 1000 + g_date_time_get_microsecond (when) / 1000;
  return true;
}
