# SPDX-License-Identifier: Apache-2.0
"""tests/fault/test-kill.py with log.flush = os."""
import os, runpy
os.environ["STOKER_FLUSH"] = "os"
runpy.run_path(os.path.join(os.environ["top_srcdir"], "tests", "fault", "test-kill.py"), run_name="__main__")
