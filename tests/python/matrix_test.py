"""Every method as every role and as nobody, against tests/matrix.tsv (`make matrix` writes it). Each request is empty: whoever may
call gets some answer or a complaint about a field, whoever may not is told so before anything is looked at."""
import os
import random
import subprocess
import unittest

import loket_pb2 as pb
from loket_client import Client

ADDRESS = os.environ["LOKET_SERVER"]
CA = os.environ["LOKET_CA"]
SOURCE = "127.%d.%d.9" % (random.randint(1, 254), random.randint(0, 254))  # failed log-ins of here are not those of the other tests' address
LAST = ("auth.logout",)  # ends the session that the others need
REFUSALS = {("NOT_LOGGED_IN", "Log in first", ""), ("FORBIDDEN", "Your role may not do this", "")}


def read_matrix():
    with open(os.environ["LOKET_MATRIX"], encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    return rows[0][1:], {row[0]: dict(zip(rows[0][1:], row[1:])) for row in rows[1:]}


def people():
    """One user of each role, and their password."""
    found = {}
    with open(os.environ["LOKET_CREDENTIALS"], encoding="utf-8") as file:
        for line in file:
            user, role, password = line.split()
            found.setdefault(role.split("@")[0], (user, password))
    return found


class Matrix(unittest.TestCase):
    def test_somebody_may_what_the_committed_matrix_does_not_say(self):
        told = subprocess.run([os.environ["LOKETD"], "methods"], check=True, capture_output=True, text=True).stdout
        with open(os.environ["LOKET_MATRIX"], encoding="utf-8") as file:
            self.assertEqual(file.read(), told, "run `make matrix` and read what changed")

    def test_a_method_is_open_to_whom_the_matrix_does_not_admit_or_closed_to_whom_it_does(self):
        roles, matrix = read_matrix()
        persons = people()
        self.assertEqual(set(roles) - {"nobody"}, set(persons), "the demonstration office has somebody of each role")
        wrong = []
        for role in roles:
            client = Client(ADDRESS, CA, source=SOURCE)
            if role != "nobody":
                client.login(*persons[role])
            for method in sorted(matrix, key=lambda name: (name in LAST, name)):
                error = client.answer(client.send(method, pb.Empty(), os.urandom(16))).error
                refused = (pb.ErrorCode.Name(error.code), error.message, error.field) in REFUSALS
                if refused == (matrix[method][role] == "yes"):
                    wrong.append(f"{method} as {role}: {pb.ErrorCode.Name(error.code)} {error.field} {error.message}")
            client.close()
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
