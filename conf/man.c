/* SPDX-License-Identifier: Apache-2.0 */
#include "man.h"

#include "config/broker_config.h"
#include "module/option.h"

/* Text for troff: hyphens that are minus signs, backslashes, and what would be a request at the start of a line. */
static void
put (GString *out, const char *text)
{
  if (*text == '.' || *text == '\'')
    g_string_append (out, "\\&");
  for (; *text; text++) {
    if (*text == '-')
      g_string_append (out, "\\-");
    else if (*text == '\\')
      g_string_append (out, "\\e");
    else
      g_string_append_c (out, *text);
  }
}

static const char head[]
    = ".\\\" SPDX-License-Identifier: Apache-2.0\n"
      ".\\\" Made by conf/gen-conf from the option tables; do not edit: run `make update-conf`.\n"
      ".TH STOKER.CONF 5 \"2026\" \"Stoker\" \"File formats\"\n"
      ".SH NAME\n"
      "stoker.conf \\- settings of a Stoker broker\n"
      ".SH DESCRIPTION\n"
      "One\n.IB key \" = \" value\na line. A line whose first character is # is a comment. The value is the rest of "
      "the line without the\n"
      "blanks around it: there are no quotes, escapes or continued lines. Lists are split at commas. No file at all is "
      "a valid\n"
      "configuration: one node on 127.0.0.1:9092 with its data in ./stoker\\-data.\n"
      ".PP\n"
      "Sizes are written in bytes or with B, KiB, MiB, GiB, TiB; times with ms, s, m, h, d, or bare in the unit that "
      "the setting\n"
      "names. Settings have Apache Kafka's names where Kafka has the setting, so that an ordinary server.properties of "
      "Kafka 3.9 is\n"
      "valid here. A setting of Kafka's that means nothing here is answered with a warning and the reason. One whose "
      "neglect would\n"
      "weaken safety or security is an error. An unknown key, or one that is set twice, is an error.\n"
      ".PP\n"
      "Check a file with\n.BR \"stokerd \\-\\-check\\-config \\fIFILE\" .\n"
      "After SIGHUP the broker reads its file again and takes over, all or nothing, what is marked \\(lqmay change "
      "while running\\(rq.\n"
      "These settings may also be altered with Kafka's tools (kafka\\-configs \\-\\-entity\\-type brokers): for one broker, or for\n"
      "all. What is set so is kept in the cluster, survives restarts, and wins over the file.\n"
      ".SH LINES THAT ARE NOT SETTINGS\n"
      ".TP\n.BI \"include = \" PATTERN\nReads other files at this place, sorted by name. The last part of the path may "
      "hold * and ?. Relative paths start from the\n"
      "folder of the file.\n"
      ".TP\n.BI \"load = \" KIND/NAME \" \\fR[\\fPFILE\\fR]\\fP\"\nLoads a module that is not among the standard ones. "
      "May be repeated. See\n.BR \"stokerd \\-\\-list\\-modules\" .\n"
      ".TP\n.IB KIND . INSTANCE \".use = \" MODULE\nMakes another instance of a loaded module. Each loaded module has "
      "one of its own name.\n"
      ".TP\n.IB KIND . INSTANCE . option \" = \" value\nSets an option of an instance. See\n.BR \"stokerd "
      "\\-\\-describe \\fIKIND/NAME\" .\n";

static const char tail[] = ".SH SEE ALSO\n.BR stokerd (8)\n";

static void
put_row (GString *out, const StokerOption *row)
{
  g_autofree char *accepts = stk_option_accepts (row);

  g_string_append (out, ".TP\n.B \"");
  put (out, row->name);
  if (row->def && *row->def) {
    g_string_append (out, " = ");
    put (out, row->def);
  }
  g_string_append (out, "\"\n");
  put (out, row->summary);
  g_string_append (out, ".\n");
  if (row->text) {
    put (out, row->text);
    g_string_append_c (out, '\n');
  }
  g_string_append (out, "Accepts ");
  put (out, accepts);
  if (row->unit)
    g_string_append_printf (out, row->type == STOKER_OPTION_INT ? " %s" : "; a bare number is %s", row->unit);
  if (row->flags & STOKER_OPTION_RELOADABLE)
    g_string_append (out, "; may change while running");
  if (row->flags & STOKER_OPTION_DEPRECATED)
    g_string_append (out, "; deprecated");
  g_string_append (out, ".\n");
}

void
man_page (GString *out)
{
  size_t n;
  const StokerOption *rows = stk_broker_rows (&n);

  g_string_append (out, head);
  for (size_t i = 0; i < n; i++) {
    const char *heading = stk_broker_row_heading (i);
    if (heading) {
      g_autofree char *upper = g_ascii_strup (heading, -1);
      g_string_append_printf (out, ".SH %s\n", upper);
    }
    put_row (out, &rows[i]);
  }
  g_string_append (out, tail);
}
