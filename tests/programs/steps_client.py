"""A pool of threads that works in steps, when it is told to, and keeps one connection
open all the time. The trap: whoever begins to watch it comes in the middle.

It waits for FOLDER/go.1, go.2 and so on, each with a number in it: so many requests are
made by its four threads, one more on the connection that is kept, and FOLDER/done.1 is
there. At FOLDER/go.end it ends with the status in it.

usage: steps_client.py PORT FOLDER"""
import os
import socket
import sys
import time
from multiprocessing.pool import ThreadPool

import own


def ask(sock):
    sock.sendall(b"TIME\r\n")
    answer = b""
    while len(answer) < 14:
        answer += sock.recv(16)


def await_word(folder, step):
    """The number of the next step; None and the status at the end."""
    end = os.path.join(folder, "go.end")
    go = os.path.join(folder, f"go.{step}")
    while True:
        for path in (end, go):
            if os.path.exists(path):
                with open(path, encoding="ascii") as file:
                    return path == go, int(file.read())
        time.sleep(0.01)


def main():
    port, folder = int(sys.argv[1]), sys.argv[2]
    kept = socket.create_connection(("127.0.0.1", port))
    pool = ThreadPool(4)
    step = 0
    while True:
        step += 1
        goes_on, number = await_word(folder, step)
        if not goes_on:
            sys.exit(number)
        own.fact("step", step)
        pool.map(own.request, [port] * number, chunksize=1)
        ask(kept)
        with open(os.path.join(folder, f"done.{step}"), "w", encoding="ascii"):
            pass


if __name__ == "__main__":
    main()
