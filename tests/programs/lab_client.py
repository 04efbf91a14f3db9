"""The lab's clients: N threads, a default pool of threads, N processes. The
traps: hundreds of threads that live for a millisecond; a pool whose main thread
leaves, so that most requests are never made; processes that nobody joins
before the end.

usage: lab_client.py thread|pool|process PORT N [--join] [--together]
  --together  each of the pool's threads has a request at one moment"""
import multiprocessing
import sys
import threading
from multiprocessing.pool import ThreadPool

import own


def main():
    kind, port, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "thread":
        for _ in range(n):
            threading.Thread(target=own.request, args=(port,)).start()
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join()
        own.end("lab_client thread")
    elif kind == "process":
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=own.request, args=(port,)) for _ in range(n)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        own.end("lab_client process")
    else:
        pool = ThreadPool(16)
        if "--together" in sys.argv:
            all_there = {"connected": threading.Barrier(16).wait}
            for _ in range(16):
                pool.apply_async(own.request, (port,), all_there)
            n -= 16
        for _ in range(n):
            pool.apply_async(own.request, args=(port,))
        if "--join" in sys.argv:
            pool.close()
            pool.join()
        own.end("lab_client pool")


if __name__ == "__main__":
    main()
