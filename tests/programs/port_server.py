"""Servers that are hard to wait for. The traps:
  late     listens on PORT after a second
  any      listens on a port that the kernel chooses, and writes it to FILE
  two      listens on another port first (an administration port), and says so
  child    the listening process is a grandchild
  never    never listens
  leaves   says one line on standard error and ends with status 7
  dies     is ended by SIGKILL before it listens
  slow     as late, but after ten seconds
  brief    listens, takes one connection, ends with STATUS, or else with 5

usage: port_server.py KIND PORT [FILE|STATUS]"""
import os
import signal
import socket
import sys
import threading
import time

import own


def listen(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    return listener


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    own.say(hello=kind)
    if kind == "never":
        time.sleep(600)
    if kind == "leaves":
        print("port_server: the configuration is missing", file=sys.stderr)
        sys.exit(7)
    if kind == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind in ("late", "slow"):
        time.sleep(1 if kind == "late" else 10)
    if kind == "two":
        other = listen(0)
        own.say(other=other.getsockname()[1])
    if kind == "child" and (os.fork() or os.fork()):
        time.sleep(600)
    listener = listen(port)
    if kind == "any":
        with open(sys.argv[3] + ".new", "w", encoding="ascii") as file:
            file.write(str(listener.getsockname()[1]))
        os.rename(sys.argv[3] + ".new", sys.argv[3])
    while True:
        sock, (_, peer) = listener.accept()
        own.fact("accepted", peer)
        if kind == "brief":
            own.serve(sock, peer)
            sys.exit(int(sys.argv[3]) if len(sys.argv) > 3 else 5)
        threading.Thread(target=own.serve, args=(sock, peer)).start()


if __name__ == "__main__":
    main()
