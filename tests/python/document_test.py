"""Documents over the wire: an upload that is cut goes on where it was, byte for byte; what is hostile is refused by name."""
import hashlib
import os
import random
import struct
import unittest

import loket_pb2 as pb
from loket_client import Refused
from wire_test import application, logged_in

CHUNK = 65536


def pdf(size, seed):
    head, tail = b"%PDF-1.4\n", b"\n%%EOF\n"
    return head + random.Random(seed).randbytes(size - len(head) - len(tail)) + tail


def taken_in(clerk):
    return clerk.write("intake.submit", application(), pb.IntakeSubmitReply).application_id


def begin(clerk, application_id, data, name="scan.pdf", code="KTP", replaces=0):
    request = pb.DocumentBeginRequest(application_id=application_id, code=code, name=name, size=len(data), replaces=replaces,
                                      sha256=hashlib.sha256(data).digest())
    return clerk.write("document.begin", request, pb.DocumentBeginReply)


def chunk(clerk, upload_id, data, number):
    part = data[number * CHUNK:(number + 1) * CHUNK]
    return clerk.call("document.chunk", pb.DocumentChunkRequest(upload_id=upload_id, number=number, data=part), pb.DocumentChunkReply)


def chunks(data):
    return (len(data) + CHUNK - 1) // CHUNK


def finish(clerk, application_id, upload_id):
    """Waits for the check, by the events that tell of it. The upload's row when it was refused, else None."""
    clerk.write("document.finish", pb.DocumentUploadRequest(upload_id=upload_id), pb.Empty)
    while True:
        reply = clerk.call("document.list", pb.DocumentListRequest(application_id=application_id), pb.DocumentListReply)
        row = next((row for row in reply.uploads if row.upload_id == upload_id), None)
        if row is None or row.state == "refused":
            return row
        while not clerk.events:
            envelope = clerk.receive()
            if envelope.id == 0:
                clerk.events.append(envelope)
        clerk.events.clear()


def upload(clerk, application_id, data, **options):
    upload_id = begin(clerk, application_id, data, **options).upload_id
    for number in range(chunks(data)):
        chunk(clerk, upload_id, data, number)
    return finish(clerk, application_id, upload_id)


def read(client, document_id):
    opened = client.call("document.open", pb.DocumentOpenRequest(document_id=document_id), pb.DocumentOpenReply)
    parts = [client.call("document.read", pb.DocumentReadRequest(reading_id=opened.reading_id, number=number), pb.DocumentReadReply).data
             for number in range(opened.chunks)]
    return b"".join(parts)


class Documents(unittest.TestCase):
    def documents(self, client, application_id):
        reply = client.call("document.list", pb.DocumentListRequest(application_id=application_id), pb.DocumentListReply)
        return [row for row in reply.documents if row.kind == "requirement"]

    def test_an_upload_cut_at_each_tenth_is_another_file(self):
        clerk = logged_in("rina")
        for tenth in range(1, 10):
            data = pdf(700_001, tenth)
            application_id = taken_in(clerk)
            upload_id = begin(clerk, application_id, data).upload_id
            whole, cut = divmod(len(data) * tenth // 10, CHUNK)
            for number in range(whole):
                chunk(clerk, upload_id, data, number)
            # the line falls in the middle of the next chunk's frame
            body = pb.DocumentChunkRequest(upload_id=upload_id, number=whole, data=data[whole * CHUNK:(whole + 1) * CHUNK])
            frame = pb.Envelope(id=9999, method="document.chunk", body=body.SerializeToString()).SerializeToString()
            clerk.send_bytes(struct.pack(">I", len(frame)) + frame[:cut])
            clerk.close()
            clerk = logged_in("rina")
            again = begin(clerk, application_id, data)
            self.assertEqual(again.upload_id, upload_id)
            self.assertGreaterEqual(again.next, whole)
            for number in range(again.next, chunks(data)):
                chunk(clerk, upload_id, data, number)
            self.assertIsNone(finish(clerk, application_id, upload_id))
            (document,) = self.documents(clerk, application_id)
            self.assertEqual(document.sha256, hashlib.sha256(data).hexdigest())
            self.assertEqual(read(clerk, document.document_id), data)

    def test_a_chunk_sent_twice_or_out_of_order_spoils_the_file(self):
        clerk, data = logged_in("rina"), pdf(300_000, "order")
        application_id = taken_in(clerk)
        upload_id = begin(clerk, application_id, data).upload_id
        for number in (4, 0, 4, 2, 1, 3, 0):
            chunk(clerk, upload_id, data, number)
        self.assertIsNone(finish(clerk, application_id, upload_id))
        self.assertEqual(read(clerk, self.documents(clerk, application_id)[0].document_id), data)

    def test_a_wrong_type_with_a_right_name_is_attached(self):
        clerk = logged_in("rina")
        application_id = taken_in(clerk)
        for data in (b"PK\x03\x04" + os.urandom(400), b"#!/bin/sh\nrm -rf /\n", b"<html><script>alert(1)</script></html>",
                     b"MZ" + os.urandom(600)):
            refused = upload(clerk, application_id, data)
            self.assertEqual(refused.problem, "This is not a PDF, JPEG, PNG or TIFF file")
        self.assertEqual(self.documents(clerk, application_id), [])

    def test_a_cut_file_is_attached(self):
        clerk = logged_in("rina")
        application_id = taken_in(clerk)
        refused = upload(clerk, application_id, pdf(100_000, "cut")[:-100])
        self.assertEqual(refused.problem, "This PDF is not whole")

    def test_other_bytes_than_the_hash_says_are_attached(self):
        clerk, data = logged_in("rina"), pdf(1000, "a")
        application_id = taken_in(clerk)
        upload_id = begin(clerk, application_id, data).upload_id
        chunk(clerk, upload_id, pdf(1000, "b"), 0)
        refused = finish(clerk, application_id, upload_id)
        self.assertEqual(refused.problem, "This file did not arrive as it was sent: send it again")

    def test_two_gibibytes_or_an_escape_in_a_name_are_taken(self):
        clerk = logged_in("rina")
        application_id = taken_in(clerk)
        for change, field in (({"size": 1 << 31}, "size"), ({"size": 0}, "size"), ({"name": "../../x.pdf"}, "name"),
                              ({"name": "a\x1b[2Jb.pdf"}, "name"), ({"name": "a\u202efdp.exe"}, "name"), ({"code": "NONE"}, "code"),
                              ({"sha256": b"short"}, "sha256")):
            request = pb.DocumentBeginRequest(application_id=application_id, code="KTP", name="a.pdf", size=10, sha256=bytes(32))
            for key, value in change.items():
                setattr(request, key, value)
            with self.assertRaises(Refused) as refused:
                clerk.write("document.begin", request, pb.DocumentBeginReply)
            self.assertEqual(refused.exception.field, field)

    def test_somebody_reads_on_another_s_reading(self):
        clerk, other, data = logged_in("rina"), logged_in("budi"), pdf(2000, "read")
        application_id = taken_in(clerk)
        self.assertIsNone(upload(clerk, application_id, data))
        (document,) = self.documents(clerk, application_id)
        opened = clerk.call("document.open", pb.DocumentOpenRequest(document_id=document.document_id), pb.DocumentOpenReply)
        with self.assertRaises(Refused):
            other.call("document.read", pb.DocumentReadRequest(reading_id=opened.reading_id, number=0), pb.DocumentReadReply)
        with self.assertRaises(Refused):
            logged_in("arif").call("document.open", pb.DocumentOpenRequest(document_id=document.document_id), pb.DocumentOpenReply)


if __name__ == "__main__":
    unittest.main()
