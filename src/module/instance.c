/* SPDX-License-Identifier: Apache-2.0 */
#include "module/instance.h"

#include "module/option.h"

#include <glib.h>

typedef enum Stage
{
  STAGE_MADE,
  STAGE_INIT,    /* init was called, with whatever result */
  STAGE_STARTED, /* start succeeded */
} Stage;

typedef struct Instance
{
  StokerInstance self; /* first: what modules see */
  char *name;
  Stage stage;
  GMutex serial;
} Instance;

void *
stk_conf_new (const StokerModule *m)
{
  void *conf = g_malloc0 (MAX (m->conf_size, 1u));
  StokerError err;

  if (stk_options_defaults (m->options, m->n_options, conf, &err) < 0)
    g_error ("module %s passed the check of its table with a bad default: %s", m->name, err.text);
  return conf;
}

void
stk_conf_free (const StokerModule *m, void *conf)
{
  if (conf == NULL)
    return;
  stk_options_clear (m->options, m->n_options, conf);
  g_free (conf);
}

StokerInstance *
stk_instance_new (const StokerModule *m, const char *name, StokerHost *host, void *conf)
{
  Instance *i = g_new0 (Instance, 1);

  i->name = g_strdup (name);
  i->self.name = i->name;
  i->self.module = m;
  i->self.conf = conf ? conf : stk_conf_new (m);
  i->self.state = g_malloc0 (MAX (m->state_size, 1u));
  i->self.host = host;
  g_mutex_init (&i->serial);
  return &i->self;
}

void
stk_instance_free (StokerInstance *self)
{
  Instance *i = (Instance *)self;

  if (i == NULL)
    return;
  stk_instance_stop (self);
  if (i->stage >= STAGE_INIT && self->module->fini)
    self->module->fini (self);
  stk_conf_free (self->module, (void *)self->conf);
  g_free (self->state);
  g_free (i->name);
  g_mutex_clear (&i->serial);
  g_free (i);
}

int
stk_instance_init (StokerInstance *self, StokerError *err)
{
  Instance *i = (Instance *)self;

  g_assert (i->stage == STAGE_MADE);
  i->stage = STAGE_INIT;
  if (self->module->init && self->module->init (self, err) < 0)
    return stoker_error_prefix (err, "instance %s", self->name);
  return 0;
}

int
stk_instance_start (StokerInstance *self, StokerError *err)
{
  Instance *i = (Instance *)self;

  g_assert (i->stage == STAGE_INIT);
  if (self->module->start && self->module->start (self, err) < 0)
    return stoker_error_prefix (err, "instance %s", self->name);
  i->stage = STAGE_STARTED;
  return 0;
}

void
stk_instance_stop (StokerInstance *self)
{
  Instance *i = (Instance *)self;

  if (i->stage != STAGE_STARTED)
    return;
  i->stage = STAGE_INIT;
  if (self->module->stop)
    self->module->stop (self);
}

int
stk_instance_reconfigure (StokerInstance *self, void *conf, StokerError *err)
{
  void *old = (void *)self->conf;

  if (self->module->reconfigure && self->module->reconfigure (self, conf, err) < 0) {
    stk_conf_free (self->module, conf);
    return stoker_error_prefix (err, "instance %s", self->name);
  }
  self->conf = conf;
  stk_conf_free (self->module, old);
  return 0;
}

void
stk_instance_enter (StokerInstance *self)
{
  if (self->module->threads == STOKER_THREADS_SERIAL)
    g_mutex_lock (&((Instance *)self)->serial);
}

void
stk_instance_leave (StokerInstance *self)
{
  if (self->module->threads == STOKER_THREADS_SERIAL)
    g_mutex_unlock (&((Instance *)self)->serial);
}
