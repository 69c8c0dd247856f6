// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.irq;

/// What messages have to name for a local APIC to take them: its ids, which depend on its mode. Changed by the
/// processor's thread alone, and looked at by senders.
final class ApicAddress {
    /// The number that it was made with, which the x2APIC's id is.
    private final int id;
    private volatile boolean x2;
    /// The id in xAPIC mode, which guests may change.
    private volatile int xapicId;
    private volatile int logicalId;
    private volatile int destinationFormat;

    ApicAddress(int id) {
        this.id = id;
    }

    boolean matches(int destination, boolean logical) {
        if (destination == ApicLayout.BROADCAST) {
            return true;
        }
        return logical ? matchesLogical(destination) : destination == (x2 ? id : xapicId);
    }

    /// @sdm vol. 3A §11.6.2.2 "Logical Destination Mode", §11.12.10.1 "Logical Destination Mode in x2APIC Mode"
    private boolean matchesLogical(int destination) {
        int own = logicalId();
        if (x2) {
            return own >>> 16 == destination >>> 16 && (own & destination & 0xffff) != 0;
        }
        if ((destination & ~0xff) != 0) {
            return false;
        }
        boolean flat = destinationFormat >>> 28 == 0xf;
        int address = own >>> 24;
        return flat ? (address & destination) != 0
                : address >> 4 == destination >> 4 && (address & destination & 0xf) != 0;
    }

    /// The destination that a value of the interrupt command register names, in the width of this mode.
    int destination(long command) {
        int high = (int) (command >>> 32);
        return x2 ? high : ApicBus.widen(high >>> 24);
    }

    // ---- registers ----

    boolean x2() {
        return x2;
    }

    void x2(boolean mode) {
        if (mode) {
            xapicId = id & 0xff;
        }
        x2 = mode;
    }

    int xapicId() {
        return xapicId;
    }

    void xapicId(int value) {
        xapicId = value & 0xff;
    }

    /// LDR: in x2APIC mode derived from the id.
    int logicalId() {
        return x2 ? (id >>> 4) << 16 | 1 << (id & 0xf) : logicalId;
    }

    void logicalId(int value) {
        logicalId = value & 0xff00_0000;
    }

    int destinationFormat() {
        return destinationFormat;
    }

    void destinationFormat(int value) {
        destinationFormat = value | 0x0fff_ffff;
    }

    // ---- reset and state ----

    void reset() {
        xapicId = id & 0xff;
        logicalId = 0;
        destinationFormat = -1;
    }

    /// LDR as it was written, in whatever mode.
    int writtenLogicalId() {
        return logicalId;
    }

    void restore(boolean x2Mode, int own, int logical, int format) {
        x2 = x2Mode;
        xapicId = own & 0xff;
        logicalId = logical;
        destinationFormat = format | 0x0fff_ffff;
    }
}
