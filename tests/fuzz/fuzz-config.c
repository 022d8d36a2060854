/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a configuration: read, checked, printed, compared with itself; and each of its lines as the text of
 * every type of option. Whatever the bytes are, there is an answer: settings, or lines that say what is wrong. */
#include "config/broker_config.h"
#include "module/loader.h"
#include "module/option.h"

#include <glib.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MUST(x)                                                                                                        \
  do {                                                                                                                 \
    if (!(x))                                                                                                          \
      abort ();                                                                                                        \
  } while (0)

/* What is accepted is printed in a form that is accepted again and means the same. */
static void
check_round_trip (const StkBrokerConfig *c)
{
  size_t n;
  const StokerOption *rows = stk_broker_rows (&n);

  for (size_t i = 0; i < n; i++) {
    g_autofree char *text = stk_option_format (&rows[i], c);
    StkBrokerConfig again = { 0 };
    StokerError err;
    if (rows[i].type == STOKER_OPTION_DOUBLE || strcmp (rows[i].name, "log.roll.hours") == 0)
      continue; /* printed with 15 digits only */
    if (stk_option_parse (&rows[i], text, NULL, &again, &err) == 0)
      MUST (stk_option_equal (&rows[i], c, &again));
    stk_options_clear (&rows[i], 1, &again);
  }
}

static void
check_report (const StkReport *r)
{
  for (size_t i = 0; i < stk_report_errors (r); i++) {
    const char *line = stk_report_error_line (r, i);
    MUST (*line && strchr (line, '\n') == NULL && g_utf8_validate (line, -1, NULL));
  }
}

static void
check_values (const char *text)
{
  static const char *const units[] = { NULL, NULL, "bytes", "hours", NULL, NULL, NULL, NULL, NULL, NULL };
  max_align_t conf = { 0 };
  StkModuleSpec spec;

  for (uint32_t type = STOKER_OPTION_BOOL; type <= STOKER_OPTION_PATH; type++) {
    StokerOption row
        = { .name = "x", .type = type, .words = "one two three", .min = "1", .max = "1000", .unit = units[type] };
    StokerError err = { 0 };
    if (type != STOKER_OPTION_INT && type != STOKER_OPTION_SIZE)
      row.min = row.max = NULL;
    if (stk_option_parse (&row, text, "/base", &conf, &err) < 0)
      MUST (err.text[0] != '\0' && strlen (err.text) < sizeof err.text);
    g_free (stk_option_format (&row, &conf));
    g_free (stk_option_format_bare (&row, &conf));
    stk_options_clear (&row, 1, &conf);
  }
  if (stk_module_spec_parse (text, &spec, NULL) == 0)
    stk_module_spec_clear (&spec);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 64);
  StkReport *report = stk_report_new ();
  StkConfigText *raw = stk_config_text_new ();
  StkBrokerConfig *c;

  stk_config_text_parse (raw, NULL, "fuzz", (const char *)data, size, report);
  check_report (report);
  stk_config_text_unref (raw);
  stk_report_free (report);

  report = stk_report_new ();
  c = stk_broker_config_from_text (text, "/work", report);
  check_report (report);
  MUST ((c == NULL) == (stk_report_errors (report) > 0));
  if (c) {
    MUST (c->n_listeners > 0 && c->n_log_dirs > 0 && c->n_advertised > 0);
    check_round_trip (c);
  }
  stk_broker_config_free (c);
  stk_report_free (report);
  for (char **l = lines; *l; l++)
    check_values (*l);
  return 0;
}
