// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.pci;

/// The memory of system management mode: a host bridge decides where it is, and who sees it.
public interface Smram {
    /// Of a board without system management mode.
    Smram NONE = new Smram() {
        @Override
        public void place(boolean open, Window window) { }

        @Override
        public void segment(long bytes) { }
    };

    /// Where the RAM behind the VGA's window is for processors in the mode: nowhere, in its place, or at
    /// [#HIGH_SMRAM].
    enum Window { NOWHERE, LOW, HIGH }

    long LOW_SMRAM = 0xa_0000, HIGH_SMRAM = 0xfeda_0000L, BYTES = 0x2_0000;

    /// Decides about the RAM behind the VGA's window.
    ///
    /// @param open whether everybody sees it in its place
    void place(boolean open, Window window);

    /// Takes the last `bytes` bytes of RAM below 4 GiB from everybody but processors in the mode; 0 for none.
    void segment(long bytes);
}
