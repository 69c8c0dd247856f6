// SPDX-License-Identifier: Apache-2.0
package org.javisor.memory;

/// Where message-signalled interrupts go: the local APICs, or an IOMMU in front of them. Any thread may send.
@FunctionalInterface
public interface MsiSink {
    /// Sends one message.
    ///
    /// @param address the message address, 0xfee00000 to 0xfeefffff, or with the upper half in bits 63:32
    /// @param data    the message data
    void send(long address, int data);
}
