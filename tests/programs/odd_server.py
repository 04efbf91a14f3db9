"""Servers that do not answer as others do, each in one thread, or in two
processes. The traps:
  close  closes every second connection without an answer
  reset  aborts every second one, likewise
  hang   never answers every second one, and keeps it open
  late   closes every second one when its client has, and never answers it
  first  answers before it reads, and so perhaps before the request is there
  loops  two event loops, each of which accepts all that waits before it serves

usage: odd_server.py KIND PORT"""
import os
import selectors
import socket
import struct
import sys
import time

import own


def listen(port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(4096)
    return listener


def every_second(listener, kind):
    kept = []
    for turn in range(1 << 30):
        sock, _ = listener.accept()
        sock.recv(64)
        if turn % 2 == 0:
            sock.sendall(own.answer())
        elif kind == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "late":
            sock.recv(64)
        elif kind == "hang":
            kept.append(sock)
            continue
        sock.close()


def first(listener):
    while True:
        sock, _ = listener.accept()
        sock.sendall(own.answer())
        sock.recv(64)
        sock.close()


def loops(listener, other):
    # The kernel shares connections out between the two.
    if os.fork() == 0:
        listener = other
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not listener:
                selector.unregister(key.fileobj)
                key.fileobj.recv(64)
                key.fileobj.sendall(own.answer())
                key.fileobj.close()
                continue
            time.sleep(0.05)
            try:
                while True:
                    sock, _ = listener.accept()
                    selector.register(sock, selectors.EVENT_READ)
            except BlockingIOError:
                pass


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    listener = listen(port)
    if kind == "first":
        first(listener)
    if kind == "loops":
        loops(listener, listen(port))
    every_second(listener, kind)


if __name__ == "__main__":
    main()
