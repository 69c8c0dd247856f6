#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sequential and random disk requests in the same Linux guest under QEMU (TCG) and Javisor, in turn.

  bench/storage/compare.py [--bus ahci,nvme,ide,virtio] [--rows seqread,...] [--runs N] [--javisor COMMAND]

The guest is Debian's linux-image-amd64 as `javisor run --guest-kernel full` keeps it, with one program (storage.c) that
reads and writes past the page cache and checks every sector. Prints, for each row, seconds as the guest's clock saw
them, seconds of processor time that the whole monitor took, and the ratios of the medians. The second says more on a
machine that does other things too. The image is in the host's page cache. Needs gcc, cpio, qemu-system-x86_64.

A guest that says nothing for --patience seconds is stuck: its monitor is ended, and the rows that it has not done are done
in a new one. How often that was is printed. QEMU 7.2's NVMe controller loses doorbells that Linux leaves in its shadow
doorbell buffer, and after 30 s Linux resets it; one guest in two ends so.
"""
import argparse, glob, os, re, select, shutil, signal, statistics, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = ["seqread", "seqwrite", "randread1", "randread32", "randwrite32"]
MIB = 256
BUSES = {
    "ahci": (["scsi_common", "scsi_mod", "libata", "libahci", "ahci", "crc-t10dif", "crct10dif_common", "t10-pi",
              "crc64", "crc64-rocksoft", "sd_mod"], "/dev/sda", "-device ide-hd,drive=d,bus=ide.0"),
    "ide": (["scsi_common", "scsi_mod", "libata", "ata_piix", "crc-t10dif", "crct10dif_common", "t10-pi", "crc64",
             "crc64-rocksoft", "sd_mod"], "/dev/sda", "-device piix3-ide,id=i -device ide-hd,drive=d,bus=i.0"),
    "nvme": (["crc-t10dif", "crct10dif_common", "t10-pi", "crc64", "crc64-rocksoft", "nvme-common", "nvme-core",
              "nvme"], "/dev/nvme0n1", "-device nvme,drive=d,serial=x"),
    "virtio": (["virtio", "virtio_ring", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"],
               "/dev/vda", "-device virtio-blk-pci,drive=d"),
}
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc; /bin/busybox mount -t sysfs sys /sys; /bin/busybox mount -t devtmpfs dev /dev
n=0; while [ $n -lt 3 ]; do for m in %s; do /bin/busybox insmod /modules/$m.ko 2>/dev/null; done; n=$((n+1)); done
n=0; while [ ! -b %s ] && [ $n -lt 100 ]; do /bin/busybox sleep 0.1; n=$((n+1)); done
/bin/storage %s $(/bin/busybox sed 's/.*rows=\\([^ ]*\\).*/\\1/; s/,/ /g' /proc/cmdline)
/bin/busybox poweroff -f
"""


def build(work, bus):
    kernel_root = os.path.expanduser("~/.cache/javisor/linux-image-amd64")
    kernel = glob.glob(kernel_root + "/boot/vmlinuz-*")[0]
    modules, device, _ = BUSES[bus]
    root = work + "/root"
    os.makedirs(root + "/bin"), os.makedirs(root + "/modules")
    subprocess.check_call(["gcc", "-O2", "-static", "-o", root + "/bin/storage", HERE + "/storage.c"])
    shutil.copy(shutil.which("busybox"), root + "/bin/busybox")
    for directory, _, files in os.walk(kernel_root):
        for name in files:
            if name[:-3] in modules and name.endswith(".ko"):
                shutil.copy(os.path.join(directory, name), root + "/modules/")
    with open(root + "/init", "w") as f:
        f.write(INIT % (" ".join(modules), device, device))
    os.chmod(root + "/init", 0o755)
    initrd = work + "/initrd"
    subprocess.check_call(f"find . | cpio -o -H newc --quiet > {initrd}", shell=True, cwd=root)
    disk = work + "/disk.img"
    with open(disk, "wb") as f:
        for i in range(MIB):
            f.write(b"".join((i * (1 << 17) + j).to_bytes(8, "little") for j in range(1 << 17)))
    return kernel, initrd, disk


def processor_seconds(group):
    """User and system time of all processes of a process group, so far."""
    ticks = 0
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            fields = open(stat).read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Stuck(Exception):
    pass


def lines_of(process, patience):
    """What a process prints, line by line; Stuck if it says nothing for so many seconds."""
    pending = b""
    while True:
        if not select.select([process.stdout], [], [], patience)[0]:
            raise Stuck
        read = os.read(process.stdout.fileno(), 1 << 16)
        if not read:
            return
        *lines, pending = (pending + read).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)


def boot(command, rows, patience, seen):
    """Boots a guest that does these rows; puts what it measured into `seen`. Returns what it printed."""
    process = subprocess.Popen(command.replace("ROWS", ",".join(rows)), shell=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
    begun, log = 0, []
    try:
        for line in lines_of(process, patience):
            log.append(line)
            if "BEGIN " in line:
                begun = processor_seconds(process.pid)
            end = re.match(r"END (\w+) (\d+) (\d+) (\d+) (\d+)", line)
            if end:
                row, requests, size, nanos, errors = end.group(1), *map(int, end.groups()[1:])
                if errors:
                    sys.exit(f"{errors} requests of {row} were wrong:\n{command}")
                seen[row] = (nanos / 1e9, processor_seconds(process.pid) - begun, requests, size)
    finally:
        if process.poll() is None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        process.stdout.close()
    return log


def run(command, rows, patience):
    """Every row once. Returns what was measured, and how often a guest was stuck."""
    seen, stuck = {}, 0
    while True:
        missing = [row for row in rows if row not in seen]
        if not missing:
            return seen, stuck
        log = []
        try:
            log = boot(command, missing, patience, seen)
        except Stuck:
            stuck += 1
            if stuck < 10:
                continue
        if set(seen) != set(rows):
            sys.exit("\n".join(log[-30:]) + f"\nrows are missing: {set(rows) - set(seen)}, stuck {stuck} times: {command}")


def compare(bus, rows, options):
    with tempfile.TemporaryDirectory() as work:
        kernel, initrd, disk = build(work, bus)
        append = "-append 'console=ttyS0 quiet rows=ROWS'"
        monitors = {
            "qemu": f"exec qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 512 -smp 1 -nographic -no-reboot -nic none "
                    f"-kernel {kernel} -initrd {initrd} {append} "
                    f"-drive file={disk},format=raw,if=none,id=d {BUSES[bus][2]}",
            "javisor": f"exec {options.javisor} run --memory 512M --cpus 1 --kernel {kernel} --initrd {initrd} "
                       f"-{append} --disk {disk},bus={bus},format=raw",
        }
        results, stuck = {name: [] for name in monitors}, dict.fromkeys(monitors, 0)
        for _ in range(options.runs):
            for name, command in monitors.items():
                measured, times = run(command, rows, options.patience)
                results[name].append(measured)
                stuck[name] += times
    print(f"{bus:12} {'qemu s':>8} {'javisor s':>9} {'ratio':>6}   {'qemu cpu':>8} {'javisor':>8} {'ratio':>6}"
          f"   javisor's throughput")
    for row in rows:
        median = lambda name, i: statistics.median(one[row][i] for one in results[name])
        took, cpu = median("javisor", 0), median("javisor", 1)
        requests, size = results["javisor"][0][row][2:]
        speed = f"{requests / took:.0f} requests/s" if size // requests < 1 << 16 else f"{size / took / 1e6:.0f} MB/s"
        print(f"{row:12} {median('qemu', 0):8.3f} {took:9.3f} {took / median('qemu', 0):6.2f}   "
              f"{median('qemu', 1):8.2f} {cpu:8.2f} {cpu / max(median('qemu', 1), 0.01):6.2f}   {speed}")
    for name, times in stuck.items():
        if times:
            print(f"{bus:12} {name} was stuck {times} times")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bus", default="ahci,nvme,ide")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--patience", type=float, default=60)
    parser.add_argument("--javisor", default=HERE + "/../../javisor")
    options = parser.parse_args()
    # So that a monitor does not outlive its comparison.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    for bus in options.bus.split(","):
        compare(bus, options.rows.split(","), options)


if __name__ == "__main__":
    main()
