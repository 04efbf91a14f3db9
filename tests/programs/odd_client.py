"""Clients whose work is not what it looks like. The traps:
  waits     waits for each answer
  impatient waits for each answer for a fifth of a second at most
  leaves    waits for answers in a thread each, and ends when half of them came
  late      sends its request only when an answer may already be there
  handover  connects in one thread, and talks in one thread a connection
  refused   connects where nobody listens, without waiting for it
  blocked   the same, and waits
  named     tries one address after the other, of which the first refuses

usage: odd_client.py KIND PORT N"""
import os
import select
import socket
import sys
import threading
import time

import own


asked = threading.Semaphore(0)


def talk(sock):
    with sock:
        sock.sendall(b"TIME\r\n")
        asked.release()
        try:
            sock.recv(64)
        except OSError:
            pass


def main():
    kind, port, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    threads = []
    for turn in range(n):
        if kind in ("refused", "blocked"):
            sock = socket.socket()
            sock.setblocking(kind == "blocked")
            sock.connect_ex(("127.0.0.9", port))
            select.select([], [sock], [], 10)
            sock.close()
            continue
        if kind == "named":
            sock = socket.socket(socket.AF_INET6)
            assert sock.connect_ex(("::1", port)) != 0
            sock.close()
        sock = socket.create_connection(("127.0.0.1", port))
        if kind == "impatient":
            sock.settimeout(0.2)
        if kind == "late" and turn % 2:
            time.sleep(0.01)
        if kind in ("waits", "impatient", "late", "named"):
            talk(sock)
        else:
            threads.append(threading.Thread(target=talk, args=(sock,)))
            threads[-1].start()
    if kind == "leaves":
        for _ in threads:
            asked.acquire()
        while sum(thread.is_alive() for thread in threads) > n // 2:
            time.sleep(0.01)
        os._exit(0)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
