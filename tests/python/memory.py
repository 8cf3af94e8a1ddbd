"""A file of 50 MiB goes through a worker, in and out, and the worker does not grow by it. For a release build only: a sanitizer keeps
what was freed. Ends with 'N passed, N failed'."""
import os
import re
import sys

import loket_pb2 as pb
from document_test import CHUNK, begin, chunk, chunks, finish, pdf, taken_in
from wire_test import logged_in

SIZE, MOST = 50 << 20, 1024  # KiB


def workers():
    """The workers that run: the log says who is who."""
    with open(os.path.join(os.environ["LOKET_VAR"], "log", "loketd.log"), encoding="utf-8", errors="replace") as log:
        pids = set(re.findall(r"process=worker pid=(\d+)", log.read()))
    return [pid for pid in pids if os.path.exists(f"/proc/{pid}/status")]


def resident():
    """KiB of each worker."""
    sizes = {}
    for pid in workers():
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            sizes[pid] = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
    return sizes


def grown(before):
    return max(size - before.get(pid, size) for pid, size in resident().items())


def main():
    clerk = logged_in("rina")
    application_id = taken_in(clerk)
    small = pdf(40 * CHUNK, "warm")
    for data in (small, pdf(SIZE, "large")):
        upload_id = begin(clerk, application_id, data, code="PROPOSAL").upload_id
        before, most = resident(), 0
        for number in range(chunks(data)):
            chunk(clerk, upload_id, data, number)
            if number % 50 == 0:
                most = max(most, grown(before))
        most_in = max(most, grown(before))
        assert finish(clerk, application_id, upload_id) is None
    reply = clerk.call("document.list", pb.DocumentListRequest(application_id=application_id), pb.DocumentListReply)
    document = next(row for row in reply.documents if row.size == SIZE)
    opened = clerk.call("document.open", pb.DocumentOpenRequest(document_id=document.document_id), pb.DocumentOpenReply)
    before, most_out = resident(), 0
    for number in range(opened.chunks):
        clerk.call("document.read", pb.DocumentReadRequest(reading_id=opened.reading_id, number=number), pb.DocumentReadReply)
        if number % 50 == 0:
            most_out = max(most_out, grown(before))
    good = most_in <= MOST and most_out <= MOST
    print(f"a worker grew by {most_in} KiB while 50 MiB came in, by {most_out} KiB while they went out; allowed: {MOST}")
    print("1 passed, 0 failed" if good else "0 passed, 1 failed")
    return 0 if good else 1


sys.exit(main())
