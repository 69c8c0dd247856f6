#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a recording of our events costs a guest that runs.

  bench/recording.py --program FILE [--rows ROW,...] [--pairs N] [--javisor COMMAND]

FILE is as for rows.py. Each row has a guest of its own, which does it again and again; between one time and the next, while
the guest sleeps, jcmd starts a recording or ends it. So neither another start of the JVM nor what the host does meanwhile is
mistaken for a cost: each time with a recording is compared with the time before or after it without. Prints a table in
Markdown: the median of these ratios, and between what it is in 95 of 100 cases, in processor time of the vCPU's thread and
of the whole monitor.
"""
import argparse, glob, os, select, signal, statistics, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from rows import guest, program
from storage.compare import lines_of

SETTINGS = HERE + "/../app/src/main/resources/org/javisor/app/javisor.jfc"
# Both ways have to be compiled before they are compared.
WARM_UP = 12
PATIENCE = 300
# Seconds of the guest between two times: jcmd takes 0.2.
PAUSE = 1


class Guest:
    def __init__(self, javisor, image, row, work):
        self.row, self.work = row, work
        command = guest(javisor, image, work, "--cpus 1", f"while /tmp/program {row}; do sleep {PAUSE}; done")
        self.process = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.lines = lines_of(self.process, PATIENCE)
        self.sums = set()

    def processor_seconds(self):
        """Of the vCPU's thread, and of all threads."""
        processor = everything = 0
        for task in glob.glob(f"/proc/{self.process.pid}/task/*"):
            with open(task + "/schedstat") as schedstat, open(task + "/comm") as comm:
                seconds = int(schedstat.read().split()[0]) / 1e9
                everything += seconds
                processor += seconds if comm.read().startswith("javisor-vcpu") else 0
        return processor, everything

    def repetition(self):
        """Waits until the row has been done once more, from its begin. Returns what it took."""
        early = select.select([self.process.stdout], [], [], 0)[0]
        log = []
        for line in self.lines:
            log.append(line)
            if line.startswith("BEGIN " + self.row):
                begun = self.processor_seconds()
            if line.startswith("END " + self.row) and early:
                early = False
            elif line.startswith("END " + self.row):
                self.sums.add(line)
                return [now - before for now, before in zip(self.processor_seconds(), begun)]
        sys.exit("\n".join(log[-30:]) + f"\nrow {self.row} did not end")

    def record(self, on):
        jcmd = os.path.dirname(os.readlink(f"/proc/{self.process.pid}/exe")) + "/jcmd"
        order = ["JFR.start", "name=cost", "settings=" + SETTINGS] if on else ["JFR.stop", "name=cost"]
        subprocess.run([jcmd, str(self.process.pid), *order], check=True, stdout=subprocess.DEVNULL, cwd=self.work)

    def end(self):
        self.process.kill()
        self.process.wait()


def measure(running, pairs):
    """Returns what the row took without and with a recording, in pairs of which each second one is the other way round."""
    off, on = [], []
    for n in range(WARM_UP + pairs):
        for recorded in (n % 2 == 1, n % 2 == 0):
            if recorded:
                running.record(True)
            took = running.repetition()
            if recorded:
                running.record(False)
            if n >= WARM_UP:
                (on if recorded else off).append(took)
    return off, on


def cells(off, on, index):
    ratios = sorted(b[index] / a[index] for a, b in zip(off, on))
    # The order statistics that have the true median between them in 95 of 100 cases.
    beside = round(0.98 * len(ratios) ** 0.5)
    low, high = ratios[len(ratios) // 2 - beside], ratios[min(len(ratios) // 2 + beside, len(ratios) - 1)]
    return (f"{1000 * statistics.median(one[index] for one in off):.1f} | "
            f"{statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--rows", default="syscall,fault,disk,timer")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--javisor", default=HERE + "/../javisor")
    options = parser.parse_args()
    # So that a monitor does not outlive its comparison.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    print("| row | ms of the vCPU's thread | with a recording, times | ms of all threads | with a recording, times |")
    print("|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as work:
        image = program(options.program, work)
        for row in options.rows.split(","):
            running = Guest(options.javisor, image, row, work)
            try:
                off, on = measure(running, options.pairs)
            finally:
                running.end()
            if len(running.sums) != 1:
                sys.exit(f"{row} gives different sums: {running.sums}")
            print(f"| `{row}` | {cells(off, on, 0)} | {cells(off, on, 1)} |", flush=True)


if __name__ == "__main__":
    main()
