"""Harness overhead: CPU time and memory a sample, between 1,000 and 10,000 text samples answered by a constant model.

    python benchmarks/overhead.py

Each run is a process of its own and the difference of two sizes is taken, so start-up does not count. Beside it, in the
same run: a bare loop over the same file (parse, answer, write), and lm-evaluation-harness on the same questions where
it is installed (`pip install lm-eval`).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (1_000, 10_000)

CARD = """\
title: Questions with short answers
ask:
  version: 1
  dataset: jsonl
  dataset_options:
    file: questions.jsonl
    columns: {{id: id, question: question, answer: answer, cluster: patient}}
    access: open
  split: test
  unit: passage
  protocol: vqa
  options: {{form: open}}
score:
  metrics: [{metrics}]
  primary: {primary}
  cluster: patient
"""

BARE = """\
import json, sys
with open(sys.argv[1]) as questions, open(sys.argv[2], "w") as out:
    right = 0
    for line in questions:
        row = json.loads(line)
        answer = "yes"
        right += answer == row["answer"]
        out.write(json.dumps({"id": row["id"], "prompt": row["question"], "output": answer}) + "\\n")
"""

LM_EVAL_TASK = """\
task: overhead
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n"]}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    rows = [
        ("bare loop (parse, answer, write)", "bare", {}),
        ("radbench, exact match and token F1, no intervals", "radbench", {"metrics": "answer_text", "primary": "exact_match", "draws": 0}),
        ("radbench, the same with 2,000 draws", "radbench", {"metrics": "answer_text", "primary": "exact_match", "draws": 2000}),
        (
            "radbench, with BLEU and ROUGE too, no intervals",
            "radbench",
            {"metrics": "answer_text, bleu, rouge", "primary": "bleu-4", "draws": 0},
        ),
    ]
    if importlib.util.find_spec("lm_eval"):
        rows.append(("lm-evaluation-harness, exact match", "lm-eval", {}))
    print(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; median of {rounds}")
    print(f"{'':52} {'ms CPU a sample':>16} {'times the loop':>15} {'MB more at 10,000':>18}")
    floor = None
    for name, kind, options in rows:
        found = [measure(kind, options) for _ in range(rounds)]
        cost, growth = statistics.median(c for c, _ in found), statistics.median(g for _, g in found)
        floor = floor or cost
        print(f"{name:52} {cost:16.4f} {cost / floor:15.1f} {growth:18.1f}")


def measure(kind: str, options: dict[str, object]) -> tuple[float, float]:
    """CPU milliseconds a sample, and MB that the larger run takes more."""
    costs = [run(kind, size, options) for size in SIZES]
    (small, small_mb), (large, large_mb) = costs
    return (large - small) * 1000 / (SIZES[1] - SIZES[0]), large_mb - small_mb


def run(kind: str, size: int, options: dict[str, object]) -> tuple[float, float]:
    """CPU seconds and peak memory in MB of one process over `size` questions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = (
            {
                "id": f"q{i}",
                "question": f"Is there a fracture of the radius in study {i}?",
                "answer": ("yes", "no")[i % 2],
                "patient": f"p{i // 2}",
            }
            for i in range(size)
        )
        questions = folder / "questions.jsonl"
        questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(folder / "cache")}
        process = subprocess.Popen(
            command(kind, folder, questions, options), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{kind} failed:\n{output.decode()}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def command(kind: str, folder: Path, questions: Path, options: dict[str, object]) -> list[str]:
    """The command line of one contender."""
    if kind == "bare":
        return [sys.executable, "-c", BARE, str(questions), str(folder / "out.jsonl")]
    if kind == "lm-eval":
        (folder / "overhead.yaml").write_text(LM_EVAL_TASK.format(file=questions))
        asked = ["--model", "dummy", "--tasks", "overhead", "--include_path", str(folder)]
        return [sys.executable, "-m", "lm_eval", "run", *asked]
    card = folder / "overhead.questions.yaml"
    card.write_text(CARD.format(**options))
    radbench = [sys.executable, "-c", "from radbench.cli import main; main()"]
    arguments = ["--model", "constant", "--model-arg", "text=yes", "--data-dir", f"jsonl={folder}"]
    return [*radbench, "run", *arguments, "--task", str(card), "--draws", str(options["draws"])]


if __name__ == "__main__":
    main()
