// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine;

import java.util.stream.IntStream;
import org.javisor.memory.BusDevice;
import org.javisor.memory.InterruptLine;
import org.javisor.vmm.Vm;

/// What test programs for QEMU's PC expect beside the PC: QEMU's `pc-testdev` (an echoing port, one that
/// drops TLBs, 24 interrupt lines, a piece of I/O memory), and of `fw_cfg` the numbers of processors and
/// bytes of memory.
final class TestDevice {
    private static final int ECHO = 0xe0, FLUSH = 0xe4, ECHO_BYTES = 0xe8, LINES = 0x2000;
    private static final long MEMORY = 0xff00_0000L;
    private static final int MEMORY_BYTES = 0x1_0000;
    private static final int FW_CFG = 0x510, CFG_RAM = 3, CFG_CPUS = 5, CFG_MAX_CPUS = 0xf;

    private final long[] echo = new long[1];
    private final byte[] memory = new byte[MEMORY_BYTES];
    private long selected;
    private int position;

    /// Reads or writes bytes of something that has them in an array or a word.
    private interface Bytes {
        int load(int at);

        void store(int at, int value);
    }

    private static BusDevice device(Bytes bytes) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return IntStream.range(0, size).mapToLong(i ->
                        (bytes.load((int) offset + i) & 0xffL) << 8 * i).sum();
            }

            @Override
            public void write(long offset, int size, long value) {
                IntStream.range(0, size).forEach(i ->
                        bytes.store((int) offset + i, (int) (value >>> 8 * i) & 0xff));
            }
        };
    }

    TestDevice(Vm vm, int cpus, long ramBytes) {
        Bytes echoing = new Bytes() {
            @Override
            public int load(int at) {
                return (int) (echo[0] >>> 8 * at);
            }

            @Override
            public void store(int at, int value) {
                echo[0] = echo[0] & ~(0xffL << 8 * at) | (long) value << 8 * at;
            }
        };
        vm.ports().attach(ECHO, 4, device(echoing), "echo");
        vm.ports().attach(ECHO_BYTES, 1, device(echoing), "echo, one byte");
        vm.ports().attach(FLUSH, 4, device(new Bytes() {
            @Override
            public int load(int at) {
                return 0;
            }

            @Override
            public void store(int at, int value) { }
        }), "flush");
        vm.mmio().attach(MEMORY, MEMORY_BYTES, device(new Bytes() {
            @Override
            public int load(int at) {
                return memory[at];
            }

            @Override
            public void store(int at, int value) {
                memory[at] = (byte) value;
            }
        }), "test memory");
        attachLines(vm);
        attachConfiguration(vm, cpus, ramBytes);
    }

    private static void attachLines(Vm vm) {
        InterruptLine[] lines = IntStream.range(0, 24).mapToObj(vm::gsi).toArray(InterruptLine[]::new);
        vm.ports().attach(LINES, lines.length, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                lines[(int) offset].set(value != 0);
            }
        }, "interrupt lines");
    }

    private void attachConfiguration(Vm vm, int cpus, long ramBytes) {
        vm.ports().attach(FW_CFG, 2, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                long value = selected == CFG_CPUS || selected == CFG_MAX_CPUS ? cpus
                        : selected == CFG_RAM ? ramBytes : 0;
                return position < 8 ? value >>> 8 * position++ & 0xff : 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                selected = value;
                position = 0;
            }
        }, "configuration");
    }
}
