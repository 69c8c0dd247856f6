// SPDX-License-Identifier: Apache-2.0
package org.javisor.machine.acpi;

import static org.javisor.machine.acpi.Aml.bytes;
import static org.javisor.machine.acpi.Aml.concat;
import static org.javisor.machine.acpi.Aml.little;

/// Resource descriptors, and templates of them for _CRS.
///
/// @acpi 6.5 §6.4 "Resource Data Types for ACPI"
final class Resources {
    private static final int MEMORY = 0, IO = 1, BUS = 2;
    // General flags: consumer bit clear (producer), positive decode, minimum and maximum fixed.
    private static final int FIXED_WINDOW = 0x0c;

    private Resources() { }

    /// A buffer object with `descriptors` and the end tag (whose checksum 0 means "not computed").
    static byte[] template(byte[]... descriptors) {
        return Aml.buffer(concat(concat(descriptors), bytes(0x79, 0)));
    }

    /// Fixed ports, 16-bit decode.
    static byte[] ports(int first, int count) {
        return concat(bytes(0x47, 1), little(first, 2), little(first, 2), bytes(1, count));
    }

    /// An edge-triggered, active-high ISA interrupt.
    static byte[] irq(int irq) {
        return concat(bytes(0x22), little(1L << irq, 2));
    }

    /// Where the first number of [#sharedInterrupts] is.
    static final int INTERRUPT_NUMBER = 5;

    /// One of several level-triggered, active-high, shared interrupts.
    static byte[] sharedInterrupts(int... numbers) {
        int consumer = 1, shared = 8;
        byte[] list = {};
        for (int number : numbers) {
            list = concat(list, little(number, 4));
        }
        return concat(bytes(0x89), little(2 + list.length, 2), bytes(consumer | shared, numbers.length), list);
    }

    /// A channel of the ISA bus's DMA controllers, for bytes.
    static byte[] dma(int channel) {
        return concat(bytes(0x2a, 1 << channel, 0));
    }

    static byte[] fixedMemory(long address, long length) {
        return concat(bytes(0x86, 9, 0, 1), little(address, 4), little(length, 4));
    }

    static byte[] busRange(int first, int last) {
        return concat(bytes(0x88, 13, 0, BUS, FIXED_WINDOW, 0), little(0, 2), little(first, 2), little(last, 2),
                little(0, 2), little(last - first + 1L, 2));
    }

    static byte[] portWindow(int first, int last) {
        // Type flags 3: both ISA and non-ISA ports, that is all of the range.
        return concat(bytes(0x88, 13, 0, IO, FIXED_WINDOW, 3), little(0, 2), little(first, 2), little(last, 2),
                little(0, 2), little(last - first + 1L, 2));
    }

    /// A window for BARs below 4 GiB: read-write, not cacheable.
    static byte[] memoryWindow32(long first, long last) {
        return concat(bytes(0x87, 23, 0, MEMORY, FIXED_WINDOW, 1), little(0, 4), little(first, 4), little(last, 4),
                little(0, 4), little(last - first + 1, 4));
    }

    /// A window for 64-bit BARs.
    static byte[] memoryWindow64(long first, long last) {
        return concat(bytes(0x8a, 43, 0, MEMORY, FIXED_WINDOW, 1), little(0, 8), little(first, 8), little(last, 8),
                little(0, 8), little(last - first + 1, 8));
    }
}
