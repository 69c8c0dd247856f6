// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Ports that a program may use at any privilege level, and that read and write general registers besides; with
/// performance counters of their own. On the processor's thread.
public interface Backdoor {
    /// Whether the I/O permission of an access is not to be checked.
    boolean opens(int port, int bytes);

    /// An IN of four bytes from one of the ports. RAX is what it returns; other registers it may change as it likes.
    int in(int port, CpuRegisters registers);

    /// Whether RDPMC of `index` is to read [#counter], whoever asks.
    boolean hasCounter(int index);

    long counter(int index);
}
