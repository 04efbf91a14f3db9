"""Clients and servers as a class hands them in, each with one mistake.

usage: student.py client KIND PORT N
       student.py server KIND PORT"""
import atexit

# What is registered first comes last: after the pools have been ended.
LAST = []
atexit.register(lambda: [last() for last in LAST])

import logging
import multiprocessing
import os
import socket
import struct
import sys
import threading
import time
from datetime import datetime
from multiprocessing.pool import ThreadPool


def exchange(port, host="127.0.0.1", hold=None):
    with socket.create_connection((host, port)) as sock:
        sock.sendall(b"TIME\r\n")
        answer = sock.recv(64)
        if hold:
            hold()
        return answer


def each(n, work):
    threads = [threading.Thread(target=work) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def client(kind, port, n):
    if kind == "unjoined":
        # The main thread ends while two threads are in the middle of a request.
        both = threading.Barrier(3)
        stay = lambda: (both.wait(), time.sleep(60))
        pool = ThreadPool(2)
        for _ in range(n):
            pool.apply_async(exchange, (port, "127.0.0.1", stay))
        both.wait()
    elif kind == "unbegun":
        # It ends while two have begun, and not connected.
        both = threading.Barrier(3)
        pool = ThreadPool(2)
        for _ in range(n):
            pool.apply_async(lambda: (both.wait(), time.sleep(60)))
        both.wait()
    elif kind == "given_up":
        # Nobody waits: Python ends the pool while two are in the middle of a request,
        # and these still come to its end.
        both = threading.Barrier(3)
        pool = ThreadPool(2)

        def until_given_up():
            try:
                both.wait()
            except threading.BrokenBarrierError:
                return
            # All three that look after the pool.
            handlers = pool._worker_handler, pool._task_handler, pool._result_handler
            # Python says that a thread is over a little before the system does.
            there = [f"/proc/self/task/{handler.native_id}" for handler in handlers]
            while any(map(os.path.exists, there)):
                time.sleep(0.001)

        for _ in range(n):
            pool.apply_async(exchange, (port, "127.0.0.1", until_given_up))
        both.wait()
        # One that takes another request before its end must not wait for the others.
        LAST.append(lambda: (both.abort(), [worker.join() for worker in pool._pool]))
    elif kind == "joined":
        pool = ThreadPool(2)
        for _ in range(n):
            pool.apply_async(exchange, (port,))
        pool.close()
        pool.join()
    elif kind == "unjoined_processes":
        fork = multiprocessing.get_context("fork")
        begun = fork.Semaphore(0)

        def work(_):
            exchange(port)
            begun.release()
            time.sleep(60)

        globals()["work"] = work
        pool = fork.Pool(2)
        pool.map_async(call_work, range(n))
        # Both are done with a request: none is in the middle of one when it ends.
        begun.acquire()
        begun.acquire()
    elif kind == "handed":
        # One process connects, and another one that was there before talks.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            for _ in range(n):
                _, fds, _, _ = socket.recv_fds(theirs, 1, 1)
                with socket.socket(fileno=fds[0]) as sock:
                    sock.sendall(b"TIME\r\n")
                    sock.recv(64)
                theirs.send(b"x")
            os._exit(0)
        theirs.close()
        for _ in range(n):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                socket.send_fds(ours, [b"x"], [sock.fileno()])
            ours.recv(1)
        os.wait()
    elif kind == "resets":
        for _ in range(n):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
    elif kind == "no_request":
        for _ in range(n):
            ask(port, b"time, please\r\n")
    elif kind == "no_line_end":
        for _ in range(n):
            ask(port, b"TIME", patience=0.2)
    elif kind == "lf_alone":
        for _ in range(n):
            ask(port, b"TIME\n", patience=0.2)
    elif kind == "long_line":
        for _ in range(n):
            ask(port, b"TIME" + b"x" * 80 + b"\r\n")
    elif kind == "silent":
        for _ in range(n):
            ask(port, b"", patience=0.2)
    elif kind == "gone":
        for _ in range(n):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.sendall(b"TIME\r\n")
    elif kind == "probes":
        # Each child looks whether the port is open, and ends.
        for _ in range(3):
            if os.fork() == 0:
                socket.create_connection(("127.0.0.1", port))
                os._exit(0)
            os.wait()
        for _ in range(n):
            exchange(port)
    elif kind == "forks":
        # Each forks the next, and all ask, also the first one: 15 processes more.
        done = os.pipe()
        for _ in range(4):
            os.fork()
            exchange(port)
        os.close(done[1])
        # Until all are done.
        os.read(done[0], 1)
    elif kind == "wrong_port":
        for _ in range(n):
            try:
                exchange(9)
            except OSError as error:
                print("ERROR:", error)
    elif kind == "wrong_address":
        each(n, lambda: try_it(port, "127.0.0.9"))
    elif kind == "crash":
        for i in range(n):
            exchange(port)
            if i == 9:
                raise ValueError("request 10 is one too many")
    elif kind == "raises":
        def work():
            raise RuntimeError("before connect")

        each(n, work)
    elif kind == "logging":
        for _ in range(n):
            logging.warning("answer %d", exchange(port))
    elif kind == "fewer":
        for _ in range(n // 2):
            exchange(port)
    elif kind == "exits":
        sys.exit(3)
    elif kind == "empty":
        pass
    elif kind == "killed":
        exchange(port)
        os.abort()
    elif kind == "threads":
        each(n, lambda: exchange(port))
    elif kind == "in_turn":
        for _ in range(n):
            exchange(port)
    elif kind == "to_the_end":
        # The server closes first, and remembers the connection.
        for _ in range(n):
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.sendall(b"TIME\r\n")
                while sock.recv(64):
                    pass
    elif kind == "tolerant":
        for _ in range(n):
            try_it(port, "127.0.0.1")
    else:
        sys.exit("no such kind")


def call_work(i):
    return globals()["work"](i)


def ask(port, request, patience=None):
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(request)
        sock.settimeout(patience)
        try:
            return sock.recv(64)
        except TimeoutError:
            print("no answer")


def try_it(port, host):
    try:
        exchange(port, host)
    except OSError as error:
        print("ERROR:", error)


def now():
    return ("JAM " + datetime.now().strftime("%H:%M:%S") + "\r\n").encode()


def server(kind, port):
    listener = socket.socket()
    if kind != "no_reuse":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1 if kind == "backlog" else 512)
    if kind == "backlog":
        # The queue holds two connections, and nobody empties it.
        time.sleep(60)

    def raises(sock):
        raise RuntimeError("the thread has not read")

    def serve(sock):
        with sock:
            if kind == "silent":
                return time.sleep(60)
            sock.recv(64)
            if kind == "late":
                # Until the client has closed.
                sock.recv(64)
            if kind == "fixed":
                sock.sendall(b"JAM 10:00:00\r\n")
            elif kind == "utc":
                sock.sendall(("JAM " + datetime.utcnow().strftime("%H:%M:%S") + "\r\n").encode())
            elif kind == "garbage":
                sock.sendall(b"\x1b[2JHELLO\r\n")
            elif kind == "no_newline":
                sock.sendall(now().strip())
            else:
                sock.sendall(now())

    served = 0
    while True:
        sock, _ = listener.accept()
        if kind == "raises":
            threading.Thread(target=raises, args=(sock,)).start()
            del sock
            continue
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        served += 1
        if kind == "dies" and served == 3:
            time.sleep(0.2)
            raise KeyError("the fourth")
        if kind == "once":
            # Nobody accepts any more.
            while True:
                time.sleep(60)


if __name__ == "__main__":
    side, kind, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if side == "client":
        client(kind, port, int(sys.argv[4]))
    else:
        server(kind, port)
