"""The lab's servers: a new thread a connection, one connection at a time, or a pool of
eight, whose threads come with the work (executor) or are there before it (queue).
The trap: a backlog of 1, under which SYNs are dropped and sent again; as many connections
as the pool has threads.

usage: lab_server.py thread|iterative|executor|queue PORT [BACKLOG]"""
import concurrent.futures
import os
import queue
import signal
import socket
import sys
import threading

import own


def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    backlog = int(sys.argv[3]) if len(sys.argv) > 3 else 4096
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(backlog)

    def leave(*_):
        own.end("lab_server " + kind)
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    executor = concurrent.futures.ThreadPoolExecutor(max_workers=8)
    work = queue.Queue()

    def serve_all():
        while True:
            own.serve(*work.get())

    if kind == "queue":
        for _ in range(8):
            threading.Thread(target=serve_all, daemon=True).start()
    while True:
        sock, (_, peer) = listener.accept()
        own.fact("accepted", peer)
        if kind == "thread":
            threading.Thread(target=own.serve, args=(sock, peer)).start()
        elif kind == "executor":
            executor.submit(own.serve, sock, peer)
        elif kind == "queue":
            work.put((sock, peer))
        else:
            own.serve(sock, peer)


if __name__ == "__main__":
    main()
