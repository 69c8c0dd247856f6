// SPDX-License-Identifier: Apache-2.0
package org.javisor.bench.conformance;

import java.util.stream.IntStream;
import org.javisor.memory.BusDevice;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.Vm;

/// What the programs expect beside a PC: QEMU's `pc-testdev` (an echoing port, one that drops TLBs, interrupt lines, a
/// piece of I/O memory), [HypervTestDevice] for a guest of Hyper-V's, and of `fw_cfg` the numbers of processors and
/// bytes of memory.
final class TestDevices {
    private static final int ECHO = 0xe0, FLUSH = 0xe4, ECHO_BYTE = 0xe8, LINES = 0x2000, LINE_COUNT = 24;
    private static final long MEMORY = 0xff00_0000L;
    private static final int MEMORY_BYTES = 0x1_0000;
    private static final int FW_CFG = 0x510;

    private TestDevices() { }

    static void attach(Vm vm, int cpus, long ramBytes) {
        Bytes echo = new Bytes(4);
        vm.ports().attach(ECHO, 4, echo, "echo");
        vm.ports().attach(ECHO_BYTE, 1, echo, "echo, one byte");
        vm.ports().attach(FLUSH, 4, new Bytes(4), "flush");
        vm.mmio().attach(MEMORY, MEMORY_BYTES, new Bytes(MEMORY_BYTES), "test memory");
        vm.ports().attach(LINES, LINE_COUNT, lines(vm), "interrupt lines");
        if (vm.hyperv() != null) {
            vm.ports().attach(HypervTestDevice.PORT, HypervTestDevice.PORTS, new HypervTestDevice(vm.hyperv()),
                    "Hyper-V test");
        }
        vm.ports().attach(FW_CFG, 2, new Quantities(cpus, ramBytes), "quantities");
    }

    private static BusDevice lines(Vm vm) {
        InterruptLine[] lines = IntStream.range(0, LINE_COUNT).mapToObj(vm::gsi).toArray(InterruptLine[]::new);
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                lines[(int) offset].set(value != 0);
            }
        };
    }

    /// Remembers what is written. Several processors may do that at once.
    private static final class Bytes implements BusDevice {
        private final byte[] bytes;

        Bytes(int count) {
            bytes = new byte[count];
        }

        @Override
        public synchronized long read(long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (bytes[(int) offset + i] & 0xffL) << 8 * i;
            }
            return value;
        }

        @Override
        public synchronized void write(long offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                bytes[(int) offset + i] = (byte) (value >>> 8 * i);
            }
        }
    }

    /// Selected by a number, read byte for byte.
    private static final class Quantities implements BusDevice {
        private static final int RAM = 3, CPUS = 5, MAX_CPUS = 0xf;
        private final int cpus;
        private final long ramBytes;
        private long selected;
        private int position;

        Quantities(int cpus, long ramBytes) {
            this.cpus = cpus;
            this.ramBytes = ramBytes;
        }

        @Override
        public synchronized long read(long offset, int size) {
            long value = selected == CPUS || selected == MAX_CPUS ? cpus : selected == RAM ? ramBytes : 0;
            return position < 8 ? value >>> 8 * position++ & 0xff : 0;
        }

        @Override
        public synchronized void write(long offset, int size, long value) {
            selected = value;
            position = 0;
        }
    }
}
