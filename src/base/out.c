/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/disk.h>
#include <stoker/out.h>

#include <errno.h>
#include <glib.h>

void
stoker_slice_release (StokerSlice *s)
{
  if (s->kind == STOKER_SLICE_BLOCK)
    stoker_block_unref (s->u.block);
  else if (s->kind == STOKER_SLICE_FILE)
    stoker_file_unref (s->u.file);
  *s = (StokerSlice){ 0 };
}

void
stoker_out_splice (StokerOut *o, StokerSlice *s)
{
  if (s->kind == STOKER_SLICE_MEMORY) {
    stoker_buf_append (&o->head, s->u.memory, s->len);
    return;
  }
  if (s->len == 0) {
    stoker_slice_release (s);
    return;
  }
  if (o->n_splices == o->cap_splices) {
    o->cap_splices = o->cap_splices ? o->cap_splices * 2 : 4;
    o->splices = g_renew (StokerSplice, o->splices, o->cap_splices);
  }
  o->splices[o->n_splices++] = (StokerSplice){ o->head.len, *s };
  o->spliced += s->len;
  *s = (StokerSlice){ 0 };
}

static int
flatten_slice (const StokerSlice *s, StokerBuf *to)
{
  uint8_t *at = stoker_buf_reserve (to, s->len);

  if (s->kind == STOKER_SLICE_BLOCK) {
    memcpy (at, stoker_block_data (s->u.block) + s->pos, s->len);
  } else {
    ssize_t n = stoker_file_pread (s->u.file, at, s->len, s->pos);
    if (n < 0)
      return (int)n;
    if ((size_t)n != s->len)
      return -EIO;
  }
  to->len += s->len;
  return 0;
}

int
stoker_out_flatten (const StokerOut *o, StokerBuf *to)
{
  size_t at = 0;

  for (uint32_t i = 0; i < o->n_splices; i++) {
    const StokerSplice *sp = &o->splices[i];
    int rc;
    stoker_buf_append (to, o->head.data + at, sp->at - at);
    at = sp->at;
    if ((rc = flatten_slice (&sp->slice, to)) < 0)
      return rc;
  }
  stoker_buf_append (to, o->head.data ? o->head.data + at : NULL, o->head.len - at);
  return 0;
}

void
stoker_out_clear (StokerOut *o)
{
  for (uint32_t i = 0; i < o->n_splices; i++)
    stoker_slice_release (&o->splices[i].slice);
  g_free (o->splices);
  stoker_buf_clear (&o->head);
  *o = (StokerOut){ 0 };
}
