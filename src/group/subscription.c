/* SPDX-License-Identifier: Apache-2.0
 *
 * The topics that a member of a `consumer` group subscribes: the one place where the coordinator looks into what is
 * otherwise the clients' own business (kafka-facts 9.3, last line).
 */
#include "group/internal.h"

static bool
get16 (StokerBytes *b, uint16_t *out)
{
  if (b->len < 2)
    return false;
  *out = (uint16_t)(b->data[0] << 8 | b->data[1]);
  b->data += 2;
  b->len -= 2;
  return true;
}

/* 1 named, 0 not, -1 not a subscription */
static int
names_topic (StokerBytes b, StokerStr topic)
{
  uint16_t version, hi, lo, len;
  int found = 0;

  if (!get16 (&b, &version) || version > INT16_MAX || !get16 (&b, &hi) || !get16 (&b, &lo))
    return -1;
  for (uint32_t n = (uint32_t)hi << 16 | lo; n > 0; n--) {
    if (!get16 (&b, &len) || len > b.len)
      return -1;
    if (len == topic.len && memcmp (b.data, topic.data, len) == 0)
      found = 1;
    b.data += len;
    b.len -= len;
  }
  return found;
}

bool
stk_group_subscribes (const StkGroup *g, StokerStr topic)
{
  if (!stoker_str_is (g->protocol_type, "consumer"))
    return true;
  if (g->n_members == 0)
    return false;
  if (g->protocol.data == NULL)
    return true;
  for (uint32_t i = 0; i < g->n_members; i++)
    if (names_topic (stk_member_metadata (g->members[i], g->protocol), topic) != 0)
      return true;
  return false;
}
