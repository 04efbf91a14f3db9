"""A client with helper processes that own no flow. The traps:
  shim      as a version manager's shim: short processes first, then an exec
  spawn     multiprocessing's "spawn": a resource tracker beside two workers
  commands  other programs that are run between requests

usage: helpers_client.py KIND PORT N"""
import multiprocessing
import os
import subprocess
import sys

import own


def worker(port, n):
    for _ in range(n):
        own.request(port)


def main():
    kind, port, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "shim":
        for _ in range(5):
            subprocess.run(["/bin/true"], check=True)
        os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), "shimmed", str(port), str(n)])
    if kind == "shimmed":
        own.processes(5)
        worker(port, n)
    if kind == "commands":
        for _ in range(n):
            subprocess.run(["/bin/true"], check=True)
            own.processes(1)
            own.request(port)
    if kind == "spawn":
        context = multiprocessing.get_context("spawn")
        children = [context.Process(target=worker, args=(port, n)) for _ in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        own.processes(3)
    own.end("helpers_client " + kind)


if __name__ == "__main__":
    main()
