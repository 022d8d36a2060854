# SPDX-License-Identifier: Apache-2.0
"""The workflow as a story, on three ZooKeepers (see workflow.py)."""
import os, sys
sys.path.insert(0, os.path.join(os.environ["top_srcdir"], "tests", "system"))
import workflow

workflow.story(3)
