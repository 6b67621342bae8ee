"""A Celery app over SQS on the broker at AWS_ENDPOINT_URL: a worker process handles tasks, a delayed one and a retried one among them."""

import os
import subprocess
import sys
import tempfile
import time

from celery import Celery

endpoint = os.environ["AWS_ENDPOINT_URL"]
app = Celery("tasks", broker=f"sqs://local:local@{endpoint.split('//')[1]}//")
app.conf.update(
    broker_transport_options={"is_secure": False, "region": "us-east-1", "wait_time_seconds": 1},
    task_default_queue="celery-tasks",
    worker_prefetch_multiplier=1,
    task_acks_late=True,
)
RESULTS = os.environ.get("RESULTS", "")


def note(text):
    with open(RESULTS, "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


@app.task(name="add")
def add(left, right):
    note(f"sum {left + right}")


@app.task(name="retried", bind=True, max_retries=3)
def retried(self):
    note(f"try {self.request.retries}")
    if self.request.retries < 2:
        raise self.retry(countdown=1)


def main():
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "results")
        open(results, "w", encoding="utf-8").close()
        command = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "celery-client", "worker"]
        command += ["--pool=solo", "--loglevel=ERROR"]
        worker = subprocess.Popen(
            command, cwd=os.path.dirname(os.path.abspath(__file__)), env={**os.environ, "RESULTS": results}
        )
        try:
            for number in range(20):
                add.delay(number, 1)
            add.apply_async((100, 1), countdown=2)
            retried.delay()
            wanted = sorted([f"sum {number + 1}" for number in range(20)] + ["sum 101", "try 0", "try 1", "try 2"])
            for _ in range(600):
                with open(results, encoding="utf-8") as file:
                    noted = sorted(file.read().split("\n")[:-1])
                if noted == wanted:
                    print("Celery handled 22 tasks, one of them later and one after two retries")
                    return
                if worker.poll() is not None:
                    sys.exit(f"the Celery worker ended with {worker.returncode}")
                time.sleep(0.1)
            sys.exit(f"Celery handled {noted}, not {wanted}")
        finally:
            worker.terminate()
            worker.wait(20)


if __name__ == "__main__":
    main()
