"""Every module can be the first one a process imports: no cycles, no hidden order."""

import subprocess
import sys

from source_tree import PACKAGES, ROOT, module_of, python_files

# One process loads the slow third-party packages and forks once for each module, so that each of our modules
# meets an interpreter that has seen none of the others.
IMPORT_EACH_ALONE = """
import importlib, os, sys, traceback
import aiohttp, aiosqlite, argon2, cryptography, msgspec, textual.app

failures = 0
for module in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(module)
        except BaseException:
            print(f"{module}:", traceback.format_exc(), flush=True)
            os._exit(1)
        os._exit(0)
    failures += os.waitpid(child, 0)[1] != 0
sys.exit(failures != 0)
"""


def test_every_module_imports_alone():
    modules = [
        module for path in python_files(*PACKAGES) if not (module := module_of(path)).endswith("__main__")
    ]
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH_ALONE, *modules],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
