/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulation from inside: sim.c (scheduler, clock, actors, pools), net.c (network), disk.c (disks).
 */
#ifndef STK_SIM_IMPL_H
#define STK_SIM_IMPL_H

#include "sim/sim.h"
#include "world/disk.h"
#include "world/impl.h"

#include <glib.h>

typedef struct SimMachine
{
  StkWorld base;
  StkSim *sim;
  int number;
  bool halted;
} SimMachine;

struct StkSim
{
  int64_t now_us;
  uint64_t chance, fingerprint;
  StkNet *net;
  GPtrArray *machines; /* of SimMachine */
  GPtrArray *actors;   /* of SimActor, started */
  GPtrArray *pools;    /* of SimPool */
};

typedef struct SimActor
{
  StkActor base;
  GPtrArray *ends;      /* of SimEnd: streams that live on it (net.c) */
  GPtrArray *listeners; /* of SimListener */
  bool started;
} SimActor;

#define SIM_OF(world) (((SimMachine *)(world))->sim)

/* A number below n, from the seed. */
uint64_t stk_sim_chance (StkSim *s, uint64_t n);
/* Makes `what` part of the fingerprint. */
void stk_sim_mark (StkSim *s, uint64_t what);

StkNet *stk_sim_net_new (StkSim *s);
/* Is there something for the actor to hear from the network now? If not, *when is lowered to the time when there will
 * be. */
bool stk_sim_net_ready (SimActor *a, int64_t *when);
/* Tells its streams and listeners. Runs as the actor. */
void stk_sim_net_deliver (SimActor *a);
/* The machine is gone: its connections are reset, its listeners forgotten. */
void stk_sim_net_halt (SimMachine *m);

StokerDisk *stk_sim_disk_new (StkSim *s);
void stk_sim_disk_free (StokerDisk *d);
void stk_sim_disk_unlock_all (StokerDisk *d);
void stk_sim_disk_cut (StokerDisk *d);
void stk_sim_disk_limit (StokerDisk *d, uint64_t bytes);
void stk_sim_disk_watch (StokerDisk *d, StkSimDiskWatch watch, void *user);

#endif
