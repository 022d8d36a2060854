/* SPDX-License-Identifier: Apache-2.0
 *
 * A broker's modules and their instances. Every instance is known by kind and name; "default" is another name for the
 * one that the kind's `KIND.default.use` names. A module that is loaded has an instance of its own name, and those that
 * `KIND.INSTANCE.use` lines add.
 *
 * Order: load all -> add instances -> init -> start (by kind, lower layers first) .. stop (backwards) -> free.
 *
 * Thread: control; but get, codec and default may be called on any thread between init and free, when nothing changes
 * any more.
 */
#ifndef STK_MODULE_REGISTRY_H
#define STK_MODULE_REGISTRY_H

#include "module/instance.h"
#include "module/kind.h"

typedef struct StkRegistry StkRegistry;

/* search_path: folders for load before the installed one (module.path); NULL: none. host: borrowed, for the instances.
 */
StkRegistry *stk_registry_new (StokerHost *host, const char *const *search_path);
/* Stops what is started, ends all instances in reverse order. NULL is allowed. */
void stk_registry_free (StkRegistry *r);

/* ---- modules */
/* Loads what the spec (stk_module_spec_parse) asks for; one that is built in needs no file. A module of that kind and
 * name that is there already: an error that names both files. *out (may be NULL): borrowed. The error's code is -ENOENT
 * when there is just no such file. */
int stk_registry_load (StkRegistry *r, const char *spec, const StokerModule **out, StokerError *err);
/* A module of this program: tests and built-in ones. `raw` must live as long as the registry. */
int stk_registry_add_module (StkRegistry *r, const StokerModule *raw, const StokerModule **out, StokerError *err);
/* NULL: not loaded. */
const StokerModule *stk_registry_module (const StkRegistry *r, uint32_t kind, const char *name);
/* Calls each (user, module, file) for all modules in the order of loading; file NULL: built in. */
void stk_registry_each_module (const StkRegistry *r, void (*each) (void *user, const StokerModule *m, const char *file),
                               void *user);

/* ---- instances */
/* Takes over `conf` (NULL: defaults). The name must be new in its kind and not "default". */
int stk_registry_add_instance (StkRegistry *r, const StokerModule *m, const char *name, void *conf, StokerError *err);
/* Which instance "default" is; it must exist. */
int stk_registry_set_default (StkRegistry *r, uint32_t kind, const char *name, StokerError *err);
/* name NULL or "default": the default. NULL when there is none. */
StokerInstance *stk_registry_get (const StkRegistry *r, uint32_t kind, const char *name);
/* The codec of a Kafka codec id (1 gzip ..), NULL: none. What StkHostOps.codec of a broker calls. */
StokerInstance *stk_registry_codec (const StkRegistry *r, int codec_id);
/* All instances, of one kind or of all (kind 0), in order of their making; each may stop by returning false. */
void stk_registry_each (const StkRegistry *r, uint32_t kind, bool (*each) (void *user, StokerInstance *i), void *user);

/* ---- life */
int stk_registry_init (StkRegistry *r, StokerError *err);
/* Starts the instances of one kind, or all that are not yet started (kind 0). What was started before a failure stays
 * started: stop it. */
int stk_registry_start (StkRegistry *r, uint32_t kind, StokerError *err);
/* Stops in reverse order of starting: one kind, or all (0). */
void stk_registry_stop (StkRegistry *r, uint32_t kind);

#endif
