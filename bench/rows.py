#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows of a benchmark program in the same Linux guest, with several sets of options, in turn.

  bench/rows.py --program FILE --rows ROW,... --runs N [--cpus N,...] --option NAME='OPTIONS' [--option ...]
  bench/rows.py --program FILE --preset paravirt [--runs N] ...

FILE is the program's source in C, or the program, linked statically; called with a row's name it prints `BEGIN ROW`, does
that work, and prints `END ROW CHECKSUM`. Each run boots a guest, which does one row; the sets of options take turns. What
counts is the processor time of the whole monitor from BEGIN to END: it says more than the time of day where other work is
done too, which is told beside it. Prints tables in Markdown: medians, with the ratio to the first set of options, and how
often guests left for what, boot included. A checksum that differs between sets ends it. Needs gcc for a source.
"""
import argparse, os, re, shutil, signal, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from storage.compare import lines_of, processor_seconds

PRESETS = {
    "paravirt": ("switch,timer,smp", "1,2",
                 ["none=--paravirt none", "kvm=--paravirt kvm", "hyperv=--paravirt hyperv"]),
}
MOST_KINDS = 8
DISK_BYTES = 64 << 20


def program(source, work):
    """The program as a disk's image: the guest copies it from there."""
    image = os.path.join(work, "program")
    if source.endswith(".c"):
        subprocess.check_call(["gcc", "-O2", "-static", "-pthread", "-o", image, source, "-lm"])
    else:
        shutil.copy(source, image)
    os.truncate(image, -(-os.path.getsize(image) // 4096) * 4096)
    with open(os.path.join(work, "disk"), "wb") as disk:
        block = b"".join(i.to_bytes(8, "little") for i in range(1 << 17))
        for _ in range(DISK_BYTES // len(block)):
            disk.write(block)
    return image


def guest(javisor, image, work, extra, script):
    """The command of a guest that has the program, and executes a script."""
    script = f"cat /dev/vda > /tmp/program; chmod 755 /tmp/program; ln -sf vdb /dev/vda; {script}"
    return (f"exec {javisor} run --memory 1024M --disk {image},format=raw,ro --disk {work}/disk,format=raw,ro "
            f"{extra} --exec '{script}'")


def run(command, row, patience):
    """One guest. Returns processor seconds, seconds, the checksum, and exits by kind."""
    process = subprocess.Popen(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, start_new_session=True)
    begun = result = None
    log, exits = [], {}
    try:
        for line in lines_of(process, patience):
            log.append(line)
            if line.startswith("BEGIN " + row):
                begun = processor_seconds(process.pid), time.monotonic()
            if line.startswith("END " + row) and begun:
                result = processor_seconds(process.pid) - begun[0], time.monotonic() - begun[1], line.split()[-1]
            kind = re.match(r"  ([A-Z_]+) +([\d,]+)$", line)
            if kind:
                exits[kind.group(1)] = int(kind.group(2).replace(",", ""))
    finally:
        if process.poll() is None:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        process.stdout.close()
    if result is None:
        sys.exit("\n".join(log[-30:]) + f"\nrow {row} did not end: {command}")
    return *result, exits


def measure(options, sets, image, work):
    """Everything, in turns. Returns lists of results by (cpus, row, set)."""
    results = {}
    for turn in range(options.runs):
        for cpus in options.cpus.split(","):
            for row in options.rows.split(","):
                for name, extra in sets:
                    one = run(guest(options.javisor, image, work, f"--cpus {cpus} --stats {extra}", f"/tmp/program {row}"),
                              row, options.patience)
                    results.setdefault((cpus, row, name), []).append(one)
                    print(f"turn {turn + 1}: --cpus {cpus}, {row}, {name}: {one[0]:.2f} s of processors, {one[1]:.2f} s",
                          file=sys.stderr)
    return results


def cell(values, first, digits):
    middle = statistics.median(values)
    ratio = f" ({middle / first:.3g})" if first else ""
    return f"{middle:.{digits}f}{ratio}"


def table(title, names, rows):
    print(f"\n| {title} | " + " | ".join(f"`{name}`" for name in names) + " |")
    print("|---|" + "---:|" * len(names))
    for label, cells in rows:
        print(f"| {label} | " + " | ".join(cells) + " |")


def tell(results, sets, options):
    names = [name for name, _ in sets]
    for title, index in (("processor seconds", 0), ("seconds", 1)):
        rows = []
        for cpus in options.cpus.split(","):
            for row in options.rows.split(","):
                values = {name: [one[index] for one in results[cpus, row, name]] for name in names}
                first = statistics.median(values[names[0]])
                rows.append((f"`{row}`, `--cpus {cpus}`", [cell(values[name], name != names[0] and first, 2)
                                                       for name in names]))
        table(title, names, rows)
    for cpus in options.cpus.split(","):
        for row in options.rows.split(","):
            exits = {name: results[cpus, row, name][-1][3] for name in names}
            kinds = sorted(set().union(*exits.values()), key=lambda kind: -max(e.get(kind, 0) for e in exits.values()))
            table(f"exits of `{row}`, `--cpus {cpus}`", names,
                  [(kind, [f"{exits[name].get(kind, 0):,}" for name in names]) for kind in kinds[:MOST_KINDS]])


def check(results):
    sums = {}
    for (cpus, row, name), ones in results.items():
        for one in ones:
            if sums.setdefault(row, one[2]) != one[2] and row != "disk":
                sys.exit(f"{row} with {name} and {cpus} cpus gives {one[2]}, not {sums[row]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--preset", choices=PRESETS)
    parser.add_argument("--rows")
    parser.add_argument("--cpus")
    parser.add_argument("--option", action="append")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--patience", type=float, default=300)
    parser.add_argument("--javisor", default=HERE + "/../javisor")
    options = parser.parse_args()
    rows, cpus, sets = PRESETS.get(options.preset, (None, "1", None))
    options.rows, options.cpus = options.rows or rows, options.cpus or cpus
    sets = options.option or sets
    if not options.rows or not sets:
        parser.error("--rows and --option are needed, or --preset")
    # So that a monitor does not outlive its comparison.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    with tempfile.TemporaryDirectory() as work:
        sets = [one.split("=", 1) for one in sets]
        results = measure(options, sets, program(options.program, work), work)
        check(results)
        tell(results, sets, options)


if __name__ == "__main__":
    main()
