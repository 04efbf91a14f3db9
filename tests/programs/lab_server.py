"""The lab's servers: a new thread a connection, or one connection at a time.
The trap: a backlog of 1, under which SYNs are dropped and sent again.

usage: lab_server.py thread|iterative PORT [BACKLOG]"""
import os
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
    while True:
        sock, (_, peer) = listener.accept()
        own.fact("accepted", peer)
        if kind == "thread":
            threading.Thread(target=own.serve, args=(sock, peer)).start()
        else:
            own.serve(sock, peer)


if __name__ == "__main__":
    main()
