/* SPDX-License-Identifier: Apache-2.0
 *
 * The hash against the published vectors of SipHash-2-4-128, the table against GHashTable.
 */
#include "modules/cleaner/compact/key_map.h"

#include <glib.h>
#include <string.h>

static void
test_vectors (void)
{
  /* Of the reference implementation: key 00 01 .. 0f; input of n bytes 00 01 .. */
  static const struct
  {
    size_t n;
    uint8_t out[16];
  } known[] = {
    { 0, { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 } },
    { 1, { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 } },
    { 2, { 0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7, 0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff, 0xe4 } },
    { 3, { 0x9c, 0x70, 0xb6, 0x0c, 0x52, 0x67, 0xa9, 0x4e, 0x5f, 0x33, 0xb6, 0xb0, 0x29, 0x85, 0xed, 0x51 } },
  };
  const uint64_t secret[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
  uint8_t in[64];

  for (unsigned i = 0; i < sizeof in; i++)
    in[i] = (uint8_t)i;
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++) {
    KeyHash h = key_hash (secret, in, known[i].n);
    uint64_t hi = GUINT64_TO_LE (h.hi), lo = GUINT64_TO_LE (h.lo);
    uint8_t out[16];
    memcpy (out, &hi, 8);
    memcpy (out + 8, &lo, 8);
    g_assert_cmpmem (out, 16, known[i].out, 16);
  }
}

static void
test_model (void)
{
  static const double loads[] = { 0.5, 0.9, 1.0 };
  const uint64_t secret[2] = { 1, 2 };

  for (unsigned l = 0; l < G_N_ELEMENTS (loads); l++)
    for (size_t bytes = 24; bytes < 200000; bytes = bytes * 3 + 24) {
      g_autoptr (GHashTable) model = g_hash_table_new (NULL, NULL);
      g_autoptr (GRand) dice = g_rand_new_with_seed ((guint32)bytes);
      bool full = false;
      KeyMap m;
      if (!key_map_init (&m, bytes, loads[l], secret))
        continue;
      for (int64_t offset = 0; offset < 20000; offset++) {
        guint key = (guint)g_rand_int_range (dice, 1, 9000);
        KeyHash h = key_hash (secret, &key, sizeof key);
        bool known = g_hash_table_contains (model, GUINT_TO_POINTER (key));
        g_assert_cmpint (key_map_get (&m, &h), ==,
                         known ? (gint64)GPOINTER_TO_SIZE (g_hash_table_lookup (model, GUINT_TO_POINTER (key))) : -1);
        if (key_map_put (&m, &h, offset)) {
          g_hash_table_insert (model, GUINT_TO_POINTER (key), GSIZE_TO_POINTER ((gsize)offset));
        } else {
          g_assert_false (known);
          full = true;
        }
      }
      g_assert_cmpuint (g_hash_table_size (model), ==, m.used);
      if (full) /* close to what was asked for */
        g_assert_cmpuint (m.used, >=, (size_t)((double)m.limit * 0.7));
      key_map_clear (&m);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cleaner/compact/hash", test_vectors);
  g_test_add_func ("/cleaner/compact/map", test_model);
  return g_test_run ();
}
