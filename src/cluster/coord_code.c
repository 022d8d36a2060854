/* SPDX-License-Identifier: Apache-2.0 */
#include <stoker/coordinator.h>

const char *
stoker_coord_code_name (int code)
{
  switch (code) {
  case STOKER_COORD_OK:
    return "OK";
  case STOKER_COORD_RUNTIME_INCONSISTENCY:
    return "RUNTIME_INCONSISTENCY";
  case STOKER_COORD_CONNECTION_LOSS:
    return "CONNECTION_LOSS";
  case STOKER_COORD_BAD_ARGUMENTS:
    return "BAD_ARGUMENTS";
  case STOKER_COORD_NO_NODE:
    return "NO_NODE";
  case STOKER_COORD_NO_AUTH:
    return "NO_AUTH";
  case STOKER_COORD_BAD_VERSION:
    return "BAD_VERSION";
  case STOKER_COORD_NO_CHILDREN_FOR_EPHEMERALS:
    return "NO_CHILDREN_FOR_EPHEMERALS";
  case STOKER_COORD_NODE_EXISTS:
    return "NODE_EXISTS";
  case STOKER_COORD_NOT_EMPTY:
    return "NOT_EMPTY";
  case STOKER_COORD_SESSION_EXPIRED:
    return "SESSION_EXPIRED";
  case STOKER_COORD_CLOSED:
    return "CLOSED";
  default:
    return "UNKNOWN_CODE";
  }
}
